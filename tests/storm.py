"""A storm: thousands of alarms within a minute, over a real state, told to several receivers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    Transition,
    TransitionKind,
)
from service.domain.announcing import Announcing
from service.domain.flood import Flooding
from service.domain.routing import Routing
from service.runtime.alarms import WatchCommit
from service.runtime.notify import Destination, MessageKind, NotifierLimits
from service.state.alarms import StateAlarms
from service.state.tables import transition
from service.state.tables_outbox import outbox
from tests.notices import SITE
from tests.post_rig import T0, Receiver, Rig, to

STAGES = ("CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK")
WEIGHTS = {Priority.HIGH: 5, Priority.MEDIUM: 15, Priority.LOW: 80}
"""Of those that are not critical: about what ISA-18.2 aims at."""
LIMITS = {"webhook": None, "wecom": 20, "dingtalk": 20, "feishu": 100}
"""Messages a minute that each receiver takes."""


@dataclass
class Storm:
    """``alarms`` alarms in ``seconds`` seconds; one in five returns within some seconds."""

    alarms: int
    seconds: int = 60
    critical_pct: int = 1
    seed: int = 1
    receivers: dict[str, Receiver] = field(default_factory=dict)
    committed_s: dict[str, float] = field(default_factory=dict)
    critical: set[str] = field(default_factory=set)

    def destinations(self, rig_clock: Any) -> list[Destination]:
        """The receivers, which take everything at once and note when."""
        for name, per_minute in LIMITS.items():
            limits = NotifierLimits(per_minute=per_minute)
            self.receivers[name] = Receiver(limits=limits, clock=rig_clock)
        return [to(receiver, name) for name, receiver in self.receivers.items()]

    async def blow(self, rig: Rig) -> None:
        """Commits the alarms second by second, and has the couriers hear of each."""
        least_urgent = dict.fromkeys(LIMITS, Priority.LOW)
        site = Announcing(Routing(least_urgent), ZoneInfo("UTC"), (), Flooding())
        destinations = [one.destination for one in rig.couriers.values()]
        store = StateAlarms(rig.database, SITE, destinations, announcing=site)
        for steps in self._steps():
            now_ns = rig.clock.now_ns()
            for _, one, _ in steps:
                self.committed_s[one.id] = (now_ns - T0) / 1e9
            await store.commit(WatchCommit(0, None, {}, {}, steps, now_ns))
            rig.news.step()
            await rig.pass_s(1.0)

    def _steps(self) -> Iterator[list[tuple[AlarmDefinition, Transition, AlarmState]]]:
        """Of every second the transitions; those that return come later than they were raised."""
        draw = random.Random(self.seed)
        returning: dict[int, list[tuple[AlarmDefinition, str]]] = {}
        for second in range(self.seconds + 10):
            at_ns = T0 + second * 1_000_000_000
            steps = []
            first = self.alarms * second // self.seconds
            until = min(self.alarms, self.alarms * (second + 1) // self.seconds)
            for n in range(first, until):
                (priority,) = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))
                if draw.random() < self.critical_pct / 100:
                    priority = Priority.CRITICAL
                definition = _definition(n, priority, draw.choice(STAGES))
                steps.append(_step(definition, TransitionKind.RAISED, f"a{n}", at_ns))
                if priority is Priority.CRITICAL:
                    self.critical.add(steps[-1][1].id)
                if draw.random() < 0.2:
                    later = second + draw.randint(1, 9)
                    returning.setdefault(later, []).append((definition, f"a{n}"))
            for definition, alarm in returning.pop(second, []):
                steps.append(_step(definition, TransitionKind.RETURNED, alarm, at_ns))
            yield steps


def _definition(n: int, priority: Priority, stage: str) -> AlarmDefinition:
    return AlarmDefinition(
        f"hh:{stage}-T{n}", "hh", "v", "limit", priority, f"{stage}-T{n}", 0, 0,
        f"Temperature {n} above its limit", f"温度 {n} 高于上限", f"{stage}-T{n}.PV", stage,
        100.0, "°C",
    )  # fmt: skip


def _step(
    definition: AlarmDefinition, kind: TransitionKind, alarm: str, at_ns: int
) -> tuple[AlarmDefinition, Transition, AlarmState]:
    phase = Phase.UNACKNOWLEDGED if kind is TransitionKind.RAISED else Phase.RETURNED
    one = Transition(f"{kind}-{alarm}", alarm, definition.id, kind, at_ns, value=1.0, root=alarm)
    return definition, one, AlarmState(phase, None, alarm)


@dataclass(frozen=True)
class Told:
    """What one receiver got. at_s: by message. delays_s: of each critical alarm, from its commit
    until it was told."""

    messages: int
    digests: int
    notices: int
    most_a_minute: int
    delays_s: list[float]
    wrong: list[str]


async def told(storm: Storm, rig: Rig, name: str) -> Told:
    """What ``name`` got, held against the outbox row by row."""
    rows = await rig.database.read(
        lambda c: c.execute(
            select(
                outbox.c.transition, outbox.c.message, outbox.c.state, outbox.c.priority,
                outbox.c.alarm,
            ).where(outbox.c.destination == name)
        ).all()
    )  # fmt: skip
    receiver = storm.receivers[name]
    at_s = dict(zip(receiver.ids, receiver.at_s, strict=True))
    counted = Counter(row.message for row in rows)
    urgent = Counter((row.message, row.priority) for row in rows)
    wrong = [f"{row.transition} is {row.state}" for row in rows if row.state != "delivered"]
    for message in receiver.messages:
        says = len(message.notices) if message.totals is None else message.totals.notices
        if says != counted[message.id]:
            wrong.append(f"{message.id} says {says}, stands for {counted[message.id]}")
        for priority in Priority if message.totals is not None else ():
            number = message.totals.by_priority.get(priority, 0) if message.totals else 0
            if number != urgent[message.id, priority]:
                wrong.append(f"{message.id} has {number} of priority {priority}")
    return Told(
        messages=len(receiver.messages),
        digests=sum(one.kind is MessageKind.DIGEST for one in receiver.messages),
        notices=sum(counted.values()),
        most_a_minute=max(
            sum(begin <= at < begin + 60.0 for at in receiver.at_s) for begin in receiver.at_s
        ),
        delays_s=[
            at_s[row.message] - storm.committed_s[row.transition]
            for row in rows
            if row.transition in storm.critical and row.message in at_s
        ],
        wrong=wrong,
    )


async def audited(rig: Rig) -> int:
    """How many transitions the journal has."""
    return len(await rig.database.read(lambda c: c.execute(select(transition.c.id)).all()))
