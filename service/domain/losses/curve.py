"""A graphitization run's energy held against the reference curve of good runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from service.domain.arrays import Float64s
from service.domain.kpi import Known, ratio


class CurveState(StrEnum):
    """How a run's energy stands against its reference curve."""

    ON_CURVE = "on_curve"
    ABOVE = "above"
    BELOW = "below"
    UNKNOWN = "unknown"
    """Too little was seen to say."""


@dataclass(frozen=True)
class Curve:
    """Reference energy of a run: kwh[i] used after min[i] energised minutes; both rising, (k,).
    A run that takes longer is expected to go on at the last pace."""

    energised_min: Float64s
    kwh: Float64s

    def so_far(self, energised_min: Float64s) -> Float64s:
        """Reference kWh of a run's first energised minutes; shape (n,)."""
        pace = (self.kwh[-1] - self.kwh[-2]) / (self.energised_min[-1] - self.energised_min[-2])
        beyond = np.maximum(energised_min - self.energised_min[-1], 0.0)
        within = np.interp(energised_min, self.energised_min, self.kwh)
        return np.asarray(within + pace * beyond, dtype=np.float64)

    def between(self, from_min: float, to_min: float) -> float:
        """Reference kWh from one energised minute to another."""
        a, b = self.so_far(np.array([from_min, to_min], dtype=np.float64))
        return float(b - a)


@dataclass(frozen=True, slots=True)
class CurveVerdict:
    """expected_kwh, actual_kwh: over the judged minutes. deviation: actual / expected − 1; None
    when nothing was expected. unknown_min: minutes in it that were not seen."""

    expected_kwh: float
    actual_kwh: float
    deviation: Known
    unknown_min: int
    state: CurveState


def judge_energy(
    curve: Curve, kwh: Float64s, *, last_min: int | None = None, tolerance: float = 0.03
) -> CurveVerdict:
    """A run's energy against its curve, over all of it or its last ``last_min`` energised minutes.

    kwh: (n,) kWh of each energised minute of the run so far, NaN where not seen; minutes without
    power are left out, since a cut prolongs a run and does not spoil its curve. The whole run tells
    of its heat, the last hours of what goes wrong now. Unseen minutes may have had anything from
    nothing to twice the reference: the verdict is UNKNOWN when that leaves it open. ``tolerance``
    is a share of the expected energy.
    """
    n = len(kwh)
    first = 0 if last_min is None else max(n - last_min, 0)
    part = kwh[first:]
    unseen = np.flatnonzero(np.isnan(part))
    expected = curve.between(first, n)
    actual = float(np.nansum(part))
    hidden = sum(curve.between(first + int(at), first + int(at) + 1) for at in unseen)
    low, high = ratio(actual, expected), ratio(actual + 2.0 * hidden, expected)
    if low is None or high is None:
        return CurveVerdict(expected, actual, None, len(unseen), CurveState.UNKNOWN)
    state = CurveState.UNKNOWN
    if low > 1.0 + tolerance:
        state = CurveState.ABOVE
    elif high < 1.0 - tolerance:
        state = CurveState.BELOW
    elif low >= 1.0 - tolerance and high <= 1.0 + tolerance:
        state = CurveState.ON_CURVE
    middle = (low + high) / 2.0 - 1.0
    return CurveVerdict(expected, actual, middle, len(unseen), state)


def curve_of_power(hours: Sequence[float], mw: Sequence[float]) -> Curve:
    """The curve of a run whose power goes evenly from each point to the next.

    mw: the power after so many ``hours`` with power; hours begin at 0 and rise. Minute by minute.
    """
    minutes = np.arange(round(hours[-1] * 60.0) + 1, dtype=np.float64)
    kwh_per_min = np.interp(minutes / 60.0, hours, mw) * 1_000.0 / 60.0
    steps = (kwh_per_min[1:] + kwh_per_min[:-1]) / 2.0
    return Curve(minutes, np.concatenate(([0.0], np.cumsum(steps))))


def reference_curve(runs: Sequence[Float64s], *, step_min: int = 10) -> Curve:
    """The curve of good runs: at each energised minute the median of their energy so far.

    runs: for each run its kWh of each energised minute, all seen. The curve ends where the shortest
    run does. ValueError without a run, or for one with unseen minutes.
    """
    if not runs:
        raise ValueError("a reference curve is made of at least one run; came none")
    if any(bool(np.isnan(run).any()) for run in runs):
        raise ValueError("a reference curve is made of runs seen in full; one has unseen minutes")
    n = min(len(run) for run in runs)
    at = np.unique(np.append(np.arange(0, n, step_min), n))
    so_far = np.array([np.concatenate(([0.0], np.cumsum(run[:n])))[at] for run in runs])
    return Curve(at.astype(np.float64), np.asarray(np.median(so_far, axis=0), dtype=np.float64))
