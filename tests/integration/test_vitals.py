"""What a heartbeat rests on, in a running core: each vital part that fails stops it, and is
named."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.app.core import Core, open_core
from service.app.heartbeat import STUCK_S, CoreVitals, open_heartbeat
from service.app.run import run_core
from service.domain.circuit import WORKS, failed, gone
from service.domain.instants import SECOND_NS
from service.domain.tag import Tag
from service.runtime.clock import FakeClock, SystemClock
from service.runtime.deliver import Outcome
from service.runtime.heartbeat import Heartbeat, Pulse
from service.runtime.notify import Message, NotifierLimits
from service.settings import load_site
from service.state.heartbeat import StateHeartbeat
from tests.post_rig import put_rows
from tests.running_service import write_site
from tests.webhook_receiver import Receiver, run_receiver

BAGS = "PK-P1-KQ702.TOT"
SHORT_S = 0.3


@dataclass
class Living:
    core: Core
    heart: Heartbeat
    receiver: Receiver

    async def reasons(self) -> tuple[str, ...]:
        """As a heartbeat finds them that waits but a moment for each part."""
        parts = CoreVitals(self.core, StateHeartbeat(self.core.database)).all()
        heart = Heartbeat(
            parts, Nobody(), self.core.name, self.core.clock, every_s=60.0, check_s=SHORT_S
        )
        return await heart.reasons()


class Nobody:
    limits = NotifierLimits()

    async def send(self, message: Message) -> str:
        raise AssertionError("nothing is sent")


def whole(core: Core) -> Coroutine[Any, Any, None]:
    return run_core(core, asyncio.Event())


def without_watch(core: Core) -> Coroutine[Any, Any, None]:
    return core.journal.run()


@asynccontextmanager
async def living(
    folder: Path, run: Callable[[Core], Coroutine[Any, Any, None]] = whole
) -> AsyncIterator[Living]:
    """A core that runs over an empty plant, with a heartbeat to its destination."""
    with run_receiver() as receiver:
        site = load_site(
            write_site(
                folder / "site",
                tags={0: Tag(BAGS, "plant", "ns=1;s=bags")},
                endpoint="opc.tcp://127.0.0.1:1/nobody",
                meter=BAGS,
                webhook=(receiver.url, receiver.secret),
                more='\n[heartbeat]\ndestination = "maintenance"\n',
            )
        )
        async with (
            open_core(site, SystemClock(), sources={}, gather_s=0.0) as core,
            open_heartbeat(core) as heart,
        ):
            assert heart is not None
            running = asyncio.create_task(run(core))
            try:
                yield Living(core, heart, receiver)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def test_while_all_live_it_is_a_signed_message_and_is_remembered(tmp_path: Path) -> None:
    async with living(tmp_path) as it:
        await it.heart.beat()
        await it.heart.beat()
        assert it.heart.last.pulse is Pulse.SENT
        assert it.heart.last.sent == 2
        assert it.receiver.refused == []
        assert [body["type"] for body, _ in it.receiver.messages] == ["heartbeat"] * 2
        assert len(set(it.receiver.ids())) == 2
        assert it.receiver.messages[0][0]["data"]["site"]["id"] == "test"
        lived_ns = await StateHeartbeat(it.core.database).lived_ns()
        assert lived_ns is not None
        assert 0 <= it.core.clock.now_ns() - lived_ns < 60e9


async def test_a_journal_without_room_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as it:
        full = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=0))
        monkeypatch.setattr("service.journal.log.shutil", full)
        monkeypatch.setattr("service.journal.log.HELD_RETRY_S", 0.05)
        first = await it.reasons()
        assert first[0] == f"journal: gave no sign of life within {SHORT_S} s"
        assert "free disk" in (await it.reasons())[0]  # known by then
        await it.heart.beat()
        assert it.heart.last.pulse is Pulse.PAUSED
        assert it.receiver.messages == []
        monkeypatch.undo()
        async with asyncio.timeout(10):
            while it.core.journal.held is not None:
                await asyncio.sleep(0.01)
        await it.heart.beat()
        assert it.heart.last.pulse is Pulse.SENT


@contextmanager
def locked(core: Core) -> Iterator[None]:
    """The state, while another process holds it."""
    other = sqlite3.connect(core.site.service.data / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


async def test_a_state_that_can_not_be_written_is_named_and_the_watch_that_needs_it(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as it:
        assert await it.reasons() == ()
        with locked(it.core):
            reasons = await it.reasons()
        assert [reason.split(":")[0] for reason in reasons] == ["watch", "state"]
        await it.heart.beat()
        assert it.heart.last.pulse is Pulse.SENT


async def test_a_watch_that_does_not_follow_the_journal_is_named(tmp_path: Path) -> None:
    async with living(tmp_path, without_watch) as it:
        await it.reasons()
        assert it.core.journal.last > 0
        reasons = await it.reasons()
        assert reasons == (f"watch: gave no sign of life within {SHORT_S} s",)


async def test_deliveries_that_are_due_but_never_tried_are_named(tmp_path: Path) -> None:
    async with living(tmp_path, without_watch) as it:
        clock = FakeClock(it.core.clock.now_ns())
        kept = StateHeartbeat(it.core.database)
        parts = CoreVitals(replace(it.core, clock=clock), kept)
        assert await parts.deliveries() is None
        await put_rows(
            it.core.database, ("t", "a"), to=["maintenance"], now_ns=clock.now_ns() - SECOND_NS
        )
        assert await parts.deliveries() is None
        await clock.advance(STUCK_S + 1)
        assert await parts.deliveries() == (
            "messages to maintenance are due, and none was tried for 300 s"
        )
        courier = it.core.couriers["maintenance"]
        courier.counters[Outcome.REFUSED] += 1
        assert await parts.deliveries() is None  # refused again and again, but tried
        await clock.advance(STUCK_S + 1)
        assert await parts.deliveries() is not None
        courier.circuit = failed(
            WORKS, clock.now_ns(), error="busy", subject="a", draw=0.5, retry_after_s=3_600
        )
        assert await parts.deliveries() is None  # it waits as the receiver asked
        courier.circuit = gone(clock.now_ns(), error="HTTP 410")
        assert await parts.deliveries() is None
