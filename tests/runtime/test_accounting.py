"""Accounting when its ledger can't be written, and when a clock outside is wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from pathlib import Path

import numpy as np
import pytest

from service.domain.batch import Batch, make_batch
from service.domain.calendar import Calendar, Shift
from service.domain.coverage import Cover
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.journal.log import Journal, open_journal
from service.runtime.accounting import Accounting
from service.runtime.clock import SystemClock
from service.runtime.errors import Retryable
from service.runtime.ledger import AccountingState, Step
from tests.sites import ZONE

FIRST = 29_600_000 - 29_600_000 % 1440
T0 = FIRST * MINUTE_NS
GROUP = "plant/main"
METER = Meter("SC-L01", "SC", "SC-L01", "SC-L01.TOT", MeterKind.TOTALISER, GROUP)
LINE = Line((Stage("SC", "Screening", "筛分", 0.5, 0.97, 40.0),), (METER,), "SC")
TABLE = TagTable({1: Tag("SC-L01.TOT", "plant", "ns=2;s=1", "kg")})


class MemoryLedger:
    """Keeps nothing across runs. ``refusals``: how many commits fail first; ``free`` lets them."""

    def __init__(self) -> None:
        self.refusing = False
        self.refused = asyncio.Event()
        self.closed: list[tuple[str, Minutes]] = []
        self.groups: set[str] = set()

    async def load(self) -> AccountingState:
        return AccountingState()

    async def commit(self, state: AccountingState, step: Step) -> None:
        if self.refusing:
            self.refused.set()
            raise Retryable("the disk is full")
        self.closed += step.closed
        self.groups = set(state.coverage)

    async def minutes_of(self, meter: str, first: int, n: int) -> Minutes:
        raise NotImplementedError("nothing is corrected here")

    async def measured_of(self, meter: str, first: int, n: int) -> Minutes:
        raise NotImplementedError("nothing is corrected here")


class Hurried(SystemClock):
    """Waits for retries only as long as it takes others to run."""

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(min(delay_s, 0.01))


def a_book() -> ProductionBook:
    calendar = Calendar(ZONE, time(8), (Shift("day", time(8)),))
    plan = Plan(calendar, {2026: 87_600_000.0})
    return ProductionBook(LINE, plan, first_minute=FIRST, n_minutes=1440)


@asynccontextmanager
async def accounted(folder: Path) -> AsyncIterator[tuple[Accounting, MemoryLedger, Journal]]:
    ledger = MemoryLedger()
    clock = Hurried()
    accounting = Accounting((METER,), TABLE, ledger, a_book(), clock, lateness_s=2.0)
    async with following(folder, accounting, clock) as journal:
        yield accounting, ledger, journal


@asynccontextmanager
async def following(folder: Path, accounting: Accounting, clock: Hurried) -> AsyncIterator[Journal]:
    """A journal of its own that ``accounting`` follows."""
    async with open_journal(folder, clock=clock, gather_s=0.0, floor_bytes=0) as journal:
        tasks = [
            asyncio.create_task(journal.run()),
            asyncio.create_task(accounting.run(journal)),
        ]
        try:
            yield journal
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def reading(at_s: float, value: float, *, says_s: float | None = None) -> Batch:
    """A reading and a cover that ends with it; ``says_s``: what its own clock says."""
    at_ns = T0 + round(at_s * SECOND_NS)
    said_ns = at_ns if says_s is None else T0 + round(says_s * SECOND_NS)
    return make_batch(
        [1], [said_ns], [value],
        received_ns=at_ns, covers=(Cover(GROUP, T0 - HOUR_NS, at_ns),),
    )  # fmt: skip


async def give(journal: Journal, *batches: Batch) -> int:
    for batch in batches:
        await journal.append(batch, lambda: None)
    await journal.drain()
    return journal.last


async def test_the_cursor_moves_only_once_the_ledger_has_the_minutes(tmp_path: Path) -> None:
    async with accounted(tmp_path) as (accounting, ledger, journal):
        ledger.refusing = True
        last = await give(journal, reading(0, 100), reading(300, 400))
        await ledger.refused.wait()
        assert accounting.position == 0  # or the journal would forget what is not accounted for
        ledger.refusing = False
        await accounting.caught_up(last)
        assert accounting.position == last
        assert sum(minutes.kg.sum() for _, minutes in ledger.closed) <= 300
        assert [meter for meter, _ in ledger.closed] == ["SC-L01"]


async def test_a_reading_from_a_far_future_counts_when_it_came(tmp_path: Path) -> None:
    century_s = 100 * 365.25 * 86_400.0
    async with accounted(tmp_path) as (accounting, ledger, journal):
        readings = [reading(60 * n, 100.0 * n) for n in range(10)]
        readings[5] = reading(300, 500, says_s=century_s)
        await accounting.caught_up(await give(journal, *readings))
        known = [kg for _, minutes in ledger.closed for kg in minutes.kg.tolist()]
        assert known == [100.0] * len(known)
        assert len(known) >= 7


async def test_coverage_is_kept_only_where_a_meter_looks_at_it(tmp_path: Path) -> None:
    async with accounted(tmp_path) as (accounting, ledger, journal):
        other = make_batch([], [], [], received_ns=T0, covers=(Cover("plant/other", T0, T0 + 9),))
        await accounting.caught_up(await give(journal, reading(0, 100), other))
        assert ledger.groups == {GROUP}


async def test_a_clock_that_jumps_back_stops_no_production(tmp_path: Path) -> None:
    async with accounted(tmp_path) as (accounting, ledger, journal):
        behind = {n: 60.0 * n - 7_200.0 for n in range(5, 20)}
        readings = [reading(60 * n, 100.0 * n, says_s=behind.get(n)) for n in range(30)]
        await accounting.caught_up(await give(journal, *readings))
        known = [kg for _, minutes in ledger.closed for kg in minutes.kg.tolist()]
        # A reading behind a wrong clock holds from the message before it: a minute early here.
        assert sum(known[:27]) == pytest.approx(2_700.0, abs=100.0)
        assert max(known) <= 200.0


async def test_a_gap_within_a_batch_moves_nothing_that_was_heard_before_it(tmp_path: Path) -> None:
    steps = [0, 100, 300, 50, 150, 200, 120, 80, 60, 90]
    minutes = [0, 1, 2, 3, 4, 8, 9, 10, 11, 12]  # nothing is heard from 4:30 to 7:30
    totals = [float(sum(steps[: n + 1])) for n in range(len(steps))]
    times = [T0 + minute * MINUTE_NS for minute in minutes]
    covers = (
        Cover(GROUP, T0, T0 + 270 * SECOND_NS),
        Cover(GROUP, T0 + 450 * SECOND_NS, T0 + 13 * MINUTE_NS),
    )
    told = make_batch(
        [1] * len(times), times, totals, received_ns=T0 + 13 * MINUTE_NS, covers=covers
    )
    async with accounted(tmp_path) as (accounting, ledger, journal):
        first = reading(0, 0.0)
        await accounting.caught_up(await give(journal, first, told, reading(900, totals[-1])))
        kg = np.concatenate([closed.kg for _, closed in ledger.closed])
    assert kg[:4].tolist() == [100, 300, 50, 150]
    assert kg[4:8].sum() == 200
    assert kg[8:12].tolist() == [120, 80, 60, 90]
