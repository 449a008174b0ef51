"""What is stated with a stage's tonnes: how uncertain they are, and what of them is unknown."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.instants import MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.production.minutes import NOT_CLOSED, Grade, Minutes
from service.domain.production.stated import StageAccount, account, held

FIRST = 29_600_000
STAGE = Stage("SC", "Screening", "筛分", 0.994, 0.975, 10.8)


def meters(n: int, kind: MeterKind = MeterKind.TOTALISER, *, share: float = 0.005) -> list[Meter]:
    return [
        Meter(f"SC-L{at}", "SC", f"SC-L{at}", f"SC-L{at}.TOT", kind, "plant/main",
              max_rate_kg_per_h=2_400.0, class_share=share)
        for at in range(n)
    ]  # fmt: skip


def minutes(kg: list[float], grade: list[int] | None = None) -> Minutes:
    grades = [Grade.UNKNOWN if math.isnan(one) else 0 for one in kg] if grade is None else grade
    return Minutes(FIRST, np.array(kg), np.array(grades, np.uint8))


def of(made: dict[str, Minutes], n: int, line: list[Meter]) -> StageAccount:
    (found,) = account(Line((STAGE,), tuple(line), "SC"), made, (FIRST, n))
    return found


def test_independent_scales_of_a_class_add_up_in_squares() -> None:
    line = meters(4)
    found = of({m.id: minutes([10.0] * 60) for m in line}, 60, line)
    # Four scales of 600 kg, class 0.5: 2 · √4 · 600 · 0.005 / √3, and a step of 1 kg at either end.
    assert found.kg == 2_400.0
    assert found.uncertainty_kg == pytest.approx(2 * math.sqrt(4 * (9.0 / 3 + 1 / 6)))
    assert (found.unknown_min, found.unknown, found.held_min) == (0, (), 0)


def test_unknown_minutes_are_listed_and_not_guessed() -> None:
    line = meters(2)
    nan = math.nan
    made = {"SC-L0": minutes([5.0, nan, nan, 5.0, nan])}
    found = of(made, 5, line)
    assert found.kg == 10.0
    spans = [
        (u.meter, u.start_ns // MINUTE_NS - FIRST, u.end_ns // MINUTE_NS - FIRST)
        for u in found.unknown
    ]
    assert spans == [("SC-L0", 1, 3), ("SC-L0", 4, 5), ("SC-L1", 0, 5)]
    assert found.unknown_min == 8
    nothing = of({"SC-L0": minutes([1.0, 1.0], [NOT_CLOSED] * 2)}, 2, line)
    assert (nothing.kg, nothing.uncertainty_kg, nothing.unknown_min) == (None, None, 4)


@pytest.mark.parametrize(
    ("kg", "expected"),
    [
        ([12.1, 12.0, 12.0, 12.0, 12.0, 12.0, 11.9], [0, 1, 1, 1, 1, 1, 0]),
        ([12.0, 12.0, 12.0, 12.0, 11.9, 12.0, 12.0], [0] * 7),  # too short to be told
        ([0.0] * 7, [0] * 7),  # a unit that stands still
        ([12.0, 12.0, 12.0, math.nan, 12.0, 12.0, 12.0], [0] * 7),
        ([12.0] * 7, [1] * 7),
    ],
)
def test_a_rate_that_stands_still_is_held(kg: list[float], expected: list[int]) -> None:
    (rate,) = meters(1, MeterKind.RATE)
    assert held(rate, minutes(kg)).astype(int).tolist() == expected
    (counter,) = meters(1)
    assert not held(counter, minutes(kg)).any()  # it tells all at once when it comes loose


def test_held_minutes_may_have_been_anything() -> None:
    line = meters(1, MeterKind.RATE, share=0.0)
    found = of({"SC-L0": minutes([9.0, 12.0, 12.0, 12.0, 12.0, 12.0, 9.0])}, 7, line)
    # No minute has more than 40 kg: 28 more or 12 less than was told.
    assert (found.held_min, found.kg) == (5, 78.0)
    assert found.uncertainty_kg == pytest.approx(5 * 28.0)


@pytest.mark.parametrize(
    ("grade", "open_min"),
    [([0, 1, 1, 0, 0, 0], 0), ([1, 1, 0, 0, 0, 0], 2), ([0, 0, 0, 0, 1, 1], 2), ([1] * 6, 6)],
)
def test_what_is_spread_over_an_edge_may_lie_beyond_it(grade: list[int], open_min: int) -> None:
    line = meters(1, share=0.0)
    found = of({"SC-L0": minutes([10.0] * 6, grade)}, 6, line)
    steps_kg = 2 / math.sqrt(6)
    assert found.uncertainty_kg == pytest.approx(steps_kg + open_min * 30.0)


def test_pieces_are_counted_without_error() -> None:
    line = meters(3, MeterKind.COUNT, share=0.0)
    found = of({m.id: minutes([0.0, 500.0, 0.0]) for m in line}, 3, line)
    assert (found.kg, found.uncertainty_kg) == (1_500.0, 0.0)


@pytest.mark.parametrize(("grade", "ends"), [([1, 0, 0], 1), ([0, 0, 1], 1), ([0, 1, 0], 0)])
def test_a_piece_over_an_edge_may_lie_beyond_it_as_a_whole(grade: list[int], ends: int) -> None:
    line = meters(1, MeterKind.COUNT, share=0.0)
    (bags,) = (replace(meter, kg_per_unit=500.0) for meter in line)
    made = [500.0 / 3 if one else 0.0 for one in grade]  # the rest of three minutes lies beyond
    found = of({bags.id: minutes(made, grade)}, 3, [bags])
    assert found.uncertainty_kg is not None
    # 40 kg at most in a minute, and yet it may have been all 500 kg.
    assert found.uncertainty_kg >= ends * 500.0 * 2 / 3
    assert (found.uncertainty_kg > 0) == bool(ends)


def test_minutes_of_another_window_are_refused() -> None:
    with pytest.raises(ValueError, match="SC-L0: expected 3 minutes"):
        of({"SC-L0": minutes([1.0])}, 3, meters(1))


@given(st.lists(st.floats(0, 40) | st.just(math.nan), min_size=1, max_size=60), st.integers(0, 60))
def test_a_window_cut_in_two_adds_up(kg: list[float], cut: int) -> None:
    line, cut = meters(1), min(cut, len(kg))
    whole = of({"SC-L0": minutes(kg)}, len(kg), line)
    parts = []
    for first, part in ((FIRST, kg[:cut]), (FIRST + cut, kg[cut:])):
        made = Minutes(first, np.array(part), np.zeros(len(part), np.uint8))
        parts += account(Line((STAGE,), tuple(line), "SC"), {"SC-L0": made}, (first, len(part)))
    assert sum(p.unknown_min for p in parts) == whole.unknown_min
    assert math.fsum(p.kg or 0.0 for p in parts) == pytest.approx(whole.kg or 0.0, abs=1e-9)
    assert sum(p.uncertainty_kg or 0.0 for p in parts) >= (whole.uncertainty_kg or 0.0) - 1e-9
