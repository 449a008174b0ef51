"""The history's consumer: from the journal into the store, at the store's own pace."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from service.runtime.clock import Clock
from service.runtime.history import HistoryWriter
from service.runtime.log import Entry, JournalReader
from service.runtime.progress import Progress
from service.runtime.retry import until_done

MAX_ROWS = 100_000


class Cursor(Protocol):
    """A durable place in the journal. Called by one task."""

    async def load(self) -> int:
        """The position of the last entry that was dealt with; 0 when none was."""
        ...

    async def save(self, position: int) -> None:
        """Keeps ``position``. Raises Retryable when it can't be kept now."""
        ...


class Historian:
    """Writes journal entries to a store; the cursor moves only after the store has them."""

    def __init__(self, history: HistoryWriter, cursor: Cursor, clock: Clock) -> None:
        self._history = history
        self._cursor = cursor
        self._clock = clock
        self.progress = Progress()
        self.error: str | None = None
        self.counters = {"stored": 0, "superseded": 0, "refused": 0}

    @property
    def position(self) -> int:
        """The journal entry that the store has, with all before it."""
        return self.progress.value

    async def load(self) -> None:
        """Takes up the cursor; before ``run``."""
        self.progress.reach(await self._cursor.load())

    async def run(self, journal: JournalReader) -> None:
        """Follows ``journal`` for ever; waits while the store is away."""
        while True:
            entries = await journal.read(self.position)
            for portion in _portions(entries):
                await self._write(portion)

    async def _write(self, entries: list[Entry]) -> None:
        batches = [entry.batch for entry in entries]
        written = await until_done(
            partial(self._history.write, batches),
            what="history",
            clock=self._clock,
            failed=self._failed,
        )
        self.counters["stored"] += written.stored
        self.counters["superseded"] += written.superseded
        self.counters["refused"] += written.refused
        await until_done(
            partial(self._cursor.save, entries[-1].position),
            what="history's cursor",
            clock=self._clock,
        )
        self.progress.reach(entries[-1].position)

    def _failed(self, reason: str | None) -> None:
        self.error = reason


def _portions(entries: list[Entry]) -> list[list[Entry]]:
    """``entries`` cut into parts of about MAX_ROWS rows."""
    portions: list[list[Entry]] = [[]]
    rows = 0
    for entry in entries:
        if rows > MAX_ROWS:
            portions.append([])
            rows = 0
        portions[-1].append(entry)
        rows += len(entry.batch) + 1
    return [portion for portion in portions if portion]
