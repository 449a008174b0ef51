"""The outbox: notifications that were committed with their transitions, until they are
delivered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from service.runtime.deliver import Pending
from service.runtime.notification import load_notice
from service.state.database import Database
from service.state.tables import outbox

ANSWER_CHARS = 500
DESTINATION_GONE = "the site has no such destination any more"


class StateOutbox:
    """Implements ``service.runtime.deliver.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, destination: str, now_ns: int, limit: int) -> Sequence[Pending]:
        """What is pending of up to ``limit`` alarms for ``destination``, most urgent alarm
        first."""

        def read(connection: Connection) -> list[Pending]:
            mine = (outbox.c.destination == destination) & (outbox.c.state == "pending")
            heads = connection.execute(
                select(outbox.c.alarm)
                .where(mine)
                .group_by(outbox.c.alarm)
                .having(func.min(outbox.c.next_ns) <= now_ns)
                .order_by(func.min(outbox.c.priority), func.min(outbox.c.seq))
                .limit(limit)
            )
            return [
                _pending(
                    connection.execute(
                        select(outbox).where(mine, outbox.c.alarm == alarm).order_by(outbox.c.seq)
                    ).all()
                )
                for alarm in heads.scalars().all()
            ]

        return await self._database.read(read)

    async def delivered(self, one: Pending, *, message: str, now_ns: int, answer: str) -> None:
        """The destination has it."""
        values = {"state": "delivered", "delivered_ns": now_ns}
        await self._mark(one, message=message, answer=answer, **values)

    async def failed(self, one: Pending, *, message: str, next_ns: int | None, answer: str) -> None:
        """An attempt failed; without a next one its notices are dead letters."""
        values = {"state": "dead"} if next_ns is None else {"next_ns": next_ns}
        await self._mark(one, message=message, answer=answer, **values)

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

    async def _mark(self, one: Pending, *, message: str, answer: str, **values: object) -> None:
        changed = (
            update(outbox)
            .where(outbox.c.seq.in_(one.seqs))
            .values(
                attempts=one.attempts + 1, message=message, answer=answer[:ANSWER_CHARS], **values
            )
        )
        await self._database.write(lambda connection: connection.execute(changed) and None)


def _pending(rows: Sequence[Row[Any]]) -> Pending:
    return Pending(
        seqs=tuple(row.seq for row in rows),
        notices=tuple(load_notice(row.notice) for row in rows),
        attempts=max(row.attempts for row in rows),
        created_ns=rows[0].created_ns,
    )
