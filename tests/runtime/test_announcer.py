"""Who is told goes into the outbox with the transition: routes, escalation, quiet hours, floods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Phase,
    Priority,
    Quiet,
    Transition,
    TransitionKind,
)
from service.domain.announcing import Announcing
from service.domain.calendar import Calendar, Shift
from service.domain.flood import Flooding, Position
from service.domain.instants import MINUTE_NS, to_ns
from service.domain.oncall import moment
from service.domain.quiet_hours import QuietHours
from service.domain.routing import Route, Routing
from service.runtime.alarms import WatchCommit
from service.runtime.clock import FakeClock
from service.runtime.floods import Floodgauge, FloodView
from service.runtime.notify import Destination, SiteName
from service.state.alarms import StateAlarms
from service.state.database import Database, open_database
from service.state.tables_outbox import outbox
from tests.watch_rig import Silent

ZONE = ZoneInfo("Asia/Shanghai")
SHIFTS = (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16)))
CALENDAR = Calendar(ZONE, time(8), SHIFTS)
NAMES = ("day-man", "night-man", "boss", "log")
ROUTES = (
    Route("all", ("log",), goes_on=True),
    Route("night", ("night-man",), (("boss",),), shifts=frozenset({"night"})),
    Route("rest", ("day-man",), (("night-man",), ("boss",))),
)
SITE = Announcing(
    Routing({}, ROUTES),
    ZONE,
    (QuietHours(frozenset({"boss"}), time(22), time(6)),),
    Flooding(positions=(Position("furnaces", frozenset({"CB"})), Position("mill"))),
)
HIGH = AlarmDefinition(
    "low:CB", "low", "v", "throughput", Priority.HIGH, "CB", 0, 0, "low", "低", stage="CB"
)
CRITICAL = replace(HIGH, id="lost:CB", priority=Priority.CRITICAL)
STANDING = AlarmState(Phase.UNACKNOWLEDGED)


def at(text: str) -> int:
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=ZONE))


@dataclass
class Told:
    """An announcer over a real state, with a clock that stands where it is put."""

    database: Database
    store: StateAlarms
    clock: FakeClock
    seen: set[int] = field(default_factory=set)
    count: int = 0

    async def step(
        self,
        kind: TransitionKind,
        alarm: str = "a1",
        *,
        definition: AlarmDefinition = HIGH,
        quiet: Quiet | None = None,
    ) -> list[tuple[str, str | None]]:
        """Keeps one transition now; returns who is told of it, and with what together."""
        self.count += 1
        now_ns = self.clock.now_ns()
        one = Transition(
            f"t{self.count}", alarm, definition.id, kind, now_ns, quiet=quiet, root=alarm
        )
        step = WatchCommit(0, None, {}, {}, [(definition, one, STANDING)], now_ns)
        await self.store.commit(step)
        return [(row.destination, row.collect) for row in await self.rows()]

    async def rows(self) -> list[Any]:
        """The rows of the outbox that are new."""
        kept = await self.database.read(
            lambda c: c.execute(select(outbox).order_by(outbox.c.seq)).all()
        )
        new = [row for row in kept if row.seq not in self.seen]
        self.seen |= {row.seq for row in new}
        return new

    def store_again(self) -> StateAlarms:
        return _store(self.database)


def _store(database: Database) -> StateAlarms:
    return StateAlarms(
        database,
        SiteName("s", "Site", "厂", "http://x"),
        [Destination(name, Silent()) for name in NAMES],
        announcing=SITE,
        when=lambda at_ns: moment(CALENDAR, at_ns),
    )


@asynccontextmanager
async def telling(folder: Path, text: str) -> AsyncIterator[Told]:
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        yield Told(database, _store(database), FakeClock(at(text)))


RAISED, RETURNED = TransitionKind.RAISED, TransitionKind.RETURNED
ESCALATED, ACKNOWLEDGED = TransitionKind.ESCALATED, TransitionKind.ACKNOWLEDGED


async def test_who_was_called_hears_the_rest_even_when_the_shift_is_another(tmp_path: Path) -> None:
    async with telling(tmp_path, "2026-05-04 15:00") as told:
        assert await told.step(RAISED) == [("log", None), ("day-man", None)]
        await told.clock.advance(10 * 3_600)  # to the night shift
        assert await told.step(ACKNOWLEDGED) == [("day-man", None), ("log", None)]
        assert await told.step(RETURNED) == [("day-man", None), ("log", None)]
        assert await told.step(RAISED, "a2") == [("log", None), ("night-man", None)]


async def test_escalation_goes_on_step_by_step_and_all_who_heard_hear_the_end(
    tmp_path: Path,
) -> None:
    async with telling(tmp_path, "2026-05-04 10:00") as told:
        await told.step(RAISED)
        assert await told.step(ESCALATED) == [("log", None), ("night-man", None)]
        assert await told.step(ESCALATED) == [("log", None), ("boss", None)]
        assert await told.step(TransitionKind.RERAISED) == [
            ("log", None), ("boss", None), ("day-man", None), ("night-man", None),
        ]  # fmt: skip
        await told.step(ACKNOWLEDGED)
        await told.clock.advance(1)
        assert await told.step(ESCALATED) == [("log", None), ("night-man", None)]  # begins anew
        assert {name for name, _ in await told.step(RETURNED)} == set(NAMES)


async def test_nobody_hears_what_is_quiet_or_nobodys_business(tmp_path: Path) -> None:
    async with telling(tmp_path, "2026-05-04 10:00") as told:
        assert await told.step(RAISED, quiet=Quiet.SHELVED) == []
        assert await told.step(TransitionKind.COMMENTED) == []
        assert told.store.floods == {}


async def test_what_comes_in_quiet_hours_is_due_at_their_end(tmp_path: Path) -> None:
    async with telling(tmp_path, "2026-05-05 02:00") as told:
        await told.step(RAISED)
        await told.step(ESCALATED)
        end_ns = at("2026-05-05 06:00")
        kept = await told.database.read(
            lambda c: c.execute(
                select(outbox.c.next_ns, outbox.c.collect).where(outbox.c.destination == "boss")
            ).all()
        )
        assert [tuple(row) for row in kept] == [(end_ns, f"quiet {end_ns}")]
        await told.rows()
        assert ("boss", None) in await told.step(ESCALATED, "a9", definition=CRITICAL)


async def test_a_flood_collects_what_is_not_critical_and_is_remembered(tmp_path: Path) -> None:
    async with telling(tmp_path, "2026-05-04 10:00") as told:
        for n in range(10):
            assert await told.step(RAISED, f"a{n}") == [("log", None), ("day-man", None)]
        since_ns = told.clock.now_ns()
        gauge = Floodgauge(SITE.flooding, lambda: told.store.floods, told.clock)
        assert [(one.position, one.since_ns) for one in gauge()] == [
            ("furnaces", None), ("mill", None),
        ]  # fmt: skip
        key = f"flood furnaces {since_ns + 5 * MINUTE_NS}"
        assert await told.step(RAISED, "a10") == [("log", key), ("day-man", key)]
        assert await told.step(RETURNED, "a0") == [("day-man", key), ("log", key)]
        assert (await told.step(RAISED, "c", definition=CRITICAL))[0] == ("log", None)
        assert gauge()[0] == FloodView("furnaces", ("CB",), since_ns, 12, 11)

        again = told.store_again()
        await again.load()
        assert again.floods == told.store.floods
        await told.clock.advance(600)
        assert gauge()[0].since_ns is None
        assert await told.step(RAISED, "later") == [("log", None), ("day-man", None)]


@pytest.mark.parametrize("kind", [RAISED, TransitionKind.RERAISED])
async def test_a_transition_that_is_read_again_is_neither_told_nor_counted_twice(
    tmp_path: Path, kind: TransitionKind
) -> None:
    async with telling(tmp_path, "2026-05-04 10:00") as told:
        await told.step(kind)
        told.count -= 1
        assert await told.step(kind) == []
        assert told.store.floods["furnaces"].recent_ns == (told.clock.now_ns(),)
