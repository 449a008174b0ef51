"""The bottleneck by the active-period method (Roser, Nakano, Tanaka: Winter Simulation Conference
2001 and 2002, "A practical bottleneck detection method", "Shifting bottleneck detection").

A station is active while it works, or is down by itself; it is inactive while it waits: starved or
blocked. At each instant the station with the longest uninterrupted active period is the bottleneck.
While the periods of two successive bottlenecks overlap, the bottleneck shifts from one to the
other; otherwise it is the sole bottleneck.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools
from service.domain.losses.events import StageLosses
from service.domain.losses.masks import joined, stretches
from service.domain.losses.states import State

WAITS = (State.STARVED, State.BLOCKED, State.IDLE, State.OFF)


@dataclass(frozen=True, slots=True)
class ActivePeriod:
    """An uninterrupted active period [start, end), in minutes of the window.

    stations: more than one where nothing tells them apart: same period, same load.
    """

    stations: tuple[str, ...]
    start: int
    end: int

    @property
    def length(self) -> int:
        """Minutes."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class BottleneckShare:
    """Shares of the window in which a station was the sole, and a shifting bottleneck; a period of
    several stations counts for each in equal parts."""

    station: str
    sole: float
    shifting: float

    @property
    def total(self) -> float:
        """Sole and shifting together, which ranks the stations."""
        return self.sole + self.shifting


@dataclass(frozen=True)
class Bottlenecks:
    """What the method says of a window of ``minutes`` minutes.

    shares: the greatest total first; stations that never were the bottleneck are left out.
    periods: the active periods of the successive bottlenecks, in time order. none_share: part of
    the window in which no station was active.
    """

    minutes: int
    shares: tuple[BottleneckShare, ...]
    periods: tuple[ActivePeriod, ...]
    none_share: float

    def at(self, minute: int) -> tuple[str, ...]:
        """The momentary bottleneck in ``minute``; empty when no station was active."""
        around = (p for p in reversed(self.periods) if p.start <= minute < p.end)
        longest = max(around, key=lambda p: p.length, default=None)
        return longest.stations if longest else ()

    def within(self, first: int, end: int) -> Bottlenecks:
        """The same periods, shares of the minutes [first, end) alone."""
        cut = tuple(
            ActivePeriod(p.stations, max(p.start, first) - first, min(p.end, end) - first)
            for p in self.periods
            if p.start < end and p.end > first
        )
        n = end - first
        active = np.zeros(n, np.bool_)
        for period in cut:
            active[period.start : period.end] = True
        return Bottlenecks(n, _shares(cut, n), cut, float((~active).sum()) / max(n, 1))


def find_bottlenecks(
    active: Mapping[str, Bools], *, load: Mapping[str, float] | None = None
) -> Bottlenecks:
    """Sole and shifting bottlenecks over a window.

    active: station -> whether it was active in each minute, all of shape (M,). load: station ->
    required over possible rate. Of periods of one length that of the greater load is the
    bottleneck (a window in which nobody ever waits tells no more), then the one that began later.
    """
    n = max((len(mask) for mask in active.values()), default=0)
    alike: dict[tuple[int, float, int], list[str]] = {}
    for station in sorted(active):
        for a, b in zip(*stretches(active[station]), strict=True):
            key = (int(b - a), (load or {}).get(station, 0.0), int(a))
            alike.setdefault(key, []).append(station)
    ranked = [
        ActivePeriod(tuple(stations), start, start + length)
        for (length, _, start), stations in sorted(alike.items())
    ]
    owner = np.full(n, -1, np.int64)
    for at, period in enumerate(ranked):  # the longest is painted last
        owner[period.start : period.end] = at
    seen = sorted({int(at) for at in owner if at >= 0}, key=lambda at: ranked[at].start)
    periods = tuple(ranked[at] for at in seen)
    return Bottlenecks(n, _shares(periods, n), periods, float((owner < 0).sum()) / max(n, 1))


def _shares(periods: Sequence[ActivePeriod], n: int) -> tuple[BottleneckShare, ...]:
    depth = np.zeros(n, np.int64)
    for period in periods:
        depth[period.start : period.end] += 1
    sole: dict[str, float] = defaultdict(float)
    shifting: dict[str, float] = defaultdict(float)
    for period in periods:
        alone = int((depth[period.start : period.end] == 1).sum())
        for station in period.stations:
            sole[station] += alone / len(period.stations)
            shifting[station] += (period.length - alone) / len(period.stations)
    found = [BottleneckShare(s, sole[s] / n, shifting[s] / n) for s in sole]
    return tuple(sorted(found, key=lambda share: (-share.total, share.station)))


def active_units(losses: StageLosses, *, bridge_min: int = 10) -> dict[str, Bools]:
    """For each unit of a stage in which minutes it was active; shape (M,).

    An unknown stretch of up to ``bridge_min`` minutes between two active ones is bridged; a longer
    one ends the period, since nobody saw it last.
    """
    found = {}
    for unit, state in zip(losses.minutes.units, losses.attributed.state, strict=True):
        unknown = np.asarray(state == State.UNKNOWN, dtype=np.bool_)
        works = np.asarray(~np.isin(state, WAITS) & ~unknown, dtype=np.bool_)
        found[unit.id] = joined(works, gap=bridge_min, over=unknown)
    return found


def active_stage(losses: StageLosses, *, bridge_min: int = 10, share: float = 0.5) -> Bools:
    """In which minutes a stage as one station was active; shape (M,).

    It is while units with more than ``share`` of its due are: the units of a stage stand for each
    other, so one that waits does not make the stage wait.
    """
    active = np.array(list(active_units(losses, bridge_min=bridge_min).values()))
    due = losses.minutes.due_kg
    return np.asarray(np.where(active, due, 0.0).sum(axis=0) > share * due.sum(axis=0))


def line_stations(
    losses: Mapping[str, StageLosses], *, by_unit: Sequence[str] = ("GZ",)
) -> dict[str, Bools]:
    """The stations of a line for ``find_bottlenecks``: its stages, but units for ``by_unit``.

    In graphitization the station is the rectifier: eight runs under way at once have nothing to do
    with each other.
    """
    stations: dict[str, Bools] = {}
    for stage, lost in losses.items():
        stations |= active_units(lost) if stage in by_unit else {stage: active_stage(lost)}
    return stations


def station_loads(
    losses: Mapping[str, StageLosses], *, by_unit: Sequence[str] = ("GZ",)
) -> dict[str, float]:
    """What is due of each station of ``line_stations`` over what it can do in that time."""
    loads: dict[str, float] = {}
    for stage, lost in losses.items():
        minutes = lost.minutes
        due = minutes.due_kg.sum(axis=1)
        can = np.array([u.capacity_kg_per_h / 60.0 for u in minutes.units])
        can = can * max(float(minutes.planned.sum()), 1.0)
        if stage in by_unit:
            loads |= {u.id: float(r) for u, r in zip(minutes.units, due / can, strict=True)}
        else:
            loads[stage] = float(due.sum() / can.sum())
    return loads
