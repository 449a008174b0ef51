"""What a stage has to make for what is due: finished mass as its own, by the yields in force."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.instants import LATEST_NS, MINUTE_NS
from service.domain.line import Line
from service.domain.plan import Plan
from service.domain.production.windows import units


def due_rows(line: Line, finished_kg: Float64s, first_minute: int) -> list[Int64s]:
    """For each stage the units due in each minute, as finished mass at the stage's *first*
    finished-equivalent; finished_kg: shape (n,), rows of shape (n,).

    A later equivalent changes what the stage has to make from its minute on. Stages that never
    change share one row.
    """
    shared = units(finished_kg)
    rows = []
    for stage in line.stages:
        history = line.history_of(stage.id)
        if len(history) == 1:
            rows.append(shared)
            continue
        scaled = finished_kg.copy()
        for since_ns, then in history[1:]:
            at = min(max(-(-since_ns // MINUTE_NS) - first_minute, 0), len(scaled))
            scaled[at:] = finished_kg[at:] * (stage.finished_eq / then.finished_eq)
        rows.append(units(scaled))
    return rows


def own_due_kg(line: Line, plan: Plan, stage: str, start_ns: int, end_ns: int) -> float:
    """Kilograms of its own output that ``stage`` is to make within [start_ns, end_ns)."""
    history = line.history_of(stage)
    ends = [since_ns for since_ns, _ in history[1:]] + [LATEST_NS]
    due = 0.0
    for (since_ns, then), until_ns in zip(history, ends, strict=True):
        a, b = max(start_ns, since_ns), min(end_ns, until_ns)
        if a < b:
            due += plan.due_kg(a, b) / then.finished_eq
    return due


def own_dues_kg(
    line: Line, plan: Plan, stage: str, start_ns: Int64s, finished_kg: Float64s
) -> Float64s:
    """``own_due_kg`` of many shifts by their begins, of which ``finished_kg`` are due; shapes
    (n,)."""
    history = line.history_of(stage)
    if len(history) == 1:
        return np.asarray(finished_kg / history[0][1].finished_eq, dtype=np.float64)
    firsts, at = np.unique(start_ns, return_inverse=True)
    spans = [plan.calendar.shift_at(int(one)) for one in firsts]
    due = [own_due_kg(line, plan, stage, one.start_ns, one.end_ns) for one in spans]
    return np.asarray(np.array(due)[at], dtype=np.float64)
