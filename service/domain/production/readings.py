"""Readings of one meter, and the holes between them in which nothing is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.coverage import Coverage

NO_HOLE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Readings:
    """What one meter's tag said, in time order: columns of one length n.

    time_ns: int64, strictly rising. value: float64 in the tag's unit. usable: neither Bad nor null.
    """

    time_ns: Int64s
    value: Float64s
    usable: Bools


def in_order(readings: Readings, *, after_ns: int | None) -> Readings:
    """Sorted by time, of several at one instant the last, without what is not later than
    ``after_ns``."""
    order = np.argsort(readings.time_ns, kind="stable")
    time = readings.time_ns[order]
    keep = np.ones(len(time), np.bool_)
    keep[:-1] = time[1:] != time[:-1]
    if after_ns is not None:
        keep &= time > after_ns
    chosen = order[keep]
    return Readings(readings.time_ns[chosen], readings.value[chosen], readings.usable[chosen])


def first_holes(
    good_ns: Int64s, bad_ns: Int64s, coverage: Coverage, until_ns: int
) -> tuple[Int64s, Int64s]:
    """For each interval that begins at a good reading: where its first hole starts, and its holes'
    length.

    good_ns: shape (n,), rising; interval i lasts from good_ns[i] to good_ns[i + 1], the last one to
    ``until_ns``. bad_ns: times of unusable readings; each makes a hole up to the interval's end.
    Returns (start, length), both int64 (n,); start is NO_HOLE where there is none.
    """
    n = len(good_ns)
    start = np.full(n, NO_HOLE, np.int64)
    length = np.zeros(n, np.int64)
    ends = np.append(good_ns[1:], until_ns)
    if len(bad_ns):
        of = np.searchsorted(good_ns, bad_ns, "right") - 1
        inside = of >= 0
        np.minimum.at(start, of[inside], bad_ns[inside])
        holed = start != NO_HOLE
        length[holed] = ends[holed] - start[holed]
    for gap_start, gap_end in coverage.gaps(int(good_ns[0]), until_ns):
        a = max(int(np.searchsorted(good_ns, gap_start, "right")) - 1, 0)
        b = int(np.searchsorted(good_ns, gap_end, "left"))
        for at in range(a, max(b, a + 1)):
            cut_start = max(gap_start, int(good_ns[at]))
            cut_end = min(gap_end, int(ends[at]))
            if cut_end <= cut_start:
                continue
            if cut_start < start[at]:  # the hole that a bad reading made lies behind this one
                length[at] += min(cut_end, int(start[at])) - cut_start
                start[at] = cut_start
    return start, length
