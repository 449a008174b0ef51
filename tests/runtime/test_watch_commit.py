"""The watch when its state can't be written: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.domain.alarm import Phase
from service.domain.lifecycle.actions import Acknowledge, Impossible
from service.runtime.alarms import AlarmStore, WatchCommit, WatchState
from service.runtime.errors import Retryable
from tests.watch_rig import HH, HOT, H, Rig, alive, rig, rows


class Gate:
    """A store in front of another. ``refusing``: it can't be written; ``slow``: once written, the
    answer never comes."""

    def __init__(self, store: AlarmStore) -> None:
        self._store = store
        self.refusing = False
        self.slow = False
        self.asked = asyncio.Event()

    async def load(self) -> WatchState:
        return await self._store.load()

    async def commit(self, step: WatchCommit) -> None:
        self.asked.set()
        if self.refusing:
            raise Retryable("the disk is full")
        await self._store.commit(step)
        if self.slow:
            await asyncio.Event().wait()


@asynccontextmanager
async def gated(folder: Path) -> AsyncIterator[tuple[Rig, Gate]]:
    gates: list[Gate] = []

    def through(store: AlarmStore) -> AlarmStore:
        gates.append(Gate(store))
        return gates[0]

    async with rig(folder, through=through, patience_s=0.05) as r:
        yield r, gates[0]


async def cancelled_while_committing(r: Rig, gate: Gate) -> None:
    """Judges an alarm, and ends the task in the midst of its commit."""
    gate.asked.clear()
    feeding = asyncio.create_task(r.feed(rows((1, HOT, 1170, 0), cover=(0, 12))))
    await gate.asked.wait()
    while r.watch.state(H).phase is not Phase.UNACKNOWLEDGED:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    feeding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await feeding


async def test_a_commit_that_was_cancelled_loses_nothing(tmp_path: Path) -> None:
    async with gated(tmp_path) as (r, gate):
        gate.refusing = True
        await cancelled_while_committing(r, gate)
        assert await r.alarms() == []
        gate.refusing = False
        await r.watch.caught_up(r.watch.position)
        assert await r.alarms() == [(H, "unacknowledged")]
        assert await r.transitions() == [("raised", 11.0)]
        assert await r.messages() == ["raised"]
        assert r.watch.transitions.value == 1


async def test_a_commit_that_was_kept_but_cancelled_is_kept_once(tmp_path: Path) -> None:
    async with gated(tmp_path) as (r, gate):
        gate.slow = True
        feeding = asyncio.create_task(r.feed(rows((1, HOT, 1170, 0), cover=(0, 12))))
        while await r.alarms() == []:
            await asyncio.sleep(0)
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
        gate.slow = False
        await r.watch.caught_up(r.watch.position)
        assert await r.transitions() == [("raised", 11.0)]
        assert await r.messages() == ["raised"]


async def test_what_was_put_back_comes_before_what_came_since(tmp_path: Path) -> None:
    async with gated(tmp_path) as (r, gate):
        gate.refusing = True
        await cancelled_while_committing(r, gate)
        gate.refusing = False
        await r.feed(rows((20, HOT, 1190, 0), cover=(12, 40)))
        assert await r.alarms() == [(H, "unacknowledged"), (HH, "unacknowledged")]
        assert await r.transitions() == [("raised", 11.0), ("raised", 30.0)]


async def test_an_acknowledgement_is_taken_though_it_can_not_be_kept_in_time(
    tmp_path: Path,
) -> None:
    async with gated(tmp_path) as (r, gate):
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 12)))
        gate.refusing = True
        with pytest.raises(Retryable, match="will be stored once the state can be written"):
            await r.desk.act(H, Acknowledge("looking"), by="li")
        assert r.watch.state(H).phase is Phase.ACKNOWLEDGED
        with pytest.raises(Impossible):
            await r.desk.act(H, Acknowledge(), by="wang")
        assert await r.alarms() == [(H, "unacknowledged")]
        gate.refusing = False
        await r.feed(alive(12, 13))  # any step brings it along
        assert await r.alarms() == [(H, "acknowledged")]


async def test_an_acknowledgement_does_not_wait_behind_a_step_that_hangs(tmp_path: Path) -> None:
    async with gated(tmp_path) as (r, gate):
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 12)))
        gate.refusing = True
        await r.clock.advance(2)
        gate.asked.clear()
        step = asyncio.create_task(r.watch.caught_up(r.watch.position))
        await gate.asked.wait()
        with pytest.raises(Retryable):
            await r.desk.act(H, Acknowledge(), by="li")
        gate.refusing = False
        await r.clock.advance(60)
        await step
        await r.watch.caught_up(r.watch.position)
        assert await r.alarms() == [(H, "acknowledged")]
        assert {kind for kind, _ in await r.transitions()} == {"raised", "acknowledged"}
