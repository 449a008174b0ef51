"""Transitions of alarms by time, in columns, for indicators."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, func, select

from service.domain.alarm import Priority
from service.domain.alarm_kpi import LOOK_BACK_NS
from service.domain.alarm_steps import AlarmSteps, steps_of
from service.runtime.alarm_figures import AlarmName
from service.state.database import Database
from service.state.tables import alarm, transition

AT_ONCE = 500
"""Names asked for in one statement; SQLite takes 999 parameters at least."""


class StateAlarmSteps:
    """Implements ``service.runtime.alarm_figures.AlarmJournal``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def steps(self, start_ns: int, end_ns: int) -> AlarmSteps:
        """What ``alarm_kpis`` needs of [start_ns, end_ns): all of LOOK_BACK_NS before it up to its
        end, and every step of alarms that were open then."""
        return await self._database.read(lambda c: _steps(c, start_ns - LOOK_BACK_NS, end_ns))

    async def names(self, definitions: Collection[str]) -> dict[str, AlarmName]:
        """How ``definitions`` were called when they were last raised; without those that never
        were."""
        wanted = list(definitions)
        parts = [wanted[at : at + AT_ONCE] for at in range(0, len(wanted), AT_ONCE)]
        return await self._database.read(
            lambda c: {name.definition: name for part in parts for name in _names(c, part)}
        )


def _steps(connection: Connection, first_ns: int, end_ns: int) -> AlarmSteps:
    t, a = transition.c, alarm.c
    columns = (t.definition, t.at_ns, t.alarm, t.kind, t.quiet, a.priority, t.seq)
    joined = select(*columns).outerjoin_from(transition, alarm, t.alarm == a.id)
    recent = joined.where(t.at_ns >= first_ns, t.at_ns < end_ns)
    # By the alarms' own index, and in two statements, of which each has one: most are long over.
    begun = select(a.id).where(a.raised_ns < first_ns)
    still = (begun.where(a.returned_ns.is_(None)), begun.where(a.returned_ns >= first_ns))
    older = [joined.where(t.at_ns < first_ns, t.alarm.in_(alarms)) for alarms in still]
    parts = (recent, *older)
    found = [tuple(row) for part in parts for row in connection.execute(part)]
    found.sort(key=_by_time)
    return steps_of([row[:6] for row in found])


def _by_time(row: tuple[Any, ...]) -> tuple[int, int]:
    """at_ns and seq."""
    return row[1], row[6]


def _names(connection: Connection, definitions: list[str]) -> list[AlarmName]:
    c = alarm.c
    newest: Select[tuple[str, int]] = (
        select(c.definition, func.max(c.raised_ns).label("raised_ns"))
        .where(c.definition.in_(definitions))
        .group_by(c.definition)
    )
    last = newest.subquery()
    rows = connection.execute(
        select(c.definition, c.rule, c.asset, c.stage, c.priority, c.message_en, c.message_zh).join(
            last, (last.c.definition == c.definition) & (last.c.raised_ns == c.raised_ns)
        )
    )
    return [
        AlarmName(
            row.definition, row.rule, row.asset, row.stage, Priority(row.priority),
            row.message_en, row.message_zh,
        )
        for row in rows
    ]  # fmt: skip
