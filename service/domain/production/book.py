"""The book of production: kilograms per stage and minute, held against the plan over any window."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.balance import Weighed
from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.plan import Plan, Window, window_start_ns
from service.domain.production.due import due_rows, own_due_kg
from service.domain.production.energy import EnergyMinutes
from service.domain.production.minutes import Minutes
from service.domain.production.windows import (
    UNIT_KG,
    Counts,
    RunningSums,
    StageWindows,
    lapses,
    minute_of,
    units,
)

HOUR_MINUTES = 60
BEFORE_DAYS = 118
"""Of the year before: the longest history of a drift rule, and a rolling week."""


@dataclass(frozen=True, slots=True)
class StageWindow:
    """A stage's production over [start_ns, end_ns), in kg of the stage's own output.

    actual_kg: what is known to have been made; None when nothing is known.
    plan_kg: due over the whole window. plan_known_kg: due over its known minutes only.
    known_share: of the window's planned time (of all its time where none is planned), 0 to 1.
    hidden_kg: what pieces in unknown minutes may hold beyond these minutes' share.
    """

    start_ns: int
    end_ns: int
    actual_kg: float | None
    plan_kg: float
    plan_known_kg: float
    known_share: float
    hidden_kg: float = 0.0

    @property
    def deviation_pct(self) -> float | None:
        """Actual against the plan of the same known minutes, in %; None when that plan is
        nothing."""
        return number(self.columns.deviation_pct)

    @property
    def columns(self) -> StageWindows:
        """This window as columns of length one."""
        actual = math.nan if self.actual_kg is None else self.actual_kg
        columns = [actual, self.plan_kg, self.plan_known_kg, self.known_share, self.hidden_kg]
        return StageWindows(*np.array(columns)[:, None])


def number(column: Float64s) -> float | None:
    """The only number of a column of length one; None for NaN."""
    value = float(column[0])
    return None if math.isnan(value) else value


class ProductionBook:
    """Production of every stage per minute, from ``first_minute`` on for ``n_minutes``; when
    minutes come that lie behind its end, it goes on with the production year of these.

    Each meter's minutes are entered once, in order; a minute of a stage is known by the share of
    its
    meters that are known. ``closed_ns`` is the end of the last minute for which accounting is done,
    be it known or not. ``energy`` has the minutes of the energy meters.
    """

    def __init__(self, line: Line, plan: Plan, *, first_minute: int, n_minutes: int) -> None:
        self.line = line
        self.plan = plan
        self.closed_ns: int | None = None
        self._first = first_minute
        self._stage = {stage.id: n for n, stage in enumerate(line.stages)}
        self._meter_stage = {m.id: self._stage[m.stage] for m in line.meters}
        self._meters = [max(len(line.meters_by_stage[s.id]), 1) for s in line.stages]
        self._piece_kg = [
            max((m.piece_kg for m in line.meters_by_stage[s.id]), default=0.0) for s in line.stages
        ]
        self._frontier: dict[str, int] = {}
        self._turning = threading.Lock()  # windows are also read by a worker thread
        self._made = np.zeros((len(line.stages), n_minutes), np.int64)
        self._known = np.zeros((len(line.stages), n_minutes), np.uint16)  # meters
        self._due = self._due_rows(first_minute, n_minutes)
        self.energy = EnergyMinutes(
            (meter.id for meter in line.energy), first_minute=first_minute, n_minutes=n_minutes
        )

    @property
    def first_ns(self) -> int:
        """Begin of the book."""
        return self._first * MINUTE_NS

    @property
    def known_from_ns(self) -> int | None:
        """Begin of the first minute of which something is known; None before there is one."""
        known = np.asarray(self._known.any(axis=0))
        first = int(known.argmax())
        return (self._first + first) * MINUTE_NS if known[first] else None

    def enter(self, meter: str, minutes: Minutes) -> None:
        """Enters closed minutes of ``meter``; what was entered before, or lies before the book,
        is left."""
        if not len(minutes) or not (meter in self._meter_stage or meter in self.energy):
            return
        last = minutes.first + len(minutes) - 1
        if last >= self._first + self._made.shape[1]:
            self._turn_to(*book_span(self.plan, last * MINUTE_NS))
        if meter in self.energy:
            self.energy.enter(meter, minutes)
            return
        first = max(minutes.first, self._frontier.get(meter, minutes.first), self._first)
        skip = first - minutes.first
        n = len(minutes) - skip
        if n <= 0:
            return
        kg = minutes.kg[skip : skip + n]
        known = ~np.isnan(kg)
        at = first - self._first
        stage = self._meter_stage[meter]
        self._made[stage, at : at + n] += units(kg)
        self._known[stage, at : at + n] += known
        self._frontier[meter] = first + n

    def correct(self, meter: str, before: Minutes, after: Minutes) -> None:
        """Takes minutes of ``meter`` that were entered as ``before`` for ``after``, over one span;
        what lies outside the book is left."""
        if meter in self.energy:
            self.energy.enter(meter, after)
        if meter not in self._meter_stage:
            return
        first = max(before.first, self._first)
        end = min(before.first + len(before), self._first + self._made.shape[1])
        if first >= end:
            return
        there = slice(first - before.first, end - before.first)
        at = slice(first - self._first, end - self._first)
        stage = self._meter_stage[meter]
        was, now = before.kg[there], after.kg[there]
        with self._turning:
            self._made[stage, at] += units(now) - units(was)
            known = self._known[stage, at].astype(np.int64)
            known += (~np.isnan(now)).astype(np.int64) - (~np.isnan(was)).astype(np.int64)
            self._known[stage, at] = known
        self._frontier[meter] = max(end, self._frontier.get(meter, end))

    def replan(self, plan: Plan) -> None:
        """Judges against ``plan`` from now on. What it says of minutes that are closed has to be
        what the plan before said of them, or judgements of the past would change."""
        with self._turning:
            self.plan = plan
            self._due = self._due_rows(self._first, self._made.shape[1])

    def enter_hours(
        self,
        meters: Sequence[str],
        hours: Int64s,
        kg: Float64s,
        closed: Bools,
    ) -> None:
        """Enters many stored hours at once, none of which was entered before.

        meters: of each row. hours: since 1970, shape (n,). kg: shape (n, 60), NaN where unknown.
        closed: shape (n, 60). Minutes outside the book and meters of no stage are left.
        """
        for which, meter in enumerate(meters):
            if meter in self.energy:
                self.energy.enter_hour(meter, int(hours[which]), kg[which], closed[which])
        n = self._made.shape[1]
        row = np.array([self._meter_stage.get(meter, -1) for meter in meters], np.int64)
        at = (hours * HOUR_MINUTES - self._first)[:, None] + np.arange(HOUR_MINUTES)
        taken = closed & (row >= 0)[:, None] & (at >= 0) & (at < n)
        flat = (row[:, None] * n + at)[taken]
        entered = kg[taken]
        np.add.at(self._made.reshape(-1), flat, units(entered))
        np.add.at(self._known.reshape(-1), flat, (~np.isnan(entered)).astype(np.uint16))
        ends = np.where(taken, at, -1).max(axis=1, initial=-1) + self._first + 1
        for which in np.flatnonzero(taken.any(axis=1)).tolist():
            meter, end = meters[which], int(ends[which])
            self._frontier[meter] = max(end, self._frontier.get(meter, end))

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
        with self._turning:
            return self._between(stage, start_ns, end_ns)

    def _between(self, stage: str, start_ns: int, end_ns: int) -> StageWindow:
        row = self._stage[stage]
        a, b = self._inside(start_ns), self._inside(end_ns)
        known = self._known[row, a:b].astype(np.int64)
        due = self._due[row][a:b]
        gaps = 0
        if self._piece_kg[row] > 0.0:
            gaps = (self._meters[row] - known[:1]).sum() + lapses(self._known[row, a:b]).sum()
        sums = [self._made[row, a:b].sum(), known.sum(), due.sum(), due @ known, gaps]
        made, met, planned, planned_met, gap = np.array(sums, np.int64)[:, None]
        outside_kg = np.array([self._outside_kg(stage, start_ns, end_ns)])
        minutes = np.array([(end_ns - start_ns) // MINUTE_NS])
        counts = Counts(made, met, planned, planned_met, outside_kg, minutes, gap)
        found = self._windows(row, counts)
        return StageWindow(
            start_ns,
            end_ns,
            number(found.actual_kg),
            float(found.plan_kg[0]),
            float(found.plan_known_kg[0]),
            float(found.known_share[0]),
            float(found.hidden_kg[0]),
        )

    def weighed(self, stage: str, start_ns: int, end_ns: int) -> Weighed:
        """What all meters of ``stage`` counted in the minutes of [start_ns, end_ns) together, with
        the greatest of their error limits; minutes outside the book are unseen."""
        row, meters = self._stage[stage], self.line.meters_by_stage[stage]
        there = slice(self._inside(start_ns), self._inside(end_ns))
        known_min = int(self._known[row, there].sum())
        return Weighed(
            float(self._made[row, there].sum() * UNIT_KG),
            max((m.class_share for m in meters), default=0.0),
            unseen_min=(end_ns - start_ns) // MINUTE_NS * len(meters) - known_min,
            most_kg_per_min=max((m.max_rate_kg_per_h for m in meters), default=0.0) / 60.0,
        )

    def running(self, stage: str, part: slice = slice(0, None)) -> RunningSums:
        """Running sums of ``stage`` as it stands now, for ``among``. part: of the book's
        minutes."""
        row = self._stage[stage]
        return RunningSums.of(
            self._made[row, part],
            self._known[row, part],
            self._due[row][part],
            meters=self._meters[row],
            has_pieces=self._piece_kg[row] > 0.0,
            first=part.start,
        )

    def among(
        self,
        stage: str,
        sums: RunningSums,
        start_ns: Int64s,
        end_ns: Int64s,
    ) -> StageWindows:
        """What ``between`` gives, for many windows at once; start_ns, end_ns: shape (n,)."""
        n = self._made.shape[1]
        a = np.clip(minute_of(start_ns) - self._first, 0, n)
        b = np.clip(minute_of(end_ns) - self._first, a, n)
        outside = np.zeros(len(end_ns))
        last_ns = self.first_ns + n * MINUTE_NS
        for at in np.flatnonzero((start_ns < self.first_ns) | (end_ns > last_ns)):
            outside[at] = self._outside_kg(stage, int(start_ns[at]), int(end_ns[at]))
        minutes = (end_ns - start_ns) // MINUTE_NS
        counts = sums.between(a, b, outside_kg=outside, minutes=minutes)
        return self._windows(self._stage[stage], counts)

    def many(self, stage: str, start_ns: Int64s, end_ns: Int64s) -> StageWindows:
        """``among`` as the book stands now; any thread may ask."""
        with self._turning:
            if not len(end_ns):
                return self.among(stage, self.running(stage, slice(0, 0)), start_ns, end_ns)
            part = slice(self._inside(int(start_ns.min())), self._inside(int(end_ns.max())))
            return self.among(stage, self.running(stage, part), start_ns, end_ns)

    def plant(self, window: Window) -> StageWindow | None:
        """Plant output over ``window``: counted once, at the line's output stage."""
        return self.window(self.line.output_stage, window)

    def _turn_to(self, first_minute: int, n_minutes: int) -> None:
        """Goes on with the span of ``n_minutes`` from ``first_minute``; what both spans hold is
        carried over."""
        made = np.zeros((len(self._made), n_minutes), np.int64)
        known = np.zeros((len(self._made), n_minutes), np.uint16)
        begin = max(first_minute, self._first)
        end = min(first_minute + n_minutes, self._first + self._made.shape[1])
        if begin < end:
            old = slice(begin - self._first, end - self._first)
            new = slice(begin - first_minute, end - first_minute)
            made[:, new] = self._made[:, old]
            known[:, new] = self._known[:, old]
        due = self._due_rows(first_minute, n_minutes)
        with self._turning:
            self._first, self._made, self._known, self._due = first_minute, made, known, due
            self.energy.turn_to(first_minute, n_minutes)

    def _windows(self, row: int, counts: Counts) -> StageWindows:
        eq = self.line.stages[row].finished_eq
        return counts.windows(
            meters=self._meters[row], finished_eq=eq, piece_kg=self._piece_kg[row]
        )

    def _inside(self, time_ns: int) -> int:
        """Index of the minute that begins at ``time_ns``, held within the book."""
        return min(max(time_ns // MINUTE_NS - self._first, 0), self._made.shape[1])

    def _outside_kg(self, stage: str, start_ns: int, end_ns: int) -> float:
        """Due in the part of [start_ns, end_ns) that lies outside the book, as in ``due_rows``."""
        last_ns = self.first_ns + self._made.shape[1] * MINUTE_NS
        before = (start_ns, min(end_ns, self.first_ns))
        after = (max(start_ns, last_ns), end_ns)
        due = sum(own_due_kg(self.line, self.plan, stage, a, b) for a, b in (before, after))
        return due * self.line.stage_by_id[stage].finished_eq

    def _due_rows(self, first_minute: int, n_minutes: int) -> list[Int64s]:
        due = self.plan.due_per_minute(first_minute, n_minutes)
        return due_rows(self.line, due, first_minute)


def book_span(plan: Plan, now_ns: int) -> tuple[int, int]:
    """(first_minute, n_minutes) of a book for the production year of ``now_ns``, with
    ``BEFORE_DAYS`` before it for what looks back and the following year's first eight days."""
    year_start_ns, year_end_ns = plan.calendar.year_bounds_ns(plan.calendar.year_of(now_ns))
    first = year_start_ns // MINUTE_NS - BEFORE_DAYS * 1440
    return first, year_end_ns // MINUTE_NS + 8 * 1440 - first
