"""The newest stored instant of each tag, in memory: rows beyond it can't be duplicates."""

from __future__ import annotations

import duckdb
import numpy as np

from service.domain.arrays import Int32s, Int64s

NEVER_NS = int(np.iinfo(np.int64).min)


class Newest:
    """An array by tag number. Written by the writer alone, after its commit; read by anyone."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at = np.empty(0, np.int64)

    @classmethod
    def load(cls, con: duckdb.DuckDBPyConnection) -> Newest:
        """As the file has it."""
        newest = cls()
        found = con.execute("SELECT tag, max(time_ns) AS time_ns FROM samples GROUP BY tag")
        columns = found.fetchnumpy()
        newest.add(columns["tag"].astype(np.int32), columns["time_ns"].astype(np.int64))
        return newest

    def of(self, tags: Int32s) -> Int64s:
        """The newest instant of each of ``tags``, NEVER_NS where there is none."""
        at = self._at
        known = tags < len(at)
        found = np.full(len(tags), NEVER_NS, np.int64)
        found[known] = at[tags[known]]
        return found

    def add(self, tags: Int32s, times_ns: Int64s) -> None:
        """Rows (tag, time) that are stored now."""
        if not len(tags):
            return
        size = int(tags.max()) + 1
        if size > len(self._at):
            more = np.full(max(size, 2 * len(self._at)) - len(self._at), NEVER_NS, np.int64)
            self._at = np.concatenate([self._at, more])
        np.maximum.at(self._at, tags, times_ns)
