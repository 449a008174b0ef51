"""Intake: from a source through scaling and journal into DuckDB, as the service runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from connectors.duckdb.history import open_history
from connectors.duckdb.settings import DuckDbSettings
from service.app.seed import Batches
from service.journal.log import open_journal
from service.runtime.clock import SystemClock
from service.runtime.historian import Historian
from service.runtime.ingest import Scaling, run_source, statuses
from tests.bench.measure import Figures, spent
from tests.bench.plant import CONNECTOR, rows, table, values

DURATION_S = 1_800


class NoCursor:
    """A cursor that starts anew."""

    async def load(self) -> int:
        return 0

    async def save(self, position: int) -> None:
        """Nothing is kept."""


async def intake(folder: Path) -> Figures:
    """Half an hour of the plant, as fast as they are taken in, until DuckDB has them all."""
    batches, clock, tags = values(DURATION_S), SystemClock(), table()
    status = statuses({CONNECTOR: "bench"}, clock)[CONNECTOR]

    @asynccontextmanager
    async def source() -> AsyncIterator[Batches]:
        yield Batches(iter(batches), lambda _: None)

    settings = DuckDbSettings(kind="duckdb")
    async with (
        open_history(settings, folder=folder, table=tags, clock=clock) as history,
        open_journal(folder / "journal", clock=clock) as journal,
    ):
        historian = Historian(history, NoCursor(), clock)
        with spent() as work:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(journal.run()),
                    group.create_task(historian.run(journal)),
                ]
                await run_source(source, status, journal, Scaling(tags), clock)
                await journal.drain()
                await historian.progress.until(journal.last)
                for task in tasks:
                    task.cancel()
    count = rows(batches)
    if historian.counters["stored"] != count:
        raise AssertionError(f"the history took {historian.counters} of {count}")
    return {"values": count, **work.figures(), "values_per_cpu_s": work.per_cpu_s(count)}
