"""A destination that is not well raises an alarm of its own, told to the others."""

from __future__ import annotations

from pathlib import Path

from service.domain.alarm import Phase, Priority
from service.domain.definitions import define
from service.domain.line import Line
from service.domain.rules import DeliveryRule, Timing
from service.runtime.alarms import AlarmStates
from service.runtime.deliveries import Chosen
from service.runtime.errors import Retryable
from service.runtime.notify import Gone
from service.runtime.watch_deliveries import DeliveryRules
from service.state.deliveries import StateDeliveries
from tests.post_rig import Receiver, Rig, post_rig, to

RULE = DeliveryRule("delivery", ("m", "away"), Priority.HIGH, Timing(300.0, 60.0))
M = "delivery:m"


class Judge:
    """Judges the couriers of a rig."""

    def __init__(self, rig: Rig) -> None:
        self.definitions = define((RULE,), tags=[], line=Line((), (), "PK"))
        self.states = AlarmStates(self.definitions.all())
        self.rules = DeliveryRules(self.definitions, self.states, rig.couriers)
        self.rig = rig

    async def after(self, span_s: float) -> Phase:
        """The alarm's phase once so long has passed, judged every ten seconds."""
        for _ in range(round(span_s / 10)):
            await self.rig.pass_s(10)
            self.rules.judge(self.rig.clock.now_ns())
        return self.states[M].phase


async def test_it_stands_while_the_destination_is_down_and_says_why(tmp_path: Path) -> None:
    receiver = Receiver(always=Retryable("HTTP 503"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        judge = Judge(rig)
        assert set(judge.definitions.all()) == {M, "delivery:away"}
        await rig.put(("t1", "a"), ("t2", "b"))
        assert await judge.after(290) is Phase.NORMAL
        assert await judge.after(60) is Phase.UNACKNOWLEDGED
        _, ((_, raised, _),) = judge.states.taken()
        assert raised.comment == "open: HTTP 503"
        receiver.always = "HTTP 204"
        assert await judge.after(420) is Phase.RETURNED
        assert judge.states["delivery:away"].phase is Phase.NORMAL  # unknown: nothing is held of it


async def test_a_dead_letter_is_an_alarm_until_somebody_sees_to_it(tmp_path: Path) -> None:
    receiver = Receiver(Gone("HTTP 410"))
    async with post_rig(tmp_path, to(receiver)) as rig:
        judge = Judge(rig)
        await rig.put(("t1", "a"))
        assert await judge.after(400) is Phase.UNACKNOWLEDGED
        await rig.pass_s(3 * 86_400)
        letters = StateDeliveries(rig.database)
        now_ns = rig.clock.now_ns()
        await letters.enable("m", now_ns=now_ns, by="wang")
        rig.couriers["m"].enable()
        assert await judge.after(100) is Phase.UNACKNOWLEDGED  # it is well, the letter is dead
        assert await letters.dismiss(Chosen(), now_ns=now_ns, by="wang") == 1
        rig.couriers["m"].call()
        assert await judge.after(100) is Phase.RETURNED
