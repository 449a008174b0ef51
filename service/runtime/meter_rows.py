"""Rows of the journal that are meters' readings, gathered until accounting takes them: when each
of them counts, and which come too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from service.domain.arrays import Bools, Float64s, Int32s, Int64s
from service.domain.batch import CLOCK_TOLERANCE_NS, Batch, Origin, believed_ns
from service.domain.coverage import Cover, Coverage
from service.domain.line import Meter
from service.domain.production.moved import Moved, Stays
from service.domain.production.readings import Readings
from service.domain.production.recount import Span
from service.domain.quality import is_bad
from service.domain.tagtable import TagTable

NEVER = np.iinfo(np.int64).min

Newest = tuple[int, float]
"""Own time and value (NaN when unusable) of the newest reading of a meter."""


@dataclass(frozen=True, slots=True)
class MeterRows:
    """Rows of one meter in the order of their arrival; columns of one length.

    said_ns: the time they came with. held_ns: from when they would count if the source said again
    what holds. dated: whether ``held_ns`` stands in the place of what a wrong clock said.
    unheard: whether they say a time in which the source was not heard, before it resumed.
    """

    said_ns: Int64s
    held_ns: Int64s
    dated: Bools
    unheard: Bools
    value: Float64s
    usable: Bools


@dataclass(frozen=True, slots=True)
class Sorted:
    """What of a meter's rows accounting takes now, and what it must look at again.

    readings: those that come in time. moved: those that count at another time than their own.
    late: spans that came too late, or that say two things about one instant.
    """

    readings: Readings
    moved: Sequence[Moved]
    late: Sequence[Span]
    newest: Newest | None


@dataclass(slots=True)
class Liveness:
    """Coverage of the meters' item groups. resumed_ns: when a group's current unbroken liveness
    began. lost_ns: when the one before ended."""

    coverage: dict[str, Coverage] = field(default_factory=dict)
    resumed_ns: dict[str, int] = field(default_factory=dict)
    lost_ns: dict[str, int] = field(default_factory=dict)

    def take(self, cover: Cover, *, backfill: bool) -> list[Span]:
        """Takes ``cover`` in; the stretches before the newest liveness that it newly proves."""
        coverage = self.coverage.setdefault(cover.group, Coverage())
        end_ns = coverage.end_ns
        late: list[Span] = []
        if end_ns is None or cover.start_ns > end_ns:
            self.resumed_ns[cover.group] = cover.start_ns
            if end_ns is not None:
                self.lost_ns[cover.group] = end_ns
        elif backfill:
            late = [(cover.start_ns, cover.end_ns)]
        else:  # what lies before all that is remembered was forgotten, not uncovered
            first_ns = max(cover.start_ns, coverage.intervals[0][0])
            late = coverage.gaps(first_ns, min(cover.end_ns, end_ns))
        coverage.add(cover.start_ns, cover.end_ns)
        return late


class Gathering:
    """Buffers rows of the meters' tags, and of those that say whether their machines run.
    ``rows``: how many are waiting."""

    def __init__(self, meters: Sequence[Meter], table: TagTable) -> None:
        running = {m.runs_tag for m in meters if m.runs_tag is not None}
        self._tags = list(dict.fromkeys([*(m.tag for m in meters), *sorted(running)]))
        groups = {tag.id: tag.item_group for _, tag in table}
        # Coverage is kept of the meters' groups: that is what their mass rests on.
        self.groups = sorted({meter.item_group for meter in meters})
        self._place = np.full(table.size, -1, np.int32)
        self._group_of = np.full(table.size, -1, np.int64)
        for number, tag in table:
            if tag.item_group in self.groups:
                self._group_of[number] = self.groups.index(tag.item_group)
        for at, tag_id in enumerate(self._tags):
            self._place[table.number(tag_id)] = at
        self._group = np.array([self._index(groups[tag_id]) for tag_id in self._tags], np.int64)
        self._chunks: list[tuple[Int32s, MeterRows]] = []
        self._late: list[tuple[str, Span]] = []
        self.rows = 0

    def take(self, batch: Batch, liveness: Liveness) -> None:
        """Takes in what of ``batch`` is about meters; call in journal order."""
        told = self._by_group({g: c.end_ns for g, c in liveness.coverage.items()})
        for cover in batch.covers:
            if cover.group not in self.groups:
                continue  # nobody would ever look back at it, nor forget it
            spans = liveness.take(cover, backfill=batch.origin is Origin.BACKFILL)
            self._late += ((cover.group, span) for span in spans)
        if not len(batch) or batch.origin is Origin.DERIVED:
            return
        inside = batch.tag < len(self._place)
        place = np.where(inside, self._place[np.where(inside, batch.tag, 0)], -1)
        rows = np.flatnonzero(place >= 0)
        if not len(rows):
            return
        place = place[rows]
        group = self._group[place]
        said_ns = batch.time_ns[rows]
        held_ns = believed_ns(said_ns, batch.received_ns)
        if batch.origin is Origin.LIVE:
            # A source that resumed says again what its tags hold, with the old source times: these
            # values hold from when it resumed.
            resumed = self._by_group(liveness.resumed_ns)[group]
            alive = told[group] >= resumed
            wrong = alive & self._all_behind(batch, told)[group]
            told_ns = np.where(wrong, told[group], NEVER)
            held_ns = believed_ns(said_ns, batch.received_ns, told_ns)
            dated = held_ns != said_ns
            heard = self._between_covers(batch, group, said_ns)
            held_ns = np.where(heard, held_ns, np.maximum(held_ns, resumed))
        else:
            dated = held_ns != said_ns
        value = batch.value[rows]
        usable = ~is_bad(batch.status[rows]) & ~np.isnan(value)
        unheard = said_ns >= self._by_group(liveness.lost_ns)[group]
        self._chunks.append((place, MeterRows(said_ns, held_ns, dated, unheard, value, usable)))
        self.rows += len(rows)

    def taken(self) -> tuple[Mapping[str, MeterRows], Sequence[tuple[str, Span]]]:
        """Rows by tag, and what liveness came late by group, since the last call."""
        chunks, self._chunks, self.rows = self._chunks, [], 0
        late, self._late = self._late, []
        return {self._tags[at]: rows for at, rows in _by_place(chunks).items()}, late

    def _between_covers(self, batch: Batch, group: Int64s, said_ns: Int64s) -> Bools:
        """Which rows lie within an earlier one of several covers of ``batch``: a source that tells
        of a stretch with a gap in it heard them before it resumed. Shape (rows,)."""
        heard = np.zeros(len(said_ns), np.bool_)
        for cover in batch.covers if len(batch.covers) > 1 else ():
            mine = group == self._index(cover.group)
            heard |= mine & (said_ns >= cover.start_ns) & (said_ns < cover.end_ns)
        return heard

    def _all_behind(self, batch: Batch, told: Int64s) -> Bools:
        """By group, whether a wrong clock dated all its rows of ``batch`` into a past that had been
        told; a row among others of the right time is one that comes late, or again."""
        group = self._group_of[np.where(batch.tag < len(self._group_of), batch.tag, 0)]
        behind = batch.time_ns + CLOCK_TOLERANCE_NS < told[group]
        found = np.ones(len(self.groups) + 1, np.bool_)
        found[group[~behind]] = False
        return found

    def _index(self, group: str) -> int:
        return self.groups.index(group) if group in self.groups else -1

    def _by_group(self, at_ns: Mapping[str, int | None]) -> Int64s:
        """An instant for each group, and for tags of none; NEVER where nothing is known."""
        found = [at_ns.get(group) for group in self.groups]
        return np.array([NEVER if at is None else at for at in [*found, None]], np.int64)


def sort_rows(meter: str, rows: MeterRows, newest: Newest | None, late_before_ns: int) -> Sorted:
    """Which of ``rows`` come in time for an account that takes nothing before ``late_before_ns``.

    newest: what was the meter's newest reading so far; when it is sent once more, too late to hold
    from anywhere, that is nothing new.
    """
    seen = np.where(rows.dated, NEVER, rows.said_ns)
    same = np.zeros(len(seen), np.bool_)
    if newest is not None:  # the newest reading once more
        same = (rows.value == newest[1]) | (~rows.usable & np.isnan(newest[1]))
        same &= rows.said_ns == newest[0]
    before = np.maximum.accumulate(np.append(NEVER if newest is None else newest[0], seen))[:-1]
    # What is older than something that was told before is not what holds: it comes late.
    held_ns = np.where(rows.dated | (rows.said_ns >= before), rows.held_ns, rows.said_ns)
    early = held_ns < late_before_ns
    late = early & ~same
    own_ns = np.where(rows.dated, rows.held_ns, rows.said_ns)
    moved = ~early & (held_ns != rows.said_ns)
    # It was told, and lost, while the source was thought to be heard.
    missed = moved & ~rows.dated & ~rows.unheard & (rows.said_ns > before)
    spans = [(int(at), int(at)) for at in np.unique(own_ns[late | missed])]

    now = ~early
    readings = Readings(held_ns[now], rows.value[now], rows.usable[now])
    spans += ((at, at) for at in _contradicted(readings))
    stays = np.where((rows.said_ns <= before) | missed, Stays.ALWAYS, Stays.IF_COVERED)
    stays = np.where(rows.dated & ~same, Stays.NEVER, stays)
    return Sorted(
        readings,
        [
            _moved(meter, rows, at, Stays(int(stays[at])))
            for at in np.flatnonzero(moved | (late & rows.dated)).tolist()
        ],
        spans,
        _newest(rows, seen, newest),
    )


def _moved(meter: str, rows: MeterRows, at: int, stays: Stays) -> Moved:
    usable = bool(rows.usable[at])
    value = float(rows.value[at]) if usable else np.nan
    return Moved(meter, int(rows.said_ns[at]), int(rows.held_ns[at]), value, usable, stays)


def _newest(rows: MeterRows, seen: Int64s, newest: Newest | None) -> Newest | None:
    if not len(seen) or seen.max() == NEVER:
        return newest
    at = len(seen) - 1 - int(np.argmax(seen[::-1]))  # of several at one instant the last
    if newest is not None and seen[at] < newest[0]:
        return newest
    return int(seen[at]), float(rows.value[at]) if rows.usable[at] else np.nan


def _contradicted(readings: Readings) -> list[int]:
    """Instants of which ``readings`` say two things: the history decides which stays."""
    order = np.argsort(readings.time_ns, kind="stable")
    time_ns, value, usable = readings.time_ns[order], readings.value[order], readings.usable[order]
    same = (value[1:] == value[:-1]) & (usable[1:] == usable[:-1])
    same |= ~usable[1:] & ~usable[:-1]
    return sorted({int(at) for at in time_ns[1:][(np.diff(time_ns) == 0) & ~same]})


def _by_place(chunks: Sequence[tuple[Int32s, MeterRows]]) -> dict[int, MeterRows]:
    if not chunks:
        return {}
    meter = np.concatenate([numbers for numbers, _ in chunks])
    order = np.argsort(meter, kind="stable")
    said, held, dated, unheard, value, usable = (
        np.concatenate([getattr(rows, name) for _, rows in chunks])[order]
        for name in ("said_ns", "held_ns", "dated", "unheard", "value", "usable")
    )
    edges = np.flatnonzero(np.diff(meter[order])) + 1
    return {
        int(meter[order[part[0]]]): MeterRows(
            said[part], held[part], dated[part], unheard[part], value[part], usable[part]
        )
        for part in np.split(np.arange(len(order)), edges)
    }
