"""Accounting: follows the journal and turns meter readings into production, minute by minute."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from service.domain.batch import Batch
from service.domain.coverage import Coverage
from service.domain.entries.amend import Stated, amended, closed_stretches, measured_beneath
from service.domain.instants import MINUTE_NS, seconds
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
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.domain.production.readings import Readings, in_order
from service.domain.production.stuck import Standing, find_stuck, without_stuck
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.ledger import AccountingState, Ledger
from service.runtime.log import JournalReader
from service.runtime.progress import Progress
from service.runtime.readings import NEVER, NO_READINGS, Chunk, MeterReadings
from service.runtime.retry import until_done

log = logging.getLogger(__name__)

MAX_BUFFERED_ROWS = 400_000
SILENT_NS = 2 * MINUTE_NS
"""A group this far behind the most advanced one has fallen silent."""


class Accounting:
    """The consumer that closes minutes. ``commits`` counts its commits, ``corrections`` those that
    changed the past. ``stated``: what people state now that meters made, which goes before what was
    measured."""

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
        self._readings = MeterReadings(self._meters, table)
        self._standing = {m.id: Standing() for m in self._meters if m.stuck_s is not None}
        self._state = AccountingState()
        self._committed = 0
        self._read = Progress()
        self._settling = asyncio.Lock()
        self.commits = Progress()
        self.corrections = Progress()
        self.counters = {"minutes": 0, "late": 0, "readings": 0, "corrected": 0}

    @property
    def position(self) -> int:
        """Journal cursor of the last commit: the journal may forget what lies before it."""
        return self._committed

    @property
    def closed_ns(self) -> int | None:
        """End of the last minute for which accounting is done."""
        return self._state.closed_ns

    async def load(self) -> None:
        """Takes up the state of the last commit; before ``run``."""
        self._state = await self._ledger.load()
        self._committed = self._state.position
        self._read.reach(self._state.position)
        self._book.closed_ns = self._state.closed_ns

    async def run(self, journal: JournalReader) -> None:
        """Follows ``journal`` for ever."""
        while True:
            for entry in await journal.read(self._read.value):
                async with self._settling:  # a worker thread may be reading what this changes
                    self._take(entry.batch)
                    self._read.reach(entry.position)
                if self._readings.rows > MAX_BUFFERED_ROWS:
                    await self.settle()
            if self._minute_is_over():
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
            before = await self._ledger.minutes_of(meter, minutes.first, len(minutes))
            said = self._stated()
            beneath = [(meter, part) for part in measured_beneath(meter, minutes, said)]
            one = corrected(
                meter,
                before,
                amended(meter, minutes, said),
                cause=cause,
                learnt_ns=self._clock.now_ns(),
                entry=entry,
            )
            if one is None and not beneath:
                return None
            await self._keep_corrected([] if one is None else [one], measured=beneath)
            return None if one is None else one.correction

    async def measured(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes of ``meter`` from minute ``first`` on as they were measured, whatever a
        person states; NOT_CLOSED where nothing is closed."""
        return await self._ledger.measured_of(meter, first, n)

    async def restate(self, meter: str, first: int, n: int, *, entry: str) -> None:
        """Brings ``n`` closed minutes into line with what is ``stated`` now; ``entry`` came, or
        was taken back. Doing it again changes nothing."""
        async with self._settling:
            await self._settle()
            said = self._stated()
            before = await self._ledger.minutes_of(meter, first, n)
            measured = await self._ledger.measured_of(meter, first, n)
            nothing = Minutes(first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
            beneath = [nothing, *measured_beneath(meter, measured, said)]
            now_ns = self._clock.now_ns()
            found = [
                corrected(meter, was, now, cause=Cause.ENTRY, learnt_ns=now_ns, entry=entry)
                for was, now in zip(
                    closed_stretches(before),
                    closed_stretches(amended(meter, measured, said)),
                    strict=True,
                )
            ]
            await self._keep_corrected(
                [one for one in found if one is not None],
                measured=[(meter, part) for part in beneath],
            )

    async def _keep_corrected(
        self, changes: Sequence[Corrected], *, measured: Sequence[tuple[str, Minutes]] = ()
    ) -> None:
        """Commits what was corrected, with what was known until now, and takes it into the book."""
        judged_ns = self._state.closed_ns or 0
        known = [
            KnownUntil(one.correction.meter, one.before, judged_ns, one.correction.id)
            for one in changes
        ]
        keep = partial(
            self._ledger.commit, self._state, (), corrected=changes, known=known, measured=measured
        )
        await until_done(keep, what="corrections", clock=self._clock)
        for one in changes:
            self._book.correct(one.correction.meter, one.before, one.after)
            self.counters["corrected"] += len(one.after)
        self.commits.step()
        self.corrections.step()

    async def _settle(self) -> None:
        read_to = self._read.value
        chunks = self._readings.taken()
        judged_ns = self._state.closed_ns
        measured = await asyncio.to_thread(self._account, chunks)
        self._state.position = read_to
        said = self._stated()
        closed = [(meter, amended(meter, minutes, said)) for meter, minutes in measured]
        beneath = [
            (meter, part)
            for meter, minutes in measured
            for part in measured_beneath(meter, minutes, said)
        ]
        late = [closed_late(meter, minutes, judged_ns) for meter, minutes in closed]
        known = [one for one in late if one is not None]
        await until_done(
            partial(self._ledger.commit, self._state, closed, known=known, measured=beneath),
            what="ledger",
            clock=self._clock,
        )
        self._committed = read_to
        for meter, minutes in closed:
            self._book.enter(meter, minutes)
            self.counters["minutes"] += len(minutes)
        self._book.closed_ns = self._state.closed_ns
        self.commits.step()

    def _take(self, batch: Batch) -> None:
        self._readings.take(batch, self._state.coverage, self._state.resumed_ns)

    def _watermark_ns(self, group: str) -> int | None:
        coverage = self._state.coverage.get(group)
        end_ns = coverage.end_ns if coverage else None
        return None if end_ns is None else end_ns - self._lateness_ns

    def _minute_is_over(self) -> bool:
        closable = self._closable_ns()
        return closable is not None and closable > (self._state.closed_ns or NEVER)

    def _closable_ns(self) -> int | None:
        """End of the last minute that every living group has told all about.

        A group that fell silent does not hold up the others: its meters' minutes are unknown for
        now.
        """
        marks = [m for g in self._readings.groups if (m := self._watermark_ns(g)) is not None]
        if not marks:
            return None
        living_ns = min(m for m in marks if m >= max(marks) - SILENT_NS)
        longest_ns = max(seconds(m.sample_s) for m in self._meters)
        return (living_ns - longest_ns) // MINUTE_NS * MINUTE_NS

    def _account(self, chunks: list[Chunk]) -> list[tuple[str, Minutes]]:
        """Advances every meter's account; returns the minutes that closed. Runs in a worker
        thread."""
        by_tag = self._readings.by_tag(chunks)
        closed = []
        for meter in self._meters:
            mark = self._watermark_ns(meter.item_group)
            if mark is None:
                continue
            account = self._state.accounts.get(meter.id, Account())
            coverage = self._state.coverage[meter.item_group]
            readings = by_tag.get(meter.tag, NO_READINGS)
            self.counters["readings"] += len(readings.time_ns)
            if account.last_ns is not None and len(readings.time_ns):
                self.counters["late"] += int((readings.time_ns < account.last_ns).sum())
            if meter.id in self._standing:
                running = by_tag.get(meter.runs_tag or "", NO_READINGS)
                readings = self._believed(meter, readings, running, coverage, mark)
            account, minutes = advance(meter, account, readings, coverage, mark)
            self._state.accounts[meter.id] = account
            if minutes is not None:
                closed.append((meter.id, minutes))
        closable = self._closable_ns()
        if closable is not None:
            self._state.closed_ns = max(closable, self._state.closed_ns or NEVER)
        self._forget()
        return closed

    def _believed(
        self,
        meter: Meter,
        readings: Readings,
        running: Readings,
        coverage: Coverage,
        until_ns: int,
    ) -> Readings:
        """``readings`` without those of a value that is stuck."""
        standing = self._standing[meter.id]
        first_ns = standing.since_ns
        if standing.value is None and len(readings.time_ns):
            first_ns = int(readings.time_ns.min())
        gaps = coverage.gaps(first_ns, until_ns) if first_ns else []
        self._standing[meter.id], spans = find_stuck(
            meter, standing, in_order(readings, after_ns=None), in_order(running, after_ns=None),
            gaps=gaps, until_ns=until_ns,
        )  # fmt: skip
        return without_stuck(readings, spans)

    def _forget(self) -> None:
        """Drops coverage that no account looks back at."""
        for group, coverage in self._state.coverage.items():
            needed = [
                account.last_ns
                for meter in self._meters
                if meter.item_group == group
                and (account := self._state.accounts.get(meter.id)) is not None
                and account.last_ns is not None
            ]
            if needed:
                coverage.forget_before(min(needed))
