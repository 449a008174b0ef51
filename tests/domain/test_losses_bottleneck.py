"""The bottleneck by the active-period method, and what a loss puts at stake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.alarm import Priority
from service.domain.line import Line, Stage
from service.domain.losses.bottleneck import (
    active_stage,
    active_units,
    find_bottlenecks,
    line_stations,
    station_loads,
)
from service.domain.losses.events import StageLosses, find_losses
from service.domain.losses.stake import (
    PriorityScale,
    Stake,
    cover_finished_kg,
    event_stakes,
    most_loaded,
    outage,
)
from tests.losses_line import FEEDS, kg, stage


def mask(pattern: str) -> np.ndarray:
    """``#`` is active."""
    return np.array([sign == "#" for sign in pattern])


def shares(active: dict[str, np.ndarray]) -> dict[str, tuple[int, int]]:
    found = find_bottlenecks(active)
    return {
        s.station: (round(s.sole * found.minutes), round(s.shifting * found.minutes))
        for s in found.shares
    }


BOTTLENECKS = {
    # After Roser: M1's period is the longest until it ends; then M2's, which began before that.
    "shifting while two successive periods overlap": (
        {"M1": "##########....", "M2": ".......#######"},
        {"M1": (7, 3), "M2": (4, 3)},
    ),
    "a shorter period inside is no bottleneck": (
        {"M1": "##############", "M2": "....####......"},
        {"M1": (14, 0)},
    ),
    "nobody is active": ({"M1": "....", "M2": "...."}, {}),
    "a pause of all": ({"M1": "####......", "M2": ".......###"}, {"M1": (4, 0), "M2": (3, 0)}),
    "two that nothing tells apart share": (
        {"M1": "####...", "M2": "####..."},
        {"M1": (2, 0), "M2": (2, 0)},
    ),
    "three in turn": (
        {"A": "######........", "B": "....#######...", "C": ".........#####"},
        {"A": (4, 2), "B": (3, 4), "C": (3, 2)},
    ),
}


@pytest.mark.parametrize("name", BOTTLENECKS)
def test_sole_and_shifting(name: str) -> None:
    active, expected = BOTTLENECKS[name]
    assert shares({station: mask(row) for station, row in active.items()}) == expected


def test_the_momentary_bottleneck() -> None:
    found = find_bottlenecks({"M1": mask("##########....."), "M2": mask(".......######..")})
    assert [found.at(m) for m in (0, 9, 10, 12, 13)] == [("M1",), ("M1",), ("M2",), ("M2",), ()]
    assert found.none_share == pytest.approx(2 / 15)


def test_a_window_of_nothing() -> None:
    found = find_bottlenecks({})
    assert (found.minutes, found.shares, found.at(0)) == (0, (), ())


def test_where_nobody_ever_waits_the_load_decides() -> None:
    found = find_bottlenecks({"M1": mask("####"), "M2": mask("####")}, load={"M1": 0.9, "M2": 0.8})
    assert found.at(0) == ("M1",)


rows = st.integers(5, 30).flatmap(
    lambda n: st.dictionaries(
        st.sampled_from("ABCD"), st.lists(st.booleans(), min_size=n, max_size=n), min_size=1
    )
)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_laws_of_bottlenecks(active: dict[str, list[bool]]) -> None:
    masks = {station: np.array(row) for station, row in active.items()}
    found = find_bottlenecks(masks)
    any_active = np.any(list(masks.values()), axis=0)
    assert found.none_share == pytest.approx(1.0 - any_active.mean())
    for minute in range(found.minutes):
        worst = found.at(minute)
        assert bool(worst) == bool(any_active[minute])
        if worst:
            lengths = {s: _around(row, minute) for s, row in active.items()}
            assert {lengths[s] for s in worst} == {max(lengths.values())}
    sole = sum(s.sole for s in found.shares)
    assert sole <= 1.0 - found.none_share + 1e-9
    assert all(s.total <= masks[s.station].mean() + 1e-9 for s in found.shares)


def _around(row: list[bool], minute: int) -> int:
    if not row[minute]:
        return 0
    a = b = minute
    while a > 0 and row[a - 1]:
        a -= 1
    while b + 1 < len(row) and row[b + 1]:
        b += 1
    return b - a + 1


def test_waiting_is_inactive_and_repair_is_active() -> None:
    line = [stage("A", [kg("+*20 0*30 +*30")]), stage("B", [kg("+*25 0*30 +*25")])]
    found = find_losses(line, FEEDS)
    assert active_units(found["A"])["A1"].all()  # stopped by itself: in repair
    assert np.flatnonzero(~active_units(found["B"])["B1"]).tolist() == list(range(25, 55))
    assert find_bottlenecks(line_stations(found, by_unit=["B"])).at(0) == ("A",)


