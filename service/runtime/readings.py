"""What the journal says of the meters' tags, collected until somebody accounts for it or judges
it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from service.domain.arrays import Bools, Float64s, Int32s, Int64s
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.coverage import Coverage
from service.domain.line import Meter
from service.domain.production.readings import Readings
from service.domain.quality import is_bad
from service.domain.tagtable import TagTable

NEVER = np.iinfo(np.int64).min
NO_READINGS = Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))

Chunk = tuple[Int32s, Int64s, Float64s, Bools]
"""Place of the tag, time, value and usability of some rows."""


class MeterReadings:
    """Readings of some meters, and of the tags that say whether their machines run. ``rows``: how
    many wait."""

    def __init__(self, meters: Sequence[Meter], table: TagTable) -> None:
        running = {m.runs_tag for m in meters if m.runs_tag is not None}
        self._tags = list(dict.fromkeys([*(m.tag for m in meters), *sorted(running)]))
        groups = {tag.id: tag.item_group for _, tag in table}
        # Coverage is kept of the meters' groups: that is what their mass rests on.
        self.groups = sorted({meter.item_group for meter in meters})
        self._place = np.full(table.size, -1, np.int32)
        self._group = np.full(len(self._tags), -1, np.int64)
        for at, tag in enumerate(self._tags):
            self._place[table.number(tag)] = at
            if groups[tag] in self.groups:
                self._group[at] = self.groups.index(groups[tag])
        self._chunks: list[Chunk] = []
        self.rows = 0

    def take(self, batch: Batch, coverage: dict[str, Coverage], resumed_ns: dict[str, int]) -> None:
        """Takes the rows of ``batch``, and its covers into ``coverage`` by item group; call in
        journal order. resumed_ns: by item group, when its current unbroken liveness began."""
        told = self._by_group({g: c.end_ns for g, c in coverage.items()})
        for cover in batch.covers:
            if cover.group not in self.groups:
                continue  # nobody would ever look back at it, nor forget it
            covered = coverage.setdefault(cover.group, Coverage())
            if covered.end_ns is None or cover.start_ns > covered.end_ns:
                resumed_ns[cover.group] = cover.start_ns
            covered.add(cover.start_ns, cover.end_ns)
        if not len(batch) or batch.origin is Origin.DERIVED:
            return
        inside = batch.tag < len(self._place)
        place = np.where(inside, self._place[np.where(inside, batch.tag, 0)], -1)
        rows = np.flatnonzero(place >= 0)
        if not len(rows):
            return
        place = place[rows]
        if batch.origin is Origin.LIVE:
            group = self._group[place]
            told_rows = np.full(len(batch), NEVER, np.int64)
            told_rows[rows] = told[group]
            # A source that resumed sends again what it holds, with the old source times: these
            # values hold from when it resumed.
            resumed = self._by_group(resumed_ns)[group]
            time_ns = np.maximum(happened_ns(batch, told_rows)[rows], resumed)
        else:
            time_ns = happened_ns(batch)[rows]
        value = batch.value[rows]
        usable = ~is_bad(batch.status[rows]) & ~np.isnan(value)
        self._chunks.append((place, time_ns, value, usable))
        self.rows += len(rows)

    def taken(self) -> list[Chunk]:
        """What came since the last call."""
        chunks, self._chunks, self.rows = self._chunks, [], 0
        return chunks

    def by_tag(self, chunks: Sequence[Chunk]) -> dict[str, Readings]:
        """The rows of ``chunks`` by tag, in the order of their coming."""
        if not chunks:
            return {}
        place, time_ns, value, usable = (np.concatenate(c) for c in zip(*chunks, strict=True))
        order = np.argsort(place, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(place[order])) + 1)
        return {
            self._tags[int(place[rows[0]])]: Readings(time_ns[rows], value[rows], usable[rows])
            for rows in parts
        }

    def _by_group(self, at_ns: Mapping[str, int | None]) -> Int64s:
        """An instant for each group, and for tags of none; NEVER where nothing is known."""
        found = [at_ns.get(group) for group in self.groups]
        return np.array([NEVER if at is None else at for at in [*found, None]], np.int64)
