"""Accounting again for what came late, from the history."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from service.domain.batch import Batch
from service.domain.coverage import Coverage
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.line import Meter
from service.domain.production.meter import Account
from service.domain.production.moved import Moved, with_moved
from service.domain.production.readings import Readings, in_order
from service.domain.production.recount import NotEnough, Recount, Span, recount
from service.domain.quality import is_bad
from service.domain.rows import join
from service.domain.tagtable import TagTable
from service.runtime.errors import Retryable
from service.runtime.history import HistoryReader
from service.runtime.progress import Progress

PAGE_ROWS = 100_000
REACH_NS = 2 * HOUR_NS
"""So far before and after a late span readings are looked for at first."""
WIDER = 4
FARTHEST_NS = 64 * DAY_NS
"""A counter that shows one value for longer is taken to have begun there."""
AT_ONCE = 16
PASS_S = 10.0
READ_S = 120.0


@dataclass(frozen=True, slots=True)
class LateMeter:
    """A meter that something came late for, and how its account stands at the present. coverage:
    the newest of its group, which the history may not have yet."""

    meter: Meter
    span: Span
    account: Account
    watermark_ns: int
    coverage: Coverage

    @property
    def present_ns(self) -> int:
        """No reading that the account has taken is later."""
        account = self.account
        waiting = account.vessel.waiting if account.vessel is not None else ()
        known = (account.last_ns, account.hole_ns, self.watermark_ns, *(at for at, _ in waiting))
        return max(at for at in known if at is not None)


class MovedReadings(Protocol):
    """Readings that counted at another time than their own. Called by one task."""

    async def moved(self, meters: Sequence[str], start_ns: int, end_ns: int) -> Sequence[Moved]:
        """Those of ``meters`` that said, or counted at, an instant in [start_ns, end_ns], in the
        order of arrival. Raises Retryable."""
        ...


class Recounter:
    """Reads what is needed of the history and accounts for it again.

    stored: the journal position that the history has reached. at_once: how many meters in one go.
    """

    def __init__(
        self,
        history: HistoryReader,
        moved: MovedReadings,
        table: TagTable,
        stored: Progress,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._history = history
        self._moved = moved
        self._table = table
        self._stored = stored
        self.at_once = at_once

    async def recount(self, late: Sequence[LateMeter], position: int) -> list[Recount | None]:
        """For each of ``late`` what it comes to, None when nothing tells.

        Raises Retryable when the history has not all up to journal ``position`` soon, or can't be
        read now.
        """
        try:
            async with asyncio.timeout(PASS_S):
                await self._stored.until(position)
            async with asyncio.timeout(READ_S):
                return await self._recount(late)
        except TimeoutError as error:
            raise Retryable(f"history at {self._stored.value} of {position} is slow") from error

    async def _recount(self, late: Sequence[LateMeter]) -> list[Recount | None]:
        found: dict[str, Recount | None] = {}
        waiting = {one.meter.id: one for one in late}
        back_ns = forth_ns = REACH_NS
        while waiting:
            some = list(waiting.values())
            start_ns = min(one.span[0] for one in some) - back_ns
            end_ns = max(one.span[1] for one in some) + forth_ns
            present_ns = max(one.present_ns for one in some)
            past = await self.past(some, start_ns, min(end_ns, present_ns))
            further = set()
            for one in some:
                try:
                    found[one.meter.id] = await asyncio.to_thread(
                        _again,
                        one,
                        past,
                        all_before=back_ns >= FARTHEST_NS,
                        all_after=end_ns >= one.present_ns,
                    )
                    del waiting[one.meter.id]
                except NotEnough as error:
                    further.add(error.back)
            if True in further:
                back_ns = min(back_ns * WIDER, FARTHEST_NS)
            if False in further:
                forth_ns *= WIDER
        return [found[one.meter.id] for one in late]

    async def past(self, late: Sequence[LateMeter], start_ns: int, end_ns: int) -> Past:
        tags = {one.meter.tag for one in late}
        running = {one.meter.runs_tag for one in late if one.meter.runs_tag is not None}
        numbers = {tag: self._table.number(tag) for tag in tags | running}
        rows = await self._rows(list(numbers.values()), start_ns, end_ns + 1)
        held = await self._history.latest([numbers[tag] for tag in running], before_ns=start_ns)
        groups = sorted({one.meter.item_group for one in late})
        covers = await self._history.covers(groups, start_ns, end_ns + 1)
        coverage = {g: Coverage((c.start_ns, c.end_ns) for c in covers if c.group == g)
                    for g in groups}  # fmt: skip
        for one in late:
            for a, b in one.coverage.intervals:
                coverage[one.meter.item_group].add(a, b)
        moved = await self._moved.moved([one.meter.id for one in late], start_ns, end_ns)
        return Past(join([held, rows], received_ns=rows.received_ns), numbers, coverage, moved)

    async def _rows(self, numbers: Sequence[int], start_ns: int, end_ns: int) -> Batch:
        pages: list[Batch] = []
        after: tuple[int, int] | None = None
        while True:
            page = await self._history.rows(numbers, start_ns, end_ns, limit=PAGE_ROWS, after=after)
            pages.append(page)
            if len(page) < PAGE_ROWS:
                return join(pages, received_ns=page.received_ns)
            after = int(page.time_ns[-1]), int(page.tag[-1])


@dataclass(frozen=True, slots=True)
class Past:
    """What the history has of some meters over a stretch of time."""

    rows: Batch
    numbers: Mapping[str, int]
    coverage: Mapping[str, Coverage]
    moved: Iterable[Moved]

    def readings(self, meter: Meter, until_ns: int) -> Readings:
        """Those of ``meter`` up to ``until_ns`` that count, when they count."""
        kept = self._of(meter.tag)
        moved = [one for one in self.moved if one.meter == meter.id]
        found = with_moved(kept, moved, self.coverage[meter.item_group])
        return _until(found, until_ns)

    def running(self, meter: Meter, until_ns: int) -> Readings:
        """Those of its ``runs_tag`` up to ``until_ns``."""
        if meter.runs_tag is None:
            return Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))
        return _until(in_order(self._of(meter.runs_tag), after_ns=None), until_ns)

    def _of(self, tag: str) -> Readings:
        mine = np.flatnonzero(self.rows.tag == self.numbers[tag])
        value = self.rows.value[mine]
        usable = ~is_bad(self.rows.status[mine]) & ~np.isnan(value)
        return Readings(self.rows.time_ns[mine], value, usable)


def _until(readings: Readings, until_ns: int) -> Readings:
    now = readings.time_ns <= until_ns
    return Readings(readings.time_ns[now], readings.value[now], readings.usable[now])


def _again(late: LateMeter, past: Past, *, all_before: bool, all_after: bool) -> Recount | None:
    return recount(
        late.meter,
        past.readings(late.meter, late.present_ns),
        past.running(late.meter, late.present_ns),
        past.coverage[late.meter.item_group],
        late.span,
        account=late.account,
        watermark_ns=late.watermark_ns,
        all_before=all_before,
        all_after=all_after,
    )
