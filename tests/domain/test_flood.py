"""Alarm floods: when they begin and end, as tables and against a count by hand."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.flood import (
    CALM,
    Flood,
    FloodLimits,
    FloodState,
    announced,
    ends_ns,
    floods,
    passed,
    within,
)
from service.domain.instants import MINUTE_NS, SECOND_NS

LIMITS = FloodLimits()
T0 = 1_780_000_000 * SECOND_NS


def _minutes(*values: float) -> list[int]:
    return [T0 + round(value * MINUTE_NS) for value in values]


@pytest.mark.parametrize(
    ("minutes", "until", "expected"),
    [
        pytest.param((), 60, [], id="nothing came"),
        pytest.param(range(10), 60, [], id="ten in ten minutes are what an operator can take"),
        pytest.param(
            [0.1 * n for n in range(11)], 60, [(1.0, 10.6, 11)], id="the eleventh begins a flood"
        ),
        pytest.param(
            [*range(10), 10], 60, [], id="the first has left the window when the eleventh comes"
        ),
        pytest.param(
            [*range(10), 9.99], 60, [(9.99, 16.0, 11)], id="just within ten minutes, and slow to go"
        ),
        pytest.param(
            [0.1 * n for n in range(11)], 10.5, [(1.0, None, 11)], id="it lasts while five remain"
        ),
        pytest.param(
            [0.1 * n for n in range(11)], 10.6, [(1.0, 10.6, 11)], id="and ends with the fifth last"
        ),
        pytest.param(
            [*(0.1 * n for n in range(11)), 3, 5, 7, 9, 11, 13],
            60,
            [(1.0, 15.0, 17)],
            id="a trickle of five in ten minutes keeps it up",
        ),
        pytest.param(
            [*(0.1 * n for n in range(11)), *(30 + 0.1 * n for n in range(11))],
            60,
            [(1.0, 10.6, 11), (31.0, 40.6, 11)],
            id="two floods",
        ),
        pytest.param([0] * 11, 60, [(0.0, 10.0, 11)], id="all at one instant"),
    ],
)
def test_floods(
    minutes: list[float], until: float, expected: list[tuple[float, float, int]]
) -> None:
    found = floods(_minutes(*minutes), LIMITS, until_ns=_minutes(until)[0])
    assert found == tuple(
        Flood(_minutes(start)[0], None if end is None else _minutes(end)[0], alarms)
        for start, end, alarms in expected
    )


def test_a_flood_ends_without_another_alarm() -> None:
    state = CALM
    for at_ns in _minutes(*(0.1 * n for n in range(11))):
        state = announced(state, at_ns, LIMITS)
    end_ns = ends_ns(state, LIMITS)
    assert end_ns == _minutes(10.6)[0]
    assert passed(state, end_ns - 1, LIMITS).since_ns == _minutes(1.0)[0]
    assert passed(state, end_ns, LIMITS) == FloodState(state.recent_ns)


def test_a_clock_that_is_set_back_neither_ends_nor_begins_a_flood() -> None:
    state = CALM
    for at_ns in _minutes(*range(10)):
        state = announced(state, at_ns, LIMITS)
    back = announced(state, T0 - 60 * MINUTE_NS, LIMITS)
    assert back.recent_ns[-1] == state.recent_ns[-1]
    assert back.since_ns == state.recent_ns[-1]


@pytest.mark.parametrize(
    ("begins_above", "ends_below", "window_ns"), [(10, 11, 1), (10, 0, 1), (10, 5, 0)]
)
def test_limits_that_make_no_sense(begins_above: int, ends_below: int, window_ns: int) -> None:
    with pytest.raises(ValueError, match="flood"):
        FloodLimits(begins_above, ends_below, window_ns)


times = st.lists(st.integers(0, 40 * 60), max_size=80).map(sorted)
limits = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(30, 900)).map(
    lambda one: FloodLimits(max(one[:2]), min(one[:2]), one[2])
)


@given(times, limits, st.integers(0, 3_600))
def test_state_is_what_counting_every_second_says(
    seconds_: list[int], limits_: FloodLimits, asked: int
) -> None:
    """Against the standard's words, second by second: above begins, below ends."""
    flooded, since = False, None
    for now in range(asked + 1):
        before = bisect_right(seconds_, now - limits_.window_ns)
        so_far = bisect_right(seconds_, now)
        if not flooded and so_far - before > limits_.begins_above:
            flooded, since = True, now
        elif flooded and so_far - before < limits_.ends_below:
            flooded, since = False, None
    state = CALM
    for at in (at for at in seconds_ if at <= asked):
        state = announced(state, at, limits_)
    assert len(state.recent_ns) <= limits_.begins_above + 1
    state = passed(state, asked, limits_)
    assert (state.since_ns is not None) == flooded
    assert state.since_ns == since
    exact = bisect_right(seconds_, asked) - bisect_right(seconds_, asked - limits_.window_ns)
    assert within(state, asked, limits_) == min(exact, limits_.begins_above + 1)
