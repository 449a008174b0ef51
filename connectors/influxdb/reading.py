"""Questions to InfluxDB, in InfluxQL alone, so that 1.8, 2.x and 3.x are asked alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

import numpy as np

from connectors.influxdb.influxql import FIELDS, MEASUREMENTS, parse, tag_is, to_rows
from connectors.influxdb.lines import Names
from connectors.influxdb.server import Server
from service.domain.arrays import Int32s, Int64s
from service.domain.batch import Batch, empty_batch
from service.domain.instants import MINUTE_NS
from service.domain.m4 import Picture
from service.domain.precedence import Origins
from service.domain.rows import in_time_order, join, take

_TAGS_PER_QUERY = 500
_PAGE = 50_000
_GAP_NS = MINUTE_NS

Found = tuple[Batch, Origins]
Answer = TypeVar("Answer")


class Reader:
    """Asks one server about the tags of one table. JSON becomes columns in ``threads``."""

    def __init__(self, server: Server, names: Names, threads: Executor) -> None:
        self._server = server
        self._names = names
        self._threads = threads

    async def rows(
        self,
        tags: Sequence[int],
        start_ns: int,
        end_ns: int,
        *,
        limit: int,
        after: tuple[int, int] | None,
        received_ns: int,
    ) -> Found:
        """The page of ``HistoryReader.rows``, and the rows' origins."""
        pages = [
            await self._page(some, start_ns, end_ns, limit, after, received_ns)
            for some in chunks(sorted(set(tags)), _TAGS_PER_QUERY)
        ]
        if limit < 1 or not pages:
            return empty_batch(received_ns=received_ns), np.empty(0, np.uint8)
        if len(pages) == 1:
            rows, origin = pages[0]
        else:
            rows = join([page for page, _ in pages], received_ns=received_ns)
            origin = np.concatenate([origin for _, origin in pages])
            order = np.lexsort((rows.tag, rows.time_ns))
            rows, origin = take(rows, order), origin[order]
        if len(rows) > limit:
            rows, origin = take(rows, np.arange(limit)), origin[:limit]
        return rows, origin

    async def picture(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, buckets: int, received_ns: int
    ) -> Batch:
        """See ``HistoryReader.picture``. Selectors of InfluxQL lose their own times within GROUP BY
        time, so rows come page by page, and what is held is the picture."""
        drawing = Picture(start_ns, end_ns, buckets=buckets)
        for tag in dict.fromkeys(tags):
            after: tuple[int, int] | None = None
            while True:
                page, _ = await self.rows(
                    [tag], start_ns, end_ns, limit=_PAGE, after=after, received_ns=received_ns
                )
                await self._run(partial(drawing.add, page))
                if len(page) < _PAGE:
                    break
                after = (int(page.time_ns[-1]), tag)
        return in_time_order(drawing.rows(received_ns=received_ns))

    async def latest(self, tags: Sequence[int], *, before_ns: int, received_ns: int) -> Batch:
        """See ``HistoryReader.latest``."""
        parts = []
        for some in chunks(sorted(set(tags)), _TAGS_PER_QUERY):
            rows, _ = await self._ask(
                f"SELECT {FIELDS} FROM {MEASUREMENTS} WHERE {self._of(some)} "
                f'AND time < {before_ns} GROUP BY "tag_id" ORDER BY time DESC LIMIT 1',
                some,
                received_ns,
            )
            _, last = np.unique(rows.tag[::-1], return_index=True)  # one per measurement may come
            parts.append(take(rows, len(rows) - 1 - last))
        return in_time_order(join(parts, received_ns=received_ns))

    async def stored(self, tags: Int32s, times_ns: Int64s, *, received_ns: int) -> Found:
        """Rows of ``tags`` at any of ``times_ns``, and their origins: a little more than was asked
        for."""
        order = np.argsort(times_ns)
        cuts = np.flatnonzero(np.diff(times_ns[order]) > _GAP_NS) + 1
        found: list[Found] = []
        for part in np.split(order, cuts) if len(order) else []:
            numbers = np.unique(tags[part]).tolist()
            start_ns, end_ns = int(times_ns[part[0]]), int(times_ns[part[-1]]) + 1
            after: tuple[int, int] | None = None
            while True:
                rows, origin = await self.rows(
                    numbers, start_ns, end_ns, limit=_PAGE, after=after, received_ns=received_ns
                )
                wanted = np.flatnonzero(np.isin(rows.time_ns, times_ns))
                found.append((take(rows, wanted), origin[wanted]))
                if len(rows) < _PAGE:
                    break
                after = (int(rows.time_ns[-1]), int(rows.tag[-1]))
        if not found:
            return empty_batch(received_ns=received_ns), np.empty(0, np.uint8)
        batch = join([rows for rows, _ in found], received_ns=received_ns)
        return batch, np.concatenate([origin for _, origin in found])

    async def _page(
        self,
        tags: Sequence[int],
        start_ns: int,
        end_ns: int,
        limit: int,
        after: tuple[int, int] | None,
        received_ns: int,
    ) -> Found:
        """At least the first ``limit`` rows, if there are so many, sorted by (time, tag).

        InfluxDB sorts by time only and cuts within an instant; so more is asked for, by what one
        instant may hold before ``after`` and what the last may lack.
        """
        if after is not None:
            start_ns = max(start_ns, after[0])
        fields, group = f'{FIELDS},"tag_id"', ""
        if len(tags) == 1:  # then the name needn't come with each row
            fields, group = FIELDS, 'GROUP BY "tag_id"'
        rows, origin = await self._ask(
            f"SELECT {fields} FROM {MEASUREMENTS} WHERE {self._of(tags)} AND time >= {start_ns} "
            f"AND time < {end_ns} {group} ORDER BY time LIMIT {limit + 2 * len(tags)}",
            tags,
            received_ns,
        )
        if after is not None:
            later = (rows.time_ns > after[0]) | (rows.tag > after[1])
            beyond = np.flatnonzero(later)
            rows, origin = take(rows, beyond), origin[beyond]
        return rows, origin

    async def _ask(self, statement: str, tags: Sequence[int], received_ns: int) -> Found:
        body = await self._server.query(statement)

        def read() -> Found:
            series = parse(body, of=self._server.name)
            return to_rows(series, self._names, tags, received_ns=received_ns)

        return await self._run(read)

    def _of(self, tags: Sequence[int]) -> str:
        return tag_is("tag_id", [self._names.id_of(tag) for tag in tags])

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def chunks(tags: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """``tags`` in parts of at most ``size``."""
    for first in range(0, len(tags), size):
        yield tags[first : first + size]
