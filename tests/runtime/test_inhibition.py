"""One lost PLC is one alarm: what it explains is journaled, and nobody is called about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from service.domain.alarm import Priority, Quiet
from service.domain.handling import Handling
from service.domain.rules import BadQualityRule, LimitKind, LimitRule, Timing
from service.runtime.views import Showing
from service.state.alarm_book import StateAlarmBook
from tests.plc_rig import (
    FLOW,
    MACHINE,
    NO_COMMUNICATION,
    PLC,
    RULES,
    RUN,
    SUPPRESSED,
    TAGS,
    N,
    in_portions,
    live,
    some,
    started,
    told,
)
from tests.watch_rig import rig


async def test_a_lost_plc_is_one_alarm_and_its_return_is_one(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES, tags=TAGS) as r:
        await started(r)
        await live(r, 60, *in_portions(10, status=NO_COMMUNICATION))
        found = await told(r)
        assert found.messages == [(PLC, "raised")]
        # All are Bad, and half of them promised a value every ten seconds.
        assert found.quiet == {None: 1, "inhibited": N + N // 2}
        assert found.roots == {found.parent: N + N // 2}
        book = StateAlarmBook(r.database, r.watch.transitions)
        (shown,) = await book.alarms(Showing.ACTIVE, limit=1_000)
        assert (shown.id, shown.root, shown.members) == (found.parent, found.parent, N + N // 2)
        members = await book.members(shown.id, limit=1_000)
        assert {one.quiet for one in members} == {Quiet.INHIBITED}
        assert len(members) == N + N // 2

        await live(r, 140, *in_portions(60), beside=range(N + 1))
        assert (await told(r)).messages == [(PLC, "raised"), (PLC, "returned")]
        assert dict(await r.alarms()) == {
            definition: "returned" if definition == PLC else "normal"
            for definition, _ in await r.alarms()
        }


async def test_other_plcs_and_critical_limits_are_told_meanwhile(tmp_path: Path) -> None:
    critical = LimitRule("h", LimitKind.H, ("CB-*",), Priority.CRITICAL, Timing())
    others = LimitRule("h2", LimitKind.H, ("GZ-*",), Priority.HIGH, Timing())
    rules = (*RULES[:4], critical, others)
    async with rig(tmp_path, rules=rules, tags=TAGS) as r:
        await started(r)
        await live(r, 30, *in_portions(10, status=NO_COMMUNICATION))
        await live(r, 31, some(30, [3], 1_170.0))
        await live(r, 32, some(31, [N], 16.0))
        assert (await told(r)).messages == [
            (PLC, "raised"),
            ("h:CB-L00-TIC03.PV", "raised"),
            ("h2:GZ-G1-JT401.PV", "raised"),
        ]


async def test_a_few_bad_sensors_are_told_each(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES, tags=TAGS) as r:
        await started(r)
        await live(r, 15, some(10, [1, 2], status=NO_COMMUNICATION), beside=range(3, N + 1))
        assert (await told(r)).messages == [
            ("bad:CB-L00-TIC01.PV", "raised"),
            ("bad:CB-L00-TIC02.PV", "raised"),
        ]


async def test_a_lost_server_explains_the_plcs_behind_it(tmp_path: Path) -> None:
    """Nothing comes any more; when it is back, it says first that it knows nothing."""
    async with rig(tmp_path, rules=RULES, tags=TAGS) as r:
        await started(r)
        for _ in range(30):
            await r.clock.advance(1.0)
            await r.watch.look_around()
        await live(r, 44, some(40, range(N + 1), status=NO_COMMUNICATION), beside=())
        found = await told(r, parent="comms:plant/main")
        assert found.messages[0] == ("comms:plant/main", "raised")
        assert found.roots == {found.parent: found.roots.total()}
        await live(r, 140, some(44, range(N + 1)), beside=range(N + 1))
        assert (await told(r)).messages == [
            ("comms:plant/main", "raised"),
            ("comms:plant/main", "returned"),
        ]


async def test_a_rule_in_shadow_mode_calls_nobody_and_explains_nothing(tmp_path: Path) -> None:
    rules = tuple(
        replace(rule, handling=Handling(shadow=True)) if rule.id == "plc" else rule
        for rule in RULES
    )
    async with rig(tmp_path, rules=rules, tags=TAGS) as r:
        await started(r)
        await live(r, 20, *in_portions(10, status=NO_COMMUNICATION))
        found = await told(r)
        assert PLC not in dict(found.messages)
        assert found.quiet == {None: N, "shadow": 1}


async def test_a_stopped_machine_silences_its_own_low_flow(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED, tags=MACHINE) as r:
        await live(r, 2, some(0, [RUN], 1.0), beside=())
        await live(r, 4, some(2, [RUN], 0.0), beside=())
        await live(r, 6, some(4, [FLOW], 1.0), beside=())
        assert (await told(r)).quiet == {"suppressed": 1}
        # It runs again: the flow has its time to come.
        await live(r, 9, some(6, [RUN], 1.0), beside=())
        await live(r, 20, some(9, [FLOW], 10.0), beside=())
        assert (await told(r)).messages == []
        # It runs and the flow is gone: that is told.
        await live(r, 22, some(20, [FLOW], 1.0), beside=())
        assert (await told(r)).messages == [("flow-low:GZ-G1-FT1.PV", "raised")]


async def test_the_first_of_those_that_come_together_is_their_root(tmp_path: Path) -> None:
    rules = (
        LimitRule("low", LimitKind.L, ("GZ-*",), Priority.HIGH, Timing()),
        BadQualityRule("bad", ("GZ-*",), Priority.HIGH, Timing()),
    )
    async with rig(tmp_path, rules=rules, tags=MACHINE) as r:
        await live(r, 5, some(0, [FLOW], 1.0), beside=())
        await live(r, 10, some(5, [RUN], status=NO_COMMUNICATION), beside=())
        found = await told(r, parent="low:GZ-G1-FT1.PV")
        assert found.roots == {found.parent: 1}
        assert len(found.messages) == 2  # they belong together, and both are told
