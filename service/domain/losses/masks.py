"""Stretches in rows of minutes: where they begin and end, and how short ones and gaps go."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s


def stretches(mask: Bools) -> tuple[Int64s, Int64s]:
    """First minute and end (exclusive) of each stretch of true minutes; both shape (k,)."""
    edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def changes(row: Int64s) -> tuple[Int64s, Int64s]:
    """First minute and end of each stretch of one value; both shape (k,)."""
    if not len(row):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cuts = np.flatnonzero(np.diff(row)) + 1
    return np.concatenate(([0], cuts)), np.concatenate((cuts, [len(row)]))


def joined(mask: Bools, *, gap: int, over: Bools) -> Bools:
    """``mask`` with gaps of up to ``gap`` minutes between two stretches filled.

    Only gaps that lie wholly within ``over`` are filled.
    """
    starts, ends = stretches(mask)
    filled = mask.copy()
    inside = np.concatenate(([0], np.cumsum(over)))
    between, until = ends[:-1], starts[1:]
    length = until - between
    fills = (length <= gap) & (inside[until] - inside[between] == length)
    for a, b in zip(between[fills], until[fills], strict=True):
        filled[a:b] = True
    return filled


def lasting(mask: Bools, *, shortest: int) -> Bools:
    """``mask`` without the stretches that are shorter than ``shortest`` minutes."""
    starts, ends = stretches(mask)
    kept = mask.copy()
    short = ends - starts < shortest
    for a, b in zip(starts[short], ends[short], strict=True):
        kept[a:b] = False
    return kept


def latched(enter: Bools, leave: Bools) -> Bools:
    """True from where ``enter`` holds until ``leave`` holds; false before. All of shape (n,)."""
    marks = np.where(leave, 0, np.where(enter, 1, -1))
    last = np.maximum.accumulate(np.where(marks >= 0, np.arange(len(marks)), -1))
    return np.asarray((last >= 0) & (marks[np.maximum(last, 0)] == 1), dtype=np.bool_)


def centred_mean(values: Float64s, over: Bools, *, width: int) -> Float64s:
    """Mean of ``values`` where ``over``, within ±``width`` // 2 minutes; NaN where there is none.

    Shape (n,); at the ends the window is what there is.
    """
    n = len(values)
    half = width // 2
    mass = np.concatenate(([0.0], np.cumsum(np.where(over, values, 0.0))))
    count = np.concatenate(([0], np.cumsum(over)))
    at = np.arange(n)
    a, b = np.maximum(at - half, 0), np.minimum(at + half + 1, n)
    seen = count[b] - count[a]
    mean = np.full(n, np.nan)
    np.divide(mass[b] - mass[a], seen, out=mean, where=seen > 0)
    return mean
