"""One version of calendar and plan, and what several of them amount to together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from service.domain.calendar import Calendar, Downtime
from service.domain.instants import HOUR_NS


@dataclass(frozen=True, slots=True)
class Ramp:
    """Production days [first, end) over which the rate rises evenly from ``start_share`` to 1."""

    first: date
    end: date
    start_share: float

    def share_on(self, day: date) -> float:
        """The share of the full rate on ``day``: what the ramp reaches at the day's middle."""
        if not self.first <= day < self.end:
            return 1.0
        done = ((day - self.first).days + 0.5) / (self.end - self.first).days
        return self.start_share + (1.0 - self.start_share) * done


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """Calendar and targets as they are planned from ``effective_ns`` on.

    target_kg: finished kg by production year. month_weight: how much more or less an hour of a
    month (1 to 12) is to make than an hour of weight 1. crews: that rotate through the shifts.
    """

    effective_ns: int
    calendar: Calendar
    target_kg: Mapping[int, float]
    month_weight: Mapping[int, float] = field(default_factory=dict)
    ramps: tuple[Ramp, ...] = ()
    crews: int = 1

    def weight_on(self, day: date) -> float:
        """The weight of a planned hour of production day ``day``."""
        weight = self.month_weight.get(day.month, 1.0)
        for ramp in self.ramps:
            weight *= ramp.share_on(day)
        return weight


@dataclass(frozen=True, slots=True)
class Piece:
    """[start_ns, end_ns) in which each planned hour is to make ``kg_per_h``, finished."""

    start_ns: int
    end_ns: int
    kg_per_h: float


def pieces_of(version: PlanVersion, start_ns: int, end_ns: int, target_kg: float) -> list[Piece]:
    """``target_kg`` spread over the weighted planned hours of [start_ns, end_ns), without a gap."""
    spans = _weighted(version, start_ns, end_ns)
    hours = sum(w * version.calendar.planned_ns(a, b) for a, b, w in spans) / HOUR_NS
    rate = target_kg / hours if hours else 0.0
    return [Piece(a, b, rate * weight) for a, b, weight in spans]


def merged_calendar(versions: Sequence[PlanVersion]) -> Calendar:
    """One calendar in which each version's downtimes and shifts stand where it was in force.

    All versions have the zone and the begin of the day of the first.
    """
    downtimes: list[Downtime] = []
    ends = [v.effective_ns for v in versions[1:]]
    for at, version in enumerate(versions):
        since = version.effective_ns if at else None
        until = ends[at] if at < len(ends) else None
        for one in version.calendar.downtimes:
            start = one.start_ns if since is None else max(one.start_ns, since)
            end = one.end_ns if until is None else min(one.end_ns, until)
            if start < end:
                downtimes.append(replace(one, start_ns=start, end_ns=end))
    earlier = tuple(
        (after.effective_ns, before.calendar.shifts)
        for before, after in pairwise(versions)
        if before.calendar.shifts != after.calendar.shifts
    )
    newest = versions[-1].calendar
    return replace(newest, downtimes=tuple(downtimes), earlier=earlier)


def _weighted(version: PlanVersion, start_ns: int, end_ns: int) -> list[tuple[int, int, float]]:
    """(start_ns, end_ns, weight) of the stretches of one weight, in order, without a gap."""
    if not version.month_weight and not version.ramps:
        return [(start_ns, end_ns, 1.0)]
    calendar = version.calendar
    found: list[tuple[int, int, float]] = []
    at, day = start_ns, calendar.local_day(start_ns)
    while at < end_ns:
        following = day + timedelta(days=1)
        until = min(calendar.start_of(following), end_ns)
        weight = version.weight_on(day)
        if found and found[-1][2] == weight:
            at = found.pop()[0]
        found.append((at, until, weight))
        at, day = until, following
    return found
