"""Exponentially weighted moving average of the residuals, after Roberts (1959, Technometrics 1:239)
and Lucas and Saccucci (1990, Technometrics 32:1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from service.domain.arrays import Bools, Float64s
from service.domain.detection.chart import HIGH, LOW, SIGNS

RETURN_SHARE = 0.5
"""An alarm returns when the average is back within this part of its limit."""


@dataclass(frozen=True, slots=True)
class EwmaState:
    """average: shape (series,), in standard deviations of a residual. standing: shape (2,
    series)."""

    average: Float64s
    standing: Bools


@dataclass(frozen=True, slots=True)
class Ewma:
    """An alarm comes when the average is beyond its limit, low or high.

    weight: of the newest residual, 0 to 1. limits: (low, high), both positive, in standard
    deviations of a residual (not of the average; see ``ewma``).
    """

    weight: float
    limits: tuple[float, float]

    def start(self, series: int) -> EwmaState:
        """No evidence for any of ``series`` series."""
        return EwmaState(np.zeros(series), np.zeros((2, series), np.bool_))

    def step(self, state: EwmaState, x: Float64s) -> EwmaState:
        """Adds one standardised residual of each series, shape (series,); NaN holds its state."""
        moved = (1.0 - self.weight) * state.average + self.weight * x
        average = np.where(np.isnan(x), state.average, moved)
        limit = np.array(self.limits)[:, np.newaxis]
        beyond = SIGNS * average > np.where(state.standing, RETURN_SHARE * limit, limit)
        return EwmaState(average, np.where(np.isnan(x), state.standing, beyond))

    @property
    def flat_limits(self) -> tuple[float, ...]:
        """Low and high."""
        return self.limits

    def excursions(self, x: Float64s) -> list[Float64s]:
        """Peaks of every excursion of the average to either side of 0: low, high."""
        average = np.empty_like(x)
        at = np.zeros(len(x))
        for block in range(x.shape[1]):
            at = (1.0 - self.weight) * at + self.weight * x[:, block]
            average[:, block] = at
        flat = average.ravel()
        begins = np.empty(average.shape, np.bool_)
        begins[:, 0] = True
        begins[:, 1:] = np.signbit(average[:, 1:]) != np.signbit(average[:, :-1])
        starts = np.flatnonzero(begins.ravel())
        low, high = np.maximum.reduceat(-flat, starts), np.maximum.reduceat(flat, starts)
        return [low[low > 0.0], high[high > 0.0]]

    def with_limits(self, limits: Sequence[float]) -> Self:
        """The same chart with other limits: low, high."""
        return replace(self, limits=(float(limits[LOW]), float(limits[HIGH])))


def ewma(weight: float, width: float) -> Ewma:
    """A chart whose limits are ``width`` standard deviations of the settled average."""
    limit = width * float(np.sqrt(weight / (2.0 - weight)))
    return Ewma(weight, (limit, limit))
