"""How the service ends when it can't write: in time, and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.app.core import open_core
from service.app.run import run_core
from service.domain.batch import Batch, make_batch
from service.runtime.clock import SystemClock
from service.runtime.source import SourceReport
from service.settings import load_site
from tests.sites import SAMPLE


class OneBatch:
    """Gives one Batch, and then nothing more."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._given = False

    async def read(self) -> Batch:
        if self._given:
            await asyncio.Event().wait()
        self._given = True
        now_ns = self._clock.now_ns()
        return make_batch([1], [now_ns], [1.0], received_ns=now_ns, source="plant")

    def durable(self, position: int) -> None:
        raise AssertionError(f"batch {position} is not durable on a full disk")

    def report(self) -> SourceReport:
        return SourceReport()


async def test_a_full_disk_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.app.run.DRAIN_S", 0.2)
    monkeypatch.setattr(
        "service.journal.log.shutil", SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=0))
    )
    site = load_site(SAMPLE)
    site = replace(site, service=replace(site.service, data=tmp_path), destinations=())
    clock = SystemClock()

    @asynccontextmanager
    async def opened() -> AsyncIterator[OneBatch]:
        yield OneBatch(clock)

    async with open_core(site, clock, sources={"plant": opened}) as core:
        stop = asyncio.Event()
        running = asyncio.create_task(run_core(core, stop))
        async with asyncio.timeout(20):
            while core.journal.held is None:
                await asyncio.sleep(0.01)
        stop.set()
        done, _ = await asyncio.wait((running,), timeout=10)
        running.cancel()
        assert done
        await running
