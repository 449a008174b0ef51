"""Runs followed in a rectifier's energy, minute by minute and forward only.

What a minute says never depends on later ones, so that a day seen minute by minute and a year seen
at once find the same starts. Following begins anew each production month, ``WARM_NS`` before it, so
a restart changes nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from service.domain.arrays import Bools, Float64s, Int8s, Int64s
from service.domain.calendar import Calendar
from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.losses.runs import RunShape
from service.domain.losses.schedule import Start
from service.domain.production.book import ProductionBook
from service.domain.stage_alarms import StageAlarm

WARM_NS = 14 * DAY_NS
"""Longer than several runs: the state that following comes to does not depend on its begin."""
OFF, ON, UNSEEN = range(3)
QUICKEST_MIN = 2_000
"""No run gets its energy in fewer minutes: the most that it can have got unseen."""

Energy = Callable[[int, int], Float64s]
"""kWh of the minutes [first, end) since 1970, NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a rectifier stands.

    start: of the last run, None while that is not known. had_wh: energy of the run so far, None
    before the first power; whole, so that sums are exact in any order. hidden_min: minutes in
    which it may have got more, unseen. off_min, gap_min: minutes without power, and unseen, since
    the last power. gap_from: since when nothing is seen, None while it is. runs: begun so far.
    """

    start: Start | None = None
    had_wh: int | None = None
    hidden_min: int = 0
    off_min: int = 0
    gap_min: int = 0
    gap_from: int | None = None
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes of one ``kind`` from ``minute`` on, with what was before and is after them. wh: the
    energy of each, shape (n,)."""

    minute: int
    kind: int
    wh: Int64s
    was: Followed
    state: Followed

    @property
    def end(self) -> int:
        """The minute after the last one."""
        return self.minute + len(self.wh)


@dataclass(frozen=True, slots=True)
class Columns:
    """What a rule on runs says at the end of each minute, shape (n,): a code of
    ``service.domain.judge`` and the alarm's value, NaN where it is not known."""

    code: Int8s
    value: Float64s


class Follower:
    """Follows one rectifier. Asked in the order of time, by one task at a time."""

    def __init__(self, shape: RunShape, calendar: Calendar, energy: Energy) -> None:
        self._shape = shape
        self._calendar = calendar
        self._energy = energy
        self._month: int | None = None
        self._next = 0
        self._state = Followed()

    def stretches(self, first_ns: int, last_ns: int) -> Iterator[Stretch]:
        """The stretches up to ``last_ns`` that were not followed yet; both instants lie within one
        production month. Where a month begins anew, so does the state: the first ``was`` has had
        no power."""
        month_ns = self._calendar.month_start_ns(first_ns - 1)
        if self._month != month_ns:
            self._month = month_ns
            self._next = (month_ns - WARM_NS) // MINUTE_NS
            self._state = Followed()
        end = last_ns // MINUTE_NS
        kwh = self._energy(self._next, end)
        kind = np.where(np.isnan(kwh), UNSEEN, np.where(kwh >= self._shape.on_kwh_per_min, ON, OFF))
        wh = np.rint(np.nan_to_num(kwh) * 1_000.0).astype(np.int64)
        cuts = np.flatnonzero(np.diff(kind)) + 1
        edges = [0, *cuts.tolist(), len(kind)] if len(kind) else []
        begin = self._next
        for a, b in pairwise(edges):
            was, of = self._state, int(kind[a])
            self._state = follow(was, begin + a, of, b - a, int(wh[a:b].sum()), self._shape)
            self._next = begin + b
            yield Stretch(begin + a, of, wh[a:b], was, self._state)


def follow(was: Followed, minute: int, kind: int, n: int, wh: int, shape: RunShape) -> Followed:
    """The state after ``n`` minutes of one ``kind`` from ``minute`` on; wh: their energy."""
    if kind == OFF:
        return replace(was, off_min=was.off_min + n, gap_from=None)
    if kind == UNSEEN:
        since = minute if was.gap_from is None else was.gap_from
        return replace(was, gap_min=was.gap_min + n, gap_from=since)
    start, begun = _started(was, minute, shape)
    if begun or was.had_wh is None:
        unseen = 0 if was.gap_from is None else minute - was.gap_from
        return Followed(start, wh, unseen, runs=was.runs + 1)
    return Followed(start, was.had_wh + wh, was.hidden_min + was.gap_min, runs=was.runs)


def over(was: Followed, off_min: Int64s, gap_min: Int64s, shape: RunShape) -> Bools:
    """Whether the last run is over after so many minutes without power, and unseen, since its last
    power; shape (n,)."""
    ended = off_min + gap_min > shape.longest_pause_min
    return np.asarray(
        ended | ((off_min >= shape.switch_min) & _may_be_complete(was, gap_min, shape))
    )


def _may_be_complete(was: Followed, gap_min: Int64s, shape: RunShape) -> Bools:
    """Whether the last run may have got all that it needs."""
    unseen_wh = (was.hidden_min + gap_min) * (shape.run_kwh * 1_000.0 / QUICKEST_MIN)
    needed_wh = shape.complete_share * shape.run_kwh * 1_000.0
    return np.asarray((was.had_wh or 0) + unseen_wh >= needed_wh)


def _started(was: Followed, minute: int, shape: RunShape) -> tuple[Start | None, bool]:
    """The last start now that there is power at ``minute``, and whether a run began."""
    paused = was.off_min + was.gap_min
    if not paused and was.had_wh is not None:
        return was.start, False
    since = minute if was.gap_from is None else was.gap_from
    start = Start(since * MINUTE_NS, minute * MINUTE_NS)
    if was.had_wh is None:
        return (start if was.off_min >= shape.switch_min else None), True
    off_min, gap_min = np.array([was.off_min]), np.array([was.gap_min])
    if over(was, off_min, gap_min, shape).all():
        return start, True
    if _may_be_complete(was, gap_min, shape).all() and paused >= shape.switch_min:
        return None, False  # the next run may have begun unseen
    return was.start, False


def energy_of(book: ProductionBook, alarm: StageAlarm) -> Energy:
    """The energy that ``alarm`` is about."""
    if alarm.meter is None:
        raise ValueError(f"{alarm.definition.id} is about no meter")
    return partial(book.energy.between, alarm.meter.id)
