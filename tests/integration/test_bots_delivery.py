"""Bots and the courier together: a group robot that keeps its service's own rules over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.registry import Port, kinds
from service.domain.alarm import Priority
from service.domain.circuit import CircuitState
from service.domain.instants import SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.notify import Destination, Notifier
from tests.contract.notifier_cases import way_out
from tests.http_servers import read_request
from tests.post_rig import T0, post_rig


@dataclass
class Robot:
    """Takes ``per_minute`` messages within any minute; says errcode ``too_fast`` to the others, and
    then nothing is taken for ``silence_s``. codes: what it answers before, one after another."""

    clock: FakeClock
    per_minute: int = 20
    too_fast: int = 45009
    silence_s: float = 0.0
    codes: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    taken_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)
    port: int = 0

    def answer(self, body: bytes) -> int:
        """The errcode."""
        now_s = (self.clock.now_ns() - T0) / SECOND_NS
        if self.codes:
            code = self.codes.pop(0)
            if code:
                self.refused_s.append(now_s)
                return code
        silenced = bool(self.refused_s) and now_s < self.refused_s[-1] + self.silence_s
        recent = sum(1 for at_s in self.taken_s if now_s - at_s < 60.0)
        if silenced or recent >= self.per_minute:
            self.refused_s.append(now_s)
            return self.too_fast
        self.taken_s.append(now_s)
        content = orjson.loads(body)["markdown"]
        self.texts.append(content.get("content") or content["text"])
        return 0


@asynccontextmanager
async def listening(robot: Robot) -> AsyncIterator[Robot]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        answer = orjson.dumps({"errcode": robot.answer(body), "errmsg": "said"})
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    robot.port = server.sockets[0].getsockname()[1]
    try:
        yield robot
    finally:
        server.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def opened(kind: str, robot: Robot, **more: Any) -> AsyncIterator[Notifier]:
    connector = kinds(Port.NOTIFIER)[kind]
    settings = connector.settings.model_validate(
        {"kind": kind, "url": f"http://127.0.0.1:{robot.port}/send?key=0123456789", **more}
    )
    opener = connector.load()
    async with opener(
        settings, name="m", clock=robot.clock, outbound=way_out(("127.0.0.0/8",))
    ) as one:
        yield one


def counted(texts: list[str]) -> int:
    """The alarms that texts stand for: a digest says how many."""
    total = 0
    for text in texts:
        found = re.search(r"汇总：(\d+) 个报警", text)
        total += int(found[1]) if found else 1
    return total


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
async def test_a_storm_is_told_within_the_robots_limit_and_adds_up(
    tmp_path: Path, kind: str
) -> None:
    """1,000 alarms at once, and more for five minutes: the robot never has to refuse."""
    clock = FakeClock(T0)
    async with (
        listening(Robot(clock)) as robot,
        opened(kind, robot) as notifier,
        post_rig(tmp_path, Destination("m", notifier), clock=clock) as rig,
    ):
        await rig.put(*((f"t{n}", f"a{n}") for n in range(1_000)), priority=Priority.LOW)
        await rig.put(("c1", "b1"), priority=Priority.CRITICAL, message_zh="紧急的那个")
        await rig.pass_s(5)
        assert any("紧急的那个" in text for text in robot.texts)
        for n in range(30):
            await rig.put(*((f"x{n}-{i}", f"y{n}-{i}") for i in range(5)),
                          priority=Priority.LOW)  # fmt: skip
            await rig.pass_s(10)
        await rig.pass_s(130)
        assert set((await rig.states()).values()) == {"delivered"}
    assert robot.refused_s == []
    assert max(sum(1 for b in robot.taken_s if a <= b < a + 60) for a in robot.taken_s) <= 20
    assert counted(robot.texts) == 1_000 + 1 + 150
    assert all(len(text.encode()) <= 20_000 for text in robot.texts)


async def test_whoever_was_too_fast_for_dingtalk_is_silent_for_ten_minutes(tmp_path: Path) -> None:
    """Another program used up the robot's minute: we wait as DingTalk says, and lose nothing."""
    clock = FakeClock(T0)
    robot = Robot(clock, too_fast=130101, silence_s=600.0, codes=[130101])
    async with (
        listening(robot),
        opened("dingtalk", robot) as notifier,
        post_rig(tmp_path, Destination("m", notifier), clock=clock) as rig,
    ):
        await rig.put(("t1", "a"), ("t2", "b"))
        await rig.pass_s(599)
        assert robot.texts == []
        await rig.pass_s(60)
        assert set((await rig.states()).values()) == {"delivered"}
    assert robot.refused_s == [0.0]


async def test_a_robot_that_was_removed_is_sent_nothing_more(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    robot = Robot(clock, codes=[93000])
    async with (
        listening(robot),
        opened("wecom", robot) as notifier,
        post_rig(tmp_path, Destination("m", notifier), clock=clock) as rig,
    ):
        await rig.put(("t1", "a"))
        await rig.pass_s(7_200)
        assert rig.couriers["m"].circuit.state is CircuitState.DISABLED
        assert robot.texts == []
        assert len(robot.refused_s) == 1
        rig.couriers["m"].enable()
        await rig.pass_s(60)
        assert (await rig.states()) == {"t1": "delivered"}
        outcome, said = (await rig.log())[0]
    assert "errcode 93000" in said
    assert "0123456789" not in said
    assert outcome == "gone"


async def test_what_is_too_long_for_ever_is_a_dead_letter_and_the_next_goes(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    robot = Robot(clock, codes=[40058])
    async with (
        listening(robot),
        opened("wecom", robot) as notifier,
        post_rig(tmp_path, Destination("m", notifier), clock=clock) as rig,
    ):
        await rig.put(("t1", "a"))
        await rig.pass_s(1)
        await rig.put(("t2", "b"))
        await rig.pass_s(10)
        states = await rig.states()
        log = await rig.log()
    assert states == {"t1": "dead", "t2": "delivered"}
    assert len(log) == 2
    assert log[0][0] == "refused"
    assert "errcode 40058" in log[0][1]
