"""What a rule sees: production against plan, and values against limits, as true, false or
unknown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.domain.alarm import Input
from service.domain.instants import HOUR_NS
from service.domain.line import Stage
from service.domain.production.book import StageWindow
from service.domain.rules import ShiftShortfallRule, ThroughputRule


def throughput_input(rule: ThroughputRule, window: StageWindow, *, standing: bool) -> Input:
    """Whether production is too far below plan; with too much unknown, or nothing planned,
    unknown."""
    deviation = window.deviation_pct
    if deviation is None or 1.0 - window.known_share > rule.max_unknown_share:
        return Input.UNKNOWN
    threshold = rule.below_pct - (rule.deadband_pct if standing else 0.0)
    return Input.TRUE if deviation < -threshold else Input.FALSE


def shift_outlook_kg(
    stage: Stage, so_far: StageWindow, last_hour: StageWindow, *, planned_left_ns: int
) -> float | None:
    """The most that the shift can still make: what is known, the plan for its unknown minutes, and
    the
    planned rest at capacity or at the last hour's rate, whichever is greater. None when nothing is
    known."""
    if so_far.actual_kg is None:
        return None
    hour_kg = 0.0
    if last_hour.actual_kg is not None and last_hour.known_share > 0:
        hour_kg = last_hour.actual_kg / last_hour.known_share
    best_kg_per_h = max(stage.capacity_t_per_h * 1_000.0, hour_kg)
    unknown_kg = so_far.plan_kg - so_far.plan_known_kg
    return so_far.actual_kg + unknown_kg + best_kg_per_h * planned_left_ns / HOUR_NS


def shortfall_input(
    rule: ShiftShortfallRule, so_far: StageWindow, *, outlook_kg: float | None, shift_plan_kg: float
) -> Input:
    """Whether the shift can no longer come within ``below_pct`` of its plan."""
    if outlook_kg is None or shift_plan_kg <= 0:
        return Input.UNKNOWN
    if so_far.plan_kg > 0 and 1.0 - so_far.known_share > rule.max_unknown_share:
        return Input.UNKNOWN
    short = outlook_kg < shift_plan_kg * (1.0 - rule.below_pct / 100.0)
    return Input.TRUE if short else Input.FALSE


def beyond(
    value: NDArray[np.float64],
    limit: NDArray[np.float64],
    deadband: NDArray[np.float64],
    standing: NDArray[np.bool_],
    *,
    high: bool,
) -> NDArray[np.bool_]:
    """Where ``value`` is beyond ``limit``, all of shape (n,); a standing alarm returns only once
    the
    value is back by the deadband. NaN (no limit, or no value) is never beyond."""
    if high:
        return np.asarray(value > np.where(standing, limit - deadband, limit), dtype=np.bool_)
    return np.asarray(value < np.where(standing, limit + deadband, limit), dtype=np.bool_)
