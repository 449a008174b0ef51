"""What a forecast says: what a period will have made, in bands, and what that is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.calendar import Calendar
from service.domain.instants import DAY_NS
from service.domain.plan import Window

PERIODS = (Window.SHIFT, Window.MONTH, Window.YEAR)
BANDS = (0.5, 0.8, 0.9)
"""Shares of futures that lie within each band, in its middle."""


class Reason(StrEnum):
    """Why there is no forecast."""

    SHORT_HISTORY = "short_history"
    """Fewer than a fortnight's planned hours are known."""
    MOSTLY_UNKNOWN = "mostly_unknown"
    """Of the period's planned time so far less than half is known."""


@dataclass(frozen=True, slots=True)
class Open:
    """A period [start_ns, end_ns) that is on. produced_kg: what is known to have been made.

    left_h: planned hours that remain. unknown_h: planned hours that passed and are unknown.
    known_h: those that passed and are known. target_kg: the plan of the whole period.
    """

    start_ns: int
    end_ns: int
    produced_kg: float
    known_h: float
    unknown_h: float
    left_h: float
    target_kg: float

    @property
    def open_h(self) -> float:
        """Planned hours whose output must be drawn."""
        return self.unknown_h + self.left_h


@dataclass(frozen=True, slots=True)
class Basis:
    """What the expected total is made of: produced + rate · availability · open_h + now.

    rate_kg_per_h: while the plant runs. availability: share of planned hours in which it runs, 0 to
    1. now_kg: what the present state adds or takes (it stands, or runs well), against the mean.
    """

    produced_kg: float
    known_h: float
    open_h: float
    rate_kg_per_h: float
    availability: float
    now_kg: float

    @property
    def expected_kg(self) -> float:
        """The expected total of the period."""
        return self.produced_kg + self.level_kg_per_h * self.open_h + self.now_kg

    @property
    def level_kg_per_h(self) -> float:
        """Per planned hour."""
        return self.rate_kg_per_h * self.availability


@dataclass(frozen=True, slots=True)
class Band:
    """``share`` of the futures end between low_kg and high_kg."""

    share: float
    low_kg: float
    high_kg: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a period will have made. p_target: share of the futures that reach target_kg."""

    period: Open
    basis: Basis
    median_kg: float
    bands: tuple[Band, ...]
    p_target: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outlooks at ``origin_ns``, or why there is none. history_h: known planned hours that it
    rests on."""

    origin_ns: int
    history_h: int
    outlooks: Mapping[Window, Outlook | Reason]


def period_bounds_ns(window: Window, calendar: Calendar, at_ns: int) -> tuple[int, int]:
    """[begin, end) of the shift, month or year that is on at ``at_ns``."""
    if window is Window.SHIFT:
        shift = calendar.shift_at(at_ns)
        return shift.start_ns, shift.end_ns
    if window is Window.YEAR:
        return calendar.year_bounds_ns(calendar.year_of(at_ns))
    start_ns = calendar.month_start_ns(at_ns)
    return start_ns, calendar.month_start_ns(start_ns + 32 * DAY_NS)
