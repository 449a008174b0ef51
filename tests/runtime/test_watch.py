"""Rules become alarms: values in event time, absence in processing time, kept in a real
database."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from service.domain.alarm import Phase, Priority
from service.domain.batch import Batch
from service.domain.definitions import define
from service.domain.instants import SECOND_NS
from service.domain.lifecycle.actions import Acknowledge, Impossible
from service.domain.line import Line
from service.domain.rules import (
    LimitKind,
    LimitRule,
    Timing,
)
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.notify import Destination, SiteName
from service.runtime.watch import Watch
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules
from service.state.alarms import StateAlarms
from service.state.outbox import StateOutbox
from service.state.tables import alarm
from tests.post_rig import attempt_of
from tests.watch_rig import (
    BAD,
    HH,
    HOT,
    RULES,
    SLOW,
    STALE,
    T0,
    TAGS,
    H,
    Journal,
    Rig,
    Silent,
    alive,
    rig,
    rows,
)


async def test_a_limit_is_raised_after_its_delay_though_nothing_new_came(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 2)), alive(2, 10))
        assert await r.alarms() == []
        await r.feed(alive(10, 30))
        assert await r.alarms() == [(H, "unacknowledged")]
        assert await r.transitions() == [("raised", 11.0)]
        assert await r.messages() == ["raised"]
        value = await r.database.read(lambda c: c.execute(select(alarm.c.value)).scalar_one())
        assert value == 1170


async def test_deadband_and_off_delay_hold_the_alarm(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(
            rows((1, HOT, 1170, 0), cover=(0, 12)),
            rows((20, HOT, 1158, 0), cover=(12, 40)),  # inside the deadband
        )
        assert await r.alarms() == [(H, "unacknowledged")]
        await r.feed(rows((50, HOT, 1150, 0), cover=(40, 55)), alive(55, 61))
        assert await r.alarms() == [(H, "returned")]
        assert await r.transitions() == [("raised", 11.0), ("returned", 60.0)]


async def test_many_values_in_one_batch_are_judged_in_their_order(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        values = [(float(s), HOT, 1190.0 if 10 <= s < 40 else 1100.0, 0) for s in range(1, 61)]
        await r.feed(rows(*reversed(values), cover=(0, 61)))
        assert await r.alarms() == [(H, "returned"), (HH, "returned")]
        assert sorted(set(await r.transitions())) == [("raised", 20.0), ("returned", 50.0)]


async def test_bad_is_unknown_for_the_limit_and_raises_its_own(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(
            rows((1, HOT, 1170, 0), (5, HOT, np.nan, BAD), cover=(0, 30)),
        )
        assert await r.alarms() == [("bad:CB-L07B-TIC112.PV", "unacknowledged")]
        await r.feed(rows((31, HOT, 1100, 0), cover=(30, 60)))
        assert await r.alarms() == [("bad:CB-L07B-TIC112.PV", "returned")]


async def test_a_gap_drops_a_delay_that_was_running(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 5)), alive(100, 105))
        assert await r.alarms() == []
        # The source sends again what it holds: it counts from when it resumed.
        await r.feed(rows((1, HOT, 1170, 0), cover=(105, 106)), alive(106, 109))
        assert await r.alarms() == []
        await r.feed(alive(109, 117))
        assert await r.transitions() == [("raised", 110.0)]


async def test_a_silent_cyclic_tag_is_stale_while_its_source_lives(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=STALE) as r:
        await r.feed(rows((1, SLOW, 800, 0), cover=(0, 2)), alive(2, 31))
        assert await r.alarms() == []
        await r.feed(alive(31, 40))
        assert await r.alarms() == [("stale:UT-RTO1-TT150.PV", "unacknowledged")]
        await r.feed(rows((41, SLOW, 800, 0), cover=(40, 42)))
        assert await r.alarms() == [("stale:UT-RTO1-TT150.PV", "returned")]


async def test_lost_communication_raises_one_alarm_and_nothing_else(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1100, 0), (1, SLOW, 800, 0), cover=(0, 2)))
        await r.clock.advance(11)
        r.absence.judge(r.clock.now_ns())
        await r.watch.caught_up(r.watch.position)
        assert await r.alarms() == []
        await r.clock.advance(10)
        r.absence.judge(r.clock.now_ns())
        await r.watch.caught_up(r.watch.position)
        assert await r.alarms() == [("comms:plant/main", "unacknowledged")]
        await r.feed(alive(22, 23))
        await r.clock.advance(3)
        r.absence.judge(r.clock.now_ns())
        await r.watch.caught_up(r.watch.position)
        assert await r.alarms() == [("comms:plant/main", "returned")]


async def test_every_state_survives_a_restart(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1190, 0), cover=(0, 5)))  # both delays are running
    async with rig(tmp_path) as r:
        assert r.watch.state(HH).pending_ns == T0 + SECOND_NS
        await r.feed(alive(5, 12))
        (row,) = (a for a in await r.alarms() if a[0] == HH)
        assert row[1] == "unacknowledged"
        await r.desk.act(HH, Acknowledge("looking"), by="li")
    async with rig(tmp_path) as r:
        assert r.watch.state(HH).phase is Phase.ACKNOWLEDGED
        with pytest.raises(Impossible):
            await r.desk.act(HH, Acknowledge(), by="wang")
        await r.feed(rows((20, HOT, 1100, 0), cover=(12, 40)))
        assert await r.alarms() == [(H, "returned"), (HH, "normal")]


async def test_reading_the_journal_again_changes_nothing(tmp_path: Path) -> None:
    batches = [rows((1, HOT, 1190, 0), cover=(0, 12)), rows((20, HOT, 1100, 0), cover=(12, 40))]
    async with rig(tmp_path) as r:
        await r.feed(*batches)
        before = (await r.alarms(), await r.transitions(), await r.messages())
        assert len(before[2]) == 4
        again = AlarmStatesFromNothing(r)
        await again.feed(*batches)
        assert (await r.alarms(), await r.transitions(), await r.messages()) == before


class AlarmStatesFromNothing:
    """A watch that has forgotten everything but writes to the same database."""

    def __init__(self, r: Rig) -> None:
        table = TagTable(TAGS)
        definitions = define(RULES, tags=list(TAGS.values()), line=Line((), (), "PK"))
        states = AlarmStates(definitions.all())
        store = StateAlarms(
            r.database, SiteName("s", "Site", "厂", "http://x"), [Destination("m", Silent())]
        )
        self.watch = Watch(
            states,
            store,
            r.clock,
            values=ValueRules(definitions, table, states),
            meters=MeterRules(definitions, table, states),
            production=ProductionRules(definitions, None, states),  # type: ignore[arg-type]
            absence=r.absence,
        )

    async def feed(self, *batches: Batch) -> None:
        with contextlib.suppress(EOFError):
            await self.watch.run_values(Journal(list(batches)))


async def test_what_is_pending_of_one_alarm_is_told_together(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((1, HOT, 1170, 0), cover=(0, 12)))
        box = StateOutbox(r.database)
        now_ns = r.clock.now_ns()
        (first,) = (await box.due("m", now_ns, 10)).pending
        assert [one.kind for one in first.notices] == ["raised"]
        await box.keep(attempt_of(first), first, next_ns=now_ns + SECOND_NS, circuit=None)
        assert (await box.due("m", now_ns, 10)).pending == []
        await r.feed(rows((20, HOT, 1100, 0), cover=(12, 40)))
        (both,) = (await box.due("m", now_ns, 10)).pending
        assert [one.kind for one in both.notices] == ["raised", "returned"]
        assert both.notices[0] == first.notices[0]
        assert both.attempts == 1
        await box.keep(attempt_of(both), both, next_ns=None, circuit=None)
        assert (await box.due("m", now_ns, 10)).pending == []
        assert await box.counts() == {"delivered": 2}


async def test_a_value_from_a_far_future_counts_when_it_came(tmp_path: Path) -> None:
    year = 365 * 86_400.0
    async with rig(tmp_path) as r:
        await r.feed(rows((year, HOT, 1170, 0), cover=(0, 12)))
        await r.feed(rows((13, SLOW, 20, 0), cover=(12, 30)))
        assert await r.alarms() == [("h:CB-L07B-TIC112.PV", "unacknowledged")]
        assert await r.transitions() == [("raised", 22.0)]
        await r.feed(rows((31, HOT, 1100, 0), cover=(30, 32)))
        assert r.live.latest([HOT])[0].value == 1100


async def test_of_several_values_at_one_instant_the_last_is_judged(tmp_path: Path) -> None:
    async with rig(
        tmp_path, rules=(LimitRule("h", LimitKind.H, ("*",), Priority.HIGH, Timing()),)
    ) as r:
        values = ((1, HOT, 1170, 0), (2, HOT, 1100, 0), (3, HOT, 1170, 0))
        await r.feed(rows(*values, cover=(5, 12)))  # all from before it resumed
        assert await r.alarms() == [("h:CB-L07B-TIC112.PV", "unacknowledged")]
        assert await r.transitions() == [("raised", 5.0)]
