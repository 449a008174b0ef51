"""Backtest: a year of minutes of every meter, 40 alarms on eight stages, from the state's file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from service.app.backtest import outcomes, recorded
from service.domain.alarm import Priority
from service.domain.definitions import define
from service.domain.instants import HOUR_NS
from service.domain.plan import Window
from service.domain.rules import Rule, ShiftShortfallRule, ThroughputRule, Timing
from service.runtime.ledger import AccountingState, Step
from service.state.database import open_database
from service.state.ledger import HOUR_MINUTES, StateLedger
from service.state.past import read_only
from service.state.tables import production_hour
from tests.bench.measure import Figures, rounded, spent
from tests.bench.plant import site

SEED = 20_260_101
AT_ONCE = 24
"""Hours written in one transaction."""
UNKNOWN_SHARE = 0.01
STOPPED_SHARE = 0.05
NOISE = 0.1


async def backtest(folder: Path) -> Figures:
    """Every window and the shift's shortfall at its stages; wall time is what somebody waits."""
    plant = site()
    start_ns, end_ns = plant.calendar.year_bounds_ns(plant.year)
    file = folder / "state.db"
    async with open_database(f"sqlite:///{file}") as database:
        await StateLedger(database).commit(AccountingState(closed_ns=end_ns), Step())
        for rows in _year(start_ns // HOUR_NS, end_ns // HOUR_NS):
            await database.write(lambda c, rows=rows: c.execute(insert(production_hour), rows))
    definitions = define(_rules(), tags=plant.tags, line=plant.line)
    with read_only(file) as connection:
        with spent() as reading:
            past = recorded(connection, plant, [definitions], start_ns, end_ns, lambda *_: None)
        with spent() as judging:
            (found,) = outcomes(
                past, {"rules": definitions}, lambda *_: None, labels=None, grace_ns=0
            )
    return {
        "minutes": (end_ns - start_ns) // (60 * 10**9),
        "meters": len(plant.line.meters),
        "alarms": len(definitions.stages),
        "alerts": found.alerts,
        "reading_s": rounded(reading.wall_s),
        "judging_s": rounded(judging.wall_s),
        "cpu_s": rounded(reading.cpu_s + judging.cpu_s),
        "wall_s": rounded(reading.wall_s + judging.wall_s),
    }


def _rules() -> tuple[Rule, ...]:
    """Five rules on each of eight stages."""
    stages = tuple(stage.id for stage in site().line.stages)
    low = ThroughputRule("low", stages, Window.HOUR, 20.0, 5.0, Priority.MEDIUM, Timing(300, 300))
    short = ShiftShortfallRule("short", stages, 5.0, Priority.MEDIUM, Timing(300, 300))
    return (
        low,
        replace(low, id="shift", window=Window.SHIFT, below_pct=10.0),
        replace(low, id="day", window=Window.DAY_24H, below_pct=10.0, deadband_pct=2.0),
        replace(low, id="week", window=Window.WEEK, below_pct=5.0, deadband_pct=1.0),
        short,
    )


def _year(first: int, end: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of the ledger: at plan with noise, some hours stopped, some unknown."""
    plant, random = site(), np.random.default_rng(SEED)
    per_minute = plant.plan.rate_kg_per_h(plant.year) / 60.0
    meters = plant.line.meters
    share = np.array([
        per_minute
        / plant.line.stage_by_id[meter.stage].finished_eq
        / len(plant.line.meters_by_stage[meter.stage])
        for meter in meters
    ])  # fmt: skip
    for begin in range(first, end, AT_ONCE):
        shape = (min(AT_ONCE, end - begin), len(meters), HOUR_MINUTES)
        kg = share[:, None] * (1.0 + NOISE * random.standard_normal(shape))
        kg[random.random(shape[:2]) < STOPPED_SHARE] = 0.0
        kg[random.random(shape[:2]) < UNKNOWN_SHARE] = np.nan
        grade = np.where(np.isnan(kg), 2, 0).astype(np.uint8)
        yield [
            {
                "meter": meter.id,
                "hour": begin + at,
                "kg": kg[at, n].astype("<f8").tobytes(),
                "grade": grade[at, n].tobytes(),
            }
            for at in range(shape[0])
            for n, meter in enumerate(meters)
        ]
