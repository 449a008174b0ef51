"""A courier whose destination is down, gone, or wants to be left alone for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.domain.circuit import CircuitState
from service.runtime.clock import FakeClock
from service.runtime.deliver import Outcome
from service.runtime.errors import Retryable
from service.runtime.notify import Gone, Message, MessageKind
from tests.notices import SITE
from tests.post_rig import T0, Receiver, post_rig, put_rows, to

DOWN = Retryable("HTTP 503")


async def test_retry_after_holds_the_whole_destination(tmp_path: Path) -> None:
    receiver = Receiver(Retryable("HTTP 429", retry_after_s=600))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"))
        await rig.pass_s(590)
        assert receiver.tried == ["t1"]
        await rig.pass_s(15)
        assert sorted(receiver.got) == ["t1", "t2"]


async def test_a_destination_that_is_down_is_probed_and_everything_goes_when_it_is_up(
    tmp_path: Path,
) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(always=DOWN, clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(40)))
        await rig.pass_s(24 * 3_600)
        courier = rig.couriers["m"]
        assert courier.circuit.state is CircuitState.OPEN
        assert courier.circuit.since_ns == T0
        assert courier.circuit.error == "HTTP 503"
        assert 280 <= len(receiver.tried) <= 300  # every five minutes, not forty alarms each
        assert courier.waiting.pending == 40
        receiver.always = "HTTP 204"
        await rig.pass_s(310)
        assert courier.circuit.state is CircuitState.CLOSED
        assert len(receiver.got) == 40
        assert set((await rig.states()).values()) == {"delivered"}


@pytest.mark.parametrize("alarms", [2, 3])
async def test_a_destination_that_is_down_is_probed_however_little_waits(
    tmp_path: Path, alarms: int
) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(always=DOWN, clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(alarms)))
        await rig.pass_s(4 * 3_600)
        waits = [b - a for a, b in zip(receiver.at_s, receiver.at_s[1:], strict=False)]
        assert max(waits) <= 300.0
        assert len(receiver.tried) <= 60
        late = receiver.tried[-10:]
        assert {late.count(f"t{n}") for n in range(alarms)} <= {3, 4, 5}  # by turns
        receiver.always = "HTTP 204"
        await rig.pass_s(301)
        assert len(receiver.got) == alarms


async def test_what_only_begins_later_is_no_probe(tmp_path: Path) -> None:
    receiver = Receiver(Retryable("HTTP 503", retry_after_s=60.0))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.quiet()
        await put_rows(rig.database, ("night", "b"), due_s=30_000.0)
        await rig.put(("t1", "a"))
        await rig.pass_s(3_600)
        assert receiver.tried == ["t1", "t1"]


async def test_one_poisonous_message_does_not_open_the_circuit(tmp_path: Path) -> None:
    class Poisoned(Receiver):
        async def send(self, message: Message) -> str:
            self.always = DOWN if message.notices[0].alarm == "a" else "HTTP 204"
            return await super().send(message)

    receiver = Poisoned()
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(1_000)
        assert rig.couriers["m"].circuit.state is CircuitState.CLOSED
        await rig.put(("t2", "b"))
        await rig.pass_s(1)
        assert receiver.got == ["t2"]


async def test_a_destination_that_is_gone_is_disabled_until_somebody_enables_it(
    tmp_path: Path,
) -> None:
    receiver = Receiver(Gone("HTTP 410"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"))
        await rig.pass_s(86_400)
        assert receiver.tried == ["t1"]
        assert rig.couriers["m"].circuit.state is CircuitState.DISABLED
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.pass_s(3_600)
        assert receiver.tried == ["t1"]
        rig.couriers["m"].enable()
        await rig.pass_s(1)
        assert sorted(receiver.got) == ["t1", "t2"]


async def test_a_destination_may_be_enabled_while_the_service_starts(tmp_path: Path) -> None:
    receiver = Receiver(Gone("HTTP 410"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(60)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await asyncio.sleep(0)  # it reads how the destination stood
        rig.couriers["m"].enable()
        await rig.pass_s(60)
        assert receiver.got == ["t1"]


async def test_a_restart_knows_that_the_destination_is_down(tmp_path: Path) -> None:
    receiver = Receiver(always=DOWN)
    clock = FakeClock(T0)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(9)))
        await rig.pass_s(1)
    tried = len(receiver.tried)
    assert tried == 3
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.quiet()
        assert len(receiver.tried) == tried
        assert rig.couriers["m"].circuit.state is CircuitState.OPEN


async def test_a_test_message_goes_at_once_and_closes_the_circuit(tmp_path: Path) -> None:
    receiver = Receiver(DOWN, DOWN, DOWN)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), ("t3", "c"))
        await rig.quiet()
        found = await rig.couriers["m"].tell(Message("test_1", MessageKind.TEST, SITE, T0))
        assert (found.outcome, found.answer) == (Outcome.DELIVERED, "HTTP 204")
        await rig.pass_s(1)
        assert len(receiver.got) == 4
        assert ("delivered", "HTTP 204") in await rig.log()


async def test_who_says_that_it_is_gone_is_replaced_at_once(tmp_path: Path) -> None:
    bad, good = Receiver(always=Gone("HTTP 410")), Receiver()
    destinations = to(bad, "m", fallback="desk", fallback_after_s=900), to(good, "desk")
    async with post_rig(tmp_path, *destinations) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(5)
        assert good.got == ["t1"]
        await rig.put(("t2", "a"))
        await rig.pass_s(5)
        assert good.got == ["t1", "t2"]
        assert len(bad.tried) == 1
