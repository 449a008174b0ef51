"""What a forecast is made from: the plant's output in the planned hours of which it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.calendar import Calendar
from service.domain.instants import HOUR_NS

MIN_PLANNED = 0.99
"""An hour that is partly a holiday says little of the rate of a planned one."""
MIN_KNOWN = 0.5
"""With less of an hour known its rate is unknown."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Output in planned hours, in order of time; hours that are unknown or not planned are left
    out: they are missing, not zero.

    hour: since 1970, shape (n,). kg_per_h: finished kg per planned hour, shape (n,).
    """

    hour: Int64s
    kg_per_h: Float64s

    def __len__(self) -> int:
        return len(self.hour)

    def between(self, first: int, end: int) -> Hours:
        """Those in [first, end), hours since 1970."""
        inside = (self.hour >= first) & (self.hour < end)
        return Hours(self.hour[inside], self.kg_per_h[inside])

    def followed_by(self, later: Hours) -> Hours:
        """These and then those of ``later`` that lie behind them."""
        begin = int(self.hour[-1]) + 1 if len(self) else 0
        rest = later.hour >= begin
        return Hours(
            np.concatenate([self.hour, later.hour[rest]]),
            np.concatenate([self.kg_per_h, later.kg_per_h[rest]]),
        )


def planned_hours(
    first: int, made_kg: Float64s, known_share: Float64s, calendar: Calendar
) -> Hours:
    """Of consecutive hours from ``first`` (since 1970) on those that are planned and known.

    made_kg: known production, shape (n,). known_share: known part of each hour, 0 to 1.
    """
    edges = (first + np.arange(len(made_kg) + 1, dtype=np.int64)) * HOUR_NS
    planned = calendar.planned_fraction(edges) >= MIN_PLANNED if len(made_kg) else np.zeros(0, bool)
    usable = planned & (known_share >= MIN_KNOWN) & ~np.isnan(made_kg)
    return Hours(
        first + np.flatnonzero(usable).astype(np.int64),
        np.asarray(made_kg[usable] / known_share[usable]),
    )