def test_an_unseen_stretch_ends_a_period_unless_it_is_short() -> None:
    found = find_losses([stage("A", [kg("+*20 ?*5 +*20 ?*30 +*20")])], FEEDS)["A"]
    got = active_units(found)["A1"]
    assert np.flatnonzero(~got).tolist() == list(range(45, 75))


def test_rectifiers_are_stations_of_their_own_and_other_stages_are_one() -> None:
    line = [stage("CB", [kg("+*40")] * 3), stage("GZ", [kg("+*40")] * 2)]
    found = find_losses(line, {"CB": ["GZ"]})
    assert list(line_stations(found)) == ["CB", "GZ1", "GZ2"]
    assert station_loads(found) == pytest.approx(dict.fromkeys(("CB", "GZ1", "GZ2"), 10 / 12))
    assert active_stage(found["CB"]).all()


# --- at stake -------------------------------------------------------------------------------

RECTIFIER = 52_250.0 / 43.2
KILN = 10_000.0 / 24.0
GZ_DUE, CB_DUE = 72_228_000.0 / 7_920.0, 76_029_000.0 / 7_920.0


def rectifiers_down(hours: float, *, n: int = 1) -> Stake:
    return outage(
        down_kg_per_h=n * RECTIFIER, capacity_kg_per_h=8 * RECTIFIER, required_kg_per_h=GZ_DUE,
        hours=hours, finished_eq=0.969, is_bottleneck=True,
    )  # fmt: skip


def kilns_down(n: int, *, cover: float = 0.0) -> Stake:
    return outage(
        down_kg_per_h=n * KILN, capacity_kg_per_h=28 * KILN, required_kg_per_h=CB_DUE,
        hours=24.0, finished_eq=0.921, is_bottleneck=False, cover_finished_kg=cover,
    )  # fmt: skip


def test_a_rectifier_down_for_a_day() -> None:
    """52.25 t / 43.2 h × 24 h × 0.969 = 28.1 t finished; won back in about 18 d."""
    got = rectifiers_down(24.0)
    assert got.plant_finished_kg == pytest.approx(28_100, abs=50)
    assert (got.win_back_h or 0.0) / 24 == pytest.approx(17.5, abs=0.6)


def test_a_kiln_down_for_a_day_is_absorbed() -> None:
    got = kilns_down(1)
    assert got.unit_finished_kg == pytest.approx(9_210)  # 10 t × 0.921
    assert (got.stage_finished_kg, got.plant_finished_kg, got.win_back_h) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("n", "plant_t"), [(4, 0.0), (5, 0.266), (6, 9.476), (7, 18.686)])
def test_a_sixth_kiln_is_not_spare(n: int, plant_t: float) -> None:
    # due 9.5996 t/h, 28 × 0.41667 = 11.6667: 4.96 kilns are spare.
    # 6 down: 22 × 0.41667 = 9.1667 left, short 0.4329 t/h × 24 h × 0.921 = 9.57 t.
    got = kilns_down(n)
    left = (28 - n) * 10.0 / 24
    by_hand = max(CB_DUE / 1e3 - left, 0.0) * 24 * 0.921
    assert got.plant_finished_kg / 1e3 == pytest.approx(by_hand)
    assert got.plant_finished_kg / 1e3 == pytest.approx(plant_t, abs=0.1)


def test_a_buffer_before_the_bottleneck_covers_a_while() -> None:
    assert kilns_down(6, cover=5_000.0).plant_finished_kg == pytest.approx(
        kilns_down(6).plant_finished_kg - 5_000.0
    )
    assert kilns_down(6, cover=1e6).plant_finished_kg == 0.0


def test_what_has_no_spare_capacity_is_never_won_back() -> None:
    got = outage(
        down_kg_per_h=1.0, capacity_kg_per_h=10.0, required_kg_per_h=10.0, hours=1.0,
        finished_eq=1.0, is_bottleneck=True,
    )  # fmt: skip
    assert got.win_back_h is None


def test_one_missed_run_of_a_week() -> None:
    # 70,000 t / 330 d × 7 d = 1,484.8 t; one run is 52.25 × 0.969 = 50.63 t: 3.4 %.
    lost = outage(
        down_kg_per_h=RECTIFIER, capacity_kg_per_h=8 * RECTIFIER, required_kg_per_h=GZ_DUE,
        hours=43.2, finished_eq=0.969, is_bottleneck=True,
    )  # fmt: skip
    assert lost.plant_finished_kg / (70e6 / 330 * 7) == pytest.approx(0.034, abs=5e-4)


