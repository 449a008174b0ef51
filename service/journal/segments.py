"""The journal's files: SQLite databases that are appended to, read by position, and deleted whole.

Everything here blocks; ``service.journal.log`` calls it from its own threads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

SUFFIX = ".journal"
_SCHEMA = "CREATE TABLE IF NOT EXISTS entry (position INTEGER PRIMARY KEY, payload BLOB NOT NULL)"


class Segments:
    """Segment files of one folder, each named after the first position it may hold.

    Appends are made by one thread, reads by another; a file is deleted when every entry in it is
    older
    than what ``trim`` is given, but never the one that is written.
    """

    def __init__(self, folder: Path, *, segment_bytes: int, next_position: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._firsts = sorted(int(p.stem) for p in folder.glob(f"*{SUFFIX}"))
        if not self._firsts:
            self._firsts = [max(next_position, 1)]
        self._writer = self._connect(self._firsts[-1])
        held = self._writer.execute("SELECT max(position) FROM entry").fetchone()[0]
        self._last = held if held is not None else self._firsts[-1] - 1
        if next_position > self._last + 1:  # consumers were further: positions are never used twice
            self._last = next_position - 1
        self._written = self._path(self._firsts[-1]).stat().st_size
        self._readers: dict[int, sqlite3.Connection] = {}

    @property
    def last(self) -> int:
        """Position of the newest committed entry."""
        return self._last

    @property
    def first(self) -> int:
        """Smallest position that may still be held."""
        return self._firsts[0]

    def size_bytes(self) -> int:
        """Bytes on disk."""
        return sum(p.stat().st_size for p in self._folder.iterdir() if p.is_file())

    def append(self, payloads: Sequence[bytes]) -> int:
        """Commits ``payloads`` in one transaction and returns the first one's position."""
        if self._written >= self._segment_bytes:
            self._roll()
        first = self._last + 1
        with self._writer:
            self._writer.executemany(
                "INSERT INTO entry VALUES (?, ?)", enumerate(payloads, start=first)
            )
        self._last += len(payloads)
        self._written += sum(map(len, payloads))
        return first

    def read(self, after: int, *, max_bytes: int) -> list[tuple[int, bytes]]:
        """Entries with position > ``after`` in order, about ``max_bytes`` of them, at least one if
        any."""
        found: list[tuple[int, bytes]] = []
        taken = 0
        for at, first in enumerate(list(self._firsts)):
            following = self._firsts[at + 1] if at + 1 < len(self._firsts) else None
            if following is not None and after >= following - 1:
                continue
            rows = self._reader(first).execute(
                "SELECT position, payload FROM entry WHERE position > ? ORDER BY position", (after,)
            )
            for position, payload in rows:
                found.append((position, payload))
                taken += len(payload)
                if taken >= max_bytes:
                    rows.close()
                    return found
        return found

    def trim(self, passed: int) -> int:
        """Deletes the segments whose every entry has position ≤ ``passed``; returns how many."""
        gone = 0
        while len(self._firsts) > 1 and self._firsts[1] - 1 <= passed:
            first = self._firsts.pop(0)
            reader = self._readers.pop(first, None)
            if reader is not None:
                reader.close()
            for path in self._folder.glob(f"{self._path(first).name}*"):
                path.unlink()
            gone += 1
        return gone

    def close(self) -> None:
        """Closes every file."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
        self._writer.close()

    def _roll(self) -> None:
        fresh = self._last + 1
        if fresh == self._firsts[-1]:
            return
        writer = self._connect(fresh)
        self._writer.close()
        self._writer = writer
        self._firsts.append(fresh)
        self._written = 0

    def _reader(self, first: int) -> sqlite3.Connection:
        if first not in self._readers:
            self._readers[first] = self._connect(first)
        return self._readers[first]

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}{SUFFIX}"

    def _connect(self, first: int) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path(first), check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        with connection:
            connection.execute(_SCHEMA)
        return connection
