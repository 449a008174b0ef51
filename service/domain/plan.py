"""Plan: the cumulative curve of finished tonnes over the production calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np

from service.domain.arrays import Float64s
from service.domain.calendar import Calendar
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.planversion import Piece, PlanVersion, merged_calendar, pieces_of


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

    calendar: of all versions, each where it was in force. target_kg: by production year, of the
    newest version; a year without one takes the nearest year's target. versions: the oldest first,
    the first one in force since ever; none means that ``calendar`` and ``target_kg`` always were.

    A version spreads what its target leaves over the weighted planned hours that are left when it
    comes into force, so that what was due before stays as it was and the year still adds up.
    """

    calendar: Calendar
    target_kg: Mapping[int, float]
    versions: tuple[PlanVersion, ...] = ()
    _pieces: dict[int, tuple[Piece, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, versions: Sequence[PlanVersion]) -> Plan:
        """The plan that ``versions`` (the oldest first, at least one) amount to."""
        return cls(merged_calendar(versions), versions[-1].target_kg, tuple(versions))

    @property
    def first(self) -> PlanVersion:
        """The version that was in force before anybody changed it."""
        return self._all_versions()[0]

    def version_at(self, time_ns: int) -> PlanVersion:
        """The version in force at ``time_ns``."""
        versions = self._all_versions()
        return next((v for v in reversed(versions) if v.effective_ns <= time_ns), versions[0])

    def due_kg(self, start_ns: int, end_ns: int) -> float:
        """Finished kg due within [start_ns, end_ns)."""
        due = 0.0
        at = start_ns
        while at < end_ns:
            year = self.calendar.year_of(at)
            until = min(end_ns, self.calendar.year_bounds_ns(year)[1])
            for piece in self.pieces(year):
                a, b = max(at, piece.start_ns), min(until, piece.end_ns)
                if a < b:
                    due += piece.kg_per_h * self.calendar.planned_ns(a, b) / HOUR_NS
            at = until
        return due

    def due_per_minute(self, first_minute: int, n_minutes: int) -> Float64s:
        """Finished kg due in each minute; shape (n_minutes,)."""
        edges = (first_minute + np.arange(n_minutes + 1, dtype=np.int64)) * MINUTE_NS
        due = np.zeros(n_minutes)
        planned = self.calendar.planned_fraction(edges)
        at = int(edges[0])
        while at < int(edges[-1]):
            year = self.calendar.year_of(at)
            for piece in self.pieces(year):
                a, b = (
                    min(max(edge // MINUTE_NS - first_minute, 0), n_minutes)
                    for edge in (piece.start_ns, piece.end_ns)
                )
                due[a:b] = planned[a:b] * piece.kg_per_h / 60.0
            at = self.calendar.year_bounds_ns(year)[1]
        return due

    def target_of(self, year: int) -> float:
        """The target of ``year`` in kg, by the newest version."""
        return nearest(self.target_kg, year)

    def rate_kg_per_h(self, year: int) -> float:
        """Finished kg per planned hour that ``year`` needs on the average."""
        planned = self.calendar.planned_ns(*self.calendar.year_bounds_ns(year))
        return self.target_of(year) * HOUR_NS / planned if planned else 0.0

    def rate_at_kg_per_h(self, time_ns: int) -> float:
        """Finished kg per planned hour that are due at ``time_ns``."""
        found = self.pieces(self.calendar.year_of(time_ns))
        return next((p.kg_per_h for p in found if p.start_ns <= time_ns < p.end_ns), 0.0)

    def catch_up_kg_per_h(self, produced_kg: float, now_ns: int) -> float | None:
        """(target − produced) / remaining planned hours of the year; None when no hour remains."""
        year = self.calendar.year_of(now_ns)
        remaining = self.calendar.planned_ns(now_ns, self.calendar.year_bounds_ns(year)[1])
        if remaining < MINUTE_NS:
            return None
        return max(self.target_of(year) - produced_kg, 0.0) * HOUR_NS / remaining

    def pieces(self, year: int) -> tuple[Piece, ...]:
        """Stretches of ``year`` in which the rate is constant, in order, without a gap."""
        if year not in self._pieces:
            self._pieces[year] = tuple(self._made_pieces(year))
        return self._pieces[year]

    def _made_pieces(self, year: int) -> list[Piece]:
        start_ns, end_ns = self.calendar.year_bounds_ns(year)
        versions = self._all_versions()
        inside = [v for v in versions[1:] if start_ns < v.effective_ns < end_ns]
        edges = [start_ns, *(v.effective_ns for v in inside), end_ns]
        found: list[Piece] = []
        due_kg = 0.0
        for (a, b), version in zip(
            pairwise(edges), [self.version_at(start_ns), *inside], strict=True
        ):
            # What the version expected of the whole rest of the year decides its rate.
            left_kg = max(nearest(version.target_kg, year) - due_kg, 0.0)
            whole = pieces_of(version, a, end_ns, left_kg)
            cut = [Piece(p.start_ns, min(p.end_ns, b), p.kg_per_h) for p in whole if p.start_ns < b]
            found += cut
            due_kg += sum(
                p.kg_per_h * version.calendar.planned_ns(p.start_ns, p.end_ns) / HOUR_NS
                for p in cut
            )
        return found

    def _all_versions(self) -> tuple[PlanVersion, ...]:
        return self.versions or (PlanVersion(0, self.calendar, self.target_kg),)


def nearest(target_kg: Mapping[int, float], year: int) -> float:
    """The target of ``year``, or of the year that is nearest to it."""
    return target_kg[min(target_kg, key=lambda known: (abs(known - year), known))]
