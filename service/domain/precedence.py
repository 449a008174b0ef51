"""Precedence: which of two rows at the same (tag, time) stays, as ``Origin`` has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools, Index, UInt8s, UInt32s
from service.domain.batch import Batch, Origin
from service.domain.quality import is_bad, is_good
from service.domain.rows import join, take, unfit

Origins = UInt8s


@dataclass(frozen=True, slots=True)
class Resolution:
    """What to do with new rows, given those that are stored.

    keep: rows of the new batch to be stored. discard: stored rows that go, because one of ``keep``
    takes their place.
    stored: how many new rows are in the store afterwards, were there already or equal the one that
    is. superseded: how many lost to a better row.
    """

    keep: Index
    discard: Index
    stored: int
    superseded: int


def gather(batches: Sequence[Batch], *, received_ns: int) -> tuple[Batch, Origins, int]:
    """The rows of one write in their order, the origin of each, and how many were left out because
    no store takes them."""
    rows = join(batches, received_ns=received_ns)
    origin = np.repeat(
        np.array([batch.origin for batch in batches], np.uint8), [len(batch) for batch in batches]
    )
    refused = unfit(rows)
    if not refused.any():
        return rows, origin, 0
    fits = np.flatnonzero(~refused)
    return take(rows, fits), origin[fits], int(np.count_nonzero(refused))


def replaces(
    new_origin: Origins, new_status: UInt32s, old_origin: Origins, old_status: UInt32s
) -> Bools:
    """Whether a row that comes replaces the one that is stored; all of one shape.

    Derived always replaces. Backfill replaces only backfill. Live replaces anything, except that a
    live Bad never replaces a Good.
    """
    derived = new_origin == Origin.DERIVED
    backfill = (new_origin == Origin.BACKFILL) & (old_origin == Origin.BACKFILL)
    live = (new_origin == Origin.LIVE) & ~(is_bad(new_status) & is_good(old_status))
    return np.asarray(derived | backfill | live, dtype=np.bool_)


def may_lose(origin: Origins, status: UInt32s) -> Bools:
    """Rows that a stored row can withstand; the others replace whatever there is."""
    bad = (origin == Origin.LIVE) & is_bad(status)
    return np.asarray((origin == Origin.BACKFILL) | bad, dtype=np.bool_)


def resolve(new: Batch, new_origin: Origins, old: Batch, old_origin: Origins) -> Resolution:
    """Writes the rows of ``new`` in their order over ``old``, the stored rows; pure.

    ``old`` may hold rows at other instants; they stay. Shapes: one origin for each row.
    """
    n_old = len(old)
    tag = np.concatenate([old.tag, new.tag])
    time_ns = np.concatenate([old.time_ns, new.time_ns])
    order = np.lexsort((time_ns, tag))  # stable: stored rows first, then in the order of writing
    same = (np.diff(tag[order]) == 0) & (np.diff(time_ns[order]) == 0)
    if not same.any():
        return Resolution(np.arange(len(new)), np.empty(0, np.intp), len(new), 0)
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    group = np.cumsum(np.concatenate([[0], ~same]))
    status = np.concatenate([old.status, new.status])
    origin = np.concatenate([old_origin, new_origin])
    winner = _fold(order, starts, status, origin)

    equal = _equal_content(old, new, order, winner[group])
    stored = int(np.count_nonzero(equal & (order >= n_old)))
    stands = order[starts]  # the stored row of each group, where it has one
    there = (stands < n_old) & equal[starts] & (origin[stands] == origin[winner])
    written = (winner >= n_old) & ~there
    gone = written[group] & (order < n_old)
    return Resolution(
        keep=np.sort(winner[written] - n_old),
        discard=np.sort(order[gone]),
        stored=stored,
        superseded=len(new) - stored,
    )


def _fold(order: Index, starts: Index, status: UInt32s, origin: Origins) -> Index:
    """The row that stays of each group; the groups' second rows are weighed at once, then the
    third."""
    sizes = np.diff(np.append(starts, len(order)))
    winner = order[starts]
    for nth in range(1, int(sizes.max())):
        groups = np.flatnonzero(sizes > nth)
        comes, stays = order[starts[groups] + nth], winner[groups]
        wins = replaces(origin[comes], status[comes], origin[stays], status[stays])
        winner[groups[wins]] = comes[wins]
    return winner


def _equal_content(old: Batch, new: Batch, left: Index, right: Index) -> Bools:
    """Whether rows ``left`` and ``right`` of old and new joined say the same, bit for bit."""
    value = np.concatenate([old.value, new.value])
    status = np.concatenate([old.status, new.status])
    bits = value.view(np.int64)
    null = np.isnan(value)
    equal = (bits[left] == bits[right]) | (null[left] & null[right])
    equal &= status[left] == status[right]
    if old.text or new.text:
        text = dict(old.text) | {len(old) + row: words for row, words in new.text.items()}
        for at in np.flatnonzero(equal & (left != right)).tolist():
            equal[at] = text.get(int(left[at])) == text.get(int(right[at]))
    return np.asarray(equal, dtype=np.bool_)
