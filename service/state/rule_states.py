"""Where every alarm stands, as rows: one for each that is not simply normal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select

from service.domain.alarm import NORMAL, AlarmState, Call, Hold, Phase, Quiet, Silence
from service.state.alarm_writes import IN_ONE, change_rows, found_in
from service.state.tables import rule_state


def load_states(
    connection: Connection, definitions: Sequence[str] | None = None
) -> dict[str, AlarmState]:
    """The kept states by definition; of all, or of ``definitions``."""
    if definitions is None:
        return _states(connection.execute(select(rule_state)))
    found: dict[str, AlarmState] = {}
    for at in range(0, len(definitions), IN_ONE):
        these = rule_state.c.definition.in_(definitions[at : at + IN_ONE])
        found |= _states(connection.execute(select(rule_state).where(these)))
    return found


def keep_states(connection: Connection, states: Mapping[str, AlarmState]) -> None:
    """Keeps states by definition; a normal one that nothing holds needs no row."""
    normal = [id_ for id_, state in states.items() if state == NORMAL]
    for at in range(0, len(normal), IN_ONE):
        these = rule_state.c.definition.in_(normal[at : at + IN_ONE])
        connection.execute(delete(rule_state).where(these))
    rows = {id_: row_of(state) for id_, state in states.items() if state != NORMAL}
    known = found_in(connection, rule_state.c.definition, list(rows))
    new = [{"definition": id_, **row} for id_, row in rows.items() if id_ not in known]
    if new:
        connection.execute(insert(rule_state), new)
    change_rows(
        connection, rule_state, "definition", {id_: rows[id_] for id_ in rows if id_ in known}
    )


def _states(rows: Iterable[Any]) -> dict[str, AlarmState]:
    return {row.definition: state_of(row) for row in rows}


def row_of(state: AlarmState) -> dict[str, Any]:
    """The columns of ``state``."""
    return {
        "phase": str(state.phase),
        "pending_ns": state.pending_ns,
        "alarm": state.alarm,
        "shelved": _json(state.shelved),
        "suppressed": _json(state.suppressed),
        "out_of_service": _json(state.out_of_service),
        "untold": _json(state.untold),
        "root": state.root,
        "owed": state.owed,
        "call": _json(state.call),
    }


def _json(part: Hold | Silence | Call | None) -> str | None:
    return None if part is None else orjson.dumps(asdict(part)).decode()


def state_of(row: Any) -> AlarmState:
    """The state that ``row_of`` made the columns of."""
    untold = None if row.untold is None else orjson.loads(row.untold)
    return AlarmState(
        phase=Phase(row.phase),
        pending_ns=row.pending_ns,
        alarm=row.alarm,
        shelved=_hold(row.shelved),
        suppressed=_hold(row.suppressed),
        out_of_service=_hold(row.out_of_service),
        untold=None if untold is None else Silence(Quiet(untold["quiet"]), untold["by"]),
        root=row.root,
        owed=row.owed,
        call=None if row.call is None else Call(**orjson.loads(row.call)),
    )


def _hold(text: str | None) -> Hold | None:
    return None if text is None else Hold(**orjson.loads(text))
