"""The history in an InfluxDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from connectors.influxdb.coverage import CoverageStore
from connectors.influxdb.lines import Names, row_bodies
from connectors.influxdb.reading import Reader
from connectors.influxdb.server import Server, connect
from connectors.influxdb.settings import InfluxDbSettings
from service.domain.batch import Batch
from service.domain.coverage import Cover
from service.domain.precedence import gather, may_lose, resolve
from service.domain.rows import take
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.history import History, Written

_THREADS = 2


@asynccontextmanager
async def open_history(
    settings: InfluxDbSettings, *, folder: Path, table: TagTable, clock: Clock
) -> AsyncIterator[History]:
    """The history in the InfluxDB of ``settings``; ``folder`` is not needed.

    Nothing is sent before the first write or read, so a server that is away now may come later.
    Raises Fatal when a secret is missing or a tag's id can't be written.
    """
    names = Names(table)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="influxdb")
    try:
        async with connect(settings) as server:
            yield InfluxDbHistory(server, names, threads, clock=clock)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class InfluxDbHistory:
    """A ``History``; see there for what its methods promise.

    Columns become lines and JSON becomes columns in ``threads``, off the event loop.
    """

    def __init__(
        self, server: Server, names: Names, threads: ThreadPoolExecutor, *, clock: Clock
    ) -> None:
        self._server = server
        self._names = names
        self._threads = threads
        self._clock = clock
        self._reader = Reader(server, names, threads)
        self._coverage = CoverageStore(server)

    async def write(self, batches: Sequence[Batch]) -> Written:
        """See ``HistoryWriter``. InfluxDB keeps the later of two rows at one instant; so where the
        earlier may be the better one, it is read first."""
        rows, origin, refused = gather(batches, received_ns=self._clock.now_ns())
        doubtful = may_lose(origin, rows.status)
        there, there_origin = await self._reader.stored(
            rows.tag[doubtful], rows.time_ns[doubtful], received_ns=rows.received_ns
        )
        settled = resolve(rows, origin, there, there_origin)
        kept = take(rows, settled.keep)
        bodies = row_bodies(kept, origin[settled.keep], self._names)
        loop = asyncio.get_running_loop()
        too_old = 0
        while (body := await loop.run_in_executor(self._threads, next, bodies, None)) is not None:
            too_old += await self._server.write(body)
        # after the values: what is said to be covered must be there
        await self._coverage.write([cover for batch in batches for cover in batch.covers])
        return Written(settled.stored - too_old, settled.superseded, refused + too_old)

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
        rows, _ = await self._reader.rows(
            tags, start_ns, end_ns, limit=limit, after=after, received_ns=self._clock.now_ns()
        )
        return rows

    async def picture(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, buckets: int
    ) -> Batch:
        """See ``HistoryReader``."""
        return await self._reader.picture(
            tags, start_ns, end_ns, buckets=buckets, received_ns=self._clock.now_ns()
        )

    async def latest(self, tags: Sequence[int], *, before_ns: int) -> Batch:
        """See ``HistoryReader``."""
        return await self._reader.latest(
            tags, before_ns=before_ns, received_ns=self._clock.now_ns()
        )

    async def covers(self, groups: Sequence[str], start_ns: int, end_ns: int) -> tuple[Cover, ...]:
        """See ``HistoryReader``."""
        return await self._coverage.read(groups, start_ns, end_ns)
