"""Energy per minute of each energy meter, beside the book of mass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from service.domain.arrays import Bools, Float64s
from service.domain.production.minutes import Minutes


class EnergyMinutes:
    """kWh of ``n_minutes`` from ``first_minute`` on, by meter; NaN where unknown or not closed."""

    def __init__(self, meters: Iterable[str], *, first_minute: int, n_minutes: int) -> None:
        self._first = first_minute
        self._n = n_minutes
        self._kwh = {meter: np.full(n_minutes, np.nan, np.float32) for meter in meters}

    def __contains__(self, meter: str) -> bool:
        return meter in self._kwh

    def enter(self, meter: str, minutes: Minutes) -> None:
        """Enters or replaces minutes of ``meter``; what lies outside is left."""
        first = max(minutes.first, self._first)
        end = min(minutes.first + len(minutes), self._first + self._n)
        if first < end:
            there = slice(first - minutes.first, end - minutes.first)
            self._kwh[meter][first - self._first : end - self._first] = minutes.kg[there]

    def enter_hour(self, meter: str, hour: int, kwh: Float64s, closed: Bools) -> None:
        """Enters a stored hour; kwh, closed: shape (60,)."""
        at = hour * 60 - self._first + np.flatnonzero(closed)
        inside = (at >= 0) & (at < self._n)
        self._kwh[meter][at[inside]] = kwh[closed][inside]

    def turn_to(self, first_minute: int, n_minutes: int) -> None:
        """Goes on with another span; what both hold is carried over."""
        old = EnergyMinutes((), first_minute=self._first, n_minutes=self._n)
        old._kwh = self._kwh
        self._first, self._n = first_minute, n_minutes
        self._kwh = {
            meter: old.between(meter, first_minute, first_minute + n_minutes).astype(np.float32)
            for meter in old._kwh
        }

    def between(self, meter: str, first: int, end: int) -> Float64s:
        """The minutes [first, end) since 1970; NaN where there is nothing."""
        found = np.full(max(end - first, 0), np.nan)
        a, b = max(first, self._first), min(end, self._first + self._n)
        if a < b:
            found[a - first : b - first] = self._kwh[meter][a - self._first : b - self._first]
        return found
