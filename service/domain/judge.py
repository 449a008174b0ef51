"""What a rule sees: production against plan, and values against limits, as true, false or
unknown.

Production is judged in columns, a window a row; the service judges one row a minute, a backtest a
year's at once, through the same lines.
"""

from __future__ import annotations

import math

import numpy as np

from service.domain.alarm import Input
from service.domain.arrays import Bools, Float64s, Int8s, Int64s
from service.domain.instants import HOUR_NS
from service.domain.line import Stage
from service.domain.production.book import StageWindow, number
from service.domain.production.windows import StageWindows
from service.domain.rules import ForecastMissRule, ShiftShortfallRule, ThroughputRule

Codes = Int8s

INPUT_OF = (Input.FALSE, Input.TRUE, Input.UNKNOWN)
"""What each code of a column means."""
FALSE, TRUE, UNKNOWN = range(3)


def throughput_codes(rule: ThroughputRule, windows: StageWindows, *, standing: bool) -> Codes:
    """Whether production is too far below plan; with too much unknown, or nothing planned,
    unknown, and so where it is not if pieces are hidden in unknown minutes. Shape (n,)."""
    deviation = windows.deviation_pct
    threshold = rule.below_pct - (rule.deadband_pct if standing else 0.0)
    unknown = np.isnan(deviation) | (1.0 - windows.known_share > rule.max_unknown_share)
    low = deviation < -threshold
    open_ = low & (windows.best_deviation_pct >= -threshold)
    return _codes(low, unknown | open_)


def throughput_input(rule: ThroughputRule, window: StageWindow, *, standing: bool) -> Input:
    """``throughput_codes`` of one window."""
    return INPUT_OF[throughput_codes(rule, window.columns, standing=standing)[0]]


def shift_outlooks_kg(
    stage: Stage, so_far: StageWindows, last_hour: StageWindows, *, planned_left_ns: Int64s
) -> Float64s:
    """The most that the shift can still make: what is known, the plan for its unknown minutes with
    the pieces that these may hide, and the planned rest at capacity or at the last hour's rate,
    whichever is greater. NaN where nothing is known; shape (n,)."""
    known = (last_hour.known_share > 0) & ~np.isnan(last_hour.actual_kg)
    hour_kg = last_hour.actual_kg / np.where(known, last_hour.known_share, 1.0)
    best_kg_per_h = np.maximum(stage.capacity_t_per_h * 1_000.0, np.where(known, hour_kg, 0.0))
    unknown_kg = so_far.plan_kg - so_far.plan_known_kg + so_far.hidden_kg
    outlook = so_far.actual_kg + unknown_kg + best_kg_per_h * planned_left_ns / HOUR_NS
    return np.asarray(outlook, dtype=np.float64)


def shift_outlook_kg(
    stage: Stage, so_far: StageWindow, last_hour: StageWindow, *, planned_left_ns: int
) -> float | None:
    """``shift_outlooks_kg`` of one shift; None when nothing is known."""
    left = np.array([planned_left_ns])
    return number(shift_outlooks_kg(stage, so_far.columns, last_hour.columns, planned_left_ns=left))


def shortfall_codes(
    rule: ShiftShortfallRule,
    so_far: StageWindows,
    *,
    outlook_kg: Float64s,
    shift_plan_kg: Float64s,
) -> Codes:
    """Whether the shift can no longer come within ``below_pct`` of its plan. Shape (n,)."""
    too_little = (so_far.plan_kg > 0) & (1.0 - so_far.known_share > rule.max_unknown_share)
    unknown = np.isnan(outlook_kg) | (shift_plan_kg <= 0) | too_little
    return _codes(outlook_kg < shift_plan_kg * (1.0 - rule.below_pct / 100.0), unknown)


def shortfall_input(
    rule: ShiftShortfallRule, so_far: StageWindow, *, outlook_kg: float | None, shift_plan_kg: float
) -> Input:
    """``shortfall_codes`` of one shift."""
    outlook = np.array([math.nan if outlook_kg is None else outlook_kg])
    plan = np.array([shift_plan_kg])
    codes = shortfall_codes(rule, so_far.columns, outlook_kg=outlook, shift_plan_kg=plan)
    return INPUT_OF[codes[0]]


def shortfalls_pct(outlook_kg: Float64s, shift_plan_kg: Float64s) -> Float64s:
    """The outlook against the shift's plan in %; NaN where either is nothing. Shape (n,)."""
    plan = np.where(shift_plan_kg > 0, shift_plan_kg, np.nan)
    return np.asarray(100.0 * (outlook_kg / plan - 1.0), dtype=np.float64)


def shortfall_pct(outlook_kg: float | None, shift_plan_kg: float) -> float | None:
    """``shortfalls_pct`` of one shift; None when either is nothing."""
    if outlook_kg is None:
        return None
    return number(shortfalls_pct(np.array([outlook_kg]), np.array([shift_plan_kg])))


def miss_input(rule: ForecastMissRule, p_target: float | None, *, standing: bool) -> Input:
    """Whether the chance to reach the plan, 0 to 1, is too small; None is unknown."""
    if p_target is None:
        return Input.UNKNOWN
    threshold = rule.below_pct + (rule.deadband_pct if standing else 0.0)
    return Input.TRUE if 100.0 * p_target < threshold else Input.FALSE


def _codes(true: Bools, unknown: Bools) -> Codes:
    return np.where(unknown, UNKNOWN, np.where(true, TRUE, FALSE)).astype(np.int8)


def beyond(
    value: Float64s,
    limit: Float64s,
    deadband: Float64s,
    standing: Bools,
    *,
    high: bool,
) -> Bools:
    """Where ``value`` is beyond ``limit``, all of shape (n,); a standing alarm returns only once
    the
    value is back by the deadband. NaN (no limit, or no value) is never beyond."""
    if high:
        return np.asarray(value > np.where(standing, limit - deadband, limit), dtype=np.bool_)
    return np.asarray(value < np.where(standing, limit + deadband, limit), dtype=np.bool_)
