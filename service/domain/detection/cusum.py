"""Two-sided tabular CUSUMs: one for a known shift, or a bank of them for any shift.

A CUSUM with reference ``k`` is the quickest test for a shift of 2 k standard deviations (Page 1954,
Biometrika 41:100; Moustakides 1986, Ann. Stat. 14:1379) and slow for others. Three of them side by
side are never far from the best one, whatever the loss (Lucas 1982, J. Qual. Technol. 14:51, with
one CUSUM and a Shewhart limit; Dragalin 1997, Econ. Qual. Control 12:109, for a bank).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from service.domain.arrays import Bools, Float64s, Int8s, Int64s
from service.domain.detection.chart import SIGNS

REFERENCES = (0.25, 0.75, 1.5)
"""Matched to shifts of 0.5, 1.5 and 3 standard deviations."""
RETURN_SHARE = 0.5
NONE = -1


@dataclass(frozen=True, slots=True)
class CusumState:
    """Evidence of a bank of n CUSUMs over some series.

    value: shape (n, 2, series), each CUSUM between 0 and its limit. blocks: since when it is above
    0, in known blocks; the best estimate of when the shift began. total: sum of the residuals since
    then, in the side's own sense. raised_by: shape (2, series), the CUSUM whose alarm stands.
    """

    value: Float64s
    blocks: Int64s
    total: Float64s
    raised_by: Int8s

    @property
    def standing(self) -> Bools:
        """Whether an alarm stands; shape (2, series)."""
        return np.asarray(self.raised_by != NONE)


@dataclass(frozen=True, slots=True)
class Cusums:
    """A bank of two-sided CUSUMs. An alarm comes when any of them exceeds its limit.

    A CUSUM does not grow beyond its limit, however long a shift lasts, so that the alarm returns
    soon after the shift is over: when the CUSUM that raised it is back at ``RETURN_SHARE`` of its
    limit. Then all CUSUMs of that side start anew.

    references: k of each, rising, in standard deviations. limits: (low, high) of each.
    """

    references: tuple[float, ...]
    limits: tuple[tuple[float, float], ...]
    _k: Float64s = field(init=False, repr=False, compare=False)
    _limit: Float64s = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if list(self.references) != sorted(set(self.references)) or len(self.limits) != len(
            self.references
        ):
            raise ValueError(
                f"a bank of CUSUMs needs rising references with a pair of limits each, "
                f"not {self.references} with {self.limits}"
            )
        shape = (len(self.references), 1, 1)
        object.__setattr__(self, "_k", np.array(self.references).reshape(shape))
        object.__setattr__(self, "_limit", np.array(self.limits).reshape(-1, 2, 1))

    def start(self, series: int) -> CusumState:
        """No evidence for any of ``series`` series."""
        shape = (len(self.references), 2, series)
        return CusumState(
            np.zeros(shape),
            np.zeros(shape, np.int64),
            np.zeros(shape),
            np.full((2, series), NONE, np.int8),
        )

    def step(self, state: CusumState, x: Float64s) -> CusumState:
        """Adds one standardised residual of each series, shape (series,); NaN holds its state."""
        known = ~np.isnan(x)
        signed = SIGNS * x
        value = np.maximum(state.value + signed - self._k, 0.0)
        crossed = value > self._limit
        value = np.minimum(value, self._limit)
        away = value > 0.0
        blocks = np.where(away, state.blocks + 1, 0)
        total = np.where(away, state.total + signed, 0.0)

        raised_by = state.raised_by
        if crossed.any() or state.standing.any():  # seldom: alarms come or may go
            raised_by = raised_by.copy()
            for n in range(len(self.references)):
                raised_by[crossed[n] & (state.raised_by == NONE)] = n
                over = (state.raised_by == n) & (value[n] <= RETURN_SHARE * self._limit[n])
                if over.any():
                    raised_by[over] = NONE
                    value[:, over] = 0.0
                    blocks[:, over] = 0
                    total[:, over] = 0.0
        if known.all():
            return CusumState(value, blocks, total, raised_by)
        return CusumState(
            np.where(known, value, state.value),
            np.where(known, blocks, state.blocks),
            np.where(known, total, state.total),
            np.where(known, raised_by, state.raised_by),
        )

    def finding(self, state: CusumState) -> tuple[Int64s, Float64s]:
        """Of each standing alarm, for how many known blocks its shift has lasted, and the mean
        shift since then in standard deviations (0 and NaN where none stands); shape (2, series)."""
        standing = state.standing
        by = np.where(standing, state.raised_by, 0)[np.newaxis].astype(np.intp)
        blocks = np.where(standing, np.take_along_axis(state.blocks, by, axis=0)[0], 0)
        total = np.take_along_axis(state.total, by, axis=0)[0]
        return blocks, np.where(standing, SIGNS * total / np.maximum(blocks, 1), np.nan)

    @property
    def flat_limits(self) -> tuple[float, ...]:
        """Low and high of each CUSUM in turn."""
        return tuple(limit for pair in self.limits for limit in pair)

    def excursions(self, x: Float64s) -> list[Float64s]:
        """Peaks of every excursion above 0, for each CUSUM low and high."""
        return [excursion_peaks(sign * x, k) for k in self.references for sign in (-1.0, 1.0)]

    def with_limits(self, limits: Sequence[float]) -> Self:
        """The same bank with other limits: low and high of each CUSUM in turn."""
        pairs = zip(limits[::2], limits[1::2], strict=True)
        return replace(self, limits=tuple((float(low), float(high)) for low, high in pairs))


def cusum(k: float, limit: float) -> Cusums:
    """One two-sided CUSUM."""
    return Cusums((k,), ((limit, limit),))


def bank(limits: Sequence[float], references: tuple[float, ...] = REFERENCES) -> Cusums:
    """A bank with the same limit on both sides."""
    return Cusums(references, tuple((float(limit), float(limit)) for limit in limits))


def excursion_peaks(x: Float64s, k: float) -> Float64s:
    """Peaks of each excursion above 0 of the unbounded one-sided CUSUM over ``x``, shape (series,
    blocks), without NaN; one-dimensional, in no useful order.

    The recursion max(0, c + x − k) is the sum of x − k less its lowest value so far (Lindley), so
    no loop over time is needed.
    """
    total = np.cumsum(x - k, axis=1)
    value = total - np.minimum(np.minimum.accumulate(total, axis=1), 0.0)
    begins = value == 0.0
    begins[:, 0] = True
    return np.asarray(np.maximum.reduceat(value.ravel(), np.flatnonzero(begins.ravel())))
