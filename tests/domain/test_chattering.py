"""When an alarm chatters (ISA-18.2), as a table and as a law."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.chattering import Chatter
from service.domain.handling import FLAPPING, Chattering
from service.domain.instants import SECOND_NS

SETTINGS = Chattering(raises=3, window_s=60.0, calm_s=600.0)


@pytest.mark.parametrize(
    ("raised_s", "now_s", "chatters"),
    [
        ([], 0, False),
        ([0, 30], 30, False),
        ([0, 30, 60], 60, True),
        ([0, 30, 61], 61, False),  # three, but not within the window
        ([0, 30, 60], 659, True),
        ([0, 30, 60], 660, False),  # calm for long enough
        ([0, 30, 60, 500], 1_099, True),  # each raise begins the calm anew
        ([0, 30, 60, 700, 730], 730, False),  # it begins anew after the calm
        ([0, 30, 60, 700, 730, 750], 750, True),
    ],
)
def test_an_alarm_chatters(raised_s: list[int], now_s: int, chatters: bool) -> None:
    chatter = Chatter(SETTINGS)
    for s in raised_s:
        chatter.raised(s * SECOND_NS)
    assert chatter.chatters(now_s * SECOND_NS) is chatters


@pytest.mark.parametrize(("every_min", "chatters"), [(2, True), (5, True), (6, False)])
def test_what_comes_all_day_long_flaps_only_when_it_comes_often(
    every_min: int, chatters: bool
) -> None:
    chatter = Chatter(FLAPPING)
    times = range(0, 24 * 60, every_min)
    for n in times:
        chatter.raised(n * 60 * SECOND_NS)
    assert chatter.chatters(times[-1] * 60 * SECOND_NS) is chatters


@given(
    st.lists(st.integers(0, 2_000), min_size=1, max_size=40).map(sorted),
    st.integers(2, 5),
    st.integers(1, 200),
    st.integers(1, 800),
)
def test_it_chatters_when_so_many_came_within_the_window_since_it_was_calm(
    raised_s: list[int], raises: int, window_s: int, calm_s: int
) -> None:
    """Counted by hand, from all raises since the last calm."""
    chatter = Chatter(Chattering(raises, float(window_s), float(calm_s)))
    found_at: int | None = None
    for n, s in enumerate(raised_s):
        chatter.raised(s * SECOND_NS)
        if found_at is not None and s - raised_s[n - 1] >= calm_s:
            found_at = None
        if n + 1 >= raises and s - raised_s[n + 1 - raises] <= window_s:
            found_at = s
        assert chatter.chatters(s * SECOND_NS) is (found_at is not None)
