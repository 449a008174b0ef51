"""A courier keeps to what its destination takes in a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from service.domain.alarm import Priority
from service.runtime.clock import FakeClock
from service.runtime.notify import Message, MessageKind, NotifierLimits
from service.state.database import open_database
from tests.notices import SITE
from tests.post_rig import T0, CountingOutbox, Receiver, post_rig, put_rows, to


async def test_a_limit_per_minute_is_kept_and_critical_alarms_go_first(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(limits=NotifierLimits(per_minute=20, notices=10), clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        rows = [(f"t{n}", f"a{n}") for n in range(1_000)]
        await put_rows(rig.database, *rows, priority=Priority.LOW)
        await rig.put(*((f"c{n}", f"b{n}") for n in range(5)), priority=Priority.CRITICAL)
        await rig.pass_s(1)
        assert receiver.got[:4] == [f"c{n}" for n in range(4)]  # a quarter at once, the rest in one
        (digest,) = (one for one in receiver.messages if one.kind is MessageKind.DIGEST)
        assert digest.totals is not None
        assert (digest.totals.notices, digest.totals.by_priority[Priority.CRITICAL]) == (1_001, 1)
        assert len(digest.notices) == 10
        assert digest.notices[0].transition == "c4"
        await rig.put(*((f"x{n}", f"y{n}") for n in range(9)), priority=Priority.LOW)
        await rig.put(("c9", "b9"), priority=Priority.CRITICAL)
        await rig.pass_s(5)
        assert "c9" in " ".join(receiver.got).split()
        for _ in range(300):
            await rig.put((f"z{clock.now_ns()}", f"z{clock.now_ns()}"), priority=Priority.LOW)
            await rig.pass_s(1)
        assert most_within(receiver.at_s, 60.0) <= 20
        await rig.pass_s(120)
        assert set((await rig.states()).values()) == {"delivered"}


async def test_messages_keep_apart_as_the_receiver_wants(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(limits=NotifierLimits(apart_s=0.25), clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(9)))
        await rig.pass_s(5)
    assert receiver.at_s == [0.25 * n for n in range(9)]


def most_within(at_s: Sequence[float], window_s: float) -> int:
    """The most instants within any window."""
    return max(sum(1 for b in at_s if a <= b < a + window_s) for a in at_s)


async def test_the_limit_is_kept_over_a_restart(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(limits=NotifierLimits(per_minute=4), clock=clock)
    for part in range(3):
        async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
            rows = [(f"t{part}-{n}", f"a{part}-{n}") for n in range(3)]
            await rig.put(*rows, priority=Priority.CRITICAL)
            await rig.pass_s(5)
            assert receiver.tried == ["t0-0 t0-1 t0-2"]
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.pass_s(6)
        assert receiver.tried[1:] == ["t1-0 t1-1 t1-2 t2-0 t2-1 t2-2"]


async def test_a_message_that_goes_by_itself_counts_before_the_next_one_does(
    tmp_path: Path,
) -> None:
    answered = asyncio.Event()

    class Slow(Receiver):
        async def send(self, message: Message) -> str:
            answer = await super().send(message)
            await answered.wait()
            return answer

    receiver = Slow(limits=NotifierLimits(per_minute=8))
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        box = CountingOutbox(database)
        async with post_rig(tmp_path, to(receiver), through=lambda _: box) as rig:
            await rig.quiet()
            tests = [Message(f"test_{n}", MessageKind.TEST, SITE, T0) for n in (1, 2)]
            tells = [asyncio.ensure_future(rig.couriers["m"].tell(one)) for one in tests]
            while not receiver.tried:
                await asyncio.sleep(0.001)
            before = box.dues
            await rig.put(("t1", "a"), priority=Priority.CRITICAL)
            while box.dues == before:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)  # until the courier stands behind the second one
            answered.set()
            await asyncio.gather(*tells)
            await rig.pass_s(1)
            assert receiver.ids == ["test_1", "test_2"]  # two at once, the next within seconds
            await rig.pass_s(30)
            assert receiver.tried[-1] == "t1"
