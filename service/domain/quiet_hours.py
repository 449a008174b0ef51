"""Quiet hours: when a destination is spared what can wait until morning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from service.domain.alarm import Priority
from service.domain.calendar import instant_of
from service.domain.instants import DAY_NS, to_datetime
from service.domain.oncall import EVERY_DAY

LONGEST_NS = 8 * DAY_NS
"""Quiet that goes on for longer than a week never ends; what waits for it is told all the same."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` to ``end``, local, for ``destinations``; over midnight when the end is not
    later, and a whole day when both are the same.

    weekdays: local days on which they begin; 0 is Monday. passes: the least urgent priority that is
    told all the same; None when everything waits.
    """

    destinations: frozenset[str]
    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY
    passes: Priority | None = Priority.CRITICAL

    def silences(self, destination: str, priority: Priority) -> bool:
        """Whether ``destination`` is spared ``priority`` in these hours."""
        passes = self.passes is not None and priority <= self.passes
        return destination in self.destinations and not passes

    def span(self, day: date, zone: ZoneInfo) -> tuple[int, int] | None:
        """[start_ns, end_ns) of the quiet that begins on ``day``; None when none does."""
        if day.weekday() not in self.weekdays:
            return None
        last = day if self.end > self.start else day + timedelta(days=1)
        return instant_of(day, self.start, zone), instant_of(last, self.end, zone)


def quiet_until(
    hours: Sequence[QuietHours], destination: str, priority: Priority, at_ns: int, zone: ZoneInfo
) -> int | None:
    """When ``destination`` may be told of what happens at ``at_ns``; None when at once.

    Quiet hours that meet or overlap are one: what came in the first waits for the end of the last.
    """
    mine = [one for one in hours if one.silences(destination, priority)]
    if not mine:
        return None
    until_ns = at_ns
    while until_ns - at_ns < LONGEST_NS:
        further_ns = _end_of_quiet(mine, until_ns, zone)
        if further_ns is None:
            break
        until_ns = further_ns
    return until_ns if until_ns > at_ns else None


def _end_of_quiet(hours: Sequence[QuietHours], at_ns: int, zone: ZoneInfo) -> int | None:
    """The last end of those hours that hold at ``at_ns``; None when none does."""
    today = to_datetime(at_ns).astimezone(zone).date()
    spans = [one.span(today - timedelta(days=back), zone) for one in hours for back in (0, 1)]
    return max(
        (end_ns for start_ns, end_ns in filter(None, spans) if start_ns <= at_ns < end_ns),
        default=None,
    )
