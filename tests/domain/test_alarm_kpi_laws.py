"""Alarm system indicators: laws that hold whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import Priority, Quiet
from service.domain.alarm_kpi import alarm_kpis
from service.domain.alarm_steps import StepRow, steps_of
from service.domain.instants import HOUR_NS
from tests.domain.test_alarm_kpi import FROM_NS, add

raises = st.lists(
    st.tuples(
        st.integers(-1_000, 7_000),  # second
        st.integers(0, 12),  # alarm
        st.integers(1, 4_000),  # stands
        st.sampled_from([None, None, None, *Quiet]),
    ),
    max_size=60,
)


def rows_from(what: list[tuple[int, int, int, Quiet | None]]) -> list[StepRow]:
    rows: list[StepRow] = []
    for n, (second, alarm, stands, quiet) in enumerate(what):
        add(rows, f"alarm-{alarm}", f"{n}", Priority(1 + alarm % 4).name, second, stands,
            stands // 2 if n % 3 else None, quiet)  # fmt: skip
    return sorted(rows, key=lambda row: row[1])


END_NS = FROM_NS + 2 * HOUR_NS


@given(raises)
def test_calls_add_up(what: list[tuple[int, int, int, Quiet | None]]) -> None:
    steps, known = steps_of(rows_from(what)), [(FROM_NS, END_NS)]
    whole = alarm_kpis(steps, known, FROM_NS, END_NS)
    halves = [
        alarm_kpis(steps, known, a, b)
        for a, b in ((FROM_NS, FROM_NS + HOUR_NS), (FROM_NS + HOUR_NS, END_NS))
    ]
    inside = [one for one in what if 0 <= one[0] < 7_200]
    assert whole.calls == sum(quiet is None for *_, quiet in inside)
    assert sum(whole.quiet.values()) == len(inside) - whole.calls
    assert whole.calls == sum(half.calls for half in halves)
    assert whole.calls == sum(whole.priorities.values())
    assert whole.most_in_period == max(half.most_in_period for half in halves)
    assert (whole.per_hour or 0.0) == pytest.approx(whole.calls / 2)
    assert sum(half.flood_share or 0.0 for half in halves) / 2 == pytest.approx(whole.flood_share)
    assert whole.acknowledging.acknowledged + whole.acknowledging.open == whole.calls
    times = [one.calls for one in whole.top]
    assert times == sorted(times, reverse=True)
    assert (whole.top_share or 0.0) <= 1.0


@given(raises, st.integers(1, 500))
def test_quiet_alarms_are_no_load(
    what: list[tuple[int, int, int, Quiet | None]], hours: int
) -> None:
    """What calls nobody changes nothing but its own count, and time moves all alike."""
    known = [(FROM_NS, END_NS)]
    found = alarm_kpis(steps_of(rows_from(what)), known, FROM_NS, END_NS)
    loud = [one for one in what if one[3] is None]
    heard = alarm_kpis(steps_of(rows_from(loud)), known, FROM_NS, END_NS)
    for name in ("calls", "per_hour", "most_in_period", "floods", "fleeting", "top_share"):
        if name != "fleeting" or not any(one[3] is Quiet.CHATTERING for one in what):
            assert getattr(found, name) == getattr(heard, name)
    assert heard.quiet == {}
    by = hours * HOUR_NS
    moved = [(d, t + by, *rest) for d, t, *rest in rows_from(what)]
    later = alarm_kpis(
        steps_of(moved),  # type: ignore[arg-type]  # a list unpacked into a tuple
        [(FROM_NS + by, END_NS + by)], FROM_NS + by, END_NS + by,
    )  # fmt: skip
    assert later.priorities == found.priorities
    assert (later.crowded_share, later.flood_share) == (found.crowded_share, found.flood_share)
    assert (later.chattering, later.fleeting) == (found.chattering, found.fleeting)


@given(raises)
def test_chattering_is_what_a_slow_look_finds(
    what: list[tuple[int, int, int, Quiet | None]],
) -> None:
    found = alarm_kpis(steps_of(rows_from(what)), [(FROM_NS, END_NS)], FROM_NS, END_NS)
    expected = set()
    for alarm in range(13):
        times = np.sort([s for s, a, _, q in what if a == alarm and q in (None, Quiet.CHATTERING)])
        for at in times[(times >= 0) & (times < 7_200)]:
            if ((times > at - 60) & (times <= at)).sum() >= 3:
                expected.add(f"alarm-{alarm}")
    assert set(found.chattering) == expected
