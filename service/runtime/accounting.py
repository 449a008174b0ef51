"""Accounting: follows the journal and turns meter readings into production, minute by minute.

What comes too late for a meter's account is remembered, and accounted for again from the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

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
from service.domain.production.moved import Moved
from service.domain.production.readings import Readings, in_order
from service.domain.production.recount import Recount, Span, believed, late_before_ns, with_span
from service.domain.production.stuck import Standing
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.ledger import AccountingState, Ledger, Step
from service.runtime.log import JournalReader
from service.runtime.meter_rows import Gathering, Liveness, MeterRows, sort_rows
from service.runtime.progress import Progress
from service.runtime.recounting import LateMeter, Recounter
from service.runtime.retry import until_done

MAX_BUFFERED_ROWS = 400_000
SILENT_NS = 2 * MINUTE_NS
"""A group this far behind the most advanced one has fallen silent."""
NEVER = np.iinfo(np.int64).min

Made = tuple[str, Minutes]
"""A meter and what it made."""


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
        self._groups = self._gathering.groups
        self._state = AccountingState()
        self._liveness = _liveness(self._state)
        self._committed = 0
        self._read = Progress()
        self._settling = asyncio.Lock()
        self.commits = Progress()
        self.corrections = Progress()
        self.lateness = Progress()
        self.counters = {"minutes": 0, "late": 0, "readings": 0, "corrected": 0}

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
            some = self._some_late(recounter.at_once)
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
                self._take_up(one, again)
            await self._keep_corrected(changes, beneath)
            return True

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

    def _some_late(self, limit: int) -> list[LateMeter]:
        late = [m for m in self._meters if m.id in self._state.late][:limit]
        return [
            LateMeter(
                meter,
                self._state.late[meter.id][0],
                self._state.accounts[meter.id],
                self._watermark_ns(meter.item_group) or 0,
                self._state.coverage[meter.item_group],
            )
            for meter in late
        ]

    def _take_up(self, one: LateMeter, again: Recount | None) -> None:
        """The state after ``one`` was accounted for ``again``."""
        meter = one.meter.id
        left = self._state.late[meter][1:]
        if left:
            self._state.late[meter] = left
        else:
            del self._state.late[meter]
        if again is None or again.account is None:
            return
        was, now = one.account.open, again.account.open
        if was is not None and now is not None and now.first < was.first:
            self._state.reopened[meter] = max(was.first, self._state.reopened.get(meter, 0))
        self._state.accounts[meter] = again.account
        if again.standing is not None and one.meter.stuck_s is not None:
            self._state.standing[meter] = again.standing

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
        measured, moved = await asyncio.to_thread(self._account, rows, lively)
        self._state.position = read_to
        made, beneath = self._as_stated(measured)
        closed, again = self._reopened(made)
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

    def _reopened(self, closed: Sequence[Made]) -> tuple[list[Made], list[Made]]:
        """Minutes that are closed for the first time, and those that something late had opened
        again."""
        fresh, again = [], []
        for meter, minutes in closed:
            until = self._state.reopened.get(meter, minutes.first)
            n = min(max(until - minutes.first, 0), len(minutes))
            if minutes.first + n >= until:
                self._state.reopened.pop(meter, None)
            if n:
                again.append((meter, Minutes(minutes.first, minutes.kg[:n], minutes.grade[:n])))
            if n < len(minutes):
                part = Minutes(minutes.first + n, minutes.kg[n:], minutes.grade[n:])
                fresh.append((meter, part))
        return fresh, again

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
        marks = [m for g in self._groups if (m := self._watermark_ns(g)) is not None]
        if not marks:
            return None
        living_ns = min(m for m in marks if m >= max(marks) - SILENT_NS)
        longest_ns = max(seconds(m.sample_s) for m in self._meters)
        return (living_ns - longest_ns) // MINUTE_NS * MINUTE_NS

    def _account(
        self, rows: Mapping[str, MeterRows], lively: Sequence[tuple[str, Span]]
    ) -> tuple[list[Made], list[Moved]]:
        """Advances every meter's account; returns the minutes that closed, and the readings that
        count at another time than their own. Runs in a worker thread."""
        closed: list[Made] = []
        moved: list[Moved] = []
        for meter in self._meters:
            mark = self._watermark_ns(meter.item_group)
            if mark is None:
                continue
            account = self._state.accounts.get(meter.id, Account())
            late_ns = late_before_ns(meter, account)
            spans = [s for group, s in lively if group == meter.item_group and s[0] < late_ns]
            readings = _NO_READINGS
            if meter.tag in rows:
                self.counters["readings"] += len(rows[meter.tag].said_ns)
                done = sort_rows(
                    meter.id, rows[meter.tag], self._state.newest.get(meter.id), late_ns
                )
                readings = done.readings
                moved += done.moved
                spans += done.late
                self.counters["late"] += len(done.late)
                if done.newest is not None:
                    self._state.newest[meter.id] = done.newest
            for span in spans:
                self._state.late[meter.id] = with_span(self._state.late.get(meter.id, ()), *span)
            coverage = self._state.coverage[meter.item_group]
            if meter.stuck_s is not None:
                readings = self._believed(meter, readings, rows.get(meter.runs_tag or ""), mark)
            account, minutes = advance(meter, account, readings, coverage, mark)
            self._state.accounts[meter.id] = account
            if minutes is not None:
                closed.append((meter.id, minutes))
        closable = self._closable_ns()
        if closable is not None:
            self._state.closed_ns = max(closable, self._state.closed_ns or NEVER)
        self._forget()
        return closed, moved

    def _believed(
        self, meter: Meter, readings: Readings, running: MeterRows | None, until_ns: int
    ) -> Readings:
        """``readings`` without those of a value that is stuck."""
        runs = _NO_READINGS
        if running is not None:
            runs = Readings(running.held_ns, running.value, running.usable)
        found, self._state.standing[meter.id] = believed(
            meter,
            in_order(readings, after_ns=None),
            in_order(runs, after_ns=None),
            self._state.coverage[meter.item_group],
            until_ns,
            self._state.standing.get(meter.id, Standing()),
        )
        return found

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


def _liveness(state: AccountingState) -> Liveness:
    return Liveness(state.coverage, state.resumed_ns, state.lost_ns)


_NO_READINGS = Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))
