"""From the ledger's minutes to those of work units: what each made, and its share of the plan."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS
from service.domain.line import Line, Stage
from service.domain.losses.units import StageMinutes, WorkUnit, stage_minutes, standing_by
from service.domain.plan import Plan

STANDS_BY_AFTER_MIN = 3 * 1440
"""A unit that has made nothing for so long is no longer expected to: it stands by."""
FOREVER_MIN = 10_000_000
GRACE_MIN = 60
PATIENCE = 1.5
"""A unit of which nothing is known must have made something within so many of its cycles after the
record began, and within ``GRACE_MIN``; else it has stood by from the start."""


def line_minutes(
    line: Line,
    plan: Plan,
    kg: Mapping[str, Float64s],
    *,
    first_minute: int,
    n_minutes: int,
    last_made_ns: Mapping[str, int],
) -> list[StageMinutes]:
    """The minutes of every metered stage, [first_minute, first_minute + n_minutes).

    kg: by meter, shape (n_minutes,), NaN where unknown; a meter that is missing is unknown.
    last_made_ns: by unit, the end of the last minute before the first in which it made something;
    one that is missing never made anything as far as is known.
    """
    due = plan.due_per_minute(first_minute, n_minutes)
    edges = (first_minute + np.arange(n_minutes + 1, dtype=np.int64)) * MINUTE_NS
    planned = plan.calendar.planned_fraction(edges)
    found = []
    for stage in line.stages:
        units = work_units(line, stage)
        if not units:
            continue
        unknown = np.full(n_minutes, np.nan)
        made = np.array([kg.get(m.id, unknown) for m in line.meters_by_stage[stage.id]])
        before = [
            max(first_minute - last_made_ns[unit.id] // MINUTE_NS, 0)
            if unit.id in last_made_ns
            else _silent_from_start(row, unit)
            for row, unit in zip(made, units, strict=True)
        ]
        found.append(
            stage_minutes(
                stage,
                units,
                first_minute=first_minute,
                kg=made,
                finished_due_kg=due,
                planned=planned,
                standing_by=standing_by(
                    made,
                    after_min=STANDS_BY_AFTER_MIN,
                    idle_before_min=np.array(before, np.int64),
                ),
            )
        )
    return found


def work_units(line: Line, stage: Stage) -> tuple[WorkUnit, ...]:
    """The units of ``stage``, one for each meter, with equal parts of its capacity."""
    meters = line.meters_by_stage[stage.id]
    return tuple(
        WorkUnit(
            meter.unit,
            stage.id,
            stage.capacity_t_per_h * 1_000.0 / len(meters),
            meter.cycle_min,
            meter.join_min,
        )
        for meter in meters
    )


def _silent_from_start(row: Float64s, unit: WorkUnit) -> int:
    grace = max(GRACE_MIN, math.ceil(PATIENCE * unit.cycle_min))
    begins = bool((row[:grace] > 0.0).any()) or len(row) < grace
    return 0 if begins else FOREVER_MIN
