"""Alarms that come and go, told by couriers through real notifiers, under a clock that jumps from
deadline to deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.outbound.client import Outbound
from connectors.registry import Port, kinds
from service.domain.alarm import Input, Priority
from service.domain.definitions import define
from service.domain.line import Line
from service.domain.rules import LimitKind, LimitRule, Timing
from service.domain.tag import Limits, Tag
from service.runtime.alarms import AlarmStates, WatchCommit
from service.runtime.clock import FakeClock
from service.runtime.notify import Destination
from service.state.alarms import StateAlarms
from tests.faults.rule import DESTINATION, Kept, kept
from tests.notices import SITE
from tests.post_rig import T0, Rig, post_rig

TAGS = {n: Tag(f"CB-L{n:02d}-TI1.PV", "plant", "n", limits=Limits(h=50.0)) for n in range(40)}
RULE = LimitRule("high", LimitKind.H, ("*",), Priority.HIGH, Timing())


@dataclass
class Plant:
    """Alarms by number, of one limit each."""

    folder: Path
    rig: Rig
    states: AlarmStates
    store: StateAlarms
    definitions: list[str]

    @property
    def clock(self) -> FakeClock:
        return self.rig.clock

    async def go(self, *numbers: int, above: bool) -> None:
        """Takes values beyond their limits, or back, and commits what follows in one step."""
        now_ns = self.clock.now_ns()
        for number in numbers:
            definition = self.states.definition(self.definitions[number])
            assert definition is not None
            self.states.judge(definition, Input.TRUE if above else Input.FALSE, now_ns)
        changed, transitions = self.states.taken()
        assert len(transitions) >= len(numbers)
        await self.store.commit(WatchCommit(0, None, {}, changed, transitions, now_ns))
        self.rig.news.step()

    async def pass_s(self, span_s: float) -> None:
        await self.rig.pass_s(span_s)

    def kept(self) -> list[Kept]:
        return kept(self.folder)

    def told(self) -> set[str]:
        """What became of the notices."""
        return {str(one.state) for one in self.kept() if one.seq is not None}


@asynccontextmanager
async def plant(folder: Path, outbound: Outbound, **settings: Any) -> AsyncIterator[Plant]:
    """A plant whose alarms are told to one destination of these ``settings``."""
    clock = FakeClock(T0)
    known = kinds(Port.NOTIFIER)[settings["kind"]]
    opened = known.load()(
        known.settings.model_validate(settings), name=DESTINATION, clock=clock, outbound=outbound
    )
    async with opened as notifier:
        destination = Destination(DESTINATION, notifier, Priority.LOW)
        async with post_rig(folder, destination, clock=clock) as rig:
            line = Line((), (), "")
            definitions = define([RULE], tags=list(TAGS.values()), line=line)
            states = AlarmStates(definitions.all())
            ids = [alarm.definition.id for alarm in definitions.limits]
            yield Plant(folder, rig, states, StateAlarms(rig.database, SITE, [destination]), ids)


async def misfortune(it: Plant) -> None:
    """Three quarters of an hour in which three alarms come and go."""
    await it.go(0, 1, above=True)
    await it.pass_s(60)
    await it.go(0, above=False)
    await it.pass_s(540)
    await it.go(0, 2, above=True)
    await it.pass_s(1_200)
    await it.go(1, above=False)
    await it.pass_s(900)
