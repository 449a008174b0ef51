"""A courier and its state: what is busy, dies, or ends beneath it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from service.domain.alarm import Priority
from service.domain.circuit import Circuit
from service.runtime.clock import FakeClock
from service.runtime.deliver import Attempt, Gathered, Pending, Portion
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Message
from service.state.database import open_database
from service.state.outbox import StateOutbox
from tests.post_rig import T0, CountingOutbox, Receiver, post_rig, put_rows, to

DOWN = Retryable("HTTP 503")


async def test_the_end_waits_for_what_is_just_being_taken(tmp_path: Path) -> None:
    answered = asyncio.Event()

    class Slow(Receiver):
        async def send(self, message: Message) -> str:
            answer = await super().send(message)
            await answered.wait()
            return answer

    receiver = Slow()
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"))
        while not receiver.tried:
            await asyncio.sleep(0.001)
        ending = asyncio.ensure_future(rig.couriers["m"].finish())
        await asyncio.sleep(0.01)
        assert not ending.done()
        answered.set()
        await ending
        assert await rig.states() == {"t1": "delivered", "t2": "pending"}
    assert receiver.tried == ["t1"]


async def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.state.outbox.LOGGED", 5)
    receiver = Receiver(always=Rejected("HTTP 400"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(30_000)
        assert len(await rig.log()) == len(receiver.tried) > 5
        await rig.box.forget(0)
        assert len(await rig.log()) == 5


async def test_what_waits_for_a_failed_digest_is_not_asked_for_all_the_time(
    tmp_path: Path,
) -> None:
    receiver = Receiver(always=DOWN)
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        box = CountingOutbox(database)
        async with post_rig(tmp_path, to(receiver), through=lambda _: box) as rig:
            await rig.quiet()
            await rig.put(("t1", "a"), ("t2", "b"), collect="flood")
            await rig.pass_s(1)
            await rig.put(("t3", "a"))
            await rig.pass_s(600)
            assert len(set(receiver.ids)) == 1
            assert box.dues < 30


class DyingOutbox(StateOutbox):
    """Whose process dies between the receiver's answer and the mark."""

    async def keep(self, attempt: Attempt, *rest: Any, **more: Any) -> None:
        raise asyncio.CancelledError


@pytest.mark.parametrize("collect", [None, "flood"])
async def test_after_a_crash_the_same_rows_go_again_under_the_same_id(
    tmp_path: Path, collect: str | None
) -> None:
    receiver = Receiver()
    rows = [("t1", "a"), ("t2", "a"), ("t3", "b")][: None if collect else 2]
    first, second = " ".join(row[0] for row in rows), ("t4", "a")
    async with post_rig(
        tmp_path, to(receiver), through=lambda box: DyingOutbox(box._database)
    ) as rig:
        await put_rows(rig.database, *rows, collect=collect)
        rig.news.step()
        while not rig.tasks[0].done():
            await asyncio.sleep(0.001)
        await rig.put(second, collect=collect)
        await rig.put(("c1", "c"), priority=Priority.CRITICAL)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.pass_s(10)
        assert receiver.tried.count(first) == 2
        assert sorted(receiver.tried) == sorted([first, first, "t4", "c1"])
        repeated = [one.id for one in receiver.messages if len(one.notices) > 1]
        assert len(set(repeated)) == 1
        assert set((await rig.states()).values()) == {"delivered"}


class BusyOutbox(StateOutbox):
    """Whose database is busy every other time."""

    calls = 0

    def _busy(self) -> None:
        self.calls += 1
        if self.calls % 2:
            raise Retryable("state database: database is locked")

    async def due(self, destination: str, now_ns: int, limit: int) -> Portion:
        self._busy()
        return await super().due(destination, now_ns, limit)

    async def keep(
        self,
        attempt: Attempt,
        told: Pending | Gathered | None,
        *,
        next_ns: int | None,
        circuit: Circuit | None,
        release: bool = False,
        is_final: bool = False,
    ) -> None:
        self._busy()
        await super().keep(
            attempt, told, next_ns=next_ns, circuit=circuit, release=release, is_final=is_final
        )


async def test_a_busy_state_is_waited_for(tmp_path: Path) -> None:
    receiver = Receiver(DOWN)
    clock = FakeClock(T0)
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        busy = BusyOutbox(database)
        async with post_rig(tmp_path, to(receiver), clock=clock, through=lambda _: busy) as rig:
            await rig.put(("t1", "a"))
            await rig.pass_s(30)
            assert receiver.tried == ["t1", "t1"]
            assert await rig.states() == {"t1": "delivered"}
