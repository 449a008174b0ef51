"""Suppression by design under a watch: whose clock counts, who may suppress, what unknown means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.domain.alarm import AlarmDefinition, Quiet, Silence
from service.domain.definitions import define
from service.domain.handling import Handling
from service.domain.instants import SECOND_NS
from service.domain.lifecycle.actions import RemoveFromService
from service.domain.line import Line
from service.runtime.alarms import AlarmStates
from service.runtime.clock import FakeClock
from service.runtime.silencing import Silencing
from tests.plc_rig import FLOW, MACHINE, NO_COMMUNICATION, RUN, SUPPRESSED, live, some, told
from tests.watch_rig import T0, Rig, rig

RAISED = [("flow-low:GZ-G1-FT1.PV", "reraised")]
LOW, HOT, BAD = "flow-low:GZ-G1-FT1.PV", "hot:GZ-G1-FT1.PV", "bad:GZ-G1-RUN.ST"


async def stopped(r: Rig) -> None:
    """The machine stands and its flow is low, which is suppressed; two seconds pass."""
    await r.feed(some(0, [RUN], 0.0), some(1, [FLOW], 1.0))
    await look(r, 2)
    assert (await told(r)).quiet == {"suppressed": 1}


async def look(r: Rig, seconds: int) -> None:
    """Time passes in which nothing comes."""
    for _ in range(seconds):
        await r.clock.advance(1.0)
        await r.watch.look_around()


@pytest.mark.parametrize("behind_s", [0, 90])
async def test_the_time_to_settle_is_as_long_for_a_source_that_is_behind(
    tmp_path: Path, behind_s: int
) -> None:
    async with rig(tmp_path, rules=SUPPRESSED, tags=MACHINE, at_s=behind_s) as r:
        await stopped(r)
        await r.feed(some(2, [RUN], 1.0))
        await look(r, 4)
        assert (await told(r)).messages == []
        await look(r, 2)
        assert (await told(r)).messages == RAISED


@pytest.mark.parametrize("aside", ["shadow", "out of service"])
async def test_an_alarm_of_which_nobody_is_told_suppresses_no_other(
    tmp_path: Path, aside: str
) -> None:
    shadow = Handling(shadow=aside == "shadow")
    rules = (SUPPRESSED[1], replace(SUPPRESSED[2], handling=shadow))
    async with rig(tmp_path, rules=rules, tags=MACHINE) as r:
        if aside == "out of service":
            bad = r.states.definition(BAD)
            assert bad is not None
            r.states.act(bad, RemoveFromService("repair"), T0, by="x")
        await live(r, 3, some(0, [RUN], status=NO_COMMUNICATION), beside=())
        await live(r, 6, some(3, [FLOW], 60.0), beside=())
        assert (await told(r)).messages == [(HOT, "raised")]


async def test_a_value_that_turns_bad_suppresses_for_a_minute_more(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE) as r:
        await stopped(r)
        await live(r, 60, some(2, [RUN], status=NO_COMMUNICATION), beside=())
        assert (await told(r)).messages == []
        await live(r, 65, beside=())
        assert (await told(r)).messages == RAISED


async def test_a_value_of_a_lost_connection_suppresses_for_a_minute_more(tmp_path: Path) -> None:
    """Ten seconds without a sign of life make it unknown."""
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE) as r:
        await stopped(r)
        await look(r, 68)
        assert (await told(r)).messages == []
        await look(r, 5)
        assert (await told(r)).messages == RAISED


async def test_a_value_that_is_known_again_in_time_goes_on_suppressing(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE) as r:
        await stopped(r)
        for n in range(3):
            at_s = 2 + 100 * n
            await live(r, at_s + 50, some(at_s, [RUN], status=NO_COMMUNICATION), beside=())
            await live(r, at_s + 100, some(at_s + 50, [RUN], 0.0), beside=())
        assert (await told(r)).messages == []


async def test_a_machine_that_is_known_to_run_again_has_all_its_time_to_settle(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE) as r:
        await stopped(r)
        await live(r, 60, some(2, [RUN], status=NO_COMMUNICATION), beside=())
        await live(r, 64, some(60, [RUN], 1.0), beside=())
        assert (await told(r)).messages == []
        await live(r, 67, beside=())
        assert (await told(r)).messages == RAISED


async def test_what_was_suppressed_before_a_restart_waits_for_its_value(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE) as r:
        await stopped(r)
    async with rig(tmp_path, rules=SUPPRESSED[:1], tags=MACHINE, at_s=100) as r:
        await live(r, 130, beside=())
        await live(r, 200, some(130, [RUN], 0.0), beside=())
        assert (await told(r)).messages == []


DEFINITIONS = define(SUPPRESSED, tags=list(MACHINE.values()), line=Line((), (), ""))


def rooted(*came: tuple[str, float, Silence | None]) -> list[str]:
    """The roots of alarms, each named by its number: (definition, second, why nobody is told)."""
    states = AlarmStates(DEFINITIONS.all())
    silencing = Silencing(DEFINITIONS, Line((), (), ""), states, FakeClock(T0))
    found = []
    for n, (id_, at_s, by) in enumerate(came):
        definition: AlarmDefinition = DEFINITIONS.all()[id_]
        found.append(silencing.root(definition, str(n), T0 + int(at_s * SECOND_NS), by))
    return found


@pytest.mark.parametrize("quiet", list(Quiet))
def test_an_alarm_of_which_nobody_is_told_is_nobodys_root(quiet: Quiet) -> None:
    by = Silence(quiet)
    assert rooted((LOW, 0, by), (BAD, 5, None), (HOT, 9, by), (LOW, 9, None)) == [
        "0",
        "1",
        "1",
        "1",
    ]


def test_a_group_ends_ten_minutes_after_its_root_whatever_comes_meanwhile() -> None:
    came = [(LOW, 300.0 * n, None) for n in range(7)]
    assert rooted(*came) == ["0", "0", "0", "3", "3", "3", "6"]
