"""Downtime events found in minutes: tables of what a unit and its neighbours did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.instants import MINUTE_NS
from service.domain.losses.events import StageLosses, find_losses, root_stage
from service.domain.losses.reasons import Reason
from service.domain.losses.states import Detection
from tests.losses_line import FEEDS, FIRST, kg, stage, told


def alone(pattern: str, **more: object) -> list[tuple[str, int, int]]:
    """The events of a unit without neighbours."""
    found = find_losses([stage("A", [kg(pattern)], **more)], FEEDS)["A"]  # type: ignore[arg-type]
    return [(kind, a, b) for _, kind, a, b in told(found.events)]


CASES = {
    "all well": ("+*60", []),
    "a stop": ("+*10 0*5 +*10", [("stopped", 10, 15)]),
    "too short to count": ("+*10 00 +*10", []),
    "the shortest that counts": ("+*10 000 +*10", [("stopped", 10, 13)]),
    "a twitch in a stop": ("+*9 000 ++ 000 +*9", [("stopped", 9, 17)]),
    "two stops": ("+*9 000 +++ 000 +*9", [("stopped", 9, 12), ("stopped", 15, 18)]),
    "from the begin to the end": ("0*30", [("stopped", 0, 30)]),
    "unknown is no stop": ("+*10 ?*9 +*10", [("unknown", 10, 19)]),
    "one unknown minute": ("+*10 ? +*10", [("unknown", 10, 11)]),
    "a stop is not drawn across unknown": (
        "+*9 000 ? 000 +*9",
        [("stopped", 9, 12), ("unknown", 12, 13), ("stopped", 13, 16)],
    ),
    "too short beside unknown": ("+*9 00 ?? +*9", [("unknown", 11, 13)]),
    "slow": ("+*60 5*60 +*60", [("slow", 59, 121)]),
    "slow, but not for long": ("+*60 5*12 +*60", []),
    "hardly slow": ("+*60 9*60 +*60", []),
    "slow until a stop": ("+*30 5*40 0*10 +*60", [("slow", 29, 70), ("stopped", 70, 80)]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_unit_by_itself(name: str) -> None:
    pattern, expected = CASES[name]
    got = alone(pattern)
    assert [kind for kind, _, _ in got] == [kind for kind, _, _ in expected]
    for (kind, a, b), (_, a2, b2) in zip(got, expected, strict=True):
        # A slow stretch is told by a mean over 15 minutes: its ends lie within half of that.
        slack = 8 if kind == "slow" else 0
        assert (abs(a - a2) <= slack, abs(b - b2) <= slack) == (True, True), got


def test_a_scale_that_trembles_still_stands_still() -> None:
    row = np.concatenate([kg("+*9"), [0.1, 0.0, 0.2, 0.1], kg("+*9")])
    assert told(find_losses([stage("A", [row])], FEEDS)["A"].events) == [("A1", "stopped", 9, 13)]


def test_slow_has_hysteresis() -> None:
    """0.75 is slow, 0.85 keeps what is slow slow, and is not slow by itself."""
    up = np.concatenate([kg("+*60"), np.full(60, 7.5), np.full(60, 8.5), kg("+*60")])
    down = np.concatenate([kg("+*60"), np.full(60, 8.5), kg("+*60")])
    found = find_losses([stage("A", [up])], FEEDS)["A"]
    assert [(k, b - a) for _, k, a, b in told(found.events)] == [
        ("slow", pytest.approx(120, abs=9))
    ]
    assert not find_losses([stage("A", [down])], FEEDS)["A"].events


def test_hours_that_are_not_planned_are_no_loss() -> None:
    planned = np.ones(60)
    planned[20:40] = 0.0
    found = find_losses([stage("A", [kg("+*15 0*30 +*15")], planned=planned)], FEEDS)["A"]
    assert told(found.events) == [("A1", "stopped", 15, 20), ("A1", "stopped", 40, 45)]


def test_no_order_is_no_loss() -> None:
    idle = np.zeros((1, 60), np.bool_)
    idle[0, 20:40] = True
    found = find_losses([stage("A", [kg("+*20 0*10 ?*10 +*20")], idle=idle)], FEEDS)["A"]
    assert found.events == ()


def test_the_edges_of_the_window_are_marked() -> None:
    events = find_losses([stage("A", [kg("0*5 +*20 0*5 +*20 0*5")])], FEEDS)["A"].events
    assert [(e.began_before, e.open) for e in events] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_lost_tonnes_by_hand() -> None:
    # 10 kg a minute due, 20 minutes at 0 and one twitch of 2 kg: 21 × 10 − 2 = 208 kg, × 0.9.
    row = np.concatenate([kg("+*10 0*10"), [2.0], kg("0*10 +*10")])
    (event,) = find_losses([stage("A", [row], eq=0.9)], FEEDS)["A"].events
    assert event.lost_kg == pytest.approx(208.0)
    assert event.lost_finished_kg == pytest.approx(187.2)
    assert event.reason is Reason.UN


def test_unknown_has_no_tonnes() -> None:
    (event,) = find_losses([stage("A", [kg("+*10 ?*10 +*10")])], FEEDS)["A"].events
    assert (event.lost_kg, event.lost_finished_kg, event.reason) == (None, None, Reason.IT_COMMS)


def three(a: str, b: str, c: str) -> dict[str, StageLosses]:
    return find_losses([stage("A", [kg(a)]), stage("B", [kg(b)]), stage("C", [kg(c)])], FEEDS)


NEIGHBOURS = {
    "starved: the one before stopped earlier": (
        ("+*10 0*30 +*20", "+*20 0*22 +*18", "+*60"),
        [("B1", "starved", 20, 42)],
    ),
    "not starved: the one before stopped later": (
        ("+*30 0*10 +*20", "+*20 0*22 +*18", "+*60"),
        [("B1", "stopped", 20, 42)],
    ),
    "not starved: the one before ran again": (
        ("+*5 0*5 +*50", "+*20 0*22 +*18", "+*60"),
        [("B1", "stopped", 20, 42)],
    ),
    "blocked: the one behind stopped earlier": (
        ("+*60", "+*20 0*22 +*18", "+*10 0*30 +*20"),
        [("B1", "blocked", 20, 42)],
    ),
    "both: who stopped last is the cause": (
        ("+*5 0*55", "+*20 0*40", "+*15 0*45"),
        [("B1", "blocked", 20, 60)],
    ),
    "an unknown neighbour is no cause": (
        ("+*10 ?*40 +*10", "+*20 0*22 +*18", "+*60"),
        [("B1", "stopped", 20, 42)],
    ),
    "what it takes to recover is the neighbour's doing, the rest its own": (
        ("+*10 0*20 +*70", "+*20 0*60 +*20", "+*100"),
        [("B1", "starved", 20, 60), ("B1", "stopped", 60, 80)],
    ),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_starved_and_blocked(name: str) -> None:
    patterns, expected = NEIGHBOURS[name]
    assert told(three(*patterns)["B"].events) == expected


def test_one_of_several_that_stops_alone_is_not_starved() -> None:
    a = stage("A", [kg("+*10 0*40 +*10")])
    b = stage("B", [kg("+*20 0*22 +*18"), kg("+*60"), kg("+*60")])
    assert told(find_losses([a, b], FEEDS)["B"].events) == [("B1", "stopped", 20, 42)]


def test_all_of_several_that_stop_are_starved_each() -> None:
    a = stage("A", [kg("+*10 0*40 +*10")])
    b = stage("B", [kg("+*20 0*22 +*18"), kg("+*22 0*22 +*16"), kg("+*60")])
    got = told(find_losses([a, b], FEEDS)["B"].events)
    assert got == [("B1", "starved", 20, 42), ("B2", "starved", 22, 44)]


def test_a_chain_leads_back_to_where_it_began() -> None:
    """No bags: packing stops, then what is before it, then what is before that."""
    found = three("+*30 0*30", "+*20 0*40", "+*10 0*50")
    assert [e.kind.value for e in found["A"].events] == ["blocked"]
    assert [e.because_of for e in found["A"].events] == ["B"]
    assert root_stage(found, found["A"].events[0]) == "C"
    assert root_stage(found, found["C"].events[0]) == "C"


def fill(before: str, *, of: str = "A", **more: object) -> list[tuple[str, str, int, int]]:
    level = kg(before, rate=1.0)
    line = [stage("A", [kg("+*60")]), stage("B", [kg("+*20 0*22 +*18")]), stage("C", [kg("+*60")])]
    return told(find_losses(line, FEEDS, fill={of: level})["B"].events)


@pytest.mark.parametrize(
    ("level", "of", "kind"),
    [
        ("5*18 0*26 5*16", "A", "starved"),
        ("5*60", "A", "stopped"),
        ("5*18 +*26 5*16", "B", "blocked"),
        ("?*60", "A", "stopped"),
        ("5*40 0*20", "A", "stopped"),  # empty long after it stopped
    ],
)
def test_a_buffers_fill_tells(level: str, of: str, kind: str) -> None:
    assert fill(level, of=of) == [("B1", kind, 20, 42)]


def test_a_fill_that_is_known_refutes_what_the_neighbour_suggests() -> None:
    line = [stage("A", [kg("+*10 0*40 +*10")]), stage("B", [kg("+*20 0*22 +*18")])]
    assert [e.kind.value for e in find_losses(line, FEEDS)["B"].events] == ["starved"]
    found = find_losses(line, FEEDS, fill={"A": kg("5*60", rate=1.0)})
    assert [e.kind.value for e in found["B"].events] == ["stopped"]


def test_slow_is_starved_only_by_an_empty_buffer() -> None:
    line = [stage("A", [kg("+*20 5*80")]), stage("B", [kg("+*30 5*70")])]
    assert [e.kind.value for e in find_losses(line, FEEDS)["B"].events] == ["slow"]
    found = find_losses(line, FEEDS, fill={"A": kg("5*25 0*75", rate=1.0)})
    assert [(e.kind.value, e.because_of) for e in found["B"].events] == [("starved", "A")]


def test_stages_over_different_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"all stages need the same minutes; came A .* 60, B"):
        find_losses([stage("A", [kg("+*60")]), stage("B", [kg("+*50")])], FEEDS)


def test_thresholds_may_differ_by_stage() -> None:
    line = [stage(s, [kg("+*200 0*20 +*200")]) for s in "AC"]
    found = find_losses(
        line, {}, detection={"C": Detection(shortest_stop_min=30, slow_mean_min=200)}
    )
    assert (len(found["A"].events), len(found["C"].events)) == (1, 0)


rows = st.lists(st.sampled_from("++++00??59"), min_size=5, max_size=12).flatmap(
    lambda signs: st.lists(st.integers(1, 40), min_size=len(signs), max_size=len(signs)).map(
        lambda times: " ".join(f"{s}*{t}" for s, t in zip(signs, times, strict=True))
    )
)


@given(pattern=rows)
@settings(max_examples=100, deadline=None)
def test_laws_of_events(pattern: str) -> None:
    row = kg(pattern)
    events = find_losses([stage("A", [row])], FEEDS)["A"].events
    reached = 0
    covered = np.zeros(len(row), np.bool_)
    for _, kind, a, b in told(events):
        assert reached <= a < b <= len(row)  # in order, apart, not empty
        reached = b
        known = ~np.isnan(row[a:b])
        assert not known.any() if kind == "unknown" else known.all()
        if kind == "stopped":
            assert b - a >= 3
            assert row[a] == 0.0
            assert row[b - 1] == 0.0
        covered[a:b] = kind == "unknown"
    assert (covered == np.isnan(row)).all()  # every unknown minute is in an unknown event


@given(pattern=rows, cut=st.integers(1, 400))
@settings(max_examples=100, deadline=None)
def test_what_came_later_does_not_change_where_a_stop_began(pattern: str, cut: int) -> None:
    row = kg(pattern)
    so_far = row[: min(cut, len(row))]
    then = told(find_losses([stage("A", [so_far])], FEEDS)["A"].events)
    now = told(find_losses([stage("A", [row])], FEEDS)["A"].events)
    begins = {a for _, kind, a, _ in now if kind == "stopped"}
    assert {a for _, kind, a, _ in then if kind == "stopped"} <= begins


def test_times_are_instants() -> None:
    (event,) = find_losses([stage("A", [kg("+*10 0*5 +*10")])], FEEDS)["A"].events
    assert event.start_ns == (FIRST + 10) * MINUTE_NS
    assert event.duration_h == pytest.approx(5 / 60)
