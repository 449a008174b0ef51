"""Work in progress, lead time and mass balance: worked numbers of the plant, and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.balance import (
    BalanceState,
    Node,
    Output,
    Weighed,
    balance,
    lead_time_h,
    nodes_of,
    work_in_progress,
)
from service.domain.kpi import total
from service.domain.line import Line, Stage

# stage, yield, side share, t/y in, t/y out, days from the supplier's meter to its own
# (in: queue before it and time inside; the sums of the plant's reference table)
PLANT = [
    ("CR", 0.92, 0.0, 83_445, 76_769, 0.0),
    ("GR", 0.93, 6_142 / 82_911, 82_911, 77_107, 0.5),
    ("CT", 0.998, 3_084 / 80_191, 80_191, 80_031, 0.9),
    ("CB", 0.95, 0.0, 80_031, 76_029, 0.5),
    ("GZ", 0.95, 0.0, 76_029, 72_228, 0.5 + 12.5 / 24 + 3 + 18),
    ("SC", 0.975, 0.0, 72_228, 70_422, 2.3),
    ("DM", 0.995, 0.0, 70_422, 70_070, 0.0),
    ("PK", 0.999, 0.0, 70_070, 70_000, 2.0),
]
DAYS = 330.0


def line() -> Line:
    ids = [row[0] for row in PLANT]
    stages = tuple(
        Stage(id_, id_, id_, 1.0, yield_, 10.0, feeds=tuple(ids[n + 1 : n + 2]), side_share=side)
        for n, (id_, yield_, side, *_) in enumerate(PLANT)
    )
    return Line(stages, (), "PK")


NODES = nodes_of(line())


@pytest.mark.parametrize(
    ("stage", "supplier"), [("GR", "CR"), ("CT", "GR"), ("CB", "CT"), ("SC", "GZ"), ("PK", "DM")]
)
def test_yields_and_pitch_close_the_plants_table(stage: str, supplier: str) -> None:
    out = {row[0]: float(row[4]) for row in PLANT}
    assert NODES[stage].taken_kg(out[stage]) == pytest.approx(out[supplier], rel=2e-4)


def test_granulation_by_hand() -> None:
    # 930 kg out are 1,000 kg in, of which 7.408 % is pitch: 925.92 kg came from crushing.
    assert Node("GR", 0.93, 0.07408, {"CR": 1.0}).taken_kg(930.0) == pytest.approx(925.92)


def test_lead_time_and_work_in_progress_of_the_plant() -> None:
    wip_t, lead_h = {}, {}
    for stage, _, _, t_in, _, days in PLANT:
        wip_t[stage] = t_in / DAYS * days
        lead_h[stage] = lead_time_h(
            mean_wip_kg=wip_t[stage] * 1e3, throughput_kg_per_h=t_in / DAYS / 24 * 1e3
        )
    days = (total(*lead_h.values()) or 0.0) / 24
    assert days == pytest.approx(28, abs=0.5)
    assert sum(wip_t.values()) == pytest.approx(6_480, rel=0.01)


def test_no_flow_has_no_lead_time() -> None:
    assert lead_time_h(mean_wip_kg=100.0, throughput_kg_per_h=0.0) is None
    assert lead_time_h(mean_wip_kg=None, throughput_kg_per_h=5.0) is None


def output(kg: list[float], **more: float) -> Output:
    return Output(np.array(kg, float), **{"most_kg": 100.0, **more})  # type: ignore[arg-type]


def test_work_in_progress_by_hand() -> None:
    node = Node("B", 0.8, 0.1, {"A": 1.0})  # 1 kg out took 0.9 / 0.8 = 1.125 kg from A
    outputs = {"A": output([10, 10, 10]), "B": output([0, 8, 8])}
    got = work_in_progress(node, outputs, start_kg=50.0)
    assert got is not None
    assert got.kg.tolist() == [50.0, 60.0, 61.0, 62.0]
    assert got.uncertainty_kg.tolist() == [0.0] * 4


def test_unseen_minutes_widen_the_bounds_and_are_not_guessed() -> None:
    node = Node("B", 1.0, 0.0, {"A": 1.0})
    outputs = {
        "A": output([10, math.nan, 10], most_kg=30.0),
        "B": output([10, 10, math.nan], most_kg=12.0),
    }
    got = work_in_progress(node, outputs, start_kg=5.0, start_uncertainty_kg=1.0)
    assert got is not None
    assert got.low_kg.tolist() == [4.0, 4.0, -6.0, 4.0 + 20 - 20 - 12]
    assert got.high_kg.tolist() == [6.0, 6.0, 26.0, 36.0]


def test_a_scales_class_adds_up_over_time() -> None:
    node = Node("B", 1.0, 0.0, {"A": 1.0})
    outputs = {"A": output([10] * 100, class_share=0.01), "B": output([10] * 100)}
    got = work_in_progress(node, outputs, start_kg=0.0)
    assert got is not None
    assert got.uncertainty_kg[-1] == pytest.approx(10.0)  # 1 % of 1,000 kg


def test_nothing_measures_what_comes_to_the_first_stage() -> None:
    assert work_in_progress(NODES["CR"], {"CR": output([1.0])}, start_kg=0.0) is None


def test_a_stage_with_two_followers_feeds_both() -> None:
    stages = (
        Stage("A", "A", "A", 1.0, 1.0, 1.0, feeds=("B", "C")),
        Stage("B", "B", "B", 1.0, 1.0, 1.0, feeds=("D",)),
        Stage("C", "C", "C", 1.0, 1.0, 1.0, feeds=("D",)),
        Stage("D", "D", "D", 1.0, 1.0, 1.0),
    )
    nodes = nodes_of(Line(stages, (), "D"))
    assert nodes["B"].suppliers == {"A": 0.5}
    assert nodes["D"].suppliers == {"B": 1.0, "C": 1.0}


masses = st.lists(st.integers(0, 40), min_size=1, max_size=60)


@given(rows=masses, yields=st.tuples(*[st.floats(0.5, 1.0)] * 3), side=st.floats(0.0, 0.2))
def test_mass_is_conserved_along_a_chain(
    rows: list[int], yields: tuple[float, float, float], side: float
) -> None:
    """Whatever the outputs: stock gained + what left as product and as yield loss = what came."""
    rng = np.random.default_rng(len(rows) + sum(rows))
    outs = {s: output(rng.permutation(rows).astype(float).tolist()) for s in "ABC"}
    made = float(sum(rows))
    gained, lost, pitch = 0.0, 0.0, 0.0
    for stage, before, share in (("B", "A", yields[1]), ("C", "B", yields[2])):
        node = Node(stage, share, side, {before: 1.0})
        wip = work_in_progress(node, outs, start_kg=500.0)
        assert wip is not None
        gained += float(wip.kg[-1] - wip.kg[0])
        lost += made / share * (1.0 - share)
        pitch += made / share * side
    assert gained + lost + made - pitch == pytest.approx(made, abs=1e-6)


@given(
    gaps=st.lists(st.integers(0, 9), min_size=1, max_size=60),
    work=st.lists(st.integers(1, 9), min_size=60, max_size=60),
)
@settings(max_examples=150, deadline=None)
def test_littles_law_on_a_simulated_queue(gaps: list[int], work: list[int]) -> None:
    """A single server, first come first served, from empty to empty: L = λ W exactly."""
    came = np.cumsum(gaps)
    left = np.zeros(len(came), int)
    free = 0
    for n, at in enumerate(came):
        free = max(free, int(at)) + work[n]
        left[n] = free
    n_minutes = int(left[-1]) + 1
    outputs = {
        "A": output(np.bincount(came, minlength=n_minutes).astype(float).tolist()),
        "B": output(np.bincount(left, minlength=n_minutes).astype(float).tolist()),
    }
    wip = work_in_progress(Node("B", 1.0, 0.0, {"A": 1.0}), outputs, start_kg=0.0)
    assert wip is not None
    assert wip.kg[-1] == 0.0
    lead = lead_time_h(
        mean_wip_kg=float(wip.kg[1:].mean()),
        throughput_kg_per_h=len(came) / (n_minutes / 60.0),
    )
    assert lead == pytest.approx(float((left - came).mean()) / 60.0, abs=1e-9)


def weighed(kg: float, **more: float) -> Weighed:
    return Weighed(kg, **{"class_share": 0.005, **more})  # type: ignore[arg-type]


def test_uncertainty_by_hand() -> None:
    # class 0.5 % of 10,000 kg: limit 50 kg, standard 50 / √3 = 28.868; step 10 kg: 10 / √6 = 4.082.
    # √(28.868² + 4.082²) = √(833.33 + 16.67) = 29.155.
    assert math.sqrt(weighed(10_000.0, step_kg=10.0).variance) == pytest.approx(29.155, abs=5e-4)
    # eight such meters against one exact: 2 × 29.155 × √8 = 164.92
    node = Node("B", 1.0, 0.0, {"A": 1.0})
    got = balance(node, {"A": [weighed(10_000.0, step_kg=10.0)] * 8}, [Weighed(80_000.0, 0.0)])
    assert got.uncertainty_kg == pytest.approx(164.92, abs=5e-3)
    assert got.state is BalanceState.BALANCED


@pytest.mark.parametrize(
    ("came", "out", "stored", "bound", "state"),
    [
        (100_000.0, 90_000.0, 0.0, 0.0, BalanceState.BALANCED),
        (102_000.0, 90_000.0, 0.0, 0.0, BalanceState.SURPLUS),
        (98_000.0, 90_000.0, 0.0, 0.0, BalanceState.SHORTAGE),
        (102_000.0, 90_000.0, 2_000.0, 0.0, BalanceState.BALANCED),  # it lies in the buffer
        (102_000.0, 90_000.0, 0.0, 3_000.0, BalanceState.BALANCED),  # it may lie in the buffer
        (102_000.0, 90_000.0, 0.0, 9_000.0, BalanceState.UNKNOWN),  # nobody can tell
        (120_000.0, 90_000.0, 0.0, 9_000.0, BalanceState.SURPLUS),  # no buffer holds that
    ],
)
def test_neighbours(
    came: float, out: float, stored: float, bound: float, state: BalanceState
) -> None:
    node = Node("B", 0.9, 0.0, {"A": 1.0})
    got = balance(
        node, {"A": [weighed(came)]}, [weighed(out)], stored_kg=stored, stored_bound_kg=bound
    )
    assert got.state is state
    assert got.residual_kg == pytest.approx(came - out / 0.9 - stored)


def test_unseen_minutes_excuse_only_their_own_side() -> None:
    node = Node("B", 1.0, 0.0, {"A": 1.0})
    blind = weighed(9_000.0, unseen_min=60, most_kg_per_min=30.0)
    full = weighed(10_000.0)
    # The scale before was blind: more may have come, so a shortage proves nothing, but a surplus
    # would.
    assert balance(node, {"A": [blind]}, [full]).state is BalanceState.UNKNOWN
    assert balance(node, {"A": [full]}, [weighed(9_000.0)]).state is BalanceState.SURPLUS
    assert balance(node, {"A": [full]}, [blind]).state is BalanceState.UNKNOWN
    more = weighed(11_000.0, unseen_min=60, most_kg_per_min=30.0)
    assert balance(node, {"A": [more]}, [full]).state is BalanceState.SURPLUS


def test_an_uncertain_yield_is_part_of_the_uncertainty() -> None:
    node = Node("B", 0.95, 0.0, {"A": 1.0}, yield_uncertainty=0.0095)
    got = balance(node, {"A": [Weighed(1_000.0, 0.0)]}, [Weighed(950.0, 0.0)])
    assert got.uncertainty_kg == pytest.approx(2 * 1_000.0 * 0.01)


def test_nothing_taken_has_no_share() -> None:
    node = Node("B", 0.95, 0.0, {"A": 1.0})
    assert balance(node, {"A": [weighed(0.0)]}, [weighed(0.0)]).share is None


def test_scales_within_their_class_rarely_disagree() -> None:
    """Errors drawn evenly within the class: at most the 5 % that the uncertainty states."""
    rng = np.random.default_rng(1)
    node = Node("B", 0.9, 0.0, {"A": 1.0})
    apart = 0
    for _ in range(2_000):
        true = rng.uniform(5_000.0, 10_000.0, 4)
        came = [weighed(float(kg * (1 + rng.uniform(-0.005, 0.005)))) for kg in true]
        out_kg = float(true.sum()) * 0.9 * (1 + rng.uniform(-0.005, 0.005))
        got = balance(node, {"A": came}, [weighed(out_kg)])
        assert abs(got.residual_kg) <= 0.01 * float(true.sum()) * 1.001
        apart += got.state is not BalanceState.BALANCED
    assert 0.0 < apart / 2_000 <= 0.05
