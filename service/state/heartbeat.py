"""When the service last proved that its state can be written, and whether deliveries move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, insert, select, update

from service.state.database import Database
from service.state.tables_heartbeat import heartbeat
from service.state.tables_outbox import outbox


@dataclass(frozen=True, slots=True)
class Queue:
    """What one destination has to be told. due_ns: since when the oldest of it is due, None when
    nothing waits. tried: a number that changes with every attempt, and with nothing that only
    comes."""

    due_ns: int | None
    tried: tuple[int, int]


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

    async def queues(self) -> Mapping[str, Queue]:
        """By destination."""
        waits = outbox.c.state == "pending"
        wanted = select(
            outbox.c.destination,
            func.min(case((waits, outbox.c.next_ns))).label("due_ns"),
            func.sum(case((waits, outbox.c.attempts), else_=0)).label("attempts"),
            func.sum(case((waits, 0), else_=1)).label("done"),
        ).group_by(outbox.c.destination)
        return await self._database.read(
            lambda c: {
                row.destination: Queue(row.due_ns, (int(row.attempts), int(row.done)))
                for row in c.execute(wanted)
            }
        )
