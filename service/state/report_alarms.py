"""The alarms of a shift, for its report."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, or_, select

from service.domain.alarm import Priority
from service.domain.calendar import ShiftSpan
from service.domain.report.content import AlarmLine, AlarmPart, Names
from service.state.database import Database
from service.state.tables import alarm

MOST_LINES = 500
"""Of one report; how many alarms there are is told all the same."""


class ShiftAlarms:
    """Finds the alarms that were raised in a shift, or stood when it began, as they were at its
    end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, span: ShiftSpan, waits: bool) -> AlarmPart:
        """The alarms part of the report of ``span``; Retryable when the state is busy."""
        return await self._database.read(lambda connection: _part(connection, span))


def _part(connection: Connection, span: ShiftSpan) -> AlarmPart:
    c = alarm.c
    stood = or_(c.returned_ns.is_(None), c.returned_ns >= span.start_ns)
    within = (c.raised_ns < span.end_ns) & stood
    raised = connection.execute(
        select(c.priority, func.count())
        .where(c.raised_ns >= span.start_ns, c.raised_ns < span.end_ns)
        .group_by(c.priority)
    ).all()
    total = connection.execute(select(func.count()).where(within)).scalar_one()
    standing = connection.execute(
        select(func.count()).where(
            c.raised_ns < span.end_ns, or_(c.returned_ns.is_(None), c.returned_ns >= span.end_ns)
        )
    ).scalar_one()
    rows = connection.execute(
        select(alarm).where(within).order_by(c.priority, c.raised_ns, c.id).limit(MOST_LINES)
    )
    return AlarmPart(
        tuple(_line(row, span.end_ns) for row in rows),
        total,
        {Priority.CRITICAL: 0, Priority.HIGH: 0, Priority.MEDIUM: 0, Priority.LOW: 0}
        | {Priority(priority): count for priority, count in raised},
        standing,
    )


def _line(row: Any, end_ns: int) -> AlarmLine:
    """The alarm as it was at ``end_ns``."""
    over = row.returned_ns is not None and row.returned_ns < end_ns
    seen = row.acknowledged_ns is not None and row.acknowledged_ns < end_ns
    return AlarmLine(
        row.id,
        Priority(row.priority),
        row.asset,
        Names(row.message_en, row.message_zh),
        row.raised_ns,
        row.returned_ns if over else None,
        row.acknowledged_by if seen else None,
    )
