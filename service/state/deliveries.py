"""What was told to whom, for those who look, and what people change of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from service.domain.circuit import WORKS
from service.runtime.deliver import Attempt, Outcome, RowState
from service.runtime.deliveries import Chosen, DeliveryView, LoggedAttempt, Wanted
from service.runtime.notification import load_notice
from service.runtime.notify import MessageKind
from service.state.database import Database
from service.state.identity_rows import note
from service.state.outbox_rows import keep_circuit
from service.state.tables_outbox import attempt as attempts
from service.state.tables_outbox import outbox

ATTEMPTS_SHOWN = 100
"""Of one delivery."""


class StateDeliveries:
    """Implements ``service.runtime.deliveries.Deliveries`` and ``DeadLetters``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deliveries(self, wanted: Wanted, *, limit: int) -> Sequence[DeliveryView]:
        """The newest ``limit`` of those ``wanted``, newest first."""
        looked_for = select(outbox).order_by(outbox.c.seq.desc()).limit(limit)
        for column, value in (
            (outbox.c.state, wanted.state),
            (outbox.c.destination, wanted.destination),
            (outbox.c.alarm, wanted.alarm),
        ):
            if value is not None:
                looked_for = looked_for.where(column == str(value))
        if wanted.before is not None:
            looked_for = looked_for.where(outbox.c.seq < wanted.before)
        return await self._database.read(lambda c: [_view(row) for row in c.execute(looked_for)])

    async def delivery(
        self, delivery_id: int
    ) -> tuple[DeliveryView, Sequence[LoggedAttempt]] | None:
        """One with the attempts that told its alarm, or its message, there."""

        def read(connection: Connection) -> tuple[DeliveryView, list[LoggedAttempt]] | None:
            row = connection.execute(select(outbox).where(outbox.c.seq == delivery_id)).first()
            if row is None:
                return None
            made = connection.execute(
                select(attempts)
                .where(
                    attempts.c.destination == row.destination,
                    or_(attempts.c.alarm == row.alarm, attempts.c.message == row.message),
                    attempts.c.at_ns >= row.created_ns,
                )
                .order_by(attempts.c.id.desc())
                .limit(ATTEMPTS_SHOWN)
            )
            return _view(row), [_logged(one) for one in made]

        return await self._database.read(read)

    async def attempts(
        self, *, destination: str | None, before: int | None, limit: int
    ) -> Sequence[LoggedAttempt]:
        """The delivery log, newest first."""
        wanted = select(attempts).order_by(attempts.c.id.desc()).limit(limit)
        if destination is not None:
            wanted = wanted.where(attempts.c.destination == destination)
        if before is not None:
            wanted = wanted.where(attempts.c.id < before)
        return await self._database.read(lambda c: [_logged(row) for row in c.execute(wanted)])

    async def replay(
        self, chosen: Chosen, known: Sequence[str], *, now_ns: int, by: str
    ) -> Mapping[str, int]:
        """Has dead letters tried anew, those of ``known`` destinations; how many of each."""
        meant = _meant(chosen) & outbox.c.destination.in_(list(known))

        def write(connection: Connection) -> dict[str, int]:
            counts = connection.execute(
                select(outbox.c.destination, func.count())
                .where(meant)
                .group_by(outbox.c.destination)
            ).all()
            connection.execute(
                update(outbox)
                .where(meant)
                .values(
                    state="pending", attempts=0, since_ns=now_ns, tried_ns=now_ns, next_ns=now_ns,
                    handed_ns=None, collect=None, digest=None, bound=None,
                )
            )  # fmt: skip
            for destination, count in counts:
                note(connection, now_ns, by, "replay_deliveries", f"{count} to {destination}")
            return {row[0]: row[1] for row in counts}

        return await self._database.write(write)

    async def dismiss(self, chosen: Chosen, *, now_ns: int, by: str) -> int:
        """Marks dead letters as seen; how many."""

        def write(connection: Connection) -> int:
            seen = update(outbox).where(_meant(chosen)).values(state="dismissed")
            count = connection.execute(seen).rowcount
            if count:
                note(connection, now_ns, by, "dismiss_deliveries", str(count))
            return count

        return await self._database.write(write)

    async def enable(self, destination: str, *, now_ns: int, by: str) -> None:
        """Lets a destination be tried at once, whatever its circuit says."""

        def write(connection: Connection) -> None:
            keep_circuit(connection, destination, WORKS)
            waits = and_(
                outbox.c.destination == destination,
                outbox.c.state == "pending",
                outbox.c.attempts > 0,
            )
            connection.execute(update(outbox).where(waits).values(next_ns=now_ns))
            note(connection, now_ns, by, "enable_destination", destination)

        await self._database.write(write)

    async def tested(self, attempt: Attempt, *, now_ns: int, by: str) -> None:
        """Notes who sent a test message."""
        subject = f"{attempt.destination}: {attempt.outcome}"
        await self._database.write(lambda c: note(c, now_ns, by, "test_destination", subject))


def _meant(chosen: Chosen) -> ColumnElement[bool]:
    meant = outbox.c.state == str(RowState.DEAD)
    if chosen.ids is not None:
        meant &= outbox.c.seq.in_(chosen.ids)
    if chosen.destination is not None:
        meant &= outbox.c.destination == chosen.destination
    return meant


def _view(row: Row[Any]) -> DeliveryView:
    return DeliveryView(
        id=row.seq,
        destination=row.destination,
        notice=load_notice(row.notice),
        message=row.message,
        state=RowState(row.state),
        attempts=row.attempts,
        next_attempt_ns=row.next_ns if row.state == "pending" else None,
        answer=row.answer,
        created_ns=row.created_ns,
        delivered_ns=row.delivered_ns,
        handed_ns=row.handed_ns,
    )


def _logged(row: Row[Any]) -> LoggedAttempt:
    return LoggedAttempt(
        row.id,
        Attempt(
            destination=row.destination,
            message=row.message,
            kind=MessageKind(row.kind),
            alarm=row.alarm,
            notices=row.notices,
            at_ns=row.at_ns,
            took_ms=row.took_ms,
            outcome=Outcome(row.outcome),
            answer=row.answer,
        ),
    )
