"""Who is on call: by weekday, shift and turn, with exceptions, as data.

Days are production days, so a night shift belongs to the day on which its production day began:
Friday's night is the one from Friday to Saturday, whenever the shift itself begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain.calendar import Calendar
from service.domain.instants import to_datetime

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as those who are called see it: the shift that is on, and its production day."""

    at_ns: int
    shift: str
    day: date


def moment(calendar: Calendar, at_ns: int) -> Moment:
    """``at_ns`` in the shifts of ``calendar``."""
    span = calendar.shift_at(at_ns)
    return Moment(at_ns, span.shift.id, calendar.local_day(span.start_ns))


def no_shift(at_ns: int) -> Moment:
    """``at_ns`` at a plant without shifts, whose days begin at midnight UTC."""
    return Moment(at_ns, "", to_datetime(at_ns).date())


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is called in some shifts of some weekdays.

    turns: one after another, each for ``turn_days`` days from ``first`` on; with a single one it is
    always the same, and ``first`` may be None. Each names the destinations that are told.
    weekdays: 0 is Monday. shifts: ids of the calendar; empty means all. last: the last day.
    """

    turns: tuple[tuple[str, ...], ...]
    turn_days: int = 7
    first: date | None = None
    last: date | None = None
    weekdays: frozenset[int] = EVERY_DAY
    shifts: frozenset[str] = frozenset()

    def covers(self, now: Moment) -> bool:
        """Whether this duty says who is called at ``now``."""
        return (
            now.day.weekday() in self.weekdays
            and (not self.shifts or now.shift in self.shifts)
            and (self.first is None or now.day >= self.first)
            and (self.last is None or now.day <= self.last)
        )

    def whose(self, day: date) -> tuple[str, ...]:
        """The destinations whose turn it is on ``day``."""
        if self.first is None or len(self.turns) == 1:
            return self.turns[0]
        return self.turns[(day - self.first).days // self.turn_days % len(self.turns)]


@dataclass(frozen=True, slots=True)
class Override:
    """Who is called instead in [start_ns, end_ns): a swap, an illness."""

    to: tuple[str, ...]
    start_ns: int
    end_ns: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnCall:
    """A role that somebody always has: the first override that covers the moment says who, else
    the first duty that does, else ``otherwise``."""

    name: str
    duties: tuple[Duty, ...]
    overrides: tuple[Override, ...]
    otherwise: tuple[str, ...]


class Basis(StrEnum):
    """What says who is on call."""

    OVERRIDE = "override"
    DUTY = "duty"
    OTHERWISE = "otherwise"


def called(role: OnCall, now: Moment) -> tuple[tuple[str, ...], Basis]:
    """The destinations that ``role`` means at ``now``, and why."""
    for override in role.overrides:
        if override.start_ns <= now.at_ns < override.end_ns:
            return override.to, Basis.OVERRIDE
    for duty in role.duties:
        if duty.covers(now):
            return duty.whose(now.day), Basis.DUTY
    return role.otherwise, Basis.OTHERWISE
