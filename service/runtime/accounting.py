"""Accounting: follows the journal and turns meter readings into production, minute by minute.

What comes too late for a meter's account is remembered, and accounted for again from the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from service.domain.entries.amend import Stated, amended, closed_stretches, measured_beneath
from service.domain.instants import seconds
from service.domain.line import Meter
from service.domain.production.book import ProductionBook
from service.domain.production.corrections import (
    Cause,
    Corrected,
    Correction,
    KnownUntil,
    closed_late,
    corrected,
)
from service.domain.production.meter import Account
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.ledger import AccountingState, Ledger, Step
from service.runtime.log import JournalReader
from service.runtime.meter_accounts import Made, MeterAccounts
from service.runtime.meter_rows import Gathering, Liveness
from service.runtime.progress import Progress
from service.runtime.recounting import Recounter
from service.runtime.retry import until_done

MAX_BUFFERED_ROWS = 400_000


class Accounting:
    """The consumer that closes minutes. ``commits`` counts its commits, ``corrections`` those that
    changed the past, ``lateness`` those after which something is to be accounted for again.
    ``stated``: what people state now that meters made, which goes before what was measured."""

    def __init__(
        self,
        meters: Sequence[Meter],
        table: TagTable,
        ledger: Ledger,
        book: ProductionBook,
        clock: Clock,
        *,
        lateness_s: float,
        stated: Callable[[], Sequence[Stated]] = tuple,
    ) -> None:
        self._meters = list(meters)
        self._stated = stated
        self._ledger = ledger
        self._book = book
        self._clock = clock
        self._lateness_ns = seconds(lateness_s)
        self._gathering = Gathering(self._meters, table)
        self._state = AccountingState()
        self._liveness = _liveness(self._state)
        self._committed = 0
        self._read = Progress()
        self._settling = asyncio.Lock()
        self.commits = Progress()
        self.corrections = Progress()
        self.lateness = Progress()
        self.counters = {"minutes": 0, "late": 0, "readings": 0, "corrected": 0}
        self._accounts = self._accounts_in(self._state)

    @property
    def position(self) -> int:
        """Journal cursor of the last commit: the journal may forget what lies before it."""
        return self._committed

    @property
    def closed_ns(self) -> int | None:
        """End of the last minute for which accounting is done."""
        return self._state.closed_ns

    @property
    def owes(self) -> int:
        """How many meters have something that came late and is not accounted for again yet."""
        return len(self._state.late)

    async def load(self) -> None:
        """Takes up the state of the last commit; before ``run``."""
        self._state = await self._ledger.load()
        known = {meter.id for meter in self._meters}
        self._state.late = {m: spans for m, spans in self._state.late.items() if m in known}
        self._liveness = _liveness(self._state)
        self._accounts = self._accounts_in(self._state)
        self._committed = self._state.position
        self._read.reach(self._state.position)
        self._book.closed_ns = self._state.closed_ns

    async def run(self, journal: JournalReader) -> None:
        """Follows ``journal`` for ever."""
        while True:
            for entry in await journal.read(self._read.value):
                async with self._settling:  # a worker thread may be reading what this changes
                    self._gathering.take(entry.batch, self._liveness)
                    self._read.reach(entry.position)
                if self._gathering.rows > MAX_BUFFERED_ROWS:
                    await self.settle()
            if self._accounts.minute_is_over():
                await self.settle()

    async def caught_up(self, position: int) -> None:
        """Waits until everything up to journal ``position`` was read, then settles it."""
        await self._read.until(position)
        await self.settle()

    async def settle(self) -> None:
        """Accounts for all that was read and commits it."""
        async with self._settling:
            await self._settle()

    async def correct(
        self, meter: str, minutes: Minutes, *, cause: Cause, entry: str | None = None
    ) -> Correction | None:
        """Puts ``minutes`` in the place of what ``meter`` has closed of their span, with the record
        of the correction; None when that changes nothing.

        Minutes that the meter's account has not closed yet are left to it.
        """
        async with self._settling:
            await self._settle()  # what is kept must go with the cursor
            account = self._state.accounts.get(meter, Account())
            if account.open is not None:
                n = min(max(account.open.first - minutes.first, 0), len(minutes))
                minutes = Minutes(minutes.first, minutes.kg[:n], minutes.grade[:n])
            made, beneath = self._as_stated([(meter, minutes)])
            changes = await self._changes(made, cause=cause, entry=entry)
            await self._keep_corrected(changes, beneath)
            return changes[0].correction if changes else None

    async def measured(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes of ``meter`` from minute ``first`` on as they were measured, whatever a
        person states; NOT_CLOSED where nothing is closed."""
        return await self._ledger.measured_of(meter, first, n)

    async def restate(self, meter: str, first: int, n: int, *, entry: str) -> None:
        """Brings ``n`` closed minutes into line with what is ``stated`` now; ``entry`` came, or
        was taken back. Doing it again changes nothing."""
        async with self._settling:
            await self._settle()
            measured = await self._ledger.measured_of(meter, first, n)
            made, beneath = self._as_stated([(meter, measured)])
            nothing = Minutes(first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
            closed = [(meter, part) for part in closed_stretches(made[0][1])]
            changes = await self._changes(closed, cause=Cause.ENTRY, entry=entry)
            await self._keep_corrected(changes, [(meter, nothing), *beneath])

    async def recount(self, recounter: Recounter) -> bool:
        """Accounts again for some of the meters that something came late for; whether there were
        any. Raises Retryable when the history, which must have all that was read, can't tell now.
        """
        async with self._settling:
            await self._settle()
            some = self._accounts.some_late(recounter.at_once)
            if not some:
                return False
            found = await recounter.recount(some, self._committed)
            made, beneath = self._as_stated(
                [
                    (one.meter.id, again.minutes)
                    for one, again in zip(some, found, strict=True)
                    if again is not None and again.minutes is not None
                ]
            )
            changes = await self._changes(made, cause=Cause.LATE_VALUES)
            for one, again in zip(some, found, strict=True):
                self._accounts.take_up(one, again)
            await self._keep_corrected(changes, beneath)
            return True

    def _accounts_in(self, state: AccountingState) -> MeterAccounts:
        return MeterAccounts(
            self._meters, self._gathering.groups, state, self.counters,
            lateness_ns=self._lateness_ns,
        )  # fmt: skip

    def _as_stated(self, measured: Sequence[Made]) -> tuple[list[Made], list[Made]]:
        """``measured`` minutes with what people state in their place, and what lies beneath."""
        said = self._stated()
        return (
            [(meter, amended(meter, minutes, said)) for meter, minutes in measured],
            [
                (meter, part)
                for meter, minutes in measured
                for part in measured_beneath(meter, minutes, said)
            ],
        )

    async def _changes(
        self,
        made: Sequence[Made],
        *,
        cause: Cause,
        entry: str | None = None,
    ) -> list[Corrected]:
        """What ``made`` changes of what was closed."""
        now_ns = self._clock.now_ns()
        found = []
        for meter, minutes in made:
            read = partial(self._ledger.minutes_of, meter, minutes.first, len(minutes))
            before = await until_done(read, what="closed minutes", clock=self._clock)
            one = corrected(meter, before, minutes, cause=cause, learnt_ns=now_ns, entry=entry)
            if one is not None:
                found.append(one)
        return found

    async def _keep_corrected(self, changes: Sequence[Corrected], beneath: Sequence[Made]) -> None:
        """Commits what was corrected, with what was known until now, and takes it into the book."""
        known = self._known(changes)
        await self._commit(Step(corrected=changes, known=known, measured=beneath))
        self._tell(changes)

    def _known(self, changes: Sequence[Corrected]) -> list[KnownUntil]:
        judged_ns = self._state.closed_ns or 0
        return [
            KnownUntil(one.correction.meter, one.before, judged_ns, one.correction.id)
            for one in changes
        ]

    async def _commit(self, step: Step) -> None:
        keep = partial(self._ledger.commit, self._state, step)
        await until_done(keep, what="ledger", clock=self._clock)

    def _tell(self, changes: Sequence[Corrected]) -> None:
        for one in changes:
            self._book.correct(one.correction.meter, one.before, one.after)
            self.counters["corrected"] += len(one.after)
        if changes:
            self.commits.step()
            self.corrections.step()

    async def _settle(self) -> None:
        read_to = self._read.value
        rows, lively = self._gathering.taken()
        judged_ns = self._state.closed_ns
        measured, moved = await asyncio.to_thread(self._accounts.advance, rows, lively)
        self._state.position = read_to
        made, beneath = self._as_stated(measured)
        closed, again = self._accounts.reopened(made)
        changes = await self._changes(again, cause=Cause.LATE_VALUES)
        late = [closed_late(meter, minutes, judged_ns) for meter, minutes in closed]
        known = [one for one in late if one is not None]
        await self._commit(Step(closed, changes, [*known, *self._known(changes)], beneath, moved))
        self._committed = read_to
        for meter, minutes in closed:
            self._book.enter(meter, minutes)
            self.counters["minutes"] += len(minutes)
        self._book.closed_ns = self._state.closed_ns
        self._tell(changes)
        self.commits.step()
        if self._state.late:
            self.lateness.step()


def _liveness(state: AccountingState) -> Liveness:
    return Liveness(state.coverage, state.resumed_ns, state.lost_ns)
