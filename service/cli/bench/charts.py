"""Drift charts on a line's minutes: hours of flow stages against their inflow, and furnace runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from connectors.simulator.months.line import MACHINES
from connectors.simulator.process.furnaces import RECTIFIERS, RUN_EVERY_S
from connectors.simulator.process.reference import STAGE
from service.domain.arrays import Bools, Float64s
from service.domain.detection.calibrate import Calibration, Effort, calibrate
from service.domain.detection.chart import raises, run
from service.domain.detection.cusum import Cusums
from service.domain.detection.efficiency import independent_bank
from service.domain.detection.furnace_runs import find_unloads, in_order, run_residuals
from service.domain.detection.inflow import Following, fit_following
from service.domain.detection.residuals import Residuals, block_residuals

HOUR_MIN = 60
RUN_MIN = round(RUN_EVERY_S / 60.0)
SUPPLIER = {"SC": "GZ", "DM": "SC"}
QUARTER_BLOCKS = {"SC": 2_160, "DM": 2_160, "GZ": 400}
EFFORT = Effort(histories=16, rows=40, final_rows=160)

Line = Mapping[str, Float64s]
"""Kilograms by stage, shape (minutes, machines), NaN where unknown."""


@dataclass(frozen=True, slots=True)
class StageChart:
    """A CUSUM bank with the limits of one stage's own history."""

    following: Following | None
    calibration: Calibration[Cusums]


def fit_charts(
    history: Line, rng: np.random.Generator, *, from_minute: int
) -> dict[str, StageChart]:
    """Charts of the stages in ``QUARTER_BLOCKS``, fitted to what follows ``from_minute``; what lies
    before lets the stocks settle."""
    charts = {}
    for stage, blocks in QUARTER_BLOCKS.items():
        whole, ends = _residuals(history, stage)
        after = ends > from_minute
        residuals = Residuals(whole.ratio[after], whole.share[after])
        following = None
        if stage in SUPPLIER:
            inflow = _inflow(history, SUPPLIER[stage])
            following = fit_following(residuals, inflow)
            if following is not None:
                residuals = following.against(residuals, inflow)
        bank = independent_bank(2.0 * blocks)
        fitted = calibrate(bank, residuals, horizon_blocks=blocks, rng=rng, effort=EFFORT)
        charts[stage] = StageChart(following, fitted)
    return charts


def alarms(
    charts: Mapping[str, StageChart], line: Line, inflow: Line, *, from_minute: int
) -> dict[str, int]:
    """Drift alarms of either side by stage, of blocks that end after ``from_minute``. inflow: what
    was known later, when a block's minutes had long become the stock of those that followed."""
    found = {}
    for stage, chart in charts.items():
        residuals, ends = _residuals(line, stage)
        if chart.following is not None:
            residuals = chart.following.against(residuals, _inflow(inflow, SUPPLIER[stage]))
        x = chart.calibration.baseline.standardise(residuals)
        came = raises(run(chart.calibration.chart, x[np.newaxis]))[:, 0]
        found[stage] = int(np.count_nonzero(came[:, ends > from_minute]))
    return found


def _residuals(line: Line, stage: str) -> tuple[Residuals, Float64s]:
    """Residuals and the minute at which each block ends."""
    kg = line[stage]
    if stage == "GZ":
        rate = STAGE["GZ"].nominal_kg_per_s * 60.0 / RECTIFIERS
        unloads = [find_unloads(np.asarray(kg[:, n])) for n in range(MACHINES["GZ"])]
        ends, runs = in_order([run_residuals(one, rate_kg_per_min=rate) for one in unloads])
        return runs, ends.astype(np.float64)
    unknown = np.isnan(kg)
    minutes = len(kg)
    residuals = block_residuals(
        np.asarray(np.where(unknown, 0.0, kg).sum(axis=1)),
        np.full(minutes, STAGE[stage].nominal_kg_per_s * 60.0),
        np.asarray(1.0 - unknown.mean(axis=1)),
        planned=np.ones(minutes),
        block_minutes=HOUR_MIN,
    )
    ends_min = (np.arange(minutes // HOUR_MIN) + 1.0) * HOUR_MIN
    return residuals, np.asarray(ends_min, np.float64)


def _inflow(line: Line, stage: str) -> Float64s:
    """What ``stage`` handed on in each hour over what is usual − 1; what nobody saw of a machine is
    taken for what it did a furnace run before."""
    hours = len(line[stage]) // HOUR_MIN
    kg = line[stage][: hours * HOUR_MIN]
    usual = STAGE[stage].nominal_kg_per_s * 60.0 * HOUR_MIN
    run_before = np.concatenate([np.full_like(kg[:RUN_MIN], np.nan), kg])[: len(kg)]
    filled = np.where(np.isnan(kg), run_before, kg)
    filled = np.where(np.isnan(filled), usual / HOUR_MIN / kg.shape[1], filled)
    return np.asarray(filled.reshape(hours, -1).sum(axis=1) / usual - 1.0)


def without(kg: Float64s, doubtful: Bools) -> Float64s:
    """``kg`` with what is doubtful unknown; same shape."""
    return np.where(doubtful, np.nan, kg)
