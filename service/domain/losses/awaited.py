"""Judging a missed-run rule on one rectifier: is its next run late against schedule?

Runs are followed minute by minute in the rectifier's energy, forward only: what a minute says never
depends on later ones, so that a day seen minute by minute and a year seen at once find the same
starts. Following begins anew each production month, ``WARM_NS`` before it, so a restart changes
nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from service.domain.arrays import Float64s, Int8s, Int64s
from service.domain.calendar import Calendar
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, seconds
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.losses.runs import RunShape
from service.domain.losses.schedule import Schedule, Start, after_planned
from service.domain.production.book import ProductionBook
from service.domain.rules import MissedRunRule
from service.domain.stage_alarms import StageAlarm

WARM_NS = 14 * DAY_NS
"""Longer than several runs: the state that following comes to does not depend on its begin."""
OFF, ON, UNSEEN = range(3)
QUICKEST_MIN = 2_000
"""No run gets its energy in fewer minutes: the most that it can have got unseen."""

Energy = Callable[[int, int], Float64s]
"""kWh of the minutes [first, end) since 1970, NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a rectifier stands.

    start: of the last run, None while that is not known. had_wh: energy of the run so far, None
    before the first power; whole, so that sums are exact in any order. hidden_min: minutes in
    which it may have got more, unseen. off_min, gap_min: minutes without power, and unseen, since
    the last power. gap_from: since when nothing is seen, None while it is.
    """

    start: Start | None = None
    had_wh: int | None = None
    hidden_min: int = 0
    off_min: int = 0
    gap_min: int = 0
    gap_from: int | None = None


def schedule_of(rule: MissedRunRule) -> Schedule:
    """The rule's schedule."""
    return Schedule(seconds(rule.every_h * 3_600.0), seconds(rule.tolerance_h * 3_600.0))


def shape_of(rule: MissedRunRule) -> RunShape:
    """What a run looks like."""
    return RunShape(run_kwh=rule.run_mwh * 1_000.0)


def follow(was: Followed, minute: int, kind: int, n: int, wh: int, shape: RunShape) -> Followed:
    """The state after ``n`` minutes of one ``kind`` from ``minute`` on; wh: their energy."""
    if kind == OFF:
        return replace(was, off_min=was.off_min + n, gap_from=None)
    if kind == UNSEEN:
        since = minute if was.gap_from is None else was.gap_from
        return replace(was, gap_min=was.gap_min + n, gap_from=since)
    start, begun = _started(was, minute, shape)
    if begun or was.had_wh is None:
        unseen = 0 if was.gap_from is None else minute - was.gap_from
        return Followed(start, wh, unseen)
    return Followed(start, was.had_wh + wh, was.hidden_min + was.gap_min)


def _started(was: Followed, minute: int, shape: RunShape) -> tuple[Start | None, bool]:
    """The last start now that there is power at ``minute``, and whether a run began."""
    paused = was.off_min + was.gap_min
    if not paused and was.had_wh is not None:
        return was.start, False
    since = minute if was.gap_from is None else was.gap_from
    start = Start(since * MINUTE_NS, minute * MINUTE_NS)
    if was.had_wh is None:
        return (start if was.off_min >= shape.switch_min else None), True
    most_wh = was.had_wh + (was.hidden_min + was.gap_min) * shape.run_kwh * 1_000.0 / QUICKEST_MIN
    complete = most_wh >= shape.complete_share * shape.run_kwh * 1_000.0
    if paused > shape.longest_pause_min or (complete and was.off_min >= shape.switch_min):
        return start, True
    if complete and paused >= shape.switch_min:
        return None, False  # the next run may have begun unseen
    return was.start, False


@dataclass(frozen=True, slots=True)
class Columns:
    """What the rule says at the end of each minute, shape (n,). value: hours of planned time by
    which the next start is overdue, 0 when it is not; NaN where that is not known."""

    code: Int8s
    value: Float64s


