"""A destination's courier: at least once, in order per alarm, at the destination's own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.circuit import Circuit, CircuitState
from service.domain.instants import HOUR_NS
from service.runtime.clock import FakeClock
from service.runtime.deliver import Attempt, Gathered, Outcome, Pending, Portion
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Final, Gone, Message, MessageKind, NotifierLimits
from service.state.database import open_database
from service.state.outbox import StateOutbox
from tests.notices import SITE
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


async def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.state.outbox.LOGGED", 5)
    receiver = Receiver(always=Rejected("HTTP 400"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"))
        await rig.pass_s(30_000)
        assert len(await rig.log()) == len(receiver.tried) > 5
        await rig.box.forget(0)
        assert len(await rig.log()) == 5


class CountingOutbox(StateOutbox):
    """dues: how often something was asked for."""

    dues = 0

    async def due(self, destination: str, now_ns: int, limit: int) -> Portion:
        self.dues += 1
        return await super().due(destination, now_ns, limit)


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
