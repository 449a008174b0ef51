"""The production calendar: days, shifts, months and years of the plant, and which hours are
planned.

Local times are the plant's own zone; every instant that comes out is int64 nanoseconds UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.instants import to_datetime, to_ns


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the day: its name and its local start. It lasts until the next shift starts."""

    id: str
    start: time


@dataclass(frozen=True, slots=True)
class ShiftSpan:
    """One shift on one day, [start_ns, end_ns)."""

    shift: Shift
    start_ns: int
    end_ns: int


class DowntimeKind(StrEnum):
    """Why planned hours are not worked."""

    HOLIDAY = "holiday"
    OVERHAUL = "overhaul"
    CURTAILMENT = "curtailment"
    """Reserve for when the grid asks to stop."""
    PLANNED = "planned"
    """Any other planned downtime."""


@dataclass(frozen=True, slots=True)
class Downtime:
    """Planned hours that are not worked: holiday, overhaul, curtailment reserve; [start_ns,
    end_ns)."""

    start_ns: int
    end_ns: int
    reason: str
    kind: DowntimeKind = DowntimeKind.PLANNED


@dataclass(frozen=True)
class Calendar:
    """Which hours the plant plans to run.

    day_start: local time at which the production day, and with it months and years, begin.
    shifts: sorted by start; together they last 24 h.
    downtimes: sorted and disjoint.
    earlier: shifts that held until an instant, the oldest first; ``shifts`` hold since then.
    """

    zone: ZoneInfo
    day_start: time
    shifts: tuple[Shift, ...]
    downtimes: tuple[Downtime, ...] = ()
    earlier: tuple[tuple[int, tuple[Shift, ...]], ...] = ()

    def planned_ns(self, start_ns: int, end_ns: int) -> int:
        """Planned nanoseconds within [start_ns, end_ns)."""
        if end_ns <= start_ns:
            return 0
        return (end_ns - start_ns) - (self._down_until(end_ns) - self._down_until(start_ns))

    def planned_each_ns(self, start_ns: Int64s, end_ns: Int64s) -> Int64s:
        """``planned_ns`` of each row; start_ns, end_ns: shape (n,)."""
        length = np.maximum(end_ns - start_ns, 0)
        down = self._down_until_each(end_ns) - self._down_until_each(start_ns)
        return np.where(length > 0, length - down, 0)

    def is_planned(self, time_ns: int) -> bool:
        """Whether the plant plans to run at ``time_ns``."""
        at = bisect_right(self._down_starts, time_ns) - 1
        return at < 0 or time_ns >= self.downtimes[at].end_ns

    def planned_fraction(self, edges_ns: Int64s) -> Float64s:
        """Planned share of each interval between neighbouring ``edges_ns`` (n + 1,); shape (n,)."""
        starts = np.array([d.start_ns for d in self.downtimes], dtype=np.int64)
        ends = np.array([d.end_ns for d in self.downtimes], dtype=np.int64)
        down = np.zeros(len(edges_ns) - 1, dtype=np.float64)
        for start, end in zip(starts, ends, strict=True):
            first = max(int(np.searchsorted(edges_ns, start, "right")) - 1, 0)
            last = min(int(np.searchsorted(edges_ns, end, "left")), len(down))
            if first < last:
                cut = np.clip(edges_ns[first : last + 1], start, end)
                down[first:last] += np.diff(cut)
        return np.asarray(1.0 - down / np.diff(edges_ns), dtype=np.float64)

    def local_day(self, time_ns: int) -> date:
        """The production day that ``time_ns`` belongs to."""
        local = to_datetime(time_ns).astimezone(self.zone)
        day = local.date()
        return day if time_ns >= self.start_of(day) else day - timedelta(days=1)

    def start_of(self, day: date) -> int:
        """The instant at which production day ``day`` begins."""
        return instant_of(day, self.day_start, self.zone)

    def day_start_ns(self, time_ns: int) -> int:
        """Begin of the production day of ``time_ns``."""
        return self.start_of(self.local_day(time_ns))

    def start_of_next(self, day_start_ns: int) -> int:
        """Begin of the production day after the one that begins at ``day_start_ns``."""
        return self.start_of(self.local_day(day_start_ns) + timedelta(days=1))

    def month_start_ns(self, time_ns: int) -> int:
        """Begin of the production month of ``time_ns``."""
        return self.start_of(self.local_day(time_ns).replace(day=1))

    def year_of(self, time_ns: int) -> int:
        """The production year of ``time_ns``."""
        return self.local_day(time_ns).year

    def year_bounds_ns(self, year: int) -> tuple[int, int]:
        """[begin, end) of production year ``year``."""
        return self.start_of(date(year, 1, 1)), self.start_of(date(year + 1, 1, 1))

    def shift_at(self, time_ns: int) -> ShiftSpan:
        """The shift that is on at ``time_ns``."""
        day = to_datetime(time_ns).astimezone(self.zone).date()
        spans = [span for n in (-1, 0, 1) for span in self._spans_of(day + timedelta(days=n))]
        at = bisect_right([span.start_ns for span in spans], time_ns) - 1
        return spans[at]

    def shifts_between(self, start_ns: int, end_ns: int) -> list[ShiftSpan]:
        """Every shift that overlaps [start_ns, end_ns), in order."""
        spans = []
        at = start_ns
        while at < end_ns:
            span = self.shift_at(at)
            spans.append(span)
            at = span.end_ns
        return spans

    def _spans_of(self, day: date) -> list[ShiftSpan]:
        """The shifts that start on the local calendar day ``day``."""
        starts = self._starts_of(day)
        if not starts:
            return []
        ends = [start_ns for start_ns, _ in starts[1:]]
        ends.append(next(a for n in (1, 2) for a, _ in self._starts_of(day + timedelta(days=n))))
        return [
            ShiftSpan(shift, start_ns, end_ns)
            for (start_ns, shift), end_ns in zip(starts, ends, strict=True)
        ]

    def _starts_of(self, day: date) -> list[tuple[int, Shift]]:
        """Begin and shift of those that start on ``day`` while they are what holds, in order."""
        found = []
        since_ns = None
        for until_ns, shifts in (*self.earlier, (None, self.shifts)):
            for shift in shifts:
                start_ns = instant_of(day, shift.start, self.zone)
                if (since_ns is None or start_ns >= since_ns) and (
                    until_ns is None or start_ns < until_ns
                ):
                    found.append((start_ns, shift))
            since_ns = until_ns
        return sorted(found, key=lambda one: one[0])

    def _down_until(self, time_ns: int) -> int:
        """Nanoseconds of downtime before ``time_ns``."""
        at = bisect_left(self._down_starts, time_ns)
        if at == 0:
            return 0
        last = self.downtimes[at - 1]
        return self._down_before[at - 1] + min(time_ns, last.end_ns) - last.start_ns

    def _down_until_each(self, time_ns: Int64s) -> Int64s:
        """``_down_until`` of each time."""
        if not self.downtimes:
            return np.zeros(len(time_ns), np.int64)
        starts = np.array([d.start_ns for d in self.downtimes], np.int64)
        ends = np.array([d.end_ns for d in self.downtimes], np.int64)
        before = np.array(self._down_before, np.int64)
        at = np.searchsorted(starts, time_ns, "left")
        running = np.minimum(time_ns, ends[at - 1]) - starts[at - 1]
        return np.where(at > 0, before[at - 1] + running, 0)

    @cached_property
    def _down_starts(self) -> Sequence[int]:
        return [d.start_ns for d in self.downtimes]

    @cached_property
    def _down_before(self) -> Sequence[int]:
        before = [0]
        for downtime in self.downtimes:
            before.append(before[-1] + downtime.end_ns - downtime.start_ns)
        return before


def instant_of(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant at which a clock on the wall in ``zone`` shows ``at`` on ``day``.

    Where the clocks go back it is the first time that they show it; a time that they leap over is
    the instant of the leap, so that a later time never comes earlier.
    """
    local = datetime.combine(day, at, tzinfo=zone)
    early_ns, late_ns = sorted((to_ns(local), to_ns(local.replace(fold=1))))
    if early_ns == late_ns or to_datetime(early_ns).astimezone(zone).time() == at:
        return early_ns
    before = to_datetime(early_ns).astimezone(zone).utcoffset()
    while late_ns - early_ns > 1_000:  # a microsecond, the step of datetimes
        middle_ns = (early_ns + late_ns) // 2_000 * 1_000
        if to_datetime(middle_ns).astimezone(zone).utcoffset() == before:
            early_ns = middle_ns
        else:
            late_ns = middle_ns
    return late_ns
