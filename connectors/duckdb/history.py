"""The embedded history: one DuckDB file, written by one thread and read by a few."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from connectors.duckdb import reading
from connectors.duckdb.file import HistoryFile
from connectors.duckdb.newest import Newest
from connectors.duckdb.settings import DuckDbSettings
from connectors.duckdb.writing import write
from service.domain.batch import Batch
from service.domain.coverage import Cover
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.history import History, Written

_READERS = 3
_OPEN_TIMEOUT_S = 600.0
"""After a crash the file replays what it had not merged; that takes a while, and it must end."""

Answer = TypeVar("Answer")
Ask = Callable[[duckdb.DuckDBPyConnection, Newest], Answer]


@asynccontextmanager
async def open_history(
    settings: DuckDbSettings, *, folder: Path, table: TagTable, clock: Clock
) -> AsyncIterator[History]:
    """The history in ``folder``; made when there is none. Holds the file until the context is left.

    Tags are stored by number: ``table`` is not needed. Raises Fatal when another process has the
    file, and ConnectorError.
    """
    file = HistoryFile(folder / settings.file, settings)
    history = DuckDbHistory(file, timeout_s=settings.timeout_s, clock=clock)
    try:
        await history.open()
        yield history
    finally:
        await history.close()


class DuckDbHistory:
    """A ``History``; see there for what its methods promise. DuckDB never runs on the event
    loop."""

    def __init__(self, file: HistoryFile, *, timeout_s: float, clock: Clock) -> None:
        self._file = file
        self._timeout_s = timeout_s
        self._clock = clock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="history-read")

    async def open(self) -> None:
        """Opens the file, or says why it can't."""
        running = Running(self._file)
        await self._bounded(self._writer, running, lambda con, newest: None, _OPEN_TIMEOUT_S)

    async def close(self) -> None:
        """Lets running work end, and the file go."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_OPEN_TIMEOUT_S):
            await loop.run_in_executor(self._writer, self._readers.shutdown)
            await loop.run_in_executor(self._writer, self._file.close)
        self._writer.shutdown(wait=False)

    async def write(self, batches: Sequence[Batch]) -> Written:
        """See ``HistoryWriter``. What takes too long goes on; trying again then finds it done."""
        now_ns = self._clock.now_ns()
        return await self._bounded(
            self._writer,
            Running(self._file),
            lambda con, newest: write(con, newest, batches, received_ns=now_ns),
            self._timeout_s,
        )

    async def rows(
        self,
        tags: Sequence[int],
        start_ns: int,
        end_ns: int,
        *,
        limit: int,
        after: tuple[int, int] | None = None,
    ) -> Batch:
        """See ``HistoryReader``."""
        now_ns = self._clock.now_ns()
        return await self._read(
            lambda con, newest: reading.rows(
                con, tags, start_ns, end_ns, limit=limit, after=after, received_ns=now_ns
            )
        )

    async def picture(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, buckets: int
    ) -> Batch:
        """See ``HistoryReader``."""
        now_ns = self._clock.now_ns()
        return await self._read(
            lambda con, newest: reading.picture(
                con, tags, start_ns, end_ns, buckets=buckets, received_ns=now_ns
            )
        )

    async def latest(self, tags: Sequence[int], *, before_ns: int) -> Batch:
        """See ``HistoryReader``."""
        now_ns = self._clock.now_ns()
        return await self._read(
            lambda con, newest: reading.latest(
                con, newest, tags, before_ns=before_ns, received_ns=now_ns
            )
        )

    async def covers(self, groups: Sequence[str], start_ns: int, end_ns: int) -> tuple[Cover, ...]:
        """See ``HistoryReader``."""
        return await self._read(lambda con, newest: reading.covers(con, groups, start_ns, end_ns))

    async def _read(self, ask: Ask[Answer]) -> Answer:
        """Asks in one of the reading threads; interrupts the question when nobody waits any
        more."""
        running = Running(self._file)
        try:
            return await self._bounded(self._readers, running, ask, self._timeout_s)
        except (Retryable, asyncio.CancelledError):
            running.interrupt()
            raise

    async def _bounded(
        self, threads: ThreadPoolExecutor, running: Running, ask: Ask[Answer], timeout_s: float
    ) -> Answer:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                return await loop.run_in_executor(threads, running.run, ask)
        except TimeoutError:
            raise Retryable(
                f"{self._file.path} gave no answer within {timeout_s} s; ask for less, or raise "
                "timeout_s of the history"
            ) from None


class Running:
    """One piece of work in a thread, with a connection of its own that others may interrupt."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file
        self._con: duckdb.DuckDBPyConnection | None = None

    def run(self, ask: Ask[Answer]) -> Answer:
        """Blocks. Raises ConnectorError."""
        self._con, newest = self._file.cursor()
        try:
            return ask(self._con, newest)
        except duckdb.Error as error:
            raise self._file.classify(error) from error
        finally:
            con, self._con = self._con, None
            con.close()

    def interrupt(self) -> None:
        """Ends the work soon, if it runs."""
        con = self._con
        if con is not None:
            con.interrupt()
