"""Transitions and alarms as they are kept: many with few statements, for a storm comes at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, select, update

from service.domain.alarm import AlarmDefinition, AlarmState, Phase, Transition, TransitionKind
from service.state.tables import alarm, transition

Step = tuple[AlarmDefinition, Transition, AlarmState]
"""A transition of a definition, and the state after it."""
IN_ONE = 500
"""Values that one statement is asked for: databases bound its variables."""


def keep_steps(connection: Connection, steps: Sequence[Step], now_ns: int) -> list[Step]:
    """Keeps those of ``steps`` that are new, with what people see of their alarms, and returns
    them: a journal that is read again brings the same ids."""
    known = found_in(connection, transition.c.id, [one.id for _, one, _ in steps])
    new = []
    for step in steps:
        if step[1].id not in known:
            known.add(step[1].id)
            new.append(step)
    if new:
        connection.execute(insert(transition), [_transition(one, now_ns) for _, one, _ in new])
        _keep_alarms(connection, new)
    return new


def found_in(connection: Connection, column: Column[str], wanted: Sequence[str]) -> set[str]:
    """Which of ``wanted`` the column has."""
    found: set[str] = set()
    for at in range(0, len(wanted), IN_ONE):
        these = select(column).where(column.in_(wanted[at : at + IN_ONE]))
        found.update(connection.execute(these).scalars())
    return found


def change_rows(
    connection: Connection, table: Table, key: str, changes: Mapping[str, Mapping[str, Any]]
) -> None:
    """Changes the columns of the rows whose ``key`` is given; one statement for each set of
    columns."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for value, columns in changes.items():
        alike = by_columns.setdefault(tuple(sorted(columns)), [])
        alike.append({"_key": value, **{f"_{name}": new for name, new in columns.items()}})
    for names, rows in by_columns.items():
        values: dict[str, Any] = {name: bindparam(f"_{name}") for name in names}
        statement = update(table).where(table.c[key] == bindparam("_key")).values(values)
        connection.execute(statement, rows)


def _keep_alarms(connection: Connection, steps: Iterable[Step]) -> None:
    changes: dict[str, dict[str, Any]] = {}
    raised: dict[str, dict[str, Any]] = {}
    for definition, one, state in steps:
        if one.alarm is None:
            continue
        changes.setdefault(one.alarm, {}).update(_change(one, state))
        if one.kind is TransitionKind.RAISED:
            raised.setdefault(one.alarm, _alarm(definition, one))
    known = found_in(connection, alarm.c.id, list(changes))
    new = [{**_BLANK, **row, **changes[id_]} for id_, row in raised.items() if id_ not in known]
    if new:
        connection.execute(insert(alarm), new)
    change_rows(connection, alarm, "id", {id_: changes[id_] for id_ in changes if id_ in known})


def _change(one: Transition, state: AlarmState) -> dict[str, Any]:
    """What a transition, after which the definition stands at ``state``, changes in its alarm."""
    phase = state.phase if state.alarm == one.alarm else Phase.NORMAL
    values: dict[str, Any] = {"phase": str(phase)}
    match one.kind:
        case TransitionKind.RAISED:
            values |= {"returned_ns": None, "value": one.value, "quiet": one.quiet}
        case TransitionKind.RERAISED:
            values["quiet"] = one.quiet
        case TransitionKind.RETURNED:
            values["returned_ns"] = one.at_ns
        case TransitionKind.ACKNOWLEDGED:
            values |= {
                "acknowledged_ns": one.at_ns,
                "acknowledged_by": one.by,
                "comment": one.comment,
            }
    return values


_BLANK = {"returned_ns": None, "acknowledged_ns": None, "acknowledged_by": None, "comment": None}


def _alarm(definition: AlarmDefinition, one: Transition) -> dict[str, Any]:
    return {
        "id": one.alarm,
        "definition": definition.id,
        "rule": definition.rule,
        "kind": definition.kind,
        "priority": int(definition.priority),
        "asset": definition.asset,
        "tag": definition.tag,
        "stage": definition.stage,
        "phase": str(Phase.UNACKNOWLEDGED),
        "message_en": definition.message_en,
        "message_zh": definition.message_zh,
        "raised_ns": one.at_ns,
        "value": one.value,
        "limit": definition.limit,
        "unit": definition.unit,
        "quiet": one.quiet,
        "root": one.root,
    }


def _transition(one: Transition, now_ns: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "alarm": one.alarm,
        "definition": one.definition,
        "kind": str(one.kind),
        "at_ns": one.at_ns,
        "recorded_ns": now_ns,
        "by": one.by,
        "comment": one.comment,
        "value": one.value,
        "quiet": one.quiet,
        "quiet_by": one.quiet_by,
    }