class AwaitedRuns:
    """One missed-run rule on one rectifier. Asked in the order of time, by one task at a time."""

    def __init__(self, rule: MissedRunRule, calendar: Calendar, energy: Energy) -> None:
        self._schedule = schedule_of(rule)
        self._shape = shape_of(rule)
        self._calendar = calendar
        self._energy = energy
        self._month: int | None = None
        self._next = 0
        self._state = Followed()

    def judge(self, end_ns: int) -> tuple[int, float]:
        """Code and value as things stood at ``end_ns``."""
        columns = self.judge_minutes(end_ns, end_ns)
        return int(columns.code[-1]), float(columns.value[-1])

    def judge_minutes(self, first_ns: int, last_ns: int) -> Columns:
        """``judge`` at the end of every minute from ``first_ns`` to ``last_ns``, both within one
        production month and the first not before what was asked last."""
        self._turn(first_ns)
        first = first_ns // MINUTE_NS - 1
        codes: list[Int8s] = []
        values: list[Float64s] = []
        for minute, n, state in self._steps(last_ns // MINUTE_NS):
            a = max(minute, first)
            if minute + n > a:
                ends = (np.arange(a, minute + n, dtype=np.int64) + 1) * MINUTE_NS
                code, value = verdicts(state, ends, self._schedule, self._calendar)
                codes.append(code)
                values.append(value)
        return Columns(np.concatenate(codes), np.concatenate(values))

    def _turn(self, end_ns: int) -> None:
        """Begins anew when a production month does."""
        month_ns = self._calendar.month_start_ns(end_ns - 1)
        if self._month != month_ns:
            self._month = month_ns
            self._next = (month_ns - WARM_NS) // MINUTE_NS
            self._state = Followed()

    def _steps(self, end: int) -> Iterator[tuple[int, int, Followed]]:
        """Follows the minutes up to ``end`` that were not followed yet: stretches (first, length)
        with the state at the end of each."""
        kwh = self._energy(self._next, end)
        kind = np.where(np.isnan(kwh), UNSEEN, np.where(kwh >= self._shape.on_kwh_per_min, ON, OFF))
        wh = np.rint(np.nan_to_num(kwh) * 1_000.0).astype(np.int64)
        total = np.concatenate(([0], np.cumsum(wh)))
        cuts = np.flatnonzero(np.diff(kind)) + 1
        edges = [0, *cuts.tolist(), len(kind)] if len(kind) else []
        begin = self._next
        for a, b in pairwise(edges):
            energy = int(total[b] - total[a])
            self._state = follow(self._state, begin + a, int(kind[a]), b - a, energy, self._shape)
            self._next = begin + b
            yield begin + a, b - a, self._state


def energy_of(book: ProductionBook, alarm: StageAlarm) -> Energy:
    """The energy that ``alarm`` is about."""
    if alarm.meter is None:
        raise ValueError(f"{alarm.definition.id} is about no meter")
    return partial(book.energy.between, alarm.meter.id)


def verdicts(
    state: Followed, end_ns: Int64s, schedule: Schedule, calendar: Calendar
) -> tuple[Int8s, Float64s]:
    """Code and value at each of ``end_ns``, shape (n,) in order, while ``state`` lasts: what
    ``judge_starts`` says of the next start that is due."""
    if state.start is None:
        return np.full(len(end_ns), UNKNOWN, np.int8), np.full(len(end_ns), np.nan)
    due_ns = after_planned(calendar, state.start.at_ns, schedule.every_ns)
    late_ns = calendar.planned_each_ns(np.full(len(end_ns), due_ns), end_ns)
    code = np.where(late_ns > schedule.tolerance_ns, TRUE, FALSE).astype(np.int8)
    if state.gap_from is not None:
        seen_ns = calendar.planned_ns(due_ns, state.gap_from * MINUTE_NS)
        if seen_ns <= schedule.tolerance_ns:
            code[code == TRUE] = UNKNOWN
        late_ns = np.minimum(late_ns, max(seen_ns, 0))
    return code, np.asarray(late_ns / HOUR_NS, dtype=np.float64)
