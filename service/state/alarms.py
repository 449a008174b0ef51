"""Alarms, their transitions and the notifications that follow: one transaction a step."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace

import orjson
from sqlalchemy import Connection, insert, select, update

from service.domain.alarm import (
    NORMAL,
    AlarmState,
    Phase,
)
from service.domain.announcing import Announcing, Floods, to_all
from service.domain.lifecycle.actions import withdraw
from service.domain.oncall import Moment, no_shift
from service.runtime.alarm_desk import definition_of
from service.runtime.alarms import WatchCommit, WatchState
from service.runtime.notify import Destination, SiteName
from service.state.alarm_rows import alarm_view
from service.state.alarm_writes import Step, keep_steps
from service.state.announcer import Announcer, load_floods
from service.state.database import Database
from service.state.rule_states import keep_states, load_states
from service.state.tables import alarm, watch_state


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
            keep_states(connection, step.states)
            telling.tell_all(keep_steps(connection, step.transitions, step.recorded_ns))
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
            keep_states(connection, {one: NORMAL for one in kept if one not in known})
            rows = connection.execute(select(alarm).where(alarm.c.phase != str(Phase.NORMAL))).all()
            gone = [row for row in rows if row.definition not in known]
            steps: list[Step] = []
            for row in gone:
                definition = definition_of(alarm_view(row))
                untold = kept.get(row.definition, NORMAL).untold
                state = AlarmState(Phase(row.phase), None, row.id, untold=untold)
                steps += ((definition, one, NORMAL) for one in withdraw(definition, state, now_ns))
            telling.tell_all(keep_steps(connection, steps, now_ns))
            telling.keep(self._announcer.floods)
            return len(gone)

        return await self._database.write(write)
