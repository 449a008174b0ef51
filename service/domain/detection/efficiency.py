"""How quickly a bank of CUSUMs finds a shift, against the best CUSUM that knows the shift.

The best one, matched to a shift δ, has the reference δ / 2; at a given in-control run length no
test has a shorter worst delay (Moustakides 1986). Its run lengths are exact (``run_length``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.detection.chart import LOW, Chart, State, first_raise, run
from service.domain.detection.cusum import REFERENCES, Cusums, bank
from service.domain.detection.ewma import Ewma, ewma
from service.domain.detection.run_length import cusum_limit, ewma_width, two_sided_run_length

SHIFTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Delay:
    """Mean blocks from a shift to the alarm, its block counted. shift: in standard deviations.
    matched: of the CUSUM that knows the shift, at the same in-control run length."""

    shift: float
    delay: float
    matched: float

    @property
    def ratio(self) -> float:
        return self.delay / self.matched


@dataclass(frozen=True, slots=True)
class Efficiency:
    """run_length: in control, both sides together. delays: by shift."""

    run_length: float
    delays: tuple[Delay, ...]

    @property
    def worst_ratio(self) -> float:
        return max(delay.ratio for delay in self.delays)


def independent_bank(run_length: float, references: tuple[float, ...] = REFERENCES) -> Cusums:
    """A bank for independent normal residuals with at least this in-control run length: each CUSUM
    has its share of the false alarms."""
    each = 2.0 * len(references) * run_length
    return bank([cusum_limit(k, each) for k in references], references)


def independent_ewma(weight: float, run_length: float) -> Ewma:
    """An EWMA for independent normal residuals with this in-control run length."""
    return ewma(weight, ewma_width(weight, run_length))


def matched_delay(shift: float, run_length: float) -> float:
    """Exact mean delay of the CUSUM matched to ``shift`` with this two-sided run length."""
    k = 0.5 * abs(shift)
    return two_sided_run_length(k, cusum_limit(k, 2.0 * run_length), shift=abs(shift))


def efficiency(
    chart: Cusums,
    rng: np.random.Generator,
    *,
    shifts: tuple[float, ...] = SHIFTS,
    in_control_blocks: int = 4_000,
    in_control_series: int = 1_500,
    series: int = 8_000,
) -> Efficiency:
    """Delays of ``chart`` on independent normal residuals by simulation, each held against the
    exact matched CUSUM at the run length that ``chart`` itself shows in control."""
    quiet = rng.normal(0.0, 1.0, (in_control_series, in_control_blocks))
    in_control = mean_run_length(first_alarm(chart, quiet), in_control_blocks)
    delays = []
    for shift in shifts:
        best = matched_delay(shift, in_control)
        blocks = int(12.0 * best) + 20
        shifted = rng.normal(-shift, 1.0, (series, blocks))
        found = first_alarm(chart, shifted, side=LOW)
        delays.append(Delay(shift, mean_run_length(found, blocks), best))
    return Efficiency(in_control, tuple(delays))


def first_alarm(chart: Chart[State], x: Float64s, *, side: int | None = None) -> Int64s:
    """The first block of ``x``, shape (series, blocks), with an alarm; −1 for none; shape
    (series,). side: ``LOW`` or ``HIGH``; None for either."""
    standing = run(chart, x)
    return first_raise(np.asarray(standing.any(axis=0) if side is None else standing[side]))


def mean_run_length(first: Int64s, blocks: int) -> float:
    """Mean run length from first alarms (−1: none within ``blocks``): blocks watched over alarms,
    which is unbiased where the rate of alarms is constant. Infinite when none came."""
    alarms = int(np.count_nonzero(first >= 0))
    watched = float(np.where(first >= 0, first + 1, blocks).sum())
    return watched / alarms if alarms else float("inf")
