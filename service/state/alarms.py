"""Alarms, their transitions and the notifications that follow: one transaction a step."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    Transition,
    TransitionKind,
)
from service.domain.lifecycle.actions import withdraw
from service.runtime.alarms import WatchCommit, WatchState
from service.runtime.notification import dump_notice, notice_of
from service.runtime.notify import Destination, SiteName
from service.state.database import Database
from service.state.rule_states import keep_state, load_states
from service.state.tables import alarm, outbox, transition, watch_state


class StateAlarms:
    """Implements ``service.runtime.alarms.AlarmStore``.

    destinations: who is told. A message is put into the outbox in the very transaction that keeps
    its
    transition: there is never one without the other.
    """

    def __init__(
        self, database: Database, site: SiteName, destinations: Sequence[Destination]
    ) -> None:
        self._database = database
        self._site = site
        self._destinations = list(destinations)

    async def load(self) -> WatchState:
        """What the last commit left; a fresh state when there was none."""

        def read(connection: Connection) -> WatchState:
            blob = connection.execute(select(watch_state.c.state)).scalar_one_or_none()
            if blob is None:
                return WatchState()
            kept = orjson.loads(blob)
            states = load_states(connection)
            groups = {group: (a, b) for group, (a, b) in kept["groups"].items()}
            return WatchState(kept["position"], kept["judged_ns"], groups, states)

        return await self._database.read(read)

    async def commit(self, step: WatchCommit) -> None:
        """Keeps states, transitions and their notifications in one transaction."""

        def write(connection: Connection) -> None:
            for definition_id, state in step.states.items():
                keep_state(connection, definition_id, state)
            for definition, one, state in step.transitions:
                if _keep_transition(connection, definition, one, step.recorded_ns):
                    _keep_alarm(connection, definition, one, state)
                    self._announce(connection, definition, one, state, step.recorded_ns)
            blob = orjson.dumps(
                {"position": step.position, "judged_ns": step.judged_ns, "groups": step.groups}
            )
            if connection.execute(update(watch_state).values(state=blob)).rowcount == 0:
                connection.execute(insert(watch_state).values(id=1, state=blob))

        await self._database.write(write)

    async def retire(self, known: Container[str], now_ns: int) -> int:
        """Ends the alarms whose definition is not ``known`` any more, since no value would ever
        end them, and returns how many; whoever was told that one stands is told that it
        returned."""

        def write(connection: Connection) -> int:
            kept = load_states(connection)
            for definition_id in kept:
                if definition_id not in known:
                    keep_state(connection, definition_id, NORMAL)
            rows = connection.execute(select(alarm).where(alarm.c.phase != str(Phase.NORMAL))).all()
            gone = [row for row in rows if row.definition not in known]
            for row in gone:
                definition = _definition_of(row)
                untold = kept.get(row.definition, NORMAL).untold
                state = AlarmState(Phase(row.phase), None, row.id, untold=untold)
                for one in withdraw(definition, state, now_ns):
                    _keep_transition(connection, definition, one, now_ns)
                    _keep_alarm(connection, definition, one, NORMAL)
                    self._announce(connection, definition, one, NORMAL, now_ns)
            return len(gone)

        return await self._database.write(write)

    def _announce(
        self,
        connection: Connection,
        definition: AlarmDefinition,
        one: Transition,
        state: AlarmState,
        now_ns: int,
    ) -> None:
        notice = notice_of(self._site, definition, one, state)
        if notice is None:
            return
        kept = dump_notice(notice)
        rows = [
            {
                "destination": destination.name,
                "alarm": notice.alarm,
                "transition": one.id,
                "kind": str(one.kind),
                "priority": int(definition.priority),
                "notice": kept,
                "state": "pending",
                "attempts": 0,
                "created_ns": now_ns,
                "next_ns": now_ns,
            }
            for destination in self._destinations
            if definition.priority <= destination.least_urgent
        ]
        if rows:
            connection.execute(insert(outbox), rows)


def _keep_transition(
    connection: Connection, definition: AlarmDefinition, one: Transition, now_ns: int
) -> bool:
    """Whether it is new: a journal that is read again brings the same ids."""
    values = {
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
    try:
        with connection.begin_nested():
            connection.execute(insert(transition).values(**values))
    except IntegrityError:
        return False
    return True


def _keep_alarm(
    connection: Connection, definition: AlarmDefinition, one: Transition, state: AlarmState
) -> None:
    """Keeps what people see of an occurrence. state: after the step."""
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
    found = connection.execute(update(alarm).where(alarm.c.id == one.alarm).values(**values))
    if found.rowcount == 0 and one.kind is TransitionKind.RAISED:
        connection.execute(insert(alarm).values(**_row(definition, one)))


def _definition_of(row: Any) -> AlarmDefinition:
    """The definition that an alarm had when it was raised, as far as people are told of it."""
    return AlarmDefinition(
        id=row.definition,
        rule=row.rule,
        version="",
        kind=row.kind,
        priority=Priority(row.priority),
        asset=row.asset,
        on_delay_ns=0,
        off_delay_ns=0,
        message_en=row.message_en,
        message_zh=row.message_zh,
        tag=row.tag,
        stage=row.stage,
        limit=row.limit,
        unit=row.unit,
    )


def _row(definition: AlarmDefinition, one: Transition) -> dict[str, Any]:
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
    }
