"""The book of production: kilograms per stage and minute, held against the plan over any window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.plan import Plan, Window, window_start_ns
from service.domain.production.minutes import Minutes

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class StageWindow:
    """A stage's production over [start_ns, end_ns), in kg of the stage's own output.

    actual_kg: what is known to have been made; None when nothing is known.
    plan_kg: due over the whole window. plan_known_kg: due over its known minutes only.
    known_share: of the window's planned time (of all its time where none is planned), 0 to 1.
    """

    start_ns: int
    end_ns: int
    actual_kg: float | None
    plan_kg: float
    plan_known_kg: float
    known_share: float

    @property
    def deviation_pct(self) -> float | None:
        """Actual against the plan of the same known minutes, in %; None when that plan is
        nothing."""
        if self.actual_kg is None or self.plan_known_kg <= 0:
            return None
        return 100.0 * (self.actual_kg / self.plan_known_kg - 1.0)


class ProductionBook:
    """Production of every stage per minute, from ``first_minute`` on for ``n_minutes``.

    Each meter's minutes are entered once, in order; a minute of a stage is known by the share of
    its
    meters that are known. ``closed_ns`` is the end of the last minute for which accounting is done,
    be it known or not.
    """

    def __init__(self, line: Line, plan: Plan, *, first_minute: int, n_minutes: int) -> None:
        self.line = line
        self.plan = plan
        self.closed_ns: int | None = None
        self._first = first_minute
        self._stage = {stage.id: n for n, stage in enumerate(line.stages)}
        self._meter_stage = {m.id: self._stage[m.stage] for m in line.meters}
        self._meters = np.array([max(len(line.meters_by_stage[s.id]), 1) for s in line.stages])
        self._frontier: dict[str, int] = {}
        self._kg = np.zeros((len(line.stages), n_minutes))
        self._known = np.zeros((len(line.stages), n_minutes), np.uint16)  # meters
        self._due = _due_per_minute(plan, first_minute, n_minutes)

    @property
    def first_ns(self) -> int:
        """Begin of the book."""
        return self._first * MINUTE_NS

    def enter(self, meter: str, minutes: Minutes) -> None:
        """Enters closed minutes of ``meter``; what was entered before, or lies outside the book,
        is left."""
        if meter not in self._meter_stage:
            return
        first = max(minutes.first, self._frontier.get(meter, minutes.first), self._first)
        skip = first - minutes.first
        n = min(len(minutes) - skip, self._kg.shape[1] - (first - self._first))
        if n <= 0:
            return
        kg = minutes.kg[skip : skip + n]
        known = ~np.isnan(kg)
        at = first - self._first
        stage = self._meter_stage[meter]
        self._kg[stage, at : at + n] += np.where(known, kg, 0.0)
        self._known[stage, at : at + n] += known
        self._frontier[meter] = first + n

    def window(
        self, stage: str, window: Window, *, end_ns: int | None = None
    ) -> StageWindow | None:
        """``stage`` over ``window``, which ends at ``end_ns`` (default: what is closed); None when
        nothing is closed yet."""
        end = self.closed_ns if end_ns is None else end_ns
        if end is None:
            return None
        return self.between(stage, window_start_ns(window, self.plan.calendar, end), end)

    def between(self, stage: str, start_ns: int, end_ns: int) -> StageWindow:
        """``stage`` over [start_ns, end_ns), both on whole minutes; outside the book all is
        unknown."""
        row = self._stage[stage]
        a = min(max(start_ns // MINUTE_NS - self._first, 0), self._kg.shape[1])
        b = min(max(end_ns // MINUTE_NS - self._first, a), self._kg.shape[1])
        eq = self.line.stages[row].finished_eq
        known = self._known[row, a:b] / self._meters[row]
        due = self._due[a:b] / eq
        plan_kg = self.plan.due_kg(start_ns, end_ns) / eq
        plan_known = float(due @ known)
        all_minutes = max((end_ns - start_ns) // MINUTE_NS, 1)
        share = plan_known / plan_kg if plan_kg > 0 else float(known.sum()) / all_minutes
        anything = bool(known.any())
        return StageWindow(
            start_ns,
            end_ns,
            float(self._kg[row, a:b].sum()) if anything else None,
            plan_kg,
            plan_known,
            1.0 if share > 1.0 - ROUNDING else share,
        )

    def plant(self, window: Window) -> StageWindow | None:
        """Plant output over ``window``: counted once, at the line's output stage."""
        return self.window(self.line.output_stage, window)


def _due_per_minute(plan: Plan, first_minute: int, n_minutes: int) -> NDArray[np.float64]:
    """Finished kg due in each minute; shape (n_minutes,)."""
    edges = (first_minute + np.arange(n_minutes + 1, dtype=np.int64)) * MINUTE_NS
    planned = plan.calendar.planned_fraction(edges)
    at = int(edges[0])
    due = np.zeros(n_minutes)
    while at < int(edges[-1]):
        year = plan.calendar.year_of(at)
        until = min(plan.calendar.year_bounds_ns(year)[1], int(edges[-1]))
        a, b = at // MINUTE_NS - first_minute, until // MINUTE_NS - first_minute
        due[a:b] = planned[a:b] * plan.rate_kg_per_h(year) / 60.0
        at = until
    return due


def book_span(plan: Plan, now_ns: int) -> tuple[int, int]:
    """(first_minute, n_minutes) of a book for the production year of ``now_ns``, with eight days
    before
    it for rolling windows and the following year's first eight days."""
    year_start_ns, year_end_ns = plan.calendar.year_bounds_ns(plan.calendar.year_of(now_ns))
    first = year_start_ns // MINUTE_NS - 8 * 1440
    return first, year_end_ns // MINUTE_NS + 8 * 1440 - first
