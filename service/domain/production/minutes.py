"""Kilograms per minute with their quality, and the open minutes that still collect them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from service.domain.arrays import Float64s, Int64s, UInt8s
from service.domain.instants import MINUTE_NS
from service.domain.production.windows import UNIT_KG

NOT_CLOSED = 255
"""In place of a grade: a minute that nothing is known of yet."""


class Grade(IntEnum):
    """How well a minute's kilograms are known; of two grades the greater stays."""

    MEASURED = 0
    ESTIMATED = 1
    """Spread over a gap by the meter's own delta, or bridged over a short hole of a rate."""
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Minutes:
    """Consecutive minutes of one meter.

    first: number of the first minute since 1970 (UTC). kg: shape (n,), NaN where unknown. grade:
    shape (n,).
    """

    first: int
    kg: Float64s
    grade: UInt8s

    def __len__(self) -> int:
        return len(self.kg)

    @property
    def start_ns(self) -> Int64s:
        """Begin of each minute, int64 nanoseconds, shape (n,)."""
        return (self.first + np.arange(len(self.kg), dtype=np.int64)) * MINUTE_NS


@dataclass(frozen=True, slots=True)
class OpenMinutes:
    """Minutes from ``first`` on that are not closed yet, with what fell into them so far."""

    first: int
    kg: Float64s = field(default_factory=lambda: np.zeros(0))
    grade: UInt8s = field(default_factory=lambda: np.zeros(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Portions:
    """Mass that was made between two instants: columns of one length n, in time order, not
    overlapping.

    start_ns, end_ns: int64. kg: float64, NaN when unknown. grade: uint8, see ``Grade``.
    """

    start_ns: Int64s
    end_ns: Int64s
    kg: Float64s
    grade: UInt8s


def spread(open_minutes: OpenMinutes, portions: Portions, *, cut: bool = False) -> OpenMinutes:
    """Adds ``portions`` to the minutes they overlap, evenly over their own length.

    A portion that begins before the first open minute (its minutes are closed) counts in full in
    what is open; with ``cut`` only what of it was made since counts: an account begins on a whole
    minute. An unknown portion makes every minute that it touches unknown. Minutes hold whole units
    of ``UNIT_KG``, so that they come out equal to the last bit in whatever pieces readings come.
    """
    origin_ns = open_minutes.first * MINUTE_NS
    if cut:
        kept = portions.end_ns > origin_ns
        portions = Portions(
            portions.start_ns[kept], portions.end_ns[kept], portions.kg[kept], portions.grade[kept]
        )
    if not len(portions.kg):
        return open_minutes
    start = portions.start_ns - origin_ns
    end = portions.end_ns - origin_ns
    if not cut:
        end = np.maximum(end, 1)
        start = np.minimum(np.maximum(start, 0), end - 1)
    first, last = start // MINUTE_NS, (end - 1) // MINUTE_NS
    n = max(int(last.max()) + 1, len(open_minutes.kg))
    kg = np.zeros(n)
    grade = np.zeros(n, np.uint8)
    kg[: len(open_minutes.kg)] = open_minutes.kg
    grade[: len(open_minutes.grade)] = open_minutes.grade

    mass = np.rint(np.where(np.isnan(portions.kg), 0.0, portions.kg) / UNIT_KG)
    inside = first == last
    kg += np.bincount(first[inside], weights=mass[inside], minlength=n) * UNIT_KG
    marked = inside & (portions.grade > 0)
    np.maximum.at(grade, first[marked], portions.grade[marked])
    for at in np.flatnonzero(~inside):
        a, b = int(first[at]), int(last[at])
        edges = np.clip(np.arange(a, b + 2) * MINUTE_NS, start[at], end[at])
        made = np.diff(np.rint(mass[at] * ((edges - start[at]) / (end[at] - start[at]))))
        there = slice(max(a, 0), b + 1)
        kg[there] += made[there.start - a :] * UNIT_KG
        np.maximum(grade[there], portions.grade[at], out=grade[there])
    return OpenMinutes(open_minutes.first, kg, grade)


def close(open_minutes: OpenMinutes, until_minute: int) -> tuple[OpenMinutes, Minutes]:
    """Closes the minutes before ``until_minute``: minutes into which nothing fell made 0 kg."""
    n = max(until_minute - open_minutes.first, 0)
    held = min(n, len(open_minutes.kg))
    kg = np.zeros(n)
    grade = np.zeros(n, np.uint8)
    kg[:held] = open_minutes.kg[:held]
    grade[:held] = open_minutes.grade[:held]
    kg[grade == Grade.UNKNOWN] = np.nan
    left = OpenMinutes(open_minutes.first + n, open_minutes.kg[held:], open_minutes.grade[held:])
    return left, Minutes(open_minutes.first, kg, grade)
