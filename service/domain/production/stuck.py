"""A value that stands still though its machine runs: Good by its status, and yet unknown.

A counter that sticks tells nothing until it moves again, and a rate that sticks goes on telling
what was. To take either at its word masks a loss, or makes one up. So from ``Meter.stuck_s`` on the
readings count as unusable, until the value moves; what a counter then tells is spread over the hole
like that of any other. A rate of 0 is a stop and not stuck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.instants import seconds
from service.domain.line import Meter, MeterKind
from service.domain.production.readings import Readings


@dataclass(frozen=True, slots=True)
class Standing:
    """How a meter's value stands between two calls.

    value: the last good one; None before it. since_ns: since when it has stood without a hole in
    what is known. runs_ns: since when the machine has run; None while it does not, or nothing is
    known of it. stuck_ns: since when the value is stuck; None while it isn't.
    """

    value: float | None = None
    since_ns: int = 0
    runs_ns: int | None = None
    stuck_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """[start_ns, end_ns) in which a value was stuck; open: it still is at the end."""

    start_ns: int
    end_ns: int
    open: bool


def find_stuck(
    meter: Meter,
    standing: Standing,
    readings: Readings,
    running: Readings,
    *,
    gaps: Sequence[tuple[int, int]],
    until_ns: int,
) -> tuple[Standing, list[Span]]:
    """Where ``meter`` was stuck up to ``until_ns``, and how it stands then.

    readings: of its tag, running: of ``runs_tag``, both since the last call and in order of time.
    gaps: what is not covered, in order. After a gap, and after a Bad reading, a value has to stand
    anew.
    """
    if meter.stuck_s is None:
        return standing, []
    patience_ns = seconds(meter.stuck_s)
    # What came ahead of ``until_ns`` is in hand now and will not be again.
    until_ns = max(until_ns, int(readings.time_ns.max(initial=until_ns)))
    runs, runs_ns = _running(meter, standing, running, until_ns)
    spans: list[Span] = []
    begun, values = _stretches(standing, readings, gaps)
    ends = np.append(begun[1:], until_ns)
    long = (ends - begun > patience_ns) & ~np.isnan(values)
    if meter.kind is MeterKind.RATE:
        long &= values != 0.0
    for at in np.flatnonzero(long).tolist():
        start_ns, end_ns = int(begun[at]), int(ends[at])
        for a, b in runs:
            onset_ns = max(start_ns, a) + patience_ns
            if onset_ns < min(end_ns, b):
                spans.append(Span(onset_ns, end_ns, at == len(begun) - 1))
                break
    if not len(begun):
        return replace(standing, runs_ns=runs_ns), []
    stuck_ns = spans[-1].start_ns if spans and spans[-1].open else None
    return Standing(_value(values[-1]), int(begun[-1]), runs_ns, stuck_ns), spans


def without_stuck(readings: Readings, spans: Sequence[Span]) -> Readings:
    """``readings`` with those within ``spans`` unusable, and an unusable one where each begins."""
    time_ns, value, usable = readings.time_ns, readings.value, readings.usable.copy()
    for span in spans:
        usable &= (time_ns < span.start_ns) | (time_ns >= span.end_ns)
    starts = np.array([span.start_ns for span in spans], np.int64)
    if not len(starts):
        return readings
    time_ns = np.concatenate([time_ns, starts])
    value = np.concatenate([value, np.full(len(starts), np.nan)])
    usable = np.concatenate([usable, np.zeros(len(starts), np.bool_)])
    order = np.argsort(time_ns, kind="stable")
    return Readings(time_ns[order], value[order], usable[order])


def _stretches(
    standing: Standing, readings: Readings, gaps: Sequence[tuple[int, int]]
) -> tuple[Int64s, Float64s]:
    """When each stretch of one unchanged value began, and the value; NaN while nothing is known."""
    time_ns = readings.time_ns
    value = np.where(readings.usable, readings.value, np.nan)
    if standing.value is not None:
        time_ns = np.append(np.int64(standing.since_ns), time_ns)
        value = np.append(standing.value, value)
    if not len(time_ns):
        return time_ns, value
    for start_ns, end_ns in gaps:
        # From a gap on nothing is known; what is read behind it stands since then.
        at = int(np.searchsorted(time_ns, start_ns, "right"))
        inside = int(np.searchsorted(time_ns, end_ns, "left"))
        if at == 0 and inside == 0:
            continue
        held = value[inside - 1]
        time_ns = np.concatenate([time_ns[:at], [start_ns, end_ns], time_ns[inside:]])
        value = np.concatenate([value[:at], [np.nan, held], value[inside:]])
    new = np.ones(len(value), np.bool_)
    new[1:] = value[1:] != value[:-1]
    return time_ns[new], value[new]


def _running(
    meter: Meter, standing: Standing, running: Readings, until_ns: int
) -> tuple[list[tuple[int, int]], int | None]:
    """The intervals in which the machine ran, up to ``until_ns``, and since when it still runs."""
    if meter.runs_tag is None:
        return [(np.iinfo(np.int64).min, until_ns)], None
    found: list[tuple[int, int]] = []
    since = standing.runs_ns
    on = running.usable & (running.value > meter.runs_above)
    turns = np.flatnonzero(np.diff(on, prepend=since is not None))
    for at in turns.tolist():
        time_ns = int(running.time_ns[at])
        if on[at]:
            since = time_ns
        elif since is not None:
            found.append((since, time_ns))
            since = None
    if since is not None:
        found.append((since, until_ns))
    return found, since


def _value(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
