"""How the weight of a vessel becomes kilograms: a batch counts when the load cell has settled at
full and then at empty.

The weight is looked at minute by minute, on whole minutes of the clock, so that it makes no
difference in what pieces readings arrive. A batch is the difference of two settled levels: an
offset of the load cell falls out, and a step that decays is never settled at full and then at
empty, so it is no batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.line import LoadCell, Meter
from service.domain.production.minutes import Grade, Portions
from service.domain.production.readings import Readings, in_order

MINUTE_S = 60.0


class Settled(StrEnum):
    """At which end the load cell settled last."""

    FULL = "full"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Vessel:
    """Where a vessel stands after the minutes before ``minute`` (since 1970) were looked at.

    value: what the load cell showed at the end of them, NaN while it read Bad. recent: least, most
    and middle weight of the last minutes, as many as settling needs but one; NaN where unseen.
    settled: None until it has settled, and again after a hole in which a whole batch may hide.
    level: at which it settled. since: end of the last settled minute; while ``settled`` is None,
    since when nothing is known, None before the first settling. disturbed: the weight rose, or was
    unseen, since it settled. unseen: minutes of the hole that lasts. began: end of the first minute
    that ever settled. waiting: readings that belong to no whole minute yet, as (time, value), NaN
    for unusable.
    """

    minute: int
    value: float
    recent: tuple[tuple[float, float, float], ...] = ()
    settled: Settled | None = None
    level: float = 0.0
    since: int | None = None
    disturbed: bool = False
    unseen: int = 0
    began: int | None = None
    waiting: tuple[tuple[int, float], ...] = ()


def watch_vessel(
    meter: Meter, vessel: Vessel | None, readings: Readings, coverage: Coverage, until_ns: int
) -> tuple[Vessel | None, Portions]:
    """Looks at the whole minutes before ``until_ns``; the vessel as it stands then, and the batches
    that were discharged.

    vessel: None before the first good reading. readings: all that arrived since the last call.
    coverage: reaching back to the vessel's minute. A discharge is spread evenly from the last
    minute at full to the first at empty. It is estimated when the weight was disturbed or took
    longer than ``discharge_s``, and unknown when it went faster than the equipment can. Unknown is
    also a hole of at least ``cycle_s``, up to where the weight settles again.
    """
    cell = _cell_of(meter)
    seen = _with_waiting(vessel, readings)
    if vessel is None:
        good = np.flatnonzero(seen.usable)
        if not len(good):
            return None, NOTHING
        vessel = Vessel(-(-int(seen.time_ns[good[0]]) // MINUTE_NS), float(seen.value[good[0]]))
    end = max(until_ns // MINUTE_NS, vessel.minute)
    now = int(np.searchsorted(seen.time_ns, end * MINUTE_NS))
    value = np.where(seen.usable, seen.value, np.nan)
    waiting = tuple(zip(seen.time_ns[now:].tolist(), value[now:].tolist(), strict=True))
    if end == vessel.minute:
        return replace(vessel, waiting=waiting), NOTHING
    looks = _looks(vessel, seen.time_ns[:now], value[:now], coverage, end)
    level = _settled_levels(looks, cell, len(vessel.recent))
    fresh = looks[len(vessel.recent) :]
    walk = _Walk(meter, cell, vessel)
    for n in range(len(fresh)):
        walk.step(float(fresh[n, 1]), float(level[n]))
    keep = cell.settle_minutes - 1
    recent = tuple((a, b, c) for a, b, c in looks[max(len(looks) - keep, 0) :].tolist())
    last = float(value[now - 1]) if now else vessel.value
    return replace(walk.vessel, value=last, recent=recent, waiting=waiting), walk.portions()


def told_until(meter: Meter, vessel: Vessel) -> int:
    """The minute before which nothing can change any more: every minute of a vessel waits as long
    as a discharge and its settling may take, or those that make something would be told last."""
    cell = _cell_of(meter)
    seen = vessel.minute - vessel.unseen
    if vessel.settled is not Settled.EMPTY and vessel.since is not None:
        seen = min(seen, vessel.since)
    return min(seen, vessel.minute - cell.discharge_minutes - cell.settle_minutes)


class _Walk:
    """One pass over minutes; ``vessel`` is kept up to date."""

    def __init__(self, meter: Meter, cell: LoadCell, vessel: Vessel) -> None:
        self.vessel = vessel
        self._meter = meter
        self._cell = cell
        self._found: list[tuple[int, int, float, Grade]] = []

    def step(self, most: float, level: float) -> None:
        """The next minute. most: its greatest weight, NaN when unseen. level: where the weight has
        settled by its end, NaN when it hasn't."""
        was = self.vessel
        at = was.minute
        if np.isnan(most):
            self.vessel = self._unseen(was)
        elif np.isnan(level):
            rose = was.settled is Settled.FULL and most > was.level + self._cell.band
            disturbed = was.disturbed or rose or was.unseen > 0
            self.vessel = replace(was, minute=at + 1, unseen=0, disturbed=disturbed)
        elif level >= self._cell.full:
            self._settle(Settled.FULL, level)
        elif level <= self._cell.empty:
            self._settle(Settled.EMPTY, level)
        else:
            self.vessel = replace(was, minute=at + 1, unseen=0)

    def portions(self) -> Portions:
        """What was found, in the order of time."""
        if not self._found:
            return NOTHING
        start, end, kg, grade = (np.array(column) for column in zip(*self._found, strict=True))
        return Portions(
            start.astype(np.int64) * MINUTE_NS,
            end.astype(np.int64) * MINUTE_NS,
            kg.astype(np.float64),
            grade.astype(np.uint8),
        )

    def _unseen(self, was: Vessel) -> Vessel:
        unseen = was.unseen + 1
        hides_a_batch = unseen * MINUTE_S >= self._cell.cycle_s
        if was.settled is None or not hides_a_batch:
            return replace(was, minute=was.minute + 1, unseen=unseen)
        since = was.since if was.settled is Settled.FULL else was.minute + 1 - unseen
        return replace(
            was, minute=was.minute + 1, unseen=unseen, settled=None, since=since, disturbed=False
        )

    def _settle(self, settled: Settled, level: float) -> None:
        was = self.vessel
        first = was.minute + 1 - self._cell.settle_minutes
        if was.settled is None:
            if was.since is not None and was.since < first:
                self._found.append((was.since, first, np.nan, Grade.UNKNOWN))
        elif was.settled is Settled.FULL and settled is Settled.EMPTY:
            self._discharge(was, max(first, (was.since or first) + 1), level)
        end = was.minute + 1
        began = end if was.began is None else was.began
        self.vessel = Vessel(end, was.value, settled=settled, level=level, since=end, began=began)

    def _discharge(self, was: Vessel, end: int, level: float) -> None:
        start = was.since or end - 1
        kg = (was.level - level) * self._meter.kg_per_unit
        hours = (end - start) * MINUTE_NS / HOUR_NS
        if kg > self._meter.max_rate_kg_per_h * hours:
            self._found.append((start, end, np.nan, Grade.UNKNOWN))
            return
        slow = end - start > self._cell.discharge_minutes
        grade = Grade.ESTIMATED if was.disturbed or was.unseen or slow else Grade.MEASURED
        self._found.append((start, end, kg, grade))


