"""Durable places in the journal."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from service.state.database import Database
from service.state.tables import cursor


class StateCursor:
    """Implements ``service.runtime.historian.Cursor`` for one consumer."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    async def load(self) -> int:
        """The last position dealt with; 0 when none was."""
        found = await self._database.read(
            lambda c: c.execute(
                select(cursor.c.position).where(cursor.c.consumer == self._consumer)
            ).scalar_one_or_none()
        )
        return found or 0

    async def save(self, position: int) -> None:
        """Keeps ``position``."""

        def write(connection: Connection) -> None:
            where = cursor.c.consumer == self._consumer
            changed = connection.execute(update(cursor).where(where).values(position=position))
            if changed.rowcount == 0:
                connection.execute(
                    insert(cursor).values(consumer=self._consumer, position=position)
                )

        await self._database.write(write)


async def furthest(database: Database) -> int:
    """The greatest position that any consumer keeps in ``cursor``; 0 when there is none."""
    return (
        await database.read(lambda c: c.execute(select(func.max(cursor.c.position))).scalar()) or 0
    )
