"""The heartbeat beats only while every vital part lives, and says why it doesn't."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.domain.instants import HOUR_NS, SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.errors import Rejected, Retryable
from service.runtime.heartbeat import Beat, Heartbeat, Pulse
from service.runtime.notify import Message, MessageKind, NotifierLimits, SiteName

T0 = 1_780_000_000 * SECOND_NS
SITE = SiteName("s", "Site", "厂", "http://x")


class Receiver:
    """Takes beats at instants of the clock, or answers what it is told."""

    limits = NotifierLimits()

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.error: Exception | None = None
        self.got: list[float] = []
        self.messages: list[Message] = []

    async def send(self, message: Message) -> str:
        if self.error is not None:
            raise self.error
        self.got.append(self.clock.monotonic_s())
        self.messages.append(message)
        return "HTTP 200"


class Part:
    """A vital part that lives, or says or raises why not, or hangs."""

    def __init__(self) -> None:
        self.ill: str | Exception | None = None
        self.hangs = False
        self.asked = 0

    async def __call__(self) -> str | None:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.ill, Exception):
            raise self.ill
        return self.ill


class Rig:
    def __init__(self) -> None:
        self.clock = FakeClock(T0)
        self.receiver = Receiver(self.clock)
        self.journal, self.state = Part(), Part()
        self.heart = Heartbeat(
            {"journal": self.journal, "state": self.state},
            self.receiver, SITE, self.clock, every_s=60.0, check_s=0.002,
        )  # fmt: skip


@asynccontextmanager
async def beating() -> AsyncIterator[Rig]:
    rig = Rig()
    task = asyncio.ensure_future(rig.heart.run())
    try:
        await rig.clock.advance(0)
        yield rig
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_it_beats_at_once_and_then_in_its_period() -> None:
    async with beating() as rig:
        await rig.clock.advance(185)
        assert rig.receiver.got == [0, 60, 120, 180]
        last = rig.heart.last
        assert last == Beat(Pulse.SENT, (), T0 + 180 * SECOND_NS, 4)
        assert len({message.id for message in rig.receiver.messages}) == 4
        assert {message.kind for message in rig.receiver.messages} == {MessageKind.HEARTBEAT}


@pytest.mark.parametrize(
    ("ill", "reason"),
    [
        ("the disk is full", "journal: the disk is full"),
        (Retryable("database is locked"), "journal: database is locked"),
        ("hangs", "journal: gave no sign of life within 0.002 s"),
    ],
)
async def test_it_pauses_while_a_part_is_ill_says_why_and_beats_soon_after(
    ill: str | Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with beating() as rig:
        rig.journal.ill, rig.journal.hangs = ill, ill == "hangs"
        before = rig.state.asked
        for _ in range(60):
            await rig.clock.advance(10)
            await asyncio.sleep(0.005 if rig.journal.hangs else 0)
        assert rig.receiver.got == [0]
        assert rig.heart.last == Beat(Pulse.PAUSED, (reason,), T0, 1)
        assert rig.state.asked > before  # the others are asked all the same
        said = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert len(said) == 1
        assert reason in said[0]
        assert "last_sent=2026-" in said[0]
        rig.journal.ill, rig.journal.hangs = None, False
        await rig.clock.advance(61)
        assert len(rig.receiver.got) in (2, 3)
        assert rig.heart.last.pulse is Pulse.SENT
        assert [r.getMessage() for r in caplog.records][-1] == "heartbeat beats"


@pytest.mark.parametrize("error", [Retryable("HTTP 503"), Rejected("HTTP 404")])
async def test_one_lost_beat_is_made_up_for_within_the_period(error: Exception) -> None:
    async with beating() as rig:
        await rig.clock.advance(50)
        rig.receiver.error = error
        await rig.clock.advance(11)
        assert rig.heart.last == Beat(Pulse.FAILED, (str(error),), T0, 1)
        rig.receiver.error = None
        await rig.clock.advance(20)
        assert len(rig.receiver.got) == 2
        assert rig.receiver.got[1] < 75


async def test_a_receiver_that_is_gone_is_not_stormed() -> None:
    async with beating() as rig:
        rig.receiver.error = Retryable("refused")
        before = rig.state.asked
        await rig.clock.advance(3_600)
        assert 60 <= rig.state.asked - before <= 130


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS])
async def test_a_stepped_wall_clock_neither_stops_nor_hurries_it(step_ns: int) -> None:
    async with beating() as rig:
        await rig.clock.advance(61)
        rig.clock.step(step_ns)
        await rig.clock.advance(120)
        assert len(rig.receiver.got) == 4
