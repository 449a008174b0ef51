"""When nothing keeps people from being called any more, what still stands is told."""

from __future__ import annotations

from pathlib import Path

from service.domain.alarm import Priority
from service.domain.handling import Chattering, Handling
from service.domain.rules import LimitKind, LimitRule, Timing
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


async def test_what_still_stands_once_all_has_settled_is_told(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES, tags=TAGS) as r:
        await started(r)
        await live(r, 60, *in_portions(10, status=NO_COMMUNICATION))
        back = [*in_portions(60), some(60.9, [7], status=NO_COMMUNICATION, cover=(61, 61))]
        beside = [n for n in range(N + 1) if n != 7]
        await live(r, 120, *back, beside=beside)
        assert (await told(r)).messages == [(PLC, "raised"), (PLC, "returned")]
        await live(r, 140, beside=beside)
        assert (await told(r)).messages[2:] == [
            ("bad:CB-L00-TIC07.PV", "reraised"),
            ("stale:CB-L00-TIC07.PV", "reraised"),
        ]


async def test_what_suppression_hid_is_told_when_it_stands_after_it(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED, tags=MACHINE) as r:
        await live(r, 4, some(0, [RUN], 0.0), beside=())
        await live(r, 6, some(4, [FLOW], 1.0), beside=())
        await live(r, 10, some(6, [RUN], 1.0), beside=())
        assert (await told(r)).messages == []
        await live(r, 14, beside=())
        assert (await told(r)).messages == [("flow-low:GZ-G1-FT1.PV", "reraised")]


async def test_an_unknown_condition_changes_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=SUPPRESSED, tags=MACHINE) as r:
        await live(r, 4, some(0, [RUN], 0.0), beside=())
        await live(r, 12, some(4, [RUN], status=NO_COMMUNICATION), beside=())
        await live(r, 14, some(12, [FLOW], 1.0), beside=())
        assert (await told(r)).quiet == {None: 1, "suppressed": 1}
        # And an alarm of another rule suppresses while it stands.
        await live(r, 16, some(14, [FLOW], 60.0), beside=())
        assert (await told(r)).messages == [("bad:GZ-G1-RUN.ST", "raised")]
        await live(r, 20, some(16, [RUN], 1.0), beside=())
        assert ("hot:GZ-G1-FT1.PV", "reraised") in (await told(r)).messages


async def test_a_chattering_alarm_is_damped_and_its_last_state_told(tmp_path: Path) -> None:
    handling = Handling(chattering=Chattering(raises=3, window_s=60.0, calm_s=100.0))
    rule = LimitRule("hot", LimitKind.H, ("GZ-*",), Priority.HIGH, Timing(), handling=handling)
    async with rig(tmp_path, rules=(rule,), tags=MACHINE) as r:
        for s in range(0, 40, 2):
            await live(r, s + 2, some(s, [FLOW], 60.0 if s % 4 == 0 else 10.0), beside=())
        kinds = [kind for _, kind in (await told(r)).messages]
        assert kinds == ["raised", "returned"] * 2
        await live(r, 42, some(40, [FLOW], 60.0), beside=())
        await live(r, 130, beside=())
        assert len((await told(r)).messages) == 4
        await live(r, 145, beside=())
        assert [kind for _, kind in (await told(r)).messages][4:] == ["reraised"]


async def test_an_alarm_that_comes_too_slowly_to_chatter_is_damped_too(tmp_path: Path) -> None:
    flapping = Handling(flapping=Chattering(raises=4, window_s=600.0, calm_s=100.0))
    rule = LimitRule("hot", LimitKind.H, ("GZ-*",), Priority.HIGH, Timing(), handling=flapping)
    async with rig(tmp_path, rules=(rule,), tags=MACHINE) as r:
        for s in range(0, 175, 35):
            await live(r, s + 5, some(s, [FLOW], 60.0), beside=())
            if s < 140:
                await live(r, s + 35, some(s + 5, [FLOW], 10.0), beside=())
        assert [kind for _, kind in (await told(r)).messages] == ["raised", "returned"] * 3
        assert (await told(r)).quiet == {"chattering": 1}
        await live(r, 239, beside=())
        assert len((await told(r)).messages) == 6
        await live(r, 242, beside=())  # it has stood since, and that is told
        assert [kind for _, kind in (await told(r)).messages][6:] == ["reraised"]


async def test_a_restart_in_the_midst_calls_nobody_before_all_has_settled(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES, tags=TAGS) as r:
        await started(r)
        await live(r, 60, *in_portions(10, status=NO_COMMUNICATION))
        await live(r, 66, *in_portions(60, status=0), beside=range(N + 1))
        assert (await told(r)).messages == [(PLC, "raised"), (PLC, "returned")]
    async with rig(tmp_path, rules=RULES, tags=TAGS, at_s=66) as r:
        for s in range(66, 100):
            await r.feed(some(s, range(N + 1), 10.0))
            await r.clock.advance(1.0)
            await r.watch.look_around()
        assert (await told(r)).messages == [(PLC, "raised"), (PLC, "returned")]
