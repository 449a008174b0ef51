"""Why a forecast is not what it was: the change of the expected total, in parts that sum to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from service.domain.forecast.outlook import Basis


@dataclass(frozen=True, slots=True)
class Change:
    """Parts in kg of what a period's expected total rose by.

    produced: what was made in the hours that became known, against what had been expected of them.
    rate: the plant is now thought to make more or less while it runs. availability: it is thought
    to run more or less of its planned time. calendar: planned hours came or went. now: it stands,
    or runs well, just now.
    """

    produced_kg: float
    rate_kg: float
    availability_kg: float
    calendar_kg: float
    now_kg: float

    @property
    def total_kg(self) -> float:
        """Their sum: the expected total now less that of before."""
        return math.fsum(getattr(self, field.name) for field in fields(self))


def change(before: Basis, after: Basis) -> Change:
    """The change of the expected total of one period from ``before`` to ``after``.

    expected = produced + rate · availability · open hours + now. Hours that became known left the
    open ones; whatever else the open hours changed by, the calendar did. Rate and availability
    share their product's change by the mean of the other (Shapley's value of two).
    """
    became_known_h = after.known_h - before.known_h
    calendar_h = after.open_h + became_known_h - before.open_h
    rate, availability = after.rate_kg_per_h, after.availability
    mean_rate = (rate + before.rate_kg_per_h) / 2.0
    mean_availability = (availability + before.availability) / 2.0
    return Change(
        produced_kg=after.produced_kg - before.produced_kg - before.level_kg_per_h * became_known_h,
        rate_kg=(rate - before.rate_kg_per_h) * mean_availability * after.open_h,
        availability_kg=(availability - before.availability) * mean_rate * after.open_h,
        calendar_kg=before.level_kg_per_h * calendar_h,
        now_kg=after.now_kg - before.now_kg,
    )
