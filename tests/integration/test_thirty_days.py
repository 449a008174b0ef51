"""Thirty simulated days of every meter, through journal and accounting, against the plant's own
truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import SimulatorSource, open_source
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.journal.log import open_journal
from service.journal.registry import register
from service.runtime.accounting import Accounting
from service.runtime.clock import SystemClock
from service.runtime.ingest import Scaling, SourceState, run_source, statuses
from service.settings import load_site
from service.state.database import open_database
from service.state.ledger import StateLedger

SITE = Path("deploy/sites/changzhi")
DAYS = 30
DAY_S = 86_400.0
HOUR_S = 3_600.0


def settings() -> SimulatorSettings:
    """All that is hard on a meter: two resets (one of them inside the gap), a rollover, a gap, 1 %
    Bad."""
    return SimulatorSettings.model_validate(
        {
            "kind": "simulator",
            "seed": 20_260_301,
            "start": "2026-03-01T00:00:00Z",
            "duration_s": DAYS * DAY_S,
            "step_s": 10,
            "batch_s": 3_600,
            "pace": "fast",
            "meters": True,
            "bad_share": 0.01,
            "faults": [
                {"fault": "totaliser_reset", "target": "SC-L03-WQ503.TOT", "after_s": 5.3 * DAY_S},
                {
                    "fault": "communication_loss",
                    "target": "plant",
                    "after_s": 12 * DAY_S,
                    "duration_s": 2 * HOUR_S,
                },
                {
                    "fault": "totaliser_reset",
                    "target": "CT-M05-WQ302.TOT",
                    "after_s": 12 * DAY_S + HOUR_S,
                },
            ],
            # An unsigned 32-bit counter close to its top, beside the 16-bit ones that wrap by
            # themselves.
            "preset": {"CT-M07-WQ302.TOT": 4_294_967_296.0 - 5_000.0},
        }
    )


@pytest.mark.timeout(600)
async def test_accounted_tonnes_are_the_true_ones(tmp_path: Path) -> None:
    site = load_site(SITE)
    clock = SystemClock()
    table = register(tmp_path / "journal", site.tags)
    opened: list[SimulatorSource] = []

    @asynccontextmanager
    async def source() -> AsyncIterator[SimulatorSource]:
        async with open_source(
            settings(), name="plant", tags=table.of_connector("plant"), clock=clock
        ) as one:
            opened.append(one)
            yield one

    first = int(np.datetime64("2026-03-01T00:00", "m").astype(np.int64))
    book = ProductionBook(site.line, site.plan, first_minute=first, n_minutes=DAYS * 1440)
    status = statuses({"plant": "simulator"}, clock)["plant"]
    async with (
        open_database(f"sqlite:///{tmp_path / 'state.db'}") as database,
        open_journal(tmp_path / "journal", clock=clock, gather_s=0.0, floor_bytes=0) as journal,
    ):
        ledger = StateLedger(database)
        accounting = Accounting(site.line.meters, table, ledger, book, clock, lateness_s=2.0)
        await accounting.load()
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(journal.run())
            reading = group.create_task(accounting.run(journal))
            await group.create_task(run_source(source, status, journal, Scaling(table), clock))
            assert status.state is SourceState.ENDED
            await journal.drain()
            await accounting.caught_up(journal.last)
            writing.cancel()
            reading.cancel()
        accounted = by_meter(await ledger.minutes(0), first)
    compare(site.line.meters_by_stage, accounted, opened[0], first)


def by_meter(stretches: list[tuple[str, Minutes]], first: int) -> dict[str, np.ndarray]:
    """kg per minute of each meter, NaN where unknown, inf where nothing was closed."""
    found: dict[str, np.ndarray] = {}
    for meter, minutes in stretches:
        row = found.setdefault(meter, np.full(DAYS * 1440, np.inf))
        at = minutes.first - first
        row[at : at + len(minutes)] = minutes.kg
    return found


def compare(
    meters_by_stage: object, accounted: dict[str, np.ndarray], source: SimulatorSource, first: int
) -> None:
    truth = source.truth
    assert truth.first_minute == first
    print(f"\n{'stage':6} {'accounted t':>14} {'true t':>14} {'error %':>9} {'unknown min':>12}")
    wrong = []
    for stage, meters in meters_by_stage.items():  # type: ignore[attr-defined]
        kg = true_kg = 0.0
        unknown_minutes = 0
        for meter in meters:
            row = accounted[meter.id]
            closed = np.isfinite(row) | np.isnan(row)
            # A meter whose first readings are Bad begins later; the last minute waits for a
            # reading.
            assert closed[2 : DAYS * 1440 - 1].all(), meter.id
            unknown = np.isnan(row)
            expected = source.unknown_minutes(meter.tag)
            differ = np.flatnonzero(unknown[2:-1] != expected[2 : len(unknown) - 1])
            if len(differ):
                wrong.append((meter.id, len(differ), (differ[:10] + 2).tolist()))
            known = closed & ~unknown
            kg += float(row[known].sum())
            true_kg += float(truth.kg(meter.tag)[: DAYS * 1440][known].sum())
            unknown_minutes += int(unknown.sum())
        error_pct = 100.0 * (kg / true_kg - 1.0)
        print(
            f"{stage:6} {kg / 1e3:14.3f} {true_kg / 1e3:14.3f} {error_pct:9.4f} "
            f"{unknown_minutes:12}"
        )
        assert abs(error_pct) <= 0.1, stage
    assert not wrong
