"""A destination's courier: at least once, in order per alarm, at the destination's own pace."""

from __future__ import annotations

import asyncio
from pathlib import Path

from service.domain.alarm import Phase, TransitionKind
from service.domain.circuit import CircuitState
from service.domain.instants import HOUR_NS
from service.runtime.clock import FakeClock
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Final, Message, MessageKind
from tests.post_rig import T0, Receiver, post_rig, put_rows, to

DOWN = Retryable("HTTP 503")


async def test_what_is_pending_of_one_alarm_goes_together_with_the_same_id_on_retries(
    tmp_path: Path,
) -> None:
    receiver = Receiver(DOWN, DOWN)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "a"))
        await rig.pass_s(60)
        assert receiver.tried == ["t1 t2"] * 3
        assert len(set(receiver.ids)) == 1
        await rig.put(("t3", "a"))
        await rig.pass_s(1)
        assert receiver.got == ["t1 t2", "t3"]
        assert await rig.states() == dict.fromkeys(("t1", "t2", "t3"), "delivered")


async def test_a_later_transition_makes_another_message_that_still_lists_the_first(
    tmp_path: Path,
) -> None:
    receiver = Receiver(DOWN)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(1)
        await rig.put(("t2", "a"))
        await rig.pass_s(1)
        assert receiver.tried == ["t1", "t1 t2"]
        assert receiver.ids[0] != receiver.ids[1]


async def test_an_alarm_whose_message_is_refused_holds_up_no_other(tmp_path: Path) -> None:
    receiver = Receiver(Rejected("HTTP 400"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), ("t3", "c"))
        await rig.pass_s(1)
        assert receiver.got == ["t2", "t3"]
        await rig.pass_s(5)
        assert receiver.got == ["t2", "t3", "t1"]
        assert (await rig.log())[0] == ("refused", "HTTP 400")


async def test_waits_grow_as_scheduled_up_to_three_days_then_it_is_a_dead_letter(
    tmp_path: Path,
) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(always=Rejected("HTTP 400"), clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(3.1 * 86_400)
        waits = [round(b - a) for a, b in zip(receiver.at_s, receiver.at_s[1:], strict=False)]
        assert waits[:7] == [5, 30, 120, 300, 1_800, 7_200, 7_200]
        assert set(waits[7:]) == {7_200}
        assert receiver.at_s[-1] < 3 * 86_400
        assert await rig.states() == {"t1": "dead"}
        assert len(await rig.log()) == len(receiver.tried) == 41
        assert rig.couriers["m"].waiting.dead == 1


async def test_what_waits_too_long_is_told_to_another_once(tmp_path: Path) -> None:
    bad, good = Receiver(always=DOWN), Receiver()
    destinations = to(bad, "m", fallback="desk", fallback_after_s=900), to(good, "desk")
    async with post_rig(tmp_path, *destinations) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(890)
        assert good.got == []
        await rig.put(("t2", "a"))
        await rig.pass_s(15)
        assert good.got == ["t1 t2"]  # not that it was raised, when it is known to be over
        await rig.put(("t3", "a"), ("u1", "b"))
        await rig.pass_s(1)
        assert good.got == ["t1 t2", "t3"]  # who was told of an alarm hears how it goes on
        bad.always = "HTTP 204"
        await rig.pass_s(7_200)
        assert sorted(bad.got) == ["t1 t2 t3", "u1"]
        assert good.got == ["t1 t2", "t3"]


async def test_what_is_handed_over_late_does_not_lead_back(tmp_path: Path) -> None:
    bad, good = Receiver(always=DOWN), Receiver()
    destinations = to(bad, "m", fallback="desk", fallback_after_s=900), to(good, "desk")
    returned = {"kind": TransitionKind.RETURNED, "state": Phase.RETURNED}
    async with post_rig(tmp_path, *destinations) as rig:
        await rig.put(("t1", "a"))
        await rig.put(("t2", "a"), to=("m", "desk"), **returned)
        await rig.pass_s(1_000)
        assert good.got == ["t2", "t1 t2"]


async def test_a_hanging_receiver_delays_no_other(tmp_path: Path) -> None:
    class Hanging(Receiver):
        async def send(self, message: Message) -> str:
            await asyncio.Event().wait()
            raise AssertionError

    good = Receiver()
    async with post_rig(tmp_path, to(Hanging(), "slow"), to(good, "m")) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(20)), to=("slow", "m"))
        await rig.quiet(asleep=1)
        assert len(good.got) == 20


async def test_what_shares_a_bundle_shares_a_message(tmp_path: Path) -> None:
    receiver = Receiver()
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.quiet()
        await put_rows(rig.database, ("t1", "a"), ("t2", "b"), ("t3", "a"), collect="flood")
        await rig.put(("t4", "c"))
        await rig.pass_s(1)
        assert sorted(receiver.got) == ["t1 t3 t2", "t4"]  # in which order, the disk decides
        digest = next(one for one in receiver.messages if one.kind is MessageKind.DIGEST)
        assert digest.totals is not None
        assert (digest.totals.notices, digest.totals.alarms) == (3, 2)


async def test_an_adapter_that_breaks_on_one_message_stops_no_other(tmp_path: Path) -> None:
    receiver = Receiver(KeyError("colour"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"))
        await rig.pass_s(1)
        assert receiver.got == ["t2"]
        assert (await rig.log())[0][0] == "refused"


async def test_a_clock_that_steps_back_makes_nobody_wait(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(DOWN, DOWN, DOWN)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), ("t3", "c"))
        await rig.quiet()
        assert rig.couriers["m"].circuit.state is CircuitState.OPEN
        clock.step(-HOUR_NS)
        rig.couriers["m"].call()
        await rig.quiet()
        assert len(receiver.got) == 3


async def test_what_will_never_be_taken_is_a_dead_letter_at_once(tmp_path: Path) -> None:
    bad, good = Receiver(Final("errcode 40058"), DOWN), Receiver()
    destinations = to(bad, "m", fallback="desk", fallback_after_s=900), to(good, "desk")
    async with post_rig(tmp_path, *destinations) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(1)
        assert await rig.states() == {"t1": "dead"}
        assert good.got == ["t1"]
        assert await rig.log() == [("refused", "errcode 40058")]
        assert rig.couriers["m"].waiting.dead == 1
        await rig.put(("t2", "a"))
        await rig.pass_s(60)
        assert bad.got == ["t2"]
        assert good.got == ["t1"]
