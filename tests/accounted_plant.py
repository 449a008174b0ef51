"""A simulated plant, as fast as it goes, through journal and accounting to the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import SimulatorSource, open_source
from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS, to_ns
from service.domain.line import Line
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.journal.log import open_journal
from service.journal.registry import register
from service.runtime.accounting import Accounting
from service.runtime.clock import SystemClock
from service.runtime.ingest import Scaling, SourceState, run_source, statuses
from service.settings import load_site
from service.state.database import open_database
from service.state.ledger import StateLedger
from service.state.past import minutes_between
from tests.accounted_again import a_recounter, from_history
from tests.sites import SAMPLE

MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class Accounted:
    """What the service made of a plant that has run its whole time.

    minutes: by meter, all days × 1440 of them, NOT_CLOSED where nothing was closed. again: the same
    of some meters, accounted for at once from the history alone.
    """

    line: Line
    source: SimulatorSource
    minutes: dict[str, Minutes]
    counters: dict[str, int]
    again: dict[str, Minutes] = field(default_factory=dict)

    def kg(self, meter: str) -> Float64s:
        """Kilograms of each minute, shape (days × 1440,), NaN where unknown, inf where nothing was
        closed."""
        made = self.minutes[meter]
        return np.where(made.grade == NOT_CLOSED, np.inf, made.kg)


async def account_for(
    settings: SimulatorSettings, folder: Path, *, days: int, again: int | None = None
) -> Accounted:
    """Runs the plant of ``settings`` (with a start, and a duration of ``days``) in ``folder``.

    again: one meter in so many is accounted for once more from the history, after what came late
    was settled; None for a plant without a history.
    """
    site = load_site(SAMPLE)
    clock = SystemClock()
    table = register(folder / "journal", site.tags)
    opened: list[SimulatorSource] = []

    @asynccontextmanager
    async def source() -> AsyncIterator[SimulatorSource]:
        tags = table.of_connector("plant")
        async with open_source(settings, name="plant", tags=tags, clock=clock) as one:
            opened.append(one)
            yield one

    assert settings.start is not None
    first = to_ns(settings.start) // MINUTE_NS
    minutes = days * MINUTES_PER_DAY
    book = ProductionBook(site.line, site.plan, first_minute=first, n_minutes=minutes)
    status = statuses({"plant": "simulator"}, clock)["plant"]
    async with (
        open_database(f"sqlite:///{folder / 'state.db'}") as database,
        open_journal(folder / "journal", clock=clock, gather_s=0.0, floor_bytes=0) as journal,
    ):
        ledger = StateLedger(database)
        accounting = Accounting(site.line.meters, table, ledger, book, clock, lateness_s=2.0)
        await accounting.load()
        some: dict[str, Minutes] = {}
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(journal.run())
            reading = group.create_task(accounting.run(journal))
            await group.create_task(run_source(source, status, journal, Scaling(table), clock))
            assert status.state is SourceState.ENDED
            await journal.drain()
            await accounting.caught_up(journal.last)
            if again is not None:
                async with a_recounter(folder, database, journal, table, clock) as recounter:
                    while await accounting.recount(recounter):
                        pass
                    state, meters = await ledger.load(), site.line.meters[::again]
                    found = from_history(recounter, meters, state, first=first, n=minutes)
                    some = {meter: one async for meter, one in found}
            writing.cancel()
            reading.cancel()
        made = await database.read(partial(minutes_between, first=first, end=first + minutes))
    assert opened[0].truth.first_minute == first
    return Accounted(site.line, opened[0], made, dict(accounting.counters), some)
