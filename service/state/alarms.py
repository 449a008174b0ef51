"""Alarms, their transitions and the notifications that follow: one transaction a step."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Phase,
    Transition,
    TransitionKind,
)
from service.domain.announcing import Announcing, Floods, to_all
from service.domain.lifecycle.actions import withdraw
from service.domain.oncall import Moment, no_shift
from service.runtime.alarm_desk import definition_of
from service.runtime.alarms import WatchCommit, WatchState
from service.runtime.notify import Destination, SiteName
from service.state.alarm_rows import alarm_view
from service.state.announcer import Announcer, load_floods
from service.state.database import Database
from service.state.rule_states import keep_state, load_states
from service.state.tables import alarm, transition, watch_state


class StateAlarms:
    """Implements ``service.runtime.alarms.AlarmStore``.

    announcing: who is told, when and how; without it each of ``destinations`` hears at once of all
    that is urgent enough for it. when: the shift that is on at an instant. A notice is put into the
    outbox in the very transaction that keeps its transition: there is never one without the other.
    """

    def __init__(
        self,
        database: Database,
        site: SiteName,
        destinations: Sequence[Destination],
        *,
        announcing: Announcing | None = None,
        when: Callable[[int], Moment] = no_shift,
    ) -> None:
        self._database = database
        least_urgent = {one.name: one.least_urgent for one in destinations}
        told = announcing or to_all({})
        routing = replace(told.routing, destinations=least_urgent)
        self._announcer = Announcer(site, replace(told, routing=routing), when)

    @property
    def floods(self) -> Floods:
        """How every operator position stands, as of the last announced alarm."""
        return self._announcer.floods

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

        self._announcer.floods = await self._database.read(load_floods)
        return await self._database.read(read)

    async def commit(self, step: WatchCommit) -> None:
        """Keeps states, transitions and their notifications in one transaction."""

        def write(connection: Connection) -> Floods:
            telling = self._announcer.begin(connection, step.recorded_ns)
            for definition_id, state in step.states.items():
                keep_state(connection, definition_id, state)
            for definition, one, state in step.transitions:
                if _keep_transition(connection, definition, one, step.recorded_ns):
                    _keep_alarm(connection, definition, one, state)
                    telling.tell(definition, one, state)
            telling.keep(self._announcer.floods)
            blob = orjson.dumps(
                {"position": step.position, "judged_ns": step.judged_ns, "groups": step.groups}
            )
            if connection.execute(update(watch_state).values(state=blob)).rowcount == 0:
                connection.execute(insert(watch_state).values(id=1, state=blob))
            return telling.floods

        self._announcer.floods = await self._database.write(write)

    async def retire(self, known: Container[str], now_ns: int) -> int:
        """Ends the alarms whose definition is not ``known`` any more, since no value would ever
        end them, and returns how many; whoever was told that one stands is told that it
        returned."""

        def write(connection: Connection) -> int:
            telling = self._announcer.begin(connection, now_ns)
            kept = load_states(connection)
            for definition_id in kept:
                if definition_id not in known:
                    keep_state(connection, definition_id, NORMAL)
            rows = connection.execute(select(alarm).where(alarm.c.phase != str(Phase.NORMAL))).all()
            gone = [row for row in rows if row.definition not in known]
            for row in gone:
                definition = definition_of(alarm_view(row))
                untold = kept.get(row.definition, NORMAL).untold
                state = AlarmState(Phase(row.phase), None, row.id, untold=untold)
                for one in withdraw(definition, state, now_ns):
                    _keep_transition(connection, definition, one, now_ns)
                    _keep_alarm(connection, definition, one, NORMAL)
                    telling.tell(definition, one, NORMAL)
            telling.keep(self._announcer.floods)
            return len(gone)

        return await self._database.write(write)


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
        "root": one.root,
    }
