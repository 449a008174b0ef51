"""Accounting: one simulated day of every meter, and an hour of it minute by minute."""

from __future__ import annotations

import contextlib
from pathlib import Path

from service.domain.batch import Batch
from service.domain.instants import MINUTE_NS
from service.domain.production.book import ProductionBook
from service.runtime.accounting import Accounting
from service.runtime.clock import SystemClock
from service.state.database import open_database
from service.state.ledger import StateLedger
from tests.bench.measure import Figures, Spent, rounded, spent
from tests.bench.plant import START_NS, MemoryJournal, rows, site, table, values

HOUR_S, DAY_S = 3_600, 86_400
DAY_MINUTES = 1_440
STEP_S = 10


async def accounting(folder: Path) -> Figures:
    """A day in hours, as it is caught up with after a stop; then an hour as it is lived through,
    with a commit each minute."""
    line = site().line
    batches = values(DAY_S, meters=True, step_s=STEP_S, every_s=HOUR_S)
    day, work = await _accounted(batches, folder / "day.db")
    by_minute = values(HOUR_S, meters=True, step_s=STEP_S, every_s=60)
    hour, minutes = await _accounted(by_minute, folder / "hour.db")
    return {
        "meters": len(line.meters),
        "readings": rows(batches),
        "minutes_closed": day.counters["minutes"],
        "commits": day.commits.value,
        **work.figures(),
        "cpu_s_per_day": rounded(work.cpu_s),
        "readings_per_cpu_s": work.per_cpu_s(rows(batches)),
        "live_commits": hour.commits.value,
        "live_cpu_ms_per_minute": rounded(1_000 * minutes.cpu_s / hour.commits.value),
        "live_wall_ms_per_minute": rounded(1_000 * minutes.wall_s / hour.commits.value),
    }


async def _accounted(batches: list[Batch], file: Path) -> tuple[Accounting, Spent]:
    book = ProductionBook(
        site().line, site().plan, first_minute=START_NS // MINUTE_NS, n_minutes=2 * DAY_MINUTES
    )
    async with open_database(f"sqlite:///{file}") as database:
        ledger = StateLedger(database)
        done = Accounting(site().line.meters, table(), ledger, book, SystemClock(), lateness_s=2.0)
        await done.load()
        with spent() as work, contextlib.suppress(EOFError):
            await done.run(MemoryJournal(batches))
    return done, work
