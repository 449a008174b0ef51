"""Plan: the cumulative curve of finished tonnes over the production calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.calendar import Calendar
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS


class Window(StrEnum):
    """Over what a deviation is judged; each ends at the last closed minute."""

    HOUR = "hour"
    """The last 60 minutes."""
    SHIFT = "shift"
    """The current shift so far."""
    DAY = "day"
    """The current production day so far."""
    DAY_24H = "24h"
    """The last 24 hours."""
    WEEK = "7d"
    """The last seven days."""
    MONTH = "month"
    """The production month to date."""
    YEAR = "year"
    """The production year to date."""


def window_start_ns(window: Window, calendar: Calendar, end_ns: int) -> int:
    """Begin of ``window`` when it ends at ``end_ns`` (exclusive; the last closed minute's end).

    A window that begins with a shift, day, month or year belongs to the last instant inside it.
    """
    inside_ns = end_ns - 1
    match window:
        case Window.HOUR:
            return end_ns - HOUR_NS
        case Window.DAY_24H:
            return end_ns - DAY_NS
        case Window.WEEK:
            return end_ns - 7 * DAY_NS
        case Window.SHIFT:
            return calendar.shift_at(inside_ns).start_ns
        case Window.DAY:
            return calendar.day_start_ns(inside_ns)
        case Window.MONTH:
            return calendar.month_start_ns(inside_ns)
        case Window.YEAR:
            return calendar.year_bounds_ns(calendar.year_of(inside_ns))[0]


@dataclass(frozen=True)
class Plan:
    """Finished production due by the calendar.

    target_kg: by production year; a year without one takes the nearest year's target.
    """

    calendar: Calendar
    target_kg: Mapping[int, float]

    def due_kg(self, start_ns: int, end_ns: int) -> float:
        """Finished kg due within [start_ns, end_ns): each year's target spread over its planned
        hours."""
        due = 0.0
        at = start_ns
        while at < end_ns:
            year = self.calendar.year_of(at)
            year_start_ns, year_end_ns = self.calendar.year_bounds_ns(year)
            until = min(end_ns, year_end_ns)
            planned_year = self.calendar.planned_ns(year_start_ns, year_end_ns)
            if planned_year:
                share = self.calendar.planned_ns(at, until) / planned_year
                due += self.target_of(year) * share
            at = until
        return due

    def target_of(self, year: int) -> float:
        """The target of ``year`` in kg."""
        nearest = min(self.target_kg, key=lambda known: (abs(known - year), known))
        return self.target_kg[nearest]

    def rate_kg_per_h(self, year: int) -> float:
        """Finished kg per planned hour that ``year`` needs."""
        planned = self.calendar.planned_ns(*self.calendar.year_bounds_ns(year))
        return self.target_of(year) * HOUR_NS / planned if planned else 0.0

    def catch_up_kg_per_h(self, produced_kg: float, now_ns: int) -> float | None:
        """(target − produced) / remaining planned hours of the year; None when no hour remains."""
        year = self.calendar.year_of(now_ns)
        remaining = self.calendar.planned_ns(now_ns, self.calendar.year_bounds_ns(year)[1])
        if remaining < MINUTE_NS:
            return None
        return max(self.target_of(year) - produced_kg, 0.0) * HOUR_NS / remaining
