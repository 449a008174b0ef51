"""Digests: what is told together is counted once, listed by urgency, and stays as it is."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import Priority, TransitionKind
from service.domain.instants import SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.deliver import Bundle, Pending, Portion, Rest
from service.runtime.digest import Tally
from service.runtime.errors import Retryable
from service.runtime.notify import MessageKind, Notice, NotifierLimits
from service.runtime.parcels import Room, planned
from tests.notices import AT_NS, notice
from tests.post_rig import T0, Receiver, post_rig, to
from tests.storm import LIMITS, Storm, audited, told

TORTURE = bool(os.environ.get("ANODEWATCH_TORTURE"))
CRITICAL, HIGH, LOW = Priority.CRITICAL, Priority.HIGH, Priority.LOW
DOWN = Retryable("HTTP 503")


def pending(alarm: str, priority: Priority) -> Pending:
    return Pending(alarm, (1,), (notice("t", alarm, priority=priority),), 0)


CRITICALS = [pending(f"c{n}", CRITICAL) for n in range(4)]
LOWS = [pending(f"l{n}", LOW) for n in range(4)]
FLOOD, TRIED = Bundle("flood", False, HIGH), Bundle("msg_1", True, HIGH)


@pytest.mark.parametrize(
    ("portion", "room", "expected"),
    [
        pytest.param(Portion(), None, [], id="nothing"),
        pytest.param(
            Portion([*CRITICALS, *LOWS], 8, [FLOOD]), None, [*CRITICALS, FLOOD, *LOWS],
            id="without a limit each alarm goes alone, most urgent first",
        ),
        pytest.param(
            Portion(LOWS, 4, [FLOOD]), Room(6, 5), [FLOOD, *LOWS], id="as many as there is room"
        ),
        pytest.param(
            Portion(LOWS, 4, [FLOOD]), Room(5, 4), [Rest()], id="too many go together, all of them"
        ),
        pytest.param(
            Portion([*CRITICALS, *LOWS], 8), Room(3, 2),
            [*CRITICALS[:2], Rest(frozenset({"c0", "c1"}))],
            id="critical ones alone as far as one message is left for the rest",
        ),
        pytest.param(
            Portion([*CRITICALS[:1], *LOWS], 5), Room(5, 4),
            [CRITICALS[0], Rest(frozenset({"c0"}))], id="one critical, and the others together",
        ),
        pytest.param(
            Portion(LOWS, 4), Room(1, 0), [], id="the last one is kept for a critical alarm"
        ),
        pytest.param(
            Portion([*CRITICALS[:2], *LOWS], 6), Room(1, 0), [Rest()],
            id="which then takes everything with it",
        ),
        pytest.param(Portion(CRITICALS, 4), Room(0, 0), [], id="no room"),
        pytest.param(
            Portion(LOWS, 4, [FLOOD, TRIED]), Room(3, 2), [TRIED, Rest()],
            id="a digest that was tried stays as it is",
        ),
    ],
)  # fmt: skip
def test_what_goes_alone_and_what_together(
    portion: Portion, room: Room | None, expected: list[object]
) -> None:
    assert planned(portion, room) == expected


notices = st.lists(
    st.builds(
        lambda alarm, kind, at: notice(
            f"t{at}", f"a{alarm}", kind=kind, at_ns=AT_NS + at * SECOND_NS,
            priority=Priority(alarm % 4 + 1), stage=("CB", "GZ", None)[alarm % 3],
        ),
        st.integers(0, 11),
        st.sampled_from([TransitionKind.RAISED, TransitionKind.RETURNED]),
        st.integers(0, 600),
    ),
    max_size=60,
)  # fmt: skip


@given(notices, st.integers(1, 20))
def test_a_digest_adds_up_and_lists_the_most_urgent_and_of_those_the_first(
    some: list[Notice], listed: int
) -> None:
    tally = Tally(listed)
    for seq, one in enumerate(some):
        tally.add(seq, one, attempts=seq % 3)
    found = tally.result()
    if not some:
        assert found is None
        return
    assert found is not None
    totals = found.totals
    assert found.seqs == tuple(range(len(some)))
    assert totals.notices == len(some)
    assert totals.alarms == len({one.alarm for one in some})
    for counts in (totals.by_kind, totals.by_priority, totals.by_stage):
        assert sum(counts.values()) == len(some)
    for priority in Priority:
        counted = sum(one.priority is priority for one in some)
        assert totals.by_priority.get(priority, 0) == counted
    assert (totals.first_ns, totals.last_ns) == (
        min(one.at_ns for one in some), max(one.at_ns for one in some),
    )  # fmt: skip
    came = list(dict.fromkeys(one.alarm for one in some))
    first = {alarm: next(one for one in some if one.alarm == alarm) for alarm in came}
    order = sorted(came, key=lambda alarm: (first[alarm].priority, came.index(alarm)))
    expected = [one for alarm in order for one in some if one.alarm == alarm]
    assert list(found.notices) == expected[:listed]
    assert found.priority == min(one.priority for one in some)


def test_a_digest_names_the_roots_to_which_others_belong() -> None:
    tally = Tally(5)
    some = [
        notice("t1", "lone", root="lone"), notice("t2", "first", root="first"),
        *(notice(f"f{n}", f"f{n}", root="first") for n in range(3)),
        notice("t3", "late", root="gone"), notice("t4", "later", root="gone"),
        notice("t5", "first", kind=TransitionKind.RETURNED, root="first"),
    ]  # fmt: skip
    for seq, one in enumerate(some):
        tally.add(seq, one, attempts=0)
    found = tally.result()
    assert found is not None
    assert [(one.alarm, one.notice.transition, one.alarms) for one in found.totals.roots] == [
        ("first", "t2", 4), ("gone", "t3", 2),
    ]  # fmt: skip


async def test_a_digest_that_failed_is_told_again_as_it_was(tmp_path: Path) -> None:
    """What comes meanwhile, of its alarms as well, waits for it and follows in other messages."""
    receiver = Receiver(DOWN)
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), collect="flood 1")
        await rig.pass_s(1)
        assert receiver.tried == ["t1 t2"]
        await rig.put(("t3", "a"))
        await rig.put(("t4", "c"), ("t5", "b"), collect="flood 1")
        await rig.pass_s(1)
        assert receiver.tried[1:] == ["t4"]  # another alarm does not wait, nor join
        await rig.pass_s(60)
        assert receiver.tried[2:] == ["t1 t2", "t3", "t5"]
        assert receiver.ids[0] == receiver.ids[2]
        assert set((await rig.states()).values()) == {"delivered"}


async def test_each_collection_has_its_own_message_at_its_own_time(tmp_path: Path) -> None:
    clock = FakeClock(T0)
    receiver = Receiver(clock=clock)
    async with post_rig(tmp_path, to(receiver), clock=clock) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), collect="group CB", due_s=5.0)
        await rig.put(("t3", "c"), ("t4", "d"), collect="quiet 6", due_s=60.0)
        await rig.pass_s(3)
        await rig.put(("t5", "e"), collect="group CB", due_s=5.0)
        await rig.put(("t6", "a"), collect="quiet 6", due_s=57.0)
        assert receiver.got == []
        await rig.pass_s(100)
        assert receiver.got == ["t1 t6 t2 t5", "t3 t4"]
        assert receiver.at_s == [5.0, 60.0]


async def test_what_is_told_by_itself_takes_what_was_collected_of_its_alarm(tmp_path: Path) -> None:
    receiver = Receiver()
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(("t1", "a"), ("t2", "b"), collect="flood 1", due_s=300.0)
        await rig.put(("t3", "a"))
        await rig.pass_s(1)
        assert receiver.got == ["t1 t3"]
        await rig.pass_s(300)
        assert receiver.got == ["t1 t3", "t2"]
        assert receiver.messages[1].kind is MessageKind.ALARM  # one alarm needs no digest


async def test_a_digest_of_thousands_lists_some_and_counts_all(tmp_path: Path) -> None:
    receiver = Receiver(limits=NotifierLimits(notices=7))
    async with post_rig(tmp_path, to(receiver)) as rig:
        await rig.put(*((f"t{n}", f"a{n}") for n in range(2_000)), collect="flood 1")
        await rig.pass_s(1)
        (digest,) = receiver.messages
        assert digest.totals is not None
        assert (digest.totals.notices, digest.totals.alarms) == (2_000, 2_000)
        assert receiver.got == ["t0 t1 t2 t3 t4 t5 t6"]
        assert set((await rig.states()).values()) == {"delivered"}


async def test_a_storm_is_told_critical_first_within_every_limit(tmp_path: Path) -> None:
    """Of 10,000 alarms in a minute in the torture suite; here of fewer, more of them critical."""
    storm = Storm(10_000) if TORTURE else Storm(500, seconds=25, critical_pct=8)
    clock = FakeClock(T0)
    async with post_rig(tmp_path, *storm.destinations(clock), clock=clock) as rig:
        if TORTURE:  # tracing costs as much again as the storm
            tracemalloc.start()
        await storm.blow(rig)
        await rig.pass_s(330)
        if TORTURE:
            assert tracemalloc.get_traced_memory()[1] < 40e6  # 12 MB when this was written
            tracemalloc.stop()
        assert await audited(rig) == len(storm.committed_s) > storm.alarms
        for name, per_minute in LIMITS.items():
            got = await told(storm, rig, name)
            assert got.wrong == []
            assert got.notices == len(storm.committed_s)
            assert len(got.delays_s) == len(storm.critical) > 0
            assert max(got.delays_s) < 5.0
            if per_minute is not None:
                assert got.most_a_minute <= per_minute
            else:
                assert got.digests == 1  # one period of the flood
