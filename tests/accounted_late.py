"""Accounting with a real journal, history and state, step by step: what comes late, and when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path

import numpy as np

from connectors.duckdb.history import open_history
from connectors.duckdb.settings import DuckDbSettings
from service.domain.batch import Batch, Origin, make_batch
from service.domain.calendar import Calendar, Shift
from service.domain.coverage import Cover
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes as Closed
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.journal.log import Journal, open_journal
from service.runtime.accounting import Accounting
from service.runtime.historian import Historian
from service.runtime.recounting import Recounter
from service.state.cursors import StateCursor
from service.state.database import Database, open_database
from service.state.ledger import StateLedger
from service.state.moved import StateMoved
from tests.accounted_again import from_history
from tests.runtime.test_accounting import Hurried
from tests.sites import ZONE

FIRST = 29_600_000 - 29_600_000 % 1440
T0 = FIRST * MINUTE_NS
GROUP = "plant/main"
METERS = (
    Meter("A", "SC", "A", "A.TOT", MeterKind.TOTALISER, GROUP, rollover=700.0),
    Meter("B", "SC", "B", "B.PCS", MeterKind.COUNT, GROUP, kg_per_unit=7.6),
    Meter("C", "SC", "C", "C.RATE", MeterKind.RATE, GROUP, kg_per_unit=1_000.0),
)
LINE = Line((Stage("SC", "Screening", "筛分", 0.5, 0.97, 40.0),), METERS, "SC")
TABLE = TagTable({n + 1: Tag(m.tag, "plant", f"ns=2;s={n}", "kg") for n, m in enumerate(METERS)})

Row = tuple[int, float, float | None]
"""Meter, second and value; None is Bad."""
Minutes = dict[str, list[tuple[float | None, int]]]


@dataclass
class Plant:
    """What hears of the plant. Nothing happens by itself but journal, history and reading."""

    journal: Journal
    database: Database
    ledger: StateLedger
    accounting: Accounting
    historian: Historian
    recounter: Recounter
    book: ProductionBook
    history: object

    async def give(self, *batches: Batch) -> None:
        """Takes in and accounts for ``batches``."""
        await self.append(*batches)
        await self.accounting.caught_up(self.journal.last)

    async def append(self, *batches: Batch) -> None:
        """Takes in ``batches``."""
        for batch in batches:
            await self.journal.append(batch, lambda: None)
        await self.journal.drain()

    async def recount(self) -> None:
        """Accounts again for all that came late."""
        while await self.accounting.recount(self.recounter):
            pass

    async def minutes(self, n: int) -> Minutes:
        """The first ``n`` minutes of every meter: kg (None for unknown) and grade."""
        return {m.id: await self._minutes(m.id, n) for m in METERS}

    async def _minutes(self, meter: str, n: int) -> list[tuple[float | None, int]]:
        return _rows(await self.ledger.minutes_of(meter, FIRST, n))

    async def from_history(self, n: int) -> Minutes:
        """``minutes``, accounted for from the history alone."""
        await self.historian.progress.until(self.journal.last)
        state = await self.ledger.load()
        again = from_history(self.recounter, METERS, state, first=FIRST, n=n)
        return {meter: _rows(found) async for meter, found in again}


@asynccontextmanager
async def a_plant(folder: Path) -> AsyncIterator[Plant]:
    """One in ``folder``, as it was left there."""
    clock = Hurried()
    calendar = Calendar(ZONE, time(8), (Shift("day", time(8)),))
    plan = Plan(calendar, {2026: 87_600_000.0})
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(f"sqlite:///{folder}/state.db"))
        history = await stack.enter_async_context(
            open_history(DuckDbSettings(), folder=folder, table=TABLE, clock=clock)
        )
        book = ProductionBook(LINE, plan, first_minute=FIRST, n_minutes=2_880)
        ledger = StateLedger(database)
        accounting = Accounting(METERS, TABLE, ledger, book, clock, lateness_s=2.0)
        historian = Historian(history, StateCursor(database, "history"), clock)
        await accounting.load()
        await historian.load()
        for meter, stretch in await ledger.minutes(FIRST // 60):
            book.enter(meter, stretch)
        furthest = max(accounting.position, historian.position)
        journal = await stack.enter_async_context(
            open_journal(folder / "journal", clock=clock, next_position=furthest + 1,
                         gather_s=0.0, floor_bytes=0)
        )  # fmt: skip
        recounter = Recounter(history, StateMoved(database), TABLE, historian.progress)
        tasks = [
            asyncio.create_task(work)
            for work in (journal.run(), accounting.run(journal), historian.run(journal))
        ]
        try:
            yield Plant(journal, database, ledger, accounting, historian, recounter, book, history)
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def _rows(minutes: Closed) -> list[tuple[float | None, int]]:
    kg = [None if np.isnan(kg) else kg for kg in minutes.kg.tolist()]
    return list(zip(kg, minutes.grade.tolist(), strict=True))


def a_batch(
    rows: Iterable[Row],
    covers: Sequence[tuple[float, float]] = (),
    *,
    received_s: float,
    origin: Origin = Origin.LIVE,
) -> Batch:
    """``rows`` as they are received at ``received_s``, with the seconds of proven liveness."""
    given = list(rows)
    return make_batch(
        [meter + 1 for meter, _, _ in given],
        [at(s) for _, s, _ in given],
        [np.nan if v is None else v for _, _, v in given],
        [0x80000000 if v is None else 0 for _, _, v in given],
        received_ns=at(received_s),
        origin=origin,
        covers=tuple(Cover(GROUP, at(a), at(b)) for a, b in covers),
        source="plant",
    )


def at(second: float) -> int:
    """The instant so many seconds after the begin."""
    return T0 + round(second * SECOND_NS)
