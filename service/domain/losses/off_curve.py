"""Judging an off-curve rule on one rectifier: does its run get the energy that its curve asks for?

The last hours with power are held against the curve at the run's place on it. Minutes without power
are left out: a cut prolongs a run and does not spoil it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from service.domain.arrays import Bools, Float64s, Int8s, Int64s
from service.domain.calendar import Calendar
from service.domain.instants import MINUTE_NS
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.losses.curve import Curve, curve_of_power
from service.domain.losses.followed import (
    ON,
    UNSEEN,
    Columns,
    Energy,
    Follower,
    Stretch,
    over,
)
from service.domain.losses.runs import RunShape
from service.domain.rules import OffCurveRule

LONGEST = 10
"""Of so many reference runs' minutes the curve is laid out; no run takes longer."""


def curve_of(rule: OffCurveRule) -> Curve:
    """The rule's curve."""
    return curve_of_power([hour for hour, _ in rule.curve_mw], [mw for _, mw in rule.curve_mw])


class CurvedRuns:
    """One off-curve rule on one rectifier. Asked in the order of time, by one task at a time."""

    def __init__(self, rule: OffCurveRule, calendar: Calendar, energy: Energy) -> None:
        curve = curve_of(rule)
        self._shape = RunShape(run_kwh=float(curve.kwh[-1]))
        self._so_far_wh = _laid_out(curve)
        self._calendar = calendar
        self._runs = Follower(self._shape, calendar, energy)
        self._window = round(rule.window_h * 60.0)
        self._tolerance = rule.tolerance_pct / 100.0
        self._seen = _Seen()

    def judge_minutes(self, first_ns: int, last_ns: int) -> Columns:
        """What the rule says at the end of every minute from ``first_ns`` to ``last_ns``, both
        within one production month and the first not before what was asked last. Its value: by how
        many percent the energy of the window is above its curve."""
        first = first_ns // MINUTE_NS - 1
        codes: list[Int8s] = []
        values: list[Float64s] = []
        for part in self._runs.stretches(first_ns, last_ns):
            found = self._judge(part)
            begin = max(first - part.minute, 0)
            codes.append(found.code[begin:])
            values.append(found.value[begin:])
        return Columns(np.concatenate(codes), np.concatenate(values))

    def _judge(self, part: Stretch) -> Columns:
        """What the rule says at the end of each minute of ``part``."""
        n, was = len(part.wh), part.was
        if part.state.start is None:
            self._seen = _Seen()
            return Columns(np.full(n, UNKNOWN, np.int8), np.full(n, np.nan))
        if part.kind == ON:
            if part.state.runs != was.runs:
                self._seen = _Seen(before=part.state.hidden_min)
            return self._against_curve(part)
        passed = 1 + np.arange(n, dtype=np.int64)
        if part.kind == UNSEEN:
            found = self._against_curve(part)
            # Once a run may be over, the next one may have begun.
            ended = over(was, np.full(n, was.off_min), was.gap_min + passed, self._shape)
            return _where(ended, UNKNOWN, found.code, found.value)
        ended = over(was, was.off_min + passed, np.full(n, was.gap_min), self._shape)
        return _where(ended, FALSE, self._seen.code, self._seen.value)

    def _against_curve(self, part: Stretch) -> Columns:
        n, size, seen = len(part.wh), self._window, self._seen
        unseen = np.full(n, part.kind == UNSEEN)
        left_out = unseen | ~self._planned(part)
        wh = np.concatenate((seen.wh, np.where(left_out, 0, part.wh)))
        blank = np.concatenate((seen.blank, left_out))
        minutes = seen.minutes + 1 + np.arange(n, dtype=np.int64)
        missing = seen.missing + np.cumsum(unseen)
        at = minutes[-1] - len(wh) + np.arange(len(wh), dtype=np.int64)
        hidden = np.where(blank, self._between(at, at + 1), 0)
        actual, open_ = _lasting(wh, size, n), _lasting(hidden, size, n)
        # Of the unseen minutes any part may have had power, and so may those before the run.
        earliest, latest = minutes - missing, minutes + seen.before
        expected = [self._between(end - size, end) for end in (earliest, latest)]
        low = np.min([actual / one for one in expected], axis=0)
        high = np.max([(actual + 2 * open_) / one for one in expected], axis=0)
        code = _codes(low, high, self._tolerance)
        value = 100.0 * ((low + high) / 2.0 - 1.0)
        # What goes on after a whole run's energy is a next one that began without a pause.
        had_wh = part.was.had_wh if seen.minutes and part.was.had_wh is not None else 0
        whole = had_wh + np.cumsum(part.wh) > self._shape.run_kwh * 1_000.0
        unsaid = (earliest < size) | whole
        code[unsaid], value[unsaid] = UNKNOWN, np.nan
        self._seen = _Seen(
            wh[-size:], blank[-size:], int(minutes[-1]), int(missing[-1]), seen.before,
            int(code[-1]), float(value[-1]),
        )  # fmt: skip
        return Columns(code, value)

    def _between(self, begin: Int64s, end: Int64s) -> Int64s:
        """Reference Wh from one energised minute of the run to another; at least one."""
        table = self._so_far_wh
        a, b = (np.clip(one, 0, len(table) - 1) for one in (begin, end))
        return np.asarray(np.maximum(table[b] - table[a], 1), dtype=np.int64)

    def _planned(self, part: Stretch) -> Bools:
        starts = np.arange(part.minute, part.end, dtype=np.int64) * MINUTE_NS
        planned_ns = self._calendar.planned_each_ns(starts, starts + MINUTE_NS)
        return np.asarray(planned_ns == MINUTE_NS)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What a run has shown so far.

    wh, blank: of the last minutes with power, or unseen, up to a window; blank where they do not
    count, being unseen or in planned downtime. minutes: of the run, the unseen ones included.
    missing: how many of these are unseen. before: unseen minutes in which it may have begun. code,
    value: said last.
    """

    wh: Int64s = field(default_factory=lambda: np.zeros(0, np.int64))
    blank: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    minutes: int = 0
    missing: int = 0
    before: int = 0
    code: int = UNKNOWN
    value: float = np.nan


def _laid_out(curve: Curve) -> Int64s:
    """The curve in whole Wh for each minute of a run, so that sums are exact in any order."""
    minutes = np.arange(LONGEST * int(curve.energised_min[-1]) + 1, dtype=np.float64)
    return np.asarray(np.rint(curve.so_far(minutes) * 1_000.0), dtype=np.int64)


def _lasting(wh: Int64s, size: int, n: int) -> Int64s:
    """Sums of the last ``size`` at each of the last ``n``."""
    so_far = np.concatenate(([0], np.cumsum(wh)))
    ends = len(wh) - n + 1 + np.arange(n)
    return np.asarray(so_far[ends] - so_far[np.maximum(ends - size, 0)])


def _codes(low: Float64s, high: Float64s, tolerance: float) -> Int8s:
    """FALSE where all that may be is within the tolerance, TRUE where nothing is."""
    off = (low > 1.0 + tolerance) | (high < 1.0 - tolerance)
    on = (low >= 1.0 - tolerance) & (high <= 1.0 + tolerance)
    return np.select([off, on], [TRUE, FALSE], UNKNOWN).astype(np.int8)


def _where(ended: Bools, code: int, code_before: Int8s | int, before: Float64s | float) -> Columns:
    return Columns(
        np.asarray(np.where(ended, code, code_before), dtype=np.int8),
        np.asarray(np.where(ended, np.nan, before), dtype=np.float64),
    )
