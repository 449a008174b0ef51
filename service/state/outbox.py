"""The outbox: notices that were committed with their transitions, until they are delivered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from service.domain.alarm import Phase, Priority
from service.domain.circuit import Circuit
from service.domain.quota import WINDOW_NS
from service.runtime.deliver import (
    Attempt,
    Bundle,
    Gathered,
    Pending,
    Portion,
    Rest,
    Standing,
    Waiting,
)
from service.runtime.notify import MessageKind
from service.state.database import Database
from service.state.outbox_due import gather, next_due, read_due
from service.state.outbox_rows import (
    give,
    keep_circuit,
    load_circuit,
    pending_of,
)
from service.state.tables import alarm
from service.state.tables_outbox import attempt as attempts
from service.state.tables_outbox import destination as destinations
from service.state.tables_outbox import outbox

ANSWER_CHARS = 500
DESTINATION_GONE = "the site has no such destination any more"
GIVEN_UP = "given up after three days"
SOME = 500
"""Rows that are written with one statement."""
LOGGED = 5_000
"""Attempts that are kept of each destination."""


class StateOutbox:
    """Implements ``service.runtime.courier.Post``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, destination: str, now_ns: int, limit: int) -> Portion:
        """What is due of up to ``limit`` alarms, most urgent alarm first."""

        def read(connection: Connection) -> Portion:
            return read_due(connection, destination, now_ns, limit)

        return await self._database.read(read)

    async def gather(
        self, destination: str, what: Bundle | Rest, now_ns: int, *, listed: int
    ) -> Gathered | None:
        """All that is pending of the alarms of ``what``."""
        return await self._database.read(
            lambda c: gather(c, destination, what, now_ns, listed=listed)
        )

    async def bind(self, seqs: Sequence[int], message: str, *, is_digest: bool) -> None:
        """Notes before an attempt that ``message`` tells rows ``seqs``."""
        bound = {"digest" if is_digest else "bound": message}

        def write(connection: Connection) -> None:
            for some in _parts(seqs):
                connection.execute(update(outbox).where(outbox.c.seq.in_(some)).values(**bound))

        await self._database.write(write)

    async def interrupted(self, destination: str) -> Pending | None:
        """What a message of one alarm told of which nobody knows whether it was taken."""
        bound = select(outbox.c.alarm).where(
            _pending_at(destination), outbox.c.bound.is_not(None), outbox.c.digest.is_(None)
        )

        def read(connection: Connection) -> Pending | None:
            alarms = connection.execute(bound.limit(1)).scalars().all()
            found = pending_of(connection, destination, alarms, only_bound=True)
            return found[0] if found else None

        return await self._database.read(read)

    async def keep(
        self,
        attempt: Attempt,
        told: Pending | Gathered | None,
        *,
        next_ns: int | None,
        circuit: Circuit | None,
        release: bool = False,
        is_final: bool = False,
    ) -> None:
        """Notes one attempt and all that follows from it in one transaction."""
        end_ns = attempt.at_ns + attempt.took_ms * 1_000_000
        fate: dict[str, object] = {"next_ns": next_ns}
        if is_final:
            fate = {"state": "dead"}
        elif next_ns is None:
            fate = {"state": "delivered", "delivered_ns": end_ns}
        if attempt.kind is MessageKind.DIGEST and next_ns is not None:
            fate["digest"] = attempt.message
        answer = attempt.answer[:ANSWER_CHARS]

        def write(connection: Connection) -> None:
            for some in _parts(() if told is None else told.seqs):
                connection.execute(
                    update(outbox)
                    .where(outbox.c.seq.in_(some))
                    .values(
                        attempts=outbox.c.attempts + 1, tried_ns=attempt.at_ns,
                        message=attempt.message, answer=answer, bound=None, **fate,
                    )
                )  # fmt: skip
            if release:
                waits = _pending_at(attempt.destination) & (outbox.c.attempts > 0)
                connection.execute(update(outbox).where(waits).values(next_ns=end_ns))
            if circuit is not None:
                keep_circuit(connection, attempt.destination, circuit)
            connection.execute(
                insert(attempts).values(
                    destination=attempt.destination, message=attempt.message,
                    kind=str(attempt.kind), alarm=attempt.alarm, notices=attempt.notices,
                    at_ns=attempt.at_ns, took_ms=attempt.took_ms, outcome=str(attempt.outcome),
                    answer=answer,
                )
            )  # fmt: skip

        await self._database.write(write)

    async def standing(self, destination: str, now_ns: int) -> Standing:
        """How the destination stood when the service ended."""

        def read(connection: Connection) -> Standing:
            recent = (
                select(attempts.c.at_ns)
                .where(attempts.c.destination == destination, attempts.c.at_ns > now_ns - WINDOW_NS)
                .order_by(attempts.c.id)
            )
            sent = connection.execute(recent).scalars().all()
            took = (attempts.c.destination == destination) & (attempts.c.outcome == "delivered")
            last = connection.execute(select(func.max(attempts.c.at_ns)).where(took)).scalar_one()
            return Standing(load_circuit(connection, destination), sent, last)

        return await self._database.read(read)

    async def waiting(self, destination: str) -> Waiting:
        """What stands in the destination's queue."""

        def read(connection: Connection) -> Waiting:
            mine = _pending_at(destination)  # each figure by itself: the first of an index
            pending, oldest_ns = (
                connection.execute(select(figure).where(mine)).scalar_one()
                for figure in (
                    func.count(),
                    func.min(outbox.c.since_ns),
                )
            )
            unhanded = connection.execute(
                select(func.min(outbox.c.since_ns)).where(
                    _pending_at(destination), outbox.c.handed_ns.is_(None)
                )
            ).scalar_one()
            dead = connection.execute(
                select(func.count()).where(
                    outbox.c.destination == destination, outbox.c.state == "dead"
                )
            ).scalar_one()
            critical = connection.execute(
                select(outbox.c.seq)
                .where(_pending_at(destination), outbox.c.priority == Priority.CRITICAL)
                .limit(1)
            ).first()
            tried = connection.execute(
                select(outbox.c.seq).where(mine, outbox.c.attempts > 0).limit(1)
            ).first()
            return Waiting(
                pending, dead, next_due(connection, destination), oldest_ns, unhanded,
                is_critical=critical is not None, is_tried=tried is not None,
            )  # fmt: skip

        return await self._database.read(read)

    async def give_up(self, destination: str, before_ns: int) -> int:
        """Makes dead letters of what has been tried since ``before_ns`` or longer."""
        old = _pending_at(destination) & (outbox.c.since_ns <= before_ns)
        dead = (
            update(outbox)
            .where(old)
            .values(state="dead", answer=func.coalesce(outbox.c.answer, GIVEN_UP))
        )
        some = select(func.count()).where(old)
        if not await self._database.read(lambda c: c.execute(some).scalar_one()):
            return 0
        return await self._database.write(lambda c: c.execute(dead).rowcount)

    async def hand_over(self, destination: str, to: str, before_ns: int, now_ns: int) -> int:
        """Gives ``to`` all that waits of the alarms with which ``destination`` has been tried since
        ``before_ns`` or longer."""
        waits = _pending_at(destination)
        late = select(outbox.c.alarm).where(waits, outbox.c.since_ns <= before_ns)
        whole = and_(waits, outbox.c.handed_ns.is_(None), outbox.c.alarm.in_(late))
        some = select(outbox).where(whole).order_by(outbox.c.seq).limit(SOME)

        def write(connection: Connection) -> tuple[int, int]:
            rows = connection.execute(some).mappings().all()
            return len(rows), give(connection, rows, to, now_ns)

        if not await self._database.read(lambda c: c.execute(some.limit(1)).all()):
            return 0
        total, last = 0, SOME
        while last == SOME:
            last, given = await self._database.write(write)
            total += given
        return total

    async def pass_on(self, destination: str, to: str, seqs: Sequence[int], now_ns: int) -> int:
        """Gives ``to`` the notices of rows ``seqs``."""

        def write(connection: Connection) -> int:
            given = 0
            for some in _parts(seqs):
                wanted = select(outbox).where(
                    outbox.c.destination == destination,
                    outbox.c.seq.in_(some),
                    outbox.c.handed_ns.is_(None),
                )
                rows = connection.execute(wanted).mappings().all()
                given += give(connection, rows, to, now_ns)
            return given

        return await self._database.write(write)

    async def bring_forward(self, destination: str, now_ns: int) -> bool:
        """Makes due what was tried the longest ago."""
        tried = _pending_at(destination) & (outbox.c.attempts > 0)
        oldest = (
            select(outbox.c.alarm, outbox.c.digest)
            .where(tried)
            .order_by(outbox.c.tried_ns, outbox.c.priority, outbox.c.ordinal)
            .limit(1)
        )

        def write(connection: Connection) -> bool:
            found = connection.execute(oldest).first()
            if found is None:
                return False
            same = outbox.c.alarm == found.alarm
            if found.digest is not None:
                same = outbox.c.digest == found.digest
            connection.execute(update(outbox).where(tried, same).values(next_ns=now_ns))
            return True

        return await self._database.write(write)

    async def abandon(self, known: Collection[str]) -> int:
        """What waits for a destination that is not ``known`` any more becomes a dead letter;
        returns how many."""

        def write(connection: Connection) -> int:
            gone = outbox.c.destination.not_in(list(known)) & (outbox.c.state == "pending")
            dead = update(outbox).where(gone).values(state="dead", answer=DESTINATION_GONE)
            connection.execute(delete(destinations).where(destinations.c.name.not_in(list(known))))
            return connection.execute(dead).rowcount

        return await self._database.write(write)

    async def forget(self, before_ns: int) -> int:
        """Drops what was delivered, or given up, and made before ``before_ns``, and the log of
        attempts from before then or beyond the newest ``LOGGED`` of each destination; returns how
        many notices. That it was said stays with the alarm's transitions. Of an alarm that is not
        over nothing is dropped: whoever was called hears how it ends."""

        def write(connection: Connection) -> int:
            connection.execute(delete(attempts).where(attempts.c.at_ns < before_ns))
            names = connection.execute(select(attempts.c.destination).distinct()).scalars().all()
            for name in names:
                ids = select(attempts.c.id).where(attempts.c.destination == name)
                last = ids.order_by(attempts.c.id.desc()).offset(LOGGED).limit(1)
                end = connection.execute(last).scalar_one_or_none()
                if end is not None:
                    beyond = (attempts.c.destination == name) & (attempts.c.id <= end)
                    connection.execute(delete(attempts).where(beyond))
            still_open = select(alarm.c.id).where(alarm.c.phase != str(Phase.NORMAL))
            old = (outbox.c.created_ns < before_ns) & (outbox.c.state != "pending")
            old &= outbox.c.alarm.not_in(still_open)
            return connection.execute(delete(outbox).where(old)).rowcount

        return await self._database.write(write)

    async def counts(self) -> dict[str, int]:
        """Notices by state."""

        def read(connection: Connection) -> dict[str, int]:
            rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
            return {row[0]: row[1] for row in rows}

        return await self._database.read(read)


def _parts(seqs: Sequence[int]) -> Iterator[Sequence[int]]:
    return (seqs[at : at + SOME] for at in range(0, len(seqs), SOME))


def _pending_at(destination: str) -> ColumnElement[bool]:
    return and_(outbox.c.destination == destination, outbox.c.state == "pending")
