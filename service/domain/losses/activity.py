"""When a unit was at work, where its output comes in pieces: rows, bags, batches, unloads.

Between two bags a filler's minutes are empty, yet it has not stopped. A piece is therefore spread
over the minutes in which it was made: the unit's cycle before the piece came.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.losses.masks import stretches
from service.domain.losses.units import WorkUnit

NO_PIECE = -1


@dataclass(frozen=True)
class Made:
    """When the mass of a unit was made; both of shape (M,).

    kg: per minute, see ``made_per_minute``. middle: the minute in the middle of the piece's time
    that a minute belongs to, so that a piece can be judged as a whole; itself for a unit that makes
    something every minute; NO_PIECE where no piece was in work.
    """

    kg: Float64s
    middle: Int64s


def made_per_minute(kg: Float64s, unit: WorkUnit, *, patience: float) -> Made:
    """When the mass of a unit was made, from when it came out; kg: (M,), NaN where unknown.

    A piece that came within ``patience`` × cycle after the one before it was in work all the time
    between (perhaps slowly); one that came later was in work for its last cycle, and before that
    the unit stood still: 0. NaN where ``kg`` is unknown, and after the last piece while the next
    one is not overdue yet. Each known stretch stands for itself: a piece may have come in a gap.
    The mass of a known stretch is kept.
    """
    if unit.cycle_min <= 0.0:
        return Made(kg, np.arange(len(kg)))
    made = np.full(len(kg), np.nan)
    middle = np.full(len(kg), NO_PIECE, np.int64)
    for a, b in zip(*stretches(~np.isnan(kg)), strict=True):
        part = _spread(kg[a:b], unit, patience=patience)
        made[a:b] = part.kg
        middle[a:b] = np.where(part.middle == NO_PIECE, NO_PIECE, part.middle + a)
    return Made(made, middle)


def _spread(kg: Float64s, unit: WorkUnit, *, patience: float) -> Made:
    """``made_per_minute`` of one known stretch."""
    ends, mass = _pieces(kg, join_min=unit.join_min)
    longest = unit.cycle_min * patience
    since = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    length = ends - since
    cycle = max(math.ceil(unit.cycle_min), 1)
    work = np.where(length > longest, np.minimum(length, cycle), length)
    # Each piece's time is first idle, then work.
    counts = np.stack([length - work, work], axis=1).ravel()
    rates = np.stack([np.zeros(len(mass)), mass / np.maximum(work, 1)], axis=1).ravel()
    rest = len(kg) - (int(ends[-1]) if len(ends) else 0)
    middle = ends - (work + 1) // 2
    if len(ends) and rest < unit.join_min:
        middle[-1] = NO_PIECE  # it is still coming out, so its mass says nothing yet
    middles = np.stack([np.full(len(ends), NO_PIECE), middle], axis=1).ravel()
    tail = np.full(rest, 0.0 if rest > longest else np.nan)
    return Made(
        np.concatenate([np.repeat(rates, counts), tail]),
        np.concatenate([np.repeat(middles, counts), np.full(rest, NO_PIECE)]),
    )


def _pieces(kg: Float64s, *, join_min: int) -> tuple[Int64s, Float64s]:
    """End (exclusive) and mass of each piece; both shape (k,)."""
    full = np.flatnonzero(kg > 0.0)
    if not len(full):
        return full, np.zeros(0)
    last = np.append(np.flatnonzero(np.diff(full) > join_min), len(full) - 1)
    first = np.concatenate(([0], last[:-1] + 1))
    return full[last] + 1, np.add.reduceat(kg[full], first)
