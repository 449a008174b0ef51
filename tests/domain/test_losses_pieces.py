"""Units whose output comes in pieces, and units that stand by: rows, bags, batches, unloads."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.losses.activity import made_per_minute
from service.domain.losses.events import find_losses
from service.domain.losses.units import WorkUnit, shares, standing_by
from tests.losses_line import FEEDS, kg, stage, told

FILLER = WorkUnit("PK-P1", "PK", 4_000.0, cycle_min=10.0, join_min=1)
NAN = math.nan


def bags(at: list[int], n: int, *, unknown: range = range(0)) -> np.ndarray:
    row = np.zeros(n)
    row[at] = 500.0
    row[list(unknown)] = NAN
    return row


def test_a_bag_was_made_since_the_one_before_it() -> None:
    made = made_per_minute(bags([9, 19, 31], 32), FILLER, patience=1.5).kg
    assert made[:20].tolist() == [50.0] * 20
    assert made[20:].tolist() == pytest.approx([500.0 / 12] * 12)


def test_a_late_bag_was_made_in_its_last_cycle() -> None:
    made = made_per_minute(bags([9, 39], 40), FILLER, patience=1.5).kg
    assert made.tolist() == [50.0] * 10 + [0.0] * 20 + [50.0] * 10


def test_a_bag_that_is_not_overdue_is_awaited() -> None:
    made = made_per_minute(bags([9], 24), FILLER, patience=1.5).kg
    assert np.isnan(made[10:]).all()
    assert made_per_minute(bags([9], 26), FILLER, patience=1.5).kg[10:].tolist() == [0.0] * 16


def test_a_bag_may_have_come_where_nobody_saw_it() -> None:
    row = bags([9, 39], 40, unknown=range(20, 26))
    made = made_per_minute(row, FILLER, patience=1.5).kg
    assert np.isnan(made[10:26]).all()  # awaited, then unknown: no stop
    assert made[26:].tolist() == pytest.approx([500.0 / 14] * 14)


def test_a_discharge_over_some_minutes_is_one_batch() -> None:
    kettle = WorkUnit("GR-K01", "GR", 375.0, cycle_min=480.0, join_min=30)
    row = np.zeros(960)
    row[460:480] = 150.0  # 3 t in 20 minutes
    row[470] = 0.0  # the scale pauses
    row[940:960] = 150.0
    made = made_per_minute(row, kettle, patience=1.5).kg
    assert made[:480].tolist() == pytest.approx([2_850.0 / 480] * 480)
    assert made[480:].tolist() == pytest.approx([3_000.0 / 480] * 480)


def test_a_discharge_that_goes_on_is_not_slow() -> None:
    row = np.zeros(480 + 600)
    row[460:480] = 150.0
    row[1_078:] = 150.0  # two minutes of twenty so far
    found = find_losses(
        [stage("GR", [row], due=3_000 / 600, capacity=6.25, cycle_min=480, join_min=30)], {}
    )
    assert found["GR"].events == ()


@given(
    gaps=st.lists(st.integers(1, 60), min_size=1, max_size=30),
    blind=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 40)), max_size=4),
    patience=st.floats(1.0, 3.0),
)
@settings(max_examples=100, deadline=None)
def test_spreading_keeps_the_mass_of_every_known_stretch(
    gaps: list[int], blind: list[tuple[int, int]], patience: float
) -> None:
    row = bags((np.cumsum(gaps) - 1).tolist(), sum(gaps) + 5)
    for start, length in blind:
        row[start : start + length] = NAN
    made = made_per_minute(row, FILLER, patience=patience).kg
    assert np.isnan(made[np.isnan(row)]).all()
    assert float(np.nansum(made)) == pytest.approx(float(np.nansum(row)))
    assert (made[~np.isnan(made)] >= 0.0).all()


def filler(at: list[int], n: int) -> list[tuple[str, str, int, int]]:
    found = find_losses(
        [stage("PK", [bags(at, n)], due=50.0, capacity=66.7, cycle_min=10.0, join_min=1)], {}
    )
    return told(found["PK"].events)


@pytest.mark.parametrize(
    ("at", "n", "expected"),
    [
        (list(range(9, 200, 10)), 200, []),
        (list(range(9, 200, 14)), 200, [("PK1", "slow", 10, 192)]),  # 71 % of what is due
        ([9, 19, 29, 99, 109, 119], 120, [("PK1", "stopped", 30, 90)]),
        ([9, 19, 29], 120, [("PK1", "stopped", 30, 120)]),
        ([9, 19, 29], 44, []),
    ],
)
def test_a_filler_is_not_stopped_between_two_bags(
    at: list[int], n: int, expected: list[tuple[str, str, int, int]]
) -> None:
    assert filler(at, n) == expected


def test_kettles_are_judged_by_their_cycle() -> None:
    """Batches due every 8 h: one after 9 h is late but in work, one after 20 h was stopped 12 h."""
    row = np.zeros(480 + 540 + 1_200)
    for end in (480, 1_020, 2_220):
        row[end - 20 : end] = 150.0
    found = find_losses(
        [stage("GR", [row], due=3_000 / 600, capacity=6.25, cycle_min=480, join_min=30)], {}
    )
    stops = [row for row in told(found["GR"].events) if row[1] == "stopped"]
    assert stops == [("GR1", "stopped", 1_020, 1_740)]


@pytest.mark.parametrize(
    ("pattern", "before", "expected"),
    [
        ("+*5 0*5", 0, "r*8 s*2"),  # after more than three minutes, from then on
        ("0*5 +*5", 0, "r*3 s*2 r*5"),
        ("0*5 +*5", 100, "s*5 r*5"),  # out of service all along
        ("+ 00 ?? 00 +", 0, "r*6 s r"),  # unknown minutes don't count
        ("0*3 ? 0*3", 100, "s*7"),
    ],
)
def test_who_makes_nothing_for_long_stands_by(pattern: str, before: int, expected: str) -> None:
    got = standing_by(
        np.array([kg(pattern)]), after_min=3, idle_before_min=np.array([before], np.int64)
    )
    parts = (part.partition("*") for part in expected.split())
    signs = "".join(sign * int(times or 1) for sign, _, times in parts)
    assert "".join("s" if spare else "r" for spare in got[0]) == signs


def test_the_units_in_service_carry_the_share_of_those_that_stand_by() -> None:
    units = tuple(WorkUnit(f"A{n}", "A", c) for n, c in enumerate((1.0, 1.0, 2.0)))
    spare = np.array([[False, True, True], [False, False, True], [False, False, True]])
    got = shares(units, spare)
    assert got[:, 0].tolist() == [0.25, 0.25, 0.5]
    assert got[:, 1].tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert got[:, 2].tolist() == [0.25, 0.25, 0.5]  # nobody serves: what is due stays due
    assert got.sum(axis=0).tolist() == pytest.approx([1.0] * 3)


def test_a_spare_kiln_is_no_loss() -> None:
    rows = [kg("+*60", rate=15.0), kg("+*60", rate=15.0), kg("0*60")]
    spare = standing_by(np.array(rows), after_min=30, idle_before_min=np.array([0, 0, 9_999]))
    found = find_losses([stage("CB", rows, standing_by=spare)], {})["CB"]
    assert told(found.events) == []
    assert found.minutes.due_kg[:, 0].tolist() == [15.0, 15.0, 0.0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"capacity_kg_per_h": 0.0}, "capacity must be positive"),
        ({"cycle_min": -1.0}, "-1 min"),
        ({"join_min": -1}, "join not negative"),
    ],
)
def test_a_unit_that_can_not_be_is_refused(change: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        WorkUnit("A1", "A", **{"capacity_kg_per_h": 1.0, **change})  # type: ignore[arg-type]


def test_a_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A: idle has the shape \(2, 3\); 1 units and 4 minutes"):
        replace(stage("A", [kg("+*4")]), idle=np.zeros((2, 3), np.bool_))


def test_feeds_of_stages_that_are_not_there_do_not_matter() -> None:
    assert find_losses([stage("B", [kg("+*10 0*9")])], FEEDS)["B"].events
