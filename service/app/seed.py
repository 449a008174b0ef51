"""Filling an empty service with a past: generated Batches through journal, accounting and
history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

from service.app.core import open_core
from service.app.run import drained, run_core
from service.domain.batch import Batch
from service.domain.rules import CommunicationRule, StaleRule
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.errors import EndOfSource
from service.runtime.ingest import SourceState
from service.runtime.source import SourceReport
from service.settings import Site
from service.state.watched import StateWatched

SETTLE_S = 300.0


class Batches:
    """Batches made in a worker thread, as a source that ends; ``passed`` is told each one's newest
    time."""

    def __init__(self, batches: Iterator[Batch], passed: Callable[[int], None]) -> None:
        self._batches = batches
        self._passed = passed

    async def read(self) -> Batch:
        """The next Batch; EndOfSource after the last."""
        batch = await asyncio.to_thread(next, self._batches, None)
        if batch is None:
            raise EndOfSource("no more batches")
        self._passed(batch.received_ns)
        return batch

    def durable(self, position: int) -> None:
        """Nothing to take back."""

    def report(self) -> SourceReport:
        """Nothing to tell."""
        return SourceReport()


async def seed(
    site: Site,
    clock: Clock,
    batches: Callable[[TagTable], Iterable[Batch]],
    *,
    connector: str,
    passed: Callable[[int], None],
) -> None:
    """Lets the service take ``batches`` in as values of ``connector`` that arrived when they were
    made.

    Nobody is told of the past: notifications are left out, and so are rules on the absence of
    values from
    a plant that isn't there yet. Returns when every consumer has everything.
    """
    rules = tuple(r for r in site.rules if not isinstance(r, CommunicationRule | StaleRule))
    quiet = replace(site, destinations=(), rules=rules)
    async with open_core(quiet, clock, sources={}, gather_s=0.0, partial_site=True) as core:
        edges: list[int] = []

        def noted(time_ns: int) -> None:
            edges[:] = [*edges[:1], time_ns]
            passed(time_ns)

        @asynccontextmanager
        async def opened() -> AsyncIterator[Batches]:
            yield Batches(iter(batches(core.table)), noted)

        stop = asyncio.Event()
        filled = replace(core, sources={connector: opened})
        async with asyncio.TaskGroup() as group:
            group.create_task(run_core(filled, stop))
            while core.statuses[connector].state is not SourceState.ENDED:
                await clock.sleep(0.05)
            await drained(core, within_s=SETTLE_S)
            # The minutes are many and come at once: those that are left would be judged, and told,
            # when the service starts.
            async with asyncio.timeout(SETTLE_S):
                while core.watch.judged_ns != core.book.closed_ns:
                    await clock.sleep(0.05)
            if len(edges) > 1:  # every alarm of that time is found: it counts as watched
                await StateWatched(core.database).extend(*edges)
            stop.set()
