"""A stage that another one blocks is not blamed: one alarm is told, at the stage where it began."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.app.causes import CoreCauses
from service.domain.alarm import AlarmState, Phase, Priority, Quiet, Silence
from service.domain.definitions import define
from service.domain.handling import Handling
from service.domain.instants import MINUTE_NS
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.domain.rules import ShiftShortfallRule, ThroughputRule, Timing
from service.runtime.alarms import AlarmStates
from service.runtime.errors import Retryable
from service.runtime.silencing import Silencing
from service.runtime.watch_held_up import Causes, HeldUp
from service.runtime.watch_production import ProductionRules
from tests.lossplant import (
    FIRST,
    LINE,
    PLAN,
    HandFilled,
    at,
    hand_filled,
    hours,
    minutes,
    steady,
    stop,
)

HOUR_LOW = ThroughputRule(
    "hour-low", ("A", "B"), Window.HOUR, 20.0, 5.0, Priority.HIGH, Timing(300.0, 60.0),
    handling=Handling(settle_s=600.0),
)  # fmt: skip
SHORT = ShiftShortfallRule("short", ("A", "B"), 5.0, Priority.MEDIUM, Timing(300.0, 60.0))
Told = tuple[str, str, float, Quiet | None]


class Unknown:
    async def began_at(self, stage: str, start_ns: int, end_ns: int) -> str | None:
        return None


class Busy:
    async def began_at(self, stage: str, start_ns: int, end_ns: int) -> str | None:
        raise Retryable("the state is busy")


async def told(r: HandFilled, from_h: float, until_h: float, causes: Causes) -> list[Told]:
    """Definition, kind, hour and silence of each transition, judged minute by minute."""
    n = len(r.kg["B1"])
    await r.write(0, n)
    definitions = define((HOUR_LOW, SHORT), tags=(), line=LINE)
    states = AlarmStates(definitions.all())
    silencing = Silencing(definitions, LINE, states, r.clock)
    states.silencer = silencing
    book = ProductionBook(LINE, PLAN, first_minute=FIRST, n_minutes=n)
    for unit, row in r.kg.items():
        book.enter(unit, minutes(row))
    rules = ProductionRules(
        definitions, book, states,
        held_up=HeldUp(definitions.stages, states, causes, silencing.held_up),
    )  # fmt: skip
    for minute in range(round(from_h * 60), round(until_h * 60)):
        end_ns = at(0) + minute * MINUTE_NS
        r.closed.closed_ns = book.closed_ns = end_ns
        await r.clock.advance((end_ns - r.clock.now_ns()) / 1e9)
        await rules.prepare(end_ns)
        rules.judge(end_ns)
        states.pass_time(end_ns)
    _, steps = states.taken()
    return [(one.definition, str(one.kind), round(hours(one.at_ns), 2), one.quiet)
            for _, one, _ in steps]  # fmt: skip


def bags_are_short() -> dict[str, np.ndarray]:
    """B stands for want of bags; half an hour later the buffer before it is full."""
    kg = steady(0.5)
    stop(kg, "B1", 3.0, 5.0)
    for unit in ("A1", "A2"):
        stop(kg, unit, 3.5, 5.0)
    return kg


async def test_a_shortage_of_bags_does_not_blame_the_stage_before(tmp_path: Path) -> None:
    async with hand_filled(tmp_path, bags_are_short()) as r:
        found = await told(r, 2.5, 5.4, CoreCauses(r.losses, LINE))
    raised = {step[0]: step[3] for step in found if step[1] == "raised"}
    assert raised["hour-low:B"] is None
    assert raised["hour-low:A"] is Quiet.INHIBITED
    assert next(step[0] for step in found if step[1] == "raised").endswith(":B")


async def test_a_stage_that_stops_by_itself_is_told_though_another_stands(tmp_path: Path) -> None:
    kg = bags_are_short()
    for unit in ("A1", "A2"):  # it stood before B did
        stop(kg, unit, 2.6, 5.0)
    async with hand_filled(tmp_path, kg) as r:
        found = await told(r, 2.5, 4.5, CoreCauses(r.losses, LINE))
    raised = {step[0]: step[3] for step in found if step[1] == "raised"}
    assert raised["hour-low:A"] is None
    assert raised["hour-low:B"] is Quiet.INHIBITED  # starved by A


async def test_what_is_still_low_after_the_cause_has_gone_is_told(tmp_path: Path) -> None:
    kg = bags_are_short()
    for unit in ("A1", "A2"):  # A does not come back with B
        stop(kg, unit, 5.0, 9.0)
    async with hand_filled(tmp_path, kg) as r:
        found = [
            step
            for step in await told(r, 2.5, 8.0, CoreCauses(r.losses, LINE))
            if step[0] == "hour-low:A"
        ]
    kinds = [(kind, quiet) for _, kind, _, quiet in found]
    assert kinds == [("raised", Quiet.INHIBITED), ("reraised", None)]


@pytest.mark.parametrize("causes", [Unknown(), Busy()])
async def test_without_a_cause_both_are_told(tmp_path: Path, causes: Causes) -> None:
    async with hand_filled(tmp_path, bags_are_short()) as r:
        found = await told(r, 2.5, 5.0, causes)
    assert {step[0] for step in found if step[1] == "raised" and step[3] is None} >= {
        "hour-low:A",
        "hour-low:B",
    }


async def test_what_holds_up_a_stage_is_known_again_after_a_restart() -> None:
    definitions = define((HOUR_LOW,), tags=(), line=LINE)
    states, held_up = AlarmStates(definitions.all()), dict[str, str]()
    states.restore(
        {
            "hour-low:A": AlarmState(
                Phase.UNACKNOWLEDGED, alarm="a", untold=Silence(Quiet.INHIBITED, "b")
            ),
            "hour-low:B": AlarmState(Phase.UNACKNOWLEDGED, alarm="b"),
        }
    )
    HeldUp(definitions.stages, states, Unknown(), held_up).restore()
    assert held_up == {"hour-low:A": "B"}