def _with_waiting(vessel: Vessel | None, readings: Readings) -> Readings:
    """``readings`` with those that waited, in order, without what is too late."""
    if vessel is None:
        return in_order(readings, after_ns=None)
    waited = np.array([t for t, _ in vessel.waiting], np.int64)
    value = np.array([v for _, v in vessel.waiting], np.float64)
    both = Readings(
        np.concatenate([waited, readings.time_ns]),
        np.concatenate([value, readings.value]),
        np.concatenate([~np.isnan(value), readings.usable]),
    )
    return in_order(both, after_ns=vessel.minute * MINUTE_NS - 1)


def _looks(
    vessel: Vessel, time_ns: Int64s, value: Float64s, coverage: Coverage, end: int
) -> Float64s:
    """Least, most and middle weight of the recent minutes and those up to ``end``, shape (m, 3).

    NaN where the weight was unseen or Bad at any instant of the minute. A value holds until the
    next.
    """
    first, n = vessel.minute, end - vessel.minute
    edges = (first + np.arange(n + 1, dtype=np.int64)) * MINUTE_NS
    before = np.searchsorted(time_ns, edges[:-1], "left") - 1
    carried = np.where(before >= 0, np.append(value, np.nan)[before], vessel.value)
    place = (time_ns - edges[0]) // MINUTE_NS
    inside = place >= 0  # the very first readings lie before the first whole minute
    place, held = place[inside], value[inside]
    bad = np.isnan(carried) | (np.bincount(place, weights=np.isnan(held), minlength=n) > 0)
    place, held = place[~np.isnan(held)], held[~np.isnan(held)]
    carried = np.nan_to_num(carried, nan=0.0)
    least, most, total = carried.copy(), carried.copy(), carried.copy()
    np.minimum.at(least, place, held)
    np.maximum.at(most, place, held)
    np.add.at(total, place, held)
    fresh = np.stack([least, most, total / (1 + np.bincount(place, minlength=n))], axis=1)
    for a_ns, b_ns in coverage.gaps(int(edges[0]), int(edges[-1])):
        bad[a_ns // MINUTE_NS - first : -(-b_ns // MINUTE_NS) - first] = True
    fresh[bad] = np.nan
    return np.asarray(np.concatenate([np.array(vessel.recent).reshape(-1, 3), fresh]))


def _settled_levels(looks: Float64s, cell: LoadCell, n_recent: int) -> Float64s:
    """For each minute after the recent ones the level at which the weight has settled by its end,
    NaN where it hasn't."""
    n = len(looks) - n_recent
    level = np.full(n, np.nan)
    width = cell.settle_minutes
    if len(looks) < width:
        return level
    windows = sliding_window_view(looks, width, axis=0)  # shape (m - width + 1, 3, width)
    quiet: Bools = windows[:, 1].max(axis=1) - windows[:, 0].min(axis=1) <= cell.band
    found = np.where(quiet, np.median(windows[:, 2], axis=1), np.nan)
    tail = min(n, len(found))
    level[n - tail :] = found[len(found) - tail :]
    return level


def _cell_of(meter: Meter) -> LoadCell:
    if meter.cell is None:
        raise ValueError(f"meter {meter.id} weighs batches, but has no load cell")
    return meter.cell


NOTHING = Portions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint8))
