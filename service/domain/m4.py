"""M4: the few rows from which a line looks the same as from all of them (Jugel et al., VLDB 2014).

Of each tag and time bucket the first, last, least and greatest row stay. A least or greatest row is
one that is drawn: neither null nor Bad. Rows that are not drawn break the line; they mark its gaps.
"""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Bools, Float64s, Index, Int64s
from service.domain.batch import Batch
from service.domain.quality import is_bad
from service.domain.rows import join, take

ROWS_PER_BUCKET = 6
"""First, last, least, greatest, and both ends of one gap."""


def m4(rows: Batch, start_ns: int, end_ns: int, *, buckets: int) -> Index:
    """Index of the rows to draw, ascending, of ``rows`` sorted by tag and time (tags in any order).

    A bucket keeps every row at which a gap begins or ends while that makes no more than 6 rows;
    beyond, one row of each gap between rows that stay: never more than 7, and never a gap drawn
    over. It may be applied again to what it kept of one part, joined with the next part.
    ValueError when ``buckets`` or the range is empty.
    """
    width_ns = bucket_width_ns(start_ns, end_ns, buckets=buckets)
    if not len(rows):
        return np.empty(0, np.intp)
    bucket = (rows.time_ns - start_ns) // width_ns
    change = (np.diff(bucket) != 0) | (np.diff(rows.tag) != 0)
    starts = np.flatnonzero(np.concatenate([[True], change]))
    ends = np.append(starts[1:], len(rows)) - 1
    group = np.cumsum(np.concatenate([[0], change]))
    drawn = _is_drawn(rows)

    stays = np.zeros(len(rows), np.bool_)
    stays[starts] = True
    stays[ends] = True
    for sign in (1.0, -1.0):
        stays[_least(sign * rows.value, drawn, starts, group)] = True
    gaps = _gap_ends(drawn, starts, ends) & ~stays
    many = np.add.reduceat((stays | gaps).astype(np.int64), starts) > ROWS_PER_BUCKET
    few = gaps & ~many[group]
    once = _first_between(stays, ~drawn & many[group] & ~stays)
    return np.flatnonzero(stays | few | once)


def bucket_width_ns(start_ns: int, end_ns: int, *, buckets: int) -> int:
    """Width of the time buckets, rounded up to a whole nanosecond; the last may be narrower."""
    if buckets < 1 or end_ns <= start_ns:
        raise ValueError(
            f"a picture needs buckets and a range; came {buckets}, {start_ns}…{end_ns}"
        )
    return -(-(end_ns - start_ns) // buckets)


class Picture:
    """Draws rows that come in parts, and holds hardly more than the picture.

    The parts come in the order of (tag, time); a tag's rows come together.
    """

    def __init__(self, start_ns: int, end_ns: int, *, buckets: int) -> None:
        self._range = (start_ns, end_ns)
        self._buckets = buckets
        self._width_ns = bucket_width_ns(start_ns, end_ns, buckets=buckets)
        self._done: list[Batch] = []
        self._open: Batch | None = None

    def add(self, rows: Batch) -> None:
        """Takes the next part."""
        if not len(rows):
            return
        if self._open is not None:
            rows = join([self._open, rows], received_ns=rows.received_ns)
        kept = take(rows, m4(rows, *self._range, buckets=self._buckets))
        bucket = (kept.time_ns - self._range[0]) // self._width_ns
        goes_on = (kept.tag == kept.tag[-1]) & (bucket == bucket[-1])
        cut = len(kept) - int(np.count_nonzero(goes_on))
        self._done.append(take(kept, np.arange(cut)))
        self._open = take(kept, np.arange(cut, len(kept)))

    def rows(self, *, received_ns: int) -> Batch:
        """The picture so far."""
        parts = [*self._done, self._open] if self._open is not None else []
        return join(parts, received_ns=received_ns)


def _is_drawn(rows: Batch) -> Bools:
    null = np.isnan(rows.value)
    if rows.text:
        null[list(rows.text)] = False
    return np.asarray(~(null | is_bad(rows.status)), dtype=np.bool_)


def _least(value: Float64s, drawn: Bools, starts: Index, group: Int64s) -> Index:
    """The first row that holds the least drawn value of each group that has one."""
    number = drawn & ~np.isnan(value)
    least = np.minimum.reduceat(np.where(number, value, np.inf), starts)
    found = np.flatnonzero(number & (value == least[group]))
    later = np.diff(group[found], prepend=-1) == 0
    return np.asarray(found[~later], dtype=np.intp)


def _gap_ends(drawn: Bools, starts: Index, ends: Index) -> Bools:
    """Rows that are not drawn and have a drawn neighbour, or none, within their group."""
    before = np.concatenate([[True], drawn[:-1]])
    after = np.concatenate([drawn[1:], [True]])
    before[starts] = True
    after[ends] = True
    return np.asarray(~drawn & (before | after), dtype=np.bool_)


def _first_between(stays: Bools, wanted: Bools) -> Bools:
    """The first row of ``wanted`` after each row that stays."""
    stretch = np.cumsum(stays)
    found = np.flatnonzero(wanted)
    first = np.zeros(len(stays), np.bool_)
    first[found[np.diff(stretch[found], prepend=-1) != 0]] = True
    return first
