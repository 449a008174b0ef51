"""A campaign: faults drawn at random from the table of rates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from zlib import crc32

import numpy as np

from connectors.simulator.faults.rates import EVERY_MONTH, RATES, Rate, Span, Spread
from connectors.simulator.faults.table import FAULTS
from connectors.simulator.settings import PlannedFault
from service.domain.instants import seconds, to_datetime

YEAR_S = 365.0 * 86_400.0
EACH_FROM_S = 5 * 86_400.0
"""In a campaign of at least this long every fault of the table comes once or more."""
Z90 = 1.2816
"""Standard normal quantile of 90 %."""


def campaign(seed: int, start_ns: int, duration_s: float) -> tuple[PlannedFault, ...]:
    """Faults in [start, start + duration), in order of time; the same for the same arguments.

    seed: 0 or more. One fault is on one target only once at a time. From ``EACH_FROM_S`` on, a
    fault that chance left out comes once all the same.
    """
    found: list[PlannedFault] = []
    for row, rate in enumerate(RATES):
        rng = np.random.default_rng([seed, row, crc32(rate.fault.encode())])
        for target in rate.targets:
            found += _on(rate, target, start_ns, duration_s, rng)
    if duration_s >= EACH_FROM_S:
        rng = np.random.default_rng([seed, len(RATES)])
        come = {planned.fault for planned in found}
        missing = [fault.id for fault in FAULTS if fault.id not in come]
        found += [_once(fault, duration_s, rng) for fault in missing]
    return tuple(sorted(found, key=lambda planned: (planned.after_s, planned.target)))


def _on(
    rate: Rate, target: str, start_ns: int, duration_s: float, rng: np.random.Generator
) -> Iterator[PlannedFault]:
    """What comes on one target."""
    per_s = rate.per_year / YEAR_S * len(EVERY_MONTH) / len(rate.months)
    at_s = float(rng.exponential(1.0 / per_s))
    while at_s < duration_s:
        planned = _draw(rate, target, at_s, rng)
        if to_datetime(start_ns + seconds(at_s)).month in rate.months:
            yield planned
            at_s += planned.duration_s or 0.0
        at_s += float(rng.exponential(1.0 / per_s))


def _once(fault: str, duration_s: float, rng: np.random.Generator) -> PlannedFault:
    """One of this kind, so early that at least a part of it is seen."""
    rate = next(rate for rate in RATES if rate.fault == fault)
    target = rate.targets[int(rng.integers(len(rate.targets)))]
    return _draw(rate, target, float(rng.uniform(0.05, 0.8)) * duration_s, rng)


def _draw(rate: Rate, target: str, at_s: float, rng: np.random.Generator) -> PlannedFault:
    return PlannedFault(
        fault=rate.fault,
        target=target,
        after_s=at_s,
        duration_s=None if rate.lasts_s is None else _duration_s(rate.lasts_s, rng),
        size=None if rate.size is None else _size(rate.size, rng),
    )


def _duration_s(spread: Spread, rng: np.random.Generator) -> float:
    width = math.log(spread.p90 / spread.median) / Z90
    drawn = spread.median * math.exp(width * float(rng.standard_normal()))
    return min(max(drawn, spread.least), spread.most)


def _size(span: Span, rng: np.random.Generator) -> float:
    size = float(rng.uniform(span.low, span.high))
    return -size if span.either_sign and rng.random() < 0.5 else size
