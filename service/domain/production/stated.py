"""A stage's account over a window, with the uncertainty that goes with it and what is unknown.

Unknown minutes are listed, never filled in. What the known minutes say is uncertain by the meters'
error limits, by rates that stood still as no flow does, and by mass that a gap spreads over the
edges of what is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools
from service.domain.balance import COVERAGE_FACTOR, Weighed
from service.domain.instants import MINUTE_NS
from service.domain.line import Line, Meter, MeterKind
from service.domain.losses.masks import stretches
from service.domain.production.minutes import NOT_CLOSED, Grade, Minutes

HELD_MIN = 5
"""A rate that makes the very same kilograms in this many minutes running is held, not measured."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Minutes [start_ns, end_ns) of which a meter's production is not known."""

    meter: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class StageAccount:
    """What a stage made in the known minutes of a window, of all its meters.

    kg: None when no minute is known. uncertainty_kg: expanded (95 %), with the bounds of held and
    edge minutes; None with kg. held_min: meter minutes of rates that stood still. unknown: by meter
    and time; unknown_min: how many meter minutes that is.
    """

    stage: str
    kg: float | None
    uncertainty_kg: float | None
    held_min: int
    unknown_min: int
    unknown: tuple[Unknown, ...]


def account(
    line: Line, minutes: Mapping[str, Minutes], span: tuple[int, int]
) -> tuple[StageAccount, ...]:
    """The account of each stage over one window.

    span: its first minute, since 1970, and how many. minutes: of these, by meter, NOT_CLOSED where
    nothing is known yet; a meter that is missing is unknown throughout. ValueError for others.
    """
    first, n = span
    others = {meter for meter, one in minutes.items() if (one.first, len(one)) != span}
    if others:
        raise ValueError(f"{min(others)}: expected {n} minutes from {first} on")
    nothing = Minutes(first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
    return tuple(
        _of_stage(stage, [(meter, minutes.get(meter.id, nothing)) for meter in meters])
        for stage, meters in line.meters_by_stage.items()
    )


def held(meter: Meter, minutes: Minutes) -> Bools:
    """Minutes in which a rate stood still as no flow does, but for one that is zero; (n,).

    A flow's integral is never the same to the last bit minute after minute, so a sensor that does
    so tells nothing although its status is good.
    """
    n = len(minutes)
    if meter.kind is not MeterKind.RATE or n < HELD_MIN:
        return np.zeros(n, np.bool_)
    as_before = (np.diff(minutes.kg) == 0.0) & (minutes.kg[1:] > 0.0)
    found = np.zeros(n, np.bool_)
    for begin, end in zip(*stretches(as_before), strict=True):
        if end + 1 - begin >= HELD_MIN:
            found[begin : end + 1] = True
    return found


def _of_stage(stage: str, meters: Sequence[tuple[Meter, Minutes]]) -> StageAccount:
    kg, variance, bound_kg = 0.0, 0.0, 0.0
    known_min, held_min = 0, 0
    unknown: list[Unknown] = []
    for meter, minutes in meters:
        known = (minutes.grade != NOT_CLOSED) & ~np.isnan(minutes.kg)
        stuck = held(meter, minutes) & known
        edge, edges = _at_an_edge(minutes)
        made = np.where(known, minutes.kg, 0.0)
        most = meter.max_rate_kg_per_h / 60.0
        bound_kg += float(np.maximum(made, most - made)[stuck | edge].sum())
        if meter.kind is MeterKind.COUNT:  # one piece may be more than a minute's most
            bound_kg += meter.kg_per_unit * edges
        sure_kg = float(made[~stuck].sum())
        kg += sure_kg + float(made[stuck].sum())
        variance += Weighed(sure_kg, meter.class_share, step_of(meter)).variance
        known_min += int(known.sum())
        held_min += int(stuck.sum())
        unknown += _stretches(meter.id, minutes.first, ~known)
    unknown_min = sum((one.end_ns - one.start_ns) // MINUTE_NS for one in unknown)
    uncertainty_kg = COVERAGE_FACTOR * math.sqrt(variance) + bound_kg
    return StageAccount(
        stage,
        kg if known_min else None,
        uncertainty_kg if known_min else None,
        held_min,
        unknown_min,
        tuple(unknown),
    )


def step_of(meter: Meter) -> float:
    """Kilograms that a counter adds at once; pieces are made when they are counted, so theirs hide
    nothing."""
    return meter.kg_per_unit if meter.kind is MeterKind.TOTALISER else 0.0


def _at_an_edge(minutes: Minutes) -> tuple[Bools, int]:
    """Estimated minutes without a measured one between them and an edge of the window, or an
    unknown minute, and how many stretches they are: how much of what was spread over them lies
    outside is not known."""
    within = np.concatenate([[False], minutes.grade == Grade.MEASURED, [False]])
    found = np.zeros(len(minutes), np.bool_)
    n = 0
    for begin, end in zip(*stretches(minutes.grade == Grade.ESTIMATED), strict=True):
        if not (within[begin] and within[end + 1]):
            found[begin:end] = True
            n += 1
    return found, n


def _stretches(meter: str, first: int, unknown: Bools) -> list[Unknown]:
    return [
        Unknown(meter, (first + int(a)) * MINUTE_NS, (first + int(b)) * MINUTE_NS)
        for a, b in zip(*stretches(unknown), strict=True)
    ]
