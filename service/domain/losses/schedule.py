"""Starts against schedule: runs of a rectifier, batches of a kettle; late, missed, or not known.

Where output comes in 52 t unloads an hour says nothing, so what is judged is whether the next start
came when it was due: one cycle of planned time after the one before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.calendar import Calendar
from service.domain.coverage import Coverage


class StartState(StrEnum):
    """How a start stands against its schedule."""

    ON_TIME = "on_time"
    LATE = "late"
    """It came after the tolerance, or is over it and has not come yet."""
    MISSED = "missed"
    """It is so late that at least one whole start is lost."""
    PENDING = "pending"
    """It is not overdue yet."""
    UNKNOWN = "unknown"
    """It may have come in time where nobody saw it."""


@dataclass(frozen=True, slots=True)
class Start:
    """A start that happened after ``since_ns`` and no later than ``at_ns``.

    The two differ by a sample while the source is alive, and by the gap when it was not.
    """

    since_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """One start every ``every_ns`` of planned time, late after ``tolerance_ns`` more."""

    every_ns: int
    tolerance_ns: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One due start. start: what came, None when nothing has. late_ns: planned time from due to
    start, or so far; never negative. missed: whole starts lost before it came, or so far."""

    due_ns: int
    start: Start | None
    state: StartState
    late_ns: int
    missed: int


def judge_starts(
    starts: Sequence[Start],
    schedule: Schedule,
    calendar: Calendar,
    *,
    until_ns: int,
    seen_until_ns: int,
) -> tuple[Verdict, ...]:
    """The verdict on each start after the first, and on the next one that is due.

    starts: in time order; the first only sets the clock. until_ns: now. seen_until_ns: up to where
    the source has told of every start; what is overdue since then is UNKNOWN. A start that came in
    a gap is late only if it was late when the gap began.
    """
    if not starts:
        return ()
    found = []
    for before, start in pairwise(starts):
        due_ns = after_planned(calendar, before.at_ns, schedule.every_ns)
        found.append(_came(start, due_ns, schedule, calendar))
    due_ns = after_planned(calendar, starts[-1].at_ns, schedule.every_ns)
    found.append(_awaited(due_ns, schedule, calendar, until_ns, seen_until_ns))
    return tuple(found)


def starts_lost(verdicts: Sequence[Verdict], schedule: Schedule) -> float:
    """Starts that lateness has cost, in parts of one: Σ late / cycle; unknown ones cost nothing.

    Lateness within the tolerance counts too: it is lost whatever it is called.
    """
    seen = (v.late_ns for v in verdicts if v.state is not StartState.UNKNOWN)
    return math.fsum(seen) / schedule.every_ns


def starts_of_counter(
    time_ns: Int64s, number: Float64s, coverage: Coverage, *, sample_ns: int
) -> tuple[Start, ...]:
    """The starts that a run number tells by rising; shapes (n,), times rising, NaN where not good.

    While the source is alive a rise happened within ``sample_ns`` before the reading that shows it;
    across a hole (not covered, or a reading that is not good) at any time since the hole began. A
    rise by k makes k starts within the same bounds; a fall (the number starts over) makes one.
    """
    good = np.flatnonzero(~np.isnan(number))
    found: list[Start] = []
    for a, b in pairwise(good.tolist()):
        rise = round(float(number[b] - number[a]))
        if not rise:
            continue
        before_ns, at_ns = int(time_ns[a]), int(time_ns[b])
        holes = [start_ns for start_ns, _ in coverage.gaps(before_ns, at_ns)]
        holes += [int(time_ns[a + 1])] if b > a + 1 else []
        since_ns = max(before_ns, min([at_ns - sample_ns, *holes]))
        found += [Start(since_ns, at_ns)] * (rise if rise > 0 else 1)
    return tuple(found)


def after_planned(calendar: Calendar, from_ns: int, planned_ns: int) -> int:
    """The instant at which ``planned_ns`` of planned time have passed since ``from_ns``."""
    at_ns = from_ns + planned_ns
    while (missing := planned_ns - calendar.planned_ns(from_ns, at_ns)) > 0:
        at_ns += missing
    return at_ns


def _came(start: Start, due_ns: int, schedule: Schedule, calendar: Calendar) -> Verdict:
    latest_ns = calendar.planned_ns(due_ns, start.at_ns)
    earliest_ns = calendar.planned_ns(due_ns, start.since_ns)
    if latest_ns <= schedule.tolerance_ns:
        return Verdict(due_ns, start, StartState.ON_TIME, latest_ns, 0)
    if earliest_ns <= schedule.tolerance_ns and _in_gap(start, schedule):
        return Verdict(due_ns, start, StartState.UNKNOWN, 0, 0)
    late_ns = earliest_ns if _in_gap(start, schedule) else latest_ns
    missed = late_ns // schedule.every_ns
    return Verdict(due_ns, start, StartState.MISSED if missed else StartState.LATE, late_ns, missed)


def _awaited(
    due_ns: int, schedule: Schedule, calendar: Calendar, until_ns: int, seen_until_ns: int
) -> Verdict:
    late_ns = calendar.planned_ns(due_ns, until_ns)
    seen_ns = calendar.planned_ns(due_ns, min(seen_until_ns, until_ns))
    if late_ns <= schedule.tolerance_ns:
        return Verdict(due_ns, None, StartState.PENDING, late_ns, 0)
    if seen_ns <= schedule.tolerance_ns:
        return Verdict(due_ns, None, StartState.UNKNOWN, 0, 0)
    missed = seen_ns // schedule.every_ns
    return Verdict(due_ns, None, StartState.MISSED if missed else StartState.LATE, seen_ns, missed)


def _in_gap(start: Start, schedule: Schedule) -> bool:
    """Whether its time is so uncertain that it matters to the schedule."""
    return start.at_ns - start.since_ns > schedule.tolerance_ns
