"""What meters made, accounted for from the history alone and at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from connectors.duckdb.history import open_history
from connectors.duckdb.settings import DuckDbSettings
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS, seconds
from service.domain.line import Meter
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.domain.production.recount import believed
from service.domain.tagtable import TagTable
from service.journal.log import Journal
from service.runtime.clock import Clock
from service.runtime.historian import Historian
from service.runtime.ledger import AccountingState
from service.runtime.recounting import LateMeter, Past, Recounter
from service.state.cursors import StateCursor
from service.state.database import Database
from service.state.moved import StateMoved

LATENESS_S = 2.0


@asynccontextmanager
async def a_recounter(
    folder: Path, database: Database, journal: Journal, table: TagTable, clock: Clock
) -> AsyncIterator[Recounter]:
    """One over a history in ``folder`` that has all that ``journal`` has."""
    async with open_history(DuckDbSettings(), folder=folder, table=table, clock=clock) as history:
        historian = Historian(history, StateCursor(database, "history"), clock)
        await historian.load()
        storing = asyncio.create_task(historian.run(journal))
        try:
            await historian.progress.until(journal.last)
            yield Recounter(history, StateMoved(database), table, historian.progress)
        finally:
            storing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await storing


async def from_history(
    recounter: Recounter, meters: Sequence[Meter], state: AccountingState, *, first: int, n: int
) -> AsyncIterator[tuple[str, Minutes]]:
    """The ``n`` minutes of each meter from ``first`` on, NOT_CLOSED where nothing is closed; the
    account ends where that of ``state`` stands."""
    for k in range(0, len(meters), recounter.at_once):
        late = [_late(meter, state, first) for meter in meters[k : k + recounter.at_once]]
        end_ns = max(one.present_ns for one in late)
        past = await recounter.past(late, first * MINUTE_NS - HOUR_NS, end_ns)
        for one in late:
            yield one.meter.id, await asyncio.to_thread(_accounted, one, past, first, n)


def _late(meter: Meter, state: AccountingState, first: int) -> LateMeter:
    begin_ns = first * MINUTE_NS
    mark_ns = state.coverage[meter.item_group].end_ns or 0
    return LateMeter(
        meter,
        (begin_ns, begin_ns),
        state.accounts[meter.id],
        mark_ns - seconds(LATENESS_S),
        Coverage(),
    )


def _accounted(late: LateMeter, past: Past, first: int, n: int) -> Minutes:
    meter, coverage = late.meter, past.coverage[late.meter.item_group]
    readings, _ = believed(
        meter,
        past.readings(meter, late.present_ns),
        past.running(meter, late.present_ns),
        coverage,
        late.watermark_ns,
    )
    now, closed = advance(meter, Account(), readings, coverage, late.watermark_ns)
    assert (now.last_ns, now.last_value) == (late.account.last_ns, late.account.last_value)
    kg, grade = np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8)
    if closed is not None:
        begin, end = max(closed.first, first), min(closed.first + len(closed), first + n)
        theirs = slice(begin - closed.first, end - closed.first)
        kg[begin - first : end - first] = closed.kg[theirs]
        grade[begin - first : end - first] = closed.grade[theirs]
    return Minutes(first, kg, grade)
