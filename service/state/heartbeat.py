"""When the service last proved that its state can be written, and what is due."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select, update

from service.state.database import Database
from service.state.tables_heartbeat import heartbeat
from service.state.tables_outbox import outbox


class StateHeartbeat:
    """One instant, kept over restarts by really writing it, and a look at the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lived_ns(self) -> int | None:
        """The last instant kept; None when there never was one."""
        return await self._database.read(
            lambda c: c.execute(select(heartbeat.c.lived_ns)).scalar_one_or_none()
        )

    async def lives(self, now_ns: int) -> None:
        """Keeps ``now_ns``; Retryable when the state can't be written."""

        def write(connection: Connection) -> None:
            if connection.execute(update(heartbeat).values(lived_ns=now_ns)).rowcount == 0:
                connection.execute(insert(heartbeat).values(id=1, lived_ns=now_ns))

        await self._database.write(write)

    async def due(self) -> Mapping[str, int]:
        """By destination for which something waits: since when the first of it is due."""
        wanted = (
            select(outbox.c.destination, func.min(outbox.c.next_ns))
            .where(outbox.c.state == "pending")
            .group_by(outbox.c.destination)
        )
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(wanted)})
