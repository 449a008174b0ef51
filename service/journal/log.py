"""The journal: Batches are accepted when committed, and every consumer reads them in one order."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.domain.batch import Batch
from service.journal.codec import decode, encode
from service.journal.opening import opening
from service.journal.segments import Segments
from service.runtime.clock import Clock
from service.runtime.log import Entry
from service.runtime.progress import Progress

log = logging.getLogger(__name__)

MAX_PENDING_ROWS = 500_000
TAIL_ROWS = 400_000
READ_BYTES = 4_000_000
HELD_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Pending:
    batch: Batch
    committed: Callable[[], None]


class Journal:
    """Implements ``JournalWriter`` and ``JournalReader`` over segment files.

    Writes are grouped: one commit takes everything that came since the one before, at most
    ``gather_s`` later. While the disk is full, or free space is under ``floor_bytes``, nothing is
    committed and sources wait; ``held`` says why.
    """

    def __init__(
        self, segments: Segments, folder: Path, *, clock: Clock, gather_s: float, floor_bytes: int
    ) -> None:
        self._segments = segments
        self._committed = Progress(segments.last)
        self._folder = folder
        self._clock = clock
        self._gather_s = gather_s
        self._floor_bytes = floor_bytes
        self._pending: list[_Pending] = []
        self._pending_rows = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Condition()
        self._committing = asyncio.Lock()
        self._tail: deque[Entry] = deque()
        self._tail_rows = 0
        self._writing = ThreadPoolExecutor(1, "journal-write")
        self._reading = ThreadPoolExecutor(1, "journal-read")
        self.held: str | None = None
        self.counters = {"entries": 0, "rows": 0, "bytes": 0, "commits": 0, "held": 0}

    @property
    def last(self) -> int:
        return self._committed.value

    @property
    def first(self) -> int:
        """Smallest position that may still be held."""
        return self._segments.first

    async def append(self, batch: Batch, committed: Callable[[], None]) -> None:
        async with self._room:
            await self._room.wait_for(lambda: self._pending_rows < MAX_PENDING_ROWS)
        self._pending.append(_Pending(batch, committed))
        self._pending_rows += len(batch) + 1
        self._arrived.set()

    async def read(self, after: int) -> list[Entry]:
        # Not what the writing thread has reached: an entry exists once this loop has noted it.
        await self._committed.until(after + 1)
        if self._tail and self._tail[0].position <= after + 1:
            behind = self._tail[-1].position - after
            return [self._tail[-n] for n in range(behind, 0, -1)]
        rows = await asyncio.get_running_loop().run_in_executor(
            self._reading, lambda: self._segments.read(after, max_bytes=READ_BYTES)
        )
        return [Entry(position, decode(payload)) for position, payload in rows]

    async def run(self) -> None:
        """Commits what is appended, for ever; owned by the service's task group."""
        while True:
            await self._arrived.wait()
            if self._gather_s:
                await self._clock.sleep(self._gather_s)
            self._arrived.clear()
            await self._commit()

    async def drain(self) -> None:
        """Commits what is still pending; for shutdown, after the sources ended."""
        await self._commit()

    async def trim(self, cursors: Mapping[str, int]) -> None:
        """Deletes the segments that every durable cursor has passed."""
        if cursors:
            passed = min(cursors.values())
            await asyncio.get_running_loop().run_in_executor(
                self._reading, self._segments.trim, passed
            )

    async def size_bytes(self) -> int:
        """Bytes on disk."""
        return await asyncio.get_running_loop().run_in_executor(
            self._reading, self._segments.size_bytes
        )

    async def _commit(self) -> None:
        async with self._committing:
            if self._pending:
                await self._commit_pending()

    async def _commit_pending(self) -> None:
        group, self._pending = self._pending, []
        try:
            first, size, cancelled = await self._write_until_done(group)
        except asyncio.CancelledError:
            self._pending = group + self._pending  # for drain: what was not committed is not lost
            raise
        rows = sum(len(p.batch) + 1 for p in group)
        self.counters["entries"] += len(group)
        self.counters["rows"] += rows - len(group)
        self.counters["bytes"] += size
        self.counters["commits"] += 1
        for n, pending in enumerate(group):
            self._keep(Entry(first + n, pending.batch))
            pending.committed()
        self._committed.reach(first + len(group) - 1)
        self._pending_rows -= rows
        async with self._room:
            self._room.notify_all()
        if cancelled:
            raise asyncio.CancelledError

    async def _write_until_done(self, group: list[_Pending]) -> tuple[int, int, bool]:
        """Commits ``group``: its first position, its bytes, and whether this task was cancelled
        meanwhile. A write that has begun is finished even then; one that failed is not begun
        again."""
        batches = [p.batch for p in group]
        cancelled = False
        while True:
            work = asyncio.get_running_loop().run_in_executor(self._writing, self._write, batches)
            try:
                try:
                    written = await asyncio.shield(work)
                except asyncio.CancelledError:
                    cancelled = True
                    written = await work
            except (sqlite3.OperationalError, OSError) as error:
                if self.held is None:
                    log.error("journal held error=%s remedy=free disk space; sources wait", error)
                self.held = str(error)
                self.counters["held"] += 1
                if cancelled:
                    raise asyncio.CancelledError from error
                await self._clock.sleep(HELD_RETRY_S)
                continue
            if self.held is not None:
                log.info("journal writes again")
                self.held = None
            return *written, cancelled

    def _write(self, batches: list[Batch]) -> tuple[int, int]:
        free = shutil.disk_usage(self._folder).free
        if free < self._floor_bytes:
            raise OSError(
                f"free disk at {self._folder} is {free // 2**20} MiB, "
                f"under the floor of {self._floor_bytes // 2**20} MiB"
            )
        payloads = [encode(batch) for batch in batches]
        return self._segments.append(payloads), sum(map(len, payloads))

    def _keep(self, entry: Entry) -> None:
        """Keeps the newest entries decoded, for the consumers that are up to date."""
        self._tail.append(entry)
        self._tail_rows += len(entry.batch) + 1
        while self._tail_rows > TAIL_ROWS and len(self._tail) > 1:
            self._tail_rows -= len(self._tail.popleft().batch) + 1

    def close(self) -> None:
        """Closes the files; after ``run`` has ended."""
        self._writing.shutdown()
        self._reading.shutdown()
        self._segments.close()


@asynccontextmanager
async def open_journal(
    folder: Path,
    *,
    clock: Clock,
    next_position: int = 1,
    gather_s: float = 0.1,
    segment_bytes: int = 64 * 2**20,
    floor_bytes: int = 256 * 2**20,
) -> AsyncIterator[Journal]:
    """The journal of ``folder``, made when missing. ``next_position``: no position below it is
    given. Fatal when it can't be opened."""
    with opening(folder):
        segments = await asyncio.to_thread(
            Segments, folder, segment_bytes=segment_bytes, next_position=next_position
        )
    journal = Journal(segments, folder, clock=clock, gather_s=gather_s, floor_bytes=floor_bytes)
    try:
        yield journal
    finally:
        journal.close()
