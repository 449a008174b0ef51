"""The ends of the minutes that are judged, and where the windows that end there begin."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from service.domain.arrays import Float64s, Index, Int64s
from service.domain.calendar import Calendar, ShiftSpan
from service.domain.instants import MINUTE_NS
from service.domain.plan import Plan, Window, window_start_ns


class Grid:
    """Minutes that end after ``start_ns`` and not after ``end_ns``, in order. What depends on the
    calendar alone is worked out once."""

    def __init__(self, plan: Plan, start_ns: int, end_ns: int) -> None:
        self.plan = plan
        first = start_ns // MINUTE_NS + 1
        self.ends_ns = np.arange(first, end_ns // MINUTE_NS + 1, dtype=np.int64) * MINUTE_NS
        self._starts: dict[Window, Int64s] = {}
        self._shifts: tuple[Int64s, Int64s, Float64s] | None = None

    def __len__(self) -> int:
        return len(self.ends_ns)

    def starts_ns(self, window: Window) -> Int64s:
        """Begin of ``window`` for each end; shape (n,)."""
        if window not in self._starts:
            if window is Window.SHIFT:
                spans, at = self._spans
                self._starts[window] = np.array([s.start_ns for s in spans], np.int64)[at]
            else:
                self._starts[window] = _starts(window, self.plan.calendar, self.ends_ns)
        return self._starts[window]

    @property
    def shifts(self) -> tuple[Int64s, Int64s, Float64s]:
        """Of the shift that each minute belongs to: its begin, the planned nanoseconds that are
        left of it after the minute, and the finished kg due in it; each of shape (n,)."""
        if self._shifts is None:
            spans, at = self._spans
            due = np.array([self.plan.due_kg(s.start_ns, s.end_ns) for s in spans], np.float64)
            ends = np.array([span.end_ns for span in spans], np.int64)
            left = self.plan.calendar.planned_each_ns(self.ends_ns, ends[at])
            self._shifts = self.starts_ns(Window.SHIFT), left, due[at]
        return self._shifts

    @cached_property
    def _spans(self) -> tuple[list[ShiftSpan], Index]:
        """The shifts in order, and the place of each minute's own."""
        if not len(self):
            return [], np.empty(0, np.intp)
        inside_ns = self.ends_ns - 1
        spans = self.plan.calendar.shifts_between(int(inside_ns[0]), int(self.ends_ns[-1]))
        starts = np.array([span.start_ns for span in spans], np.int64)
        return spans, np.searchsorted(starts, inside_ns, "right") - 1


def _starts(window: Window, calendar: Calendar, ends_ns: Int64s) -> Int64s:
    rolling = window in (Window.HOUR, Window.DAY_24H, Window.WEEK)
    if rolling and len(ends_ns):
        length_ns = int(ends_ns[0]) - window_start_ns(window, calendar, int(ends_ns[0]))
        return ends_ns - length_ns
    return by_steps(ends_ns, lambda end_ns: window_start_ns(window, calendar, end_ns))


def by_steps(at_ns: Int64s, value: Callable[[int], int]) -> Int64s:
    """``value`` of each instant of ``at_ns`` (sorted), which never decreases and seldom changes:
    it is asked only around its steps."""
    found = np.empty(len(at_ns), np.int64)
    if not len(at_ns):
        return found
    last = len(at_ns) - 1
    spans = [(0, value(int(at_ns[0])), last, value(int(at_ns[last])))]
    found[last] = spans[0][3]
    while spans:
        a, of_a, b, of_b = spans.pop()
        if of_a == of_b or b - a <= 1:
            found[a:b] = of_a
            continue
        middle = (a + b) // 2
        of_middle = value(int(at_ns[middle]))
        spans += ((a, of_a, middle, of_middle), (middle, of_middle, b, of_b))
    return found
