"""The outbox: notifications that were committed with their transitions, until they are
delivered."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, func, select, update

from service.runtime.deliver import Pending
from service.runtime.notify import Message
from service.state.database import Database
from service.state.tables import outbox

ANSWER_CHARS = 500
DESTINATION_GONE = "the site has no such destination any more"


class StateOutbox:
    """Implements ``service.runtime.deliver.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, destination: str, now_ns: int, limit: int) -> Sequence[Pending]:
        """The oldest due message of each alarm for ``destination``: later ones wait behind it."""
        mine = (outbox.c.destination == destination) & (outbox.c.state == "pending")
        heads = select(func.min(outbox.c.seq)).where(mine).group_by(outbox.c.alarm)

        def read(connection: Connection) -> list[Pending]:
            rows = connection.execute(
                select(outbox)
                .where(outbox.c.seq.in_(heads), outbox.c.next_ns <= now_ns)
                .order_by(outbox.c.seq)
                .limit(limit)
            )
            return [
                Pending(
                    row.seq,
                    Message(row.id, row.type, row.body, row.created_ns),
                    row.attempts,
                    row.created_ns,
                )
                for row in rows
            ]

        return await self._database.read(read)

    async def delivered(self, seq: int, *, now_ns: int, answer: str) -> None:
        """The destination has it."""
        await self._mark(seq, state="delivered", delivered_ns=now_ns, answer=answer)

    async def failed(self, seq: int, *, next_ns: int | None, answer: str) -> None:
        """An attempt failed; without a next one the message is a dead letter."""
        if next_ns is None:
            await self._mark(seq, state="dead", answer=answer)
        else:
            await self._mark(seq, state="pending", next_ns=next_ns, answer=answer)

    async def abandon(self, known: Collection[str]) -> int:
        """What waits for a destination that is not ``known`` any more becomes a dead letter;
        returns how many."""

        def write(connection: Connection) -> int:
            gone = outbox.c.destination.not_in(list(known)) & (outbox.c.state == "pending")
            dead = update(outbox).where(gone).values(state="dead", answer=DESTINATION_GONE)
            return connection.execute(dead).rowcount

        return await self._database.write(write)

    async def forget(self, before_ns: int) -> int:
        """Drops what was delivered, or given up, and made before ``before_ns``; returns how
        many. That it was said stays with the alarm's transitions."""

        def write(connection: Connection) -> int:
            old = (outbox.c.created_ns < before_ns) & (outbox.c.state != "pending")
            return connection.execute(delete(outbox).where(old)).rowcount

        return await self._database.write(write)

    async def counts(self) -> dict[str, int]:
        """Messages by state."""

        def read(connection: Connection) -> dict[str, int]:
            rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
            return {row[0]: row[1] for row in rows}

        return await self._database.read(read)

    async def _mark(self, seq: int, *, answer: str, **values: object) -> None:
        def write(connection: Connection) -> None:
            connection.execute(
                update(outbox)
                .where(outbox.c.seq == seq)
                .values(attempts=outbox.c.attempts + 1, answer=answer[:ANSWER_CHARS], **values)
            )

        await self._database.write(write)
