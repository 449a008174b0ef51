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
from service.domain.rules import (
    BalanceRule,
    ChartKind,
    DriftRule,
    MissedRunRule,
    Rule,
    ShiftShortfallRule,
    ThroughputRule,
    Timing,
)
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
CYCLE_H, RUN_H, TURN_H = 43.2, 40.0, 5.4
RUN_KWH_PER_MIN = 228.75
"""A rectifier's runs, and by how much the next one's are earlier."""


async def backtest(folder: Path) -> Figures:
    """Rules that no service has judged by, so that limits are set too; wall time is what somebody
    waits."""
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
        "meters": len(plant.line.all_meters),
        "alarms": len(definitions.stages),
        "drift_alarms": sum(isinstance(one.rule, DriftRule) for one in definitions.stages),
        "alerts": found.alerts,
        "reading_s": rounded(reading.wall_s),
        "judging_s": rounded(judging.wall_s),
        "cpu_s": rounded(reading.cpu_s + judging.cpu_s),
        "wall_s": rounded(reading.wall_s + judging.wall_s),
    }


def _rules() -> tuple[Rule, ...]:
    """Forty alarms: windows, shortfalls, drifts, balances and runs."""
    stages = tuple(stage.id for stage in site().line.stages)
    timing = Timing(300, 300)
    day = ThroughputRule("day", stages, Window.DAY_24H, 10.0, 2.0, Priority.HIGH, timing)
    drift = DriftRule(
        "drift", ("CR", "GR", "CT", "CB", "SC", "PK"), ChartKind.CUSUM, 0.33, Priority.LOW, timing
    )
    return (
        day,
        replace(day, id="week", window=Window.WEEK, below_pct=5.0, deadband_pct=1.0),
        ShiftShortfallRule("short", ("CR", "CB", "PK"), 5.0, Priority.MEDIUM, timing),
        drift,
        replace(drift, id="slow", stages=("CR", "PK"), chart=ChartKind.EWMA),
        BalanceRule(
            "balance", ("GR", "CT", "CB", "DM", "PK"), 14.0, 0.5, 4.0, Priority.MEDIUM, timing
        ),
        MissedRunRule("run", ("GZ",), 43.2, 4.0, 549.0, Priority.HIGH, timing),
    )


def _year(first: int, end: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of the ledger: at plan with noise, some hours stopped, some unknown."""
    plant, random = site(), np.random.default_rng(SEED)
    per_minute = plant.plan.rate_kg_per_h(plant.year) / 60.0
    meters = plant.line.all_meters
    share = np.array([
        per_minute
        / plant.line.stage_by_id[meter.stage].finished_eq
        / len(plant.line.meters_by_stage[meter.stage])
        for meter in plant.line.meters
    ])  # fmt: skip
    for begin in range(first, end, AT_ONCE):
        shape = (min(AT_ONCE, end - begin), len(meters), HOUR_MINUTES)
        kg = np.zeros(shape)
        mass = kg[:, : len(share)]
        mass[:] = share[:, None] * (1.0 + NOISE * random.standard_normal(mass.shape))
        mass[random.random(mass.shape[:2]) < STOPPED_SHARE] = 0.0
        hour = begin + np.arange(shape[0])[:, None] + TURN_H * np.arange(shape[1] - len(share))
        kg[:, len(share) :] = np.where(hour % CYCLE_H < RUN_H, RUN_KWH_PER_MIN, 0.0)[..., None]
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
