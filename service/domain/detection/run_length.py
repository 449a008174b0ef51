"""Exact run lengths of CUSUM and EWMA on independent normal residuals.

The chart's value is cut into cells and becomes a Markov chain whose expected time to absorption
solves a linear system (Brook and Evans 1972, Biometrika 59:539; for the EWMA Lucas and Saccucci
1990, Technometrics 32:1). The error falls with the square of the cell width, so two chains, one
twice as fine, are extrapolated to none (Richardson); that gives four to five digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from service.domain.arrays import Float64s

CELLS = 64
"""Of the coarser chain; the finer has twice as many."""


def cusum_run_length(
    k: float, limit: float, *, shift: float = 0.0, head_start: float = 0.0
) -> float:
    """Expected blocks until a one-sided upper CUSUM exceeds ``limit``; the alarm's block counts.

    shift: mean of the residuals, their standard deviation being 1. head_start: where the CUSUM
    begins, 0 to ``limit``.
    """
    return _extrapolated(lambda cells: _cusum_chain(k, limit, shift, head_start, cells))


def two_sided_run_length(k: float, limit: float, *, shift: float = 0.0) -> float:
    """The same for two CUSUMs with one limit, whichever comes first.

    1/both = 1/upper + 1/lower holds because the two can't be near their limits together (Kemp 1961,
    J. R. Stat. Soc. B 23:149; exact for equal references and limits, without a head start).
    """
    upper = cusum_run_length(k, limit, shift=shift)
    lower = cusum_run_length(k, limit, shift=-shift)
    return 1.0 / (1.0 / upper + 1.0 / lower)


def ewma_run_length(weight: float, width: float, *, shift: float = 0.0) -> float:
    """Expected blocks until a two-sided EWMA from 0 is beyond ± ``width`` standard deviations of
    the settled average."""
    limit = width * math.sqrt(weight / (2.0 - weight))
    return _extrapolated(lambda cells: _ewma_chain(weight, limit, shift, cells))


@lru_cache(maxsize=256)
def cusum_limit(k: float, run_length: float) -> float:
    """The limit of a one-sided CUSUM that has this in-control run length, to four digits.

    ValueError for a run length that no positive limit gives.
    """
    return _solved(lambda limit: cusum_run_length(k, limit), run_length)


@lru_cache(maxsize=256)
def ewma_width(weight: float, run_length: float) -> float:
    """The width of a two-sided EWMA that has this in-control run length, to four digits."""
    return _solved(lambda width: ewma_run_length(weight, width), run_length)


def _extrapolated(at: Callable[[int], float]) -> float:
    coarse, fine = at(CELLS), at(2 * CELLS)
    return fine + (fine - coarse) / 3.0


def _cusum_chain(k: float, limit: float, shift: float, head_start: float, cells: int) -> float:
    """State 0 is the CUSUM at rest, of half a cell; the others are centred on multiples of the
    width 2 · limit / (2 · cells − 1)."""
    width = 2.0 * limit / (2 * cells - 1)
    steps = np.arange(-(cells - 1), cells)
    below = _normal(np.asarray((steps + 0.5) * width + k - shift, np.float64))
    inside = np.diff(below, prepend=_normal(np.array([(steps[0] - 0.5) * width + k - shift]))[0])
    jump = np.arange(cells)[np.newaxis] - np.arange(cells)[:, np.newaxis] + cells - 1
    move = inside[jump]
    move[:, 0] = below[jump[:, 0]]
    lengths = _absorbed(move)
    return float(np.interp(head_start / width, np.arange(cells), lengths))


def _ewma_chain(weight: float, limit: float, shift: float, cells: int) -> float:
    """An odd number of equal cells over ± limit; the middle one holds the start."""
    cells += 1
    width = 2.0 * limit / cells
    centre = -limit + (np.arange(cells) + 0.5) * width
    edges = -limit + np.arange(cells + 1) * width
    reach = (edges[np.newaxis] - (1.0 - weight) * centre[:, np.newaxis]) / weight - shift
    move = np.diff(_normal(reach), axis=1)
    return float(_absorbed(move)[cells // 2])


def _absorbed(move: Float64s) -> Float64s:
    """Expected steps from each state until the chain leaves ``move``: (1 − move) steps = 1.

    Plain elimination: this matrix needs no pivots, and a linear algebra library would wake its
    threads for so small a system, which on a shared machine takes longer than the work.
    """
    n = len(move)
    rest = np.concatenate([np.eye(n) - move, np.ones((n, 1))], axis=1)
    for row in range(n):
        rest[row, row:] /= rest[row, row]
        others = rest[:, row].copy()
        others[row] = 0.0
        rest[:, row:] -= others[:, np.newaxis] * rest[row, row:]
    return rest[:, n].copy()


def _solved(run_length_at: Callable[[float], float], wanted: float) -> float:
    """The limit at which a rising run length is ``wanted``.

    Its logarithm is almost straight, so that the secant rule needs few steps; a bracket keeps it
    from leaving.
    """
    low, high = 1e-3, 1.0
    at_low = math.log(run_length_at(low) / wanted) if 1.0 < wanted < math.inf else 0.0
    if at_low >= 0.0:
        raise ValueError(f"no positive limit gives a run length of {wanted}; it has to be greater")
    while (at_high := math.log(run_length_at(high) / wanted)) < 0.0:
        low, at_low, high = high, at_high, 2.0 * high
    for _ in range(60):
        middle = low - at_low * (high - low) / (at_high - at_low)
        at = math.log(run_length_at(middle) / wanted)
        if abs(at) < 1e-6 or high - low < 1e-9:
            break
        if at < 0.0:
            # Halving what the other end weighs keeps both ends moving (the Illinois rule).
            low, at_low, at_high = middle, at, 0.5 * at_high
        else:
            high, at_high, at_low = middle, at, 0.5 * at_low
    return middle


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _normal(x: Float64s) -> Float64s:
    """The normal distribution function."""
    return np.asarray(0.5 * _erfc(-x / math.sqrt(2.0)))
