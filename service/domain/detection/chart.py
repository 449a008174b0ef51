"""What control charts have in common: a pure step, two sides, and alarms that stand and return.

A chart reads standardised residuals, one per block of time and series, and says for each series
whether a loss (``LOW``) or a surplus (``HIGH``) stands. A missing value (NaN) holds the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s

LOW, HIGH = 0, 1
"""The two sides, in the order of every axis over them."""
SIGNS: Float64s = np.array([[-1.0], [1.0]])
"""Shape (2, 1): turns a residual into evidence for each side."""


class ChartState(Protocol):
    """State of a chart over some series."""

    @property
    def standing(self) -> Bools:
        """Whether an alarm stands; shape (2, series)."""


State = TypeVar("State", bound=ChartState)


class Chart(Protocol[State]):
    """A control chart; immutable, so that one chart serves any number of series.

    ``start`` makes the state of ``series`` series without evidence. ``step`` takes one value of
    each, shape (series,), and returns the next state; it never changes the one that it was given.
    The rest serves calibration: all limits in a row; the peaks of every excursion from rest over
    ``x``, shape (series, blocks), one array for each limit; and the same chart with other limits.
    A chart's alarms are about those excursions whose peak is above its limit.
    """

    @property
    def flat_limits(self) -> tuple[float, ...]: ...

    def start(self, series: int) -> State: ...

    def step(self, state: State, x: Float64s) -> State: ...

    def excursions(self, x: Float64s) -> list[Float64s]: ...

    def with_limits(self, limits: Sequence[float]) -> Self: ...


def run(chart: Chart[State], x: Float64s, *, state: State | None = None) -> Bools:
    """Where alarms stand after each block of ``x``, shape (series, blocks); shape (2, series,
    blocks).

    It is the same step taken for every block, so live and batch can't differ.
    """
    series, blocks = x.shape
    standing = np.empty((blocks, 2, series), np.bool_)
    columns = np.ascontiguousarray(x.T)
    at = chart.start(series) if state is None else state
    for block in range(blocks):
        at = chart.step(at, columns[block])
        standing[block] = at.standing
    return np.moveaxis(standing, 0, 2)


def raises(standing: Bools) -> Bools:
    """Where an alarm comes: it stands, and did not in the block before; same shape."""
    came = standing.copy()
    came[..., 1:] &= ~standing[..., :-1]
    return came


def first_raise(standing: Bools, *, since: Int64s | int = 0) -> Int64s:
    """The first block not before ``since`` in which an alarm comes; −1 for never.

    standing: shape (..., blocks). since: a block for each series, shape (...).
    """
    blocks = np.arange(standing.shape[-1])
    came = raises(standing) & (blocks >= np.asarray(since)[..., np.newaxis])
    return np.where(came.any(axis=-1), came.argmax(axis=-1), -1)
