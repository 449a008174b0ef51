"""Readings that counted at another time than their own, as long as the past is accounted for
again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select

from service.domain.production.moved import Moved, Stays
from service.state.database import Database
from service.state.tables_corrections import moved_reading

MOST = 1_000_000
"""More are not kept: a clock that is always wrong moves every reading."""


class StateMoved:
    """Implements ``service.runtime.recounting.MovedReadings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moved(self, meters: Sequence[str], start_ns: int, end_ns: int) -> list[Moved]:
        """Those of ``meters`` that said, or counted at, an instant in [start_ns, end_ns], in the
        order of arrival."""
        columns = moved_reading.c
        wanted = (
            select(moved_reading)
            .where(
                or_(
                    columns.held_ns.between(start_ns, end_ns),
                    columns.said_ns.between(start_ns, end_ns),
                ),
                columns.meter.in_(meters),
            )
            .order_by(columns.seq)
        )

        def read(connection: Connection) -> list[Moved]:
            return [
                Moved(
                    row.meter,
                    row.said_ns,
                    row.held_ns,
                    math.nan if row.value is None else row.value,
                    bool(row.usable),
                    Stays(row.stays),
                )
                for row in connection.execute(wanted)
            ]

        return await self._database.read(read)

    async def forget(self, before_ns: int) -> None:
        """Drops those that counted before ``before_ns``, and the oldest of too many."""

        def write(connection: Connection) -> None:
            columns = moved_reading.c
            last = connection.execute(select(func.max(columns.seq))).scalar() or 0
            connection.execute(
                delete(moved_reading).where(
                    or_(columns.held_ns < before_ns, columns.seq <= last - MOST)
                )
            )

        await self._database.write(write)


def keep_moved(connection: Connection, moved: Sequence[Moved]) -> None:
    """Keeps them within the transaction that accounts for them."""
    rows = [
        {
            "meter": one.meter,
            "said_ns": one.said_ns,
            "held_ns": one.held_ns,
            "value": None if math.isnan(one.value) else one.value,
            "usable": int(one.usable),
            "stays": int(one.stays),
        }
        for one in moved
    ]
    if rows:
        connection.execute(insert(moved_reading), rows)
