"""A watch over a journal in memory and a real database, and what can be asked of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from service.domain.alarm import Priority
from service.domain.batch import Batch, empty_batch, make_batch
from service.domain.coverage import Cover
from service.domain.definitions import define
from service.domain.instants import SECOND_NS
from service.domain.line import Line
from service.domain.rules import (
    BadQualityRule,
    CommunicationRule,
    LimitKind,
    LimitRule,
    Rule,
    StaleRule,
    Timing,
)
from service.domain.tag import Limits, Tag
from service.domain.tagtable import TagTable
from service.runtime.alarm_desk import WatchDesk
from service.runtime.alarms import AlarmStates, AlarmStore
from service.runtime.clock import FakeClock
from service.runtime.live import LiveTable
from service.runtime.log import Entry
from service.runtime.notify import Destination, Message, NotifierLimits, SiteName
from service.runtime.silencing import Silencing
from service.runtime.suppressing import Suppressions
from service.runtime.watch import Watch
from service.runtime.watch_absence import AbsenceRules
from service.runtime.watch_devices import DeviceRules
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules
from service.state.alarms import StateAlarms
from service.state.database import Database, open_database
from service.state.tables import alarm, transition
from service.state.tables_outbox import outbox

T0 = 1_780_000_000 * SECOND_NS
BAD = 0x808C_0000
HOT, SLOW = 0, 1
TAGS = {
    HOT: Tag("CB-L07B-TIC112.PV", "plant", "n", limits=Limits(hh=1180.0, h=1160.0), deadband=5.0),
    SLOW: Tag("UT-RTO1-TT150.PV", "plant", "n", cyclic_s=10.0),
}
RULES = (
    LimitRule("hh", LimitKind.HH, ("*",), Priority.CRITICAL, Timing(10, 10)),
    LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing(10, 10)),
    BadQualityRule("bad", ("*",), Priority.MEDIUM, Timing(5, 5)),
    CommunicationRule("comms", ("plant",), Priority.HIGH, Timing(5, 0)),
)
HH = "hh:CB-L07B-TIC112.PV"
H = "h:CB-L07B-TIC112.PV"
STALE = (StaleRule("stale", ("*",), 3.0, Priority.LOW, Timing()),)


class Journal:
    """A journal in memory, which ends by raising."""

    def __init__(self, batches: list[Batch]) -> None:
        self.entries = [Entry(n, b) for n, b in enumerate(batches, start=1)]

    @property
    def last(self) -> int:
        return len(self.entries)

    async def read(self, after: int) -> list[Entry]:
        found = self.entries[after : after + 2]
        if not found:
            raise EOFError
        return found


class Silent:
    limits = NotifierLimits()

    async def send(self, message: Message) -> str:
        return "ok"


@dataclass
class Rig:
    watch: Watch
    states: AlarmStates
    desk: WatchDesk
    absence: AbsenceRules
    live: LiveTable
    clock: FakeClock
    database: Database
    fed: int

    async def feed(self, *batches: Batch) -> None:
        for batch in batches:
            self.live.take(batch)
        read = [empty_batch(received_ns=0)] * self.fed
        self.fed += len(batches)
        with contextlib.suppress(EOFError):
            await self.watch.run_values(Journal([*read, *batches]))

    async def alarms(self) -> list[tuple[str, str]]:
        rows = await self.database.read(
            lambda c: c.execute(select(alarm.c.definition, alarm.c.phase)).all()
        )
        return sorted((row[0], row[1]) for row in rows)

    async def transitions(self) -> list[tuple[str, float]]:
        rows = await self.database.read(
            lambda c: c.execute(
                select(transition.c.kind, transition.c.at_ns).order_by(transition.c.at_ns)
            ).all()
        )
        return [(row[0], (row[1] - T0) / SECOND_NS) for row in rows]

    async def messages(self) -> list[str]:
        rows = await self.database.read(
            lambda c: c.execute(select(outbox.c.kind).order_by(outbox.c.seq)).all()
        )
        return [row[0] for row in rows]


@asynccontextmanager
async def rig(
    folder: Path,
    *,
    rules: tuple[Rule, ...] = RULES,
    tags: Mapping[int, Tag] = TAGS,
    at_s: int = 0,
    through: Callable[[AlarmStore], AlarmStore] = lambda store: store,
    patience_s: float = 10.0,
) -> AsyncIterator[Rig]:
    """at_s: when it begins. through: what stands between the watch and its store."""
    table = TagTable(tags)
    clock = FakeClock(T0 + at_s * SECOND_NS)
    line = Line((), (), "PK")
    definitions = define(rules, tags=list(tags.values()), line=line)
    states = AlarmStates(definitions.all())
    states.silencer = Silencing(definitions, line, states, clock)
    live = LiveTable(table)
    absence = AbsenceRules(definitions, live, states, keep_alive_s=lambda _: 5.0, clock=clock)
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        store = StateAlarms(
            database, SiteName("s", "Site", "厂", "http://x"), [Destination("m", Silent())]
        )
        watch = Watch(
            states,
            through(store),
            clock,
            devices=DeviceRules(definitions, table, states),
            suppressions=Suppressions(
                definitions.all(), table, states, clock, patience_ns=absence.patience_ns
            ),
            values=ValueRules(definitions, table, states),
            meters=MeterRules(definitions, table, states),
            production=ProductionRules(definitions, None, states),  # type: ignore[arg-type]
            absence=absence,
            patience_s=patience_s,
        )
        await watch.load()
        desk = WatchDesk(watch, states)
        yield Rig(watch, states, desk, absence, live, clock, database, watch.position)


def rows(*values: tuple[float, int, float, int], cover: tuple[float, float]) -> Batch:
    """Rows of (second, tag, value, status), with the group's liveness over ``cover`` seconds."""
    a, b = (T0 + round(s * SECOND_NS) for s in cover)
    return make_batch(
        [v[1] for v in values],
        [T0 + round(v[0] * SECOND_NS) for v in values],
        np.array([v[2] for v in values]),
        [v[3] for v in values],
        received_ns=b,
        covers=(Cover("plant/main", a, b),),
        source="plant",
    )


def alive(start_s: float, end_s: float) -> Batch:
    return rows(cover=(start_s, end_s))
