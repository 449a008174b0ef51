"""The law of delivery, for any story: every committed transition reaches its destination at least
once or stands there as a visible dead letter, and no destination is ever led back.

A story is a sequence of transitions, answers of the receivers, passing time, restarts, deaths
between a receiver's answer and our mark, and what operators do.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.domain.alarm import Priority
from service.domain.circuit import Circuit
from service.runtime.clock import FakeClock
from service.runtime.deliver import Attempt, Gathered, Pending
from service.runtime.deliveries import Chosen
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Final, Gone, Message, NotifierLimits
from service.state.deliveries import StateDeliveries
from service.state.outbox import StateOutbox
from tests.post_rig import T0, Rig, post_rig, to

TORTURE = bool(os.environ.get("ANODEWATCH_TORTURE"))
ANSWERS: dict[str, str | Exception] = {
    "takes": "HTTP 204",
    "down": Retryable("HTTP 503"),
    "busy": Retryable("HTTP 429", retry_after_s=700.0),
    "refuses": Rejected("HTTP 400"),
    "never takes": Final("errcode 40058"),
    "gone": Gone("HTTP 410"),
}
NAMES = ("plain", "limited")
ACTIONS = st.one_of(
    st.tuples(st.just("transition"), st.integers(0, 4)),
    st.tuples(st.just("answer"), st.sampled_from(NAMES), st.sampled_from(sorted(ANSWERS))),
    st.tuples(st.just("pass"), st.sampled_from((1, 40, 700, 8_000, 90_000, 270_000))),
    st.tuples(st.just("step"), st.sampled_from((-3_600, 3_600))),
    st.tuples(st.just("die before the mark"), st.sampled_from(NAMES)),
    st.tuples(st.just("lose, go on, replay"), st.sampled_from(NAMES), st.integers(0, 4)),
    st.just(("restart",)),
    st.just(("replay",)),
)


@dataclass
class Receiver:
    """got: what it took, message by message."""

    limits: NotifierLimits
    answer: str | Exception = "HTTP 204"
    got: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> str:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.got.append(message)
        return self.answer


class Dying(StateOutbox):
    """Whose process dies when it is to mark what ``dies`` names."""

    dies: str | None = None

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
        if attempt.destination == self.dies and next_ns is None and not is_final:
            raise asyncio.CancelledError
        await super().keep(
            attempt, told, next_ns=next_ns, circuit=circuit, release=release, is_final=is_final
        )


class Story:
    """committed: transitions by alarm, in order."""

    def __init__(self) -> None:
        self.clock = FakeClock(T0)
        self.receivers = {
            "plain": Receiver(NotifierLimits(notices=500)),
            "limited": Receiver(NotifierLimits(per_minute=4, notices=500)),
        }
        self.committed: dict[str, list[str]] = defaultdict(list)
        self.dies: str | None = None

    async def play(self, folder: Path, actions: Sequence[tuple[str, ...]]) -> None:
        left = list(actions)
        while left:
            async with self.at_work(folder) as rig:
                while left and self.dies is None:
                    action = left.pop(0)
                    if action[0] == "restart":
                        break
                    await self.act(rig, *action)
                    await self.check(rig)
            self.dies = None
        for receiver in self.receivers.values():
            receiver.answer = "HTTP 204"
        async with self.at_work(folder) as rig:
            for name, courier in rig.couriers.items():
                await StateDeliveries(rig.database).enable(
                    name, now_ns=self.clock.now_ns(), by="end"
                )
                courier.enable()
            await self.replay(rig)
            await rig.pass_s(20_000)
            for name, receiver in self.receivers.items():
                told = {one.transition for message in receiver.got for one in message.notices}
                assert told == {one for steps in self.committed.values() for one in steps}
                assert set((await rig.states(name)).values()) <= {"delivered"}

    def at_work(self, folder: Path):  # type: ignore[no-untyped-def]
        def through(box: StateOutbox) -> Dying:
            dying = Dying(box._database)
            dying.dies = self.dies
            self.box = dying
            return dying

        limited = to(self.receivers["limited"], "limited")
        plain = to(self.receivers["plain"], "plain", fallback="limited", fallback_after_s=600)
        return post_rig(folder, plain, limited, clock=self.clock, through=through)

    async def act(self, rig: Rig, what: str, *more: object) -> None:
        match what, *more:
            case "transition", int(number):
                alarm = f"a{number}"
                step = f"{alarm}.{len(self.committed[alarm])}"
                self.committed[alarm].append(step)
                priority = Priority.CRITICAL if number == 0 else Priority.HIGH
                await rig.put((step, alarm), to=NAMES, priority=priority)
                await rig.quiet()
            case "answer", str(name), str(answer):
                self.receivers[name].answer = ANSWERS[answer]
            case "pass", int(span_s):
                await rig.pass_s(span_s)
            case "step", int(step_s):
                self.clock.step(step_s * 1_000_000_000)
            case "die before the mark", str(name):
                self.dies = name
                for courier in rig.couriers.values():
                    courier._post.dies = name  # type: ignore[attr-defined]
                await self.act(rig, "transition", 1)
                await rig.pass_s(30)
            case "lose, go on, replay", str(name), int(number):
                await self.act(rig, "answer", name, "down")
                await self.act(rig, "transition", number)
                await self.act(rig, "pass", 270_000)
                await self.act(rig, "answer", name, "takes")
                await self.act(rig, "transition", number)
                await self.act(rig, "pass", 8_000)
                await self.replay(rig)
                await self.act(rig, "pass", 700)
            case ("replay",):
                await self.replay(rig)

    async def replay(self, rig: Rig) -> None:
        letters = StateDeliveries(rig.database)
        await letters.replay(Chosen(), NAMES, now_ns=self.clock.now_ns(), by="wang")
        for courier in rig.couriers.values():
            courier.call()
        await rig.quiet()

    async def check(self, rig: Rig) -> None:
        """What holds at every moment."""
        for name, receiver in self.receivers.items():
            rows = await rig.states(name)
            assert set(rows) == {one for steps in self.committed.values() for one in steps}
            told = {one.transition for message in receiver.got for one in message.notices}
            assert {one for one, state in rows.items() if state == "delivered"} <= told
            assert set(rows.values()) <= {"pending", "delivered", "dead"}
            self.check_order(receiver.got)

    def check_order(self, messages: Sequence[Message]) -> None:
        """Within a message an alarm's steps are in order, and its last one never goes back."""
        last: dict[str, int] = defaultdict(lambda: -1)
        for message in messages:
            by_alarm: dict[str, list[int]] = defaultdict(list)
            for one in message.notices:
                by_alarm[one.alarm].append(self.committed[one.alarm].index(one.transition))
            for alarm, steps in by_alarm.items():
                assert steps == sorted(steps), message
                assert steps[-1] >= last[alarm], message
                last[alarm] = steps[-1]


LATE_AND_ALONE = [("lose, go on, replay", "plain", 1)]
LATE_IN_A_DIGEST = [
    ("answer", "limited", "down"),
    *(("transition", number) for number in range(5)),
    ("pass", 270_000),
    ("answer", "limited", "takes"),
    *(("transition", number) for number in range(5)),
    ("pass", 8_000),
    ("replay",),
]


@given(actions=st.lists(ACTIONS, max_size=14))
@example(actions=LATE_AND_ALONE)
@example(actions=LATE_IN_A_DIGEST)
@settings(
    max_examples=1_500 if TORTURE else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_every_transition_is_delivered_or_a_visible_dead_letter_and_nobody_is_led_back(
    actions: list[tuple[str, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(Story().play(Path(folder), actions))
