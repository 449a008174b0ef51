"""When a unit was at work, where its output comes in pieces: rows, bags, batches, unloads.

Between two bags a filler's minutes are empty, yet it has not stopped. A piece is therefore spread
over the minutes in which it was made: the unit's cycle before the piece came.
"""

from __future__ import annotations

import math

import numpy as np

from service.domain.losses.masks import Float64s, Int64s, stretches
from service.domain.losses.units import WorkUnit


def made_per_minute(kg: Float64s, unit: WorkUnit, *, patience: float) -> Float64s:
    """When the mass of a unit was made, in kg per minute; shape (M,) as ``kg``.

    A piece that came within ``patience`` × cycle after the one before it was in work all the time
    between (perhaps slowly); one that came later was in work for its last cycle, and before that
    the unit stood still: 0. NaN where ``kg`` is unknown, and after the last piece while the next
    one is not overdue yet. Each known stretch stands for itself: a piece may have come in a gap.
    The mass of a known stretch is kept.
    """
    if unit.cycle_min <= 0.0:
        return kg
    made = np.full(len(kg), np.nan)
    for a, b in zip(*stretches(~np.isnan(kg)), strict=True):
        made[a:b] = _spread(kg[a:b], unit, patience=patience)
    return made


def _spread(kg: Float64s, unit: WorkUnit, *, patience: float) -> Float64s:
    """``made_per_minute`` of one known stretch."""
    ends, mass = _pieces(kg, join_min=unit.join_min)
    longest = unit.cycle_min * patience
    since = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    length = ends - since
    cycle = max(math.ceil(unit.cycle_min), 1)
    work = np.where(length > longest, np.minimum(length, cycle), length)
    counts = np.stack([length - work, work], axis=1).ravel()
    rates = np.stack([np.zeros(len(mass)), mass / np.maximum(work, 1)], axis=1).ravel()

    rest = len(kg) - (int(ends[-1]) if len(ends) else 0)
    tail = np.full(rest, 0.0 if rest > longest else np.nan)
    return np.concatenate([np.repeat(rates, counts), tail])


def _pieces(kg: Float64s, *, join_min: int) -> tuple[Int64s, Float64s]:
    """End (exclusive) and mass of each piece; both shape (k,)."""
    full = np.flatnonzero(kg > 0.0)
    if not len(full):
        return full, np.zeros(0)
    last = np.append(np.flatnonzero(np.diff(full) > join_min), len(full) - 1)
    first = np.concatenate(([0], last[:-1] + 1))
    return full[last] + 1, np.add.reduceat(kg[full], first)