def test_the_bottleneck_by_design() -> None:
    capacity_eq = {
        "CR": (12.8, 0.912), "GR": (13.5, 0.908), "CT": (12.0, 0.875), "CB": (11.67, 0.921),
        "GZ": (9.68, 0.969), "SC": (10.8, 0.994), "DM": (10.8, 0.999), "PK": (16.0, 1.0),
    }  # fmt: skip
    stages = tuple(Stage(s, s, s, eq, 1.0, c) for s, (c, eq) in capacity_eq.items())
    assert most_loaded(Line(stages, (), "PK")) == "GZ"


def stakes(rows: list[str], **more: object) -> list[tuple[str, float, float, float]]:
    found = find_losses([stage("A", [kg(row) for row in rows], capacity=12.0)], FEEDS)["A"]
    return [
        (e.unit, round(s.unit_finished_kg, 6), round(s.stage_finished_kg, 6),
         round(s.plant_finished_kg, 6))
        for e, s in event_stakes(found, **{"is_bottleneck": False, **more})  # type: ignore[arg-type]
    ]  # fmt: skip


def test_events_at_one_time_share_what_they_cause() -> None:
    # 6 units of 12 kg a minute, 60 due: one down leaves 60, so nothing is short; two leave 48.
    well = ["+*40"] * 4
    assert stakes([*well, "+*40", "+*10 0*20 +*10"]) == [("A6", 240.0, 0.0, 0.0)]
    assert stakes([*well, "+*10 0*20 +*10", "+*10 0*20 +*10"]) == [
        ("A5", 240.0, 120.0, 120.0),
        ("A6", 240.0, 120.0, 120.0),
    ]


def test_cover_is_used_up_in_time() -> None:
    rows = ["+*100"] * 4 + ["+*10 0*20 +*30 0*20 +*20"] * 2
    got = stakes(rows, cover_finished_kg=200.0)
    assert [round(plant) for *_, plant in got] == [20, 120, 20, 120]


def test_at_the_bottleneck_nothing_is_absorbed() -> None:
    rows = ["+*40"] * 5 + ["+*10 0*20 +*10"]
    assert stakes(rows, is_bottleneck=True) == [("A6", 240.0, 240.0, 240.0)]


def test_unknown_is_nothing_at_stake() -> None:
    assert stakes(["+*40", "+*10 ?*20 +*10"], is_bottleneck=True) == [("A2", 0.0, 0.0, 0.0)]


def test_a_slow_unit_is_missed_for_what_it_does_not_make() -> None:
    ((unit, missing, stage_kg, _),) = stakes(["5*100"], is_bottleneck=True)
    assert (unit, missing, stage_kg) == ("A1", 500.0, 500.0)  # due 10, made 5
    ((_, missing, stage_kg, _),) = stakes(["5*100"])
    assert (missing, stage_kg) == (700.0, 500.0)  # it could make 12; the stage is short of 5


def test_starved_costs_at_the_bottleneck_only() -> None:
    line = [stage("A", [kg("+*10 0*40 +*10")]), stage("B", [kg("+*20 0*30 +*10")])]
    starved: StageLosses = find_losses(line, FEEDS)["B"]
    assert [s.plant_finished_kg for _, s in event_stakes(starved, is_bottleneck=False)] == [0.0]
    ((_, at_bottleneck),) = event_stakes(starved, is_bottleneck=True)
    assert at_bottleneck.plant_finished_kg == pytest.approx(360.0)  # 30 min × 12 kg


CHAIN = {"CB": ["GZ"], "GZ": ["SC"], "SC": ["DM"], "DM": ["PK"], "CT": ["CB"]}


@pytest.mark.parametrize(
    ("stage_id", "cover"),
    [("CT", 30.0), ("CB", 20.0), ("GZ", 0.0), ("SC", 100.0), ("PK", 700.0), ("UT", 0.0)],
)
def test_buffers_up_to_the_bottleneck(stage_id: str, cover: float) -> None:
    stock = {"CT": 10.0, "CB": 20.0, "GZ": 40.0}
    space = {"GZ": 100.0, "SC": 200.0, "DM": 400.0, "PK": 800.0, "CB": 7.0}
    assert cover_finished_kg(
        CHAIN, stage=stage_id, bottleneck="GZ", stock_finished_kg=stock, space_finished_kg=space
    ) == pytest.approx(cover)


@pytest.mark.parametrize(
    ("plant_t", "priority"),
    [(28.0, Priority.CRITICAL), (20.0, Priority.CRITICAL), (9.0, Priority.HIGH),
     (1.0, Priority.MEDIUM), (0.0, Priority.LOW)],
)  # fmt: skip
def test_severity_follows_what_is_at_stake(plant_t: float, priority: Priority) -> None:
    assert PriorityScale().of(Stake(50_000.0, 50_000.0, plant_t * 1e3, None)) is priority
