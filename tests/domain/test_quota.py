"""A receiver's limit: never exceeded, and never used up so that a critical alarm has to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.quota import burst, every_ns, free_ns, room

T0 = 1_000 * MINUTE_NS


@pytest.mark.parametrize(
    ("per_minute", "at_once", "every_s"), [(1, 1, 61), (2, 1, 61), (5, 1, 15.25), (20, 5, 4.07)]
)
def test_a_quarter_at_once_and_the_rest_evenly(
    per_minute: int, at_once: int, every_s: float
) -> None:
    assert burst(per_minute) == at_once
    assert every_ns(per_minute) / SECOND_NS == pytest.approx(every_s, abs=0.01)


def test_one_message_is_kept_for_critical_alarms() -> None:
    assert room([], 20, T0, critical=True) == 5
    assert room([], 20, T0, critical=False) == 4
    assert room([T0] * 4, 20, T0, critical=True) == 1
    assert room([T0] * 4, 20, T0, critical=False) == 0
    assert room([], 3, T0, critical=False) == 1  # where only one may go, it is for all


@given(
    st.integers(1, 120),
    st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=150),
)
def test_no_minute_holds_more_than_the_limit_and_room_comes_when_it_is_said_to(
    per_minute: int, steps: list[tuple[int, bool]]
) -> None:
    """A courier that sends whenever there is room: milliseconds of waiting, critical or not."""
    now_ns, sent = T0, []
    for wait_ms, critical in steps:
        now_ns += wait_ms * 1_000_000
        known = sent[-130:]
        free = free_ns(known, per_minute, now_ns, critical=critical)
        if room(known, per_minute, now_ns, critical=critical) == 0:
            assert free > now_ns
            assert room(known, per_minute, free - 1, critical=critical) == 0
            now_ns = free
        assert room(known, per_minute, now_ns, critical=critical) >= 1
        sent.append(now_ns)
    for at in range(len(sent)):
        assert sum(sent[at] <= one < sent[at] + MINUTE_NS for one in sent) <= per_minute


def test_critical_alarms_of_a_lasting_storm_wait_less_than_five_seconds() -> None:
    """Twenty messages a minute, as WeCom and DingTalk take: one more every four seconds."""
    now_ns, sent = T0, []
    for _ in range(100):
        free = free_ns(sent, 20, now_ns, critical=True)
        assert free - now_ns < 5 * SECOND_NS
        now_ns = free
        sent.append(now_ns)
