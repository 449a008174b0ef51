"""How readings become kilograms per minute: tables of cases, and laws that hold for any signal."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Grade, Minutes
from service.domain.production.readings import Readings

T0 = 29_000_000 * MINUTE_NS


def meter(kind: MeterKind = MeterKind.TOTALISER, **changes: object) -> Meter:
    return Meter(
        id="CR-L01",
        stage="CR",
        unit="CR-L01",
        tag="CR-L01-WQ101.TOT",
        kind=kind,
        item_group="plant/main",
        **{"max_rate_kg_per_h": 6_000.0, **changes},  # type: ignore[arg-type]
    )


def readings(rows: list[tuple[float, float | None]]) -> Readings:
    """Rows of (second, value); None is Bad."""
    return Readings(
        np.array([T0 + round(s * SECOND_NS) for s, _ in rows], np.int64),
        np.array([np.nan if v is None else v for _, v in rows], np.float64),
        np.array([v is not None for _, v in rows], np.bool_),
    )


def covered(*spans_s: tuple[float, float]) -> Coverage:
    return Coverage((T0 + round(a * SECOND_NS), T0 + round(b * SECOND_NS)) for a, b in spans_s)


def account(
    of: Meter,
    rows: list[tuple[float, float | None]],
    coverage: Coverage,
    until_s: float,
    *,
    steps: int = 1,
) -> dict[int, tuple[float | None, int]]:
    """Minute -> (kg, grade), fed in ``steps`` calls."""
    state = Account()
    closed: dict[int, tuple[float | None, int]] = {}
    for step in range(steps):
        upto = until_s * (step + 1) / steps
        since = until_s * step / steps if step else -1.0
        chunk = [row for row in rows if since < row[0] <= upto]
        state, minutes = advance(of, state, readings(chunk), coverage, T0 + round(upto * SECOND_NS))
        if minutes is not None:
            closed |= table(minutes)
    return closed


def table(minutes: Minutes) -> dict[int, tuple[float | None, int]]:
    first = minutes.first - T0 // MINUTE_NS
    return {
        first + n: (None if np.isnan(kg) else round(float(kg), 6), int(grade))
        for n, (kg, grade) in enumerate(zip(minutes.kg, minutes.grade, strict=True))
    }


def every_10s(
    value_of: Callable[[int], float], until_s: int, *, but: Set[int] = frozenset()
) -> list[tuple[float, float | None]]:
    return [(s, None if s in but else value_of(s)) for s in range(0, until_s + 1, 10)]


M, E, U = Grade.MEASURED, Grade.ESTIMATED, Grade.UNKNOWN
ALL_DAY = covered((0, 86_400))


def test_a_steady_totaliser_gives_equal_minutes() -> None:
    got = account(meter(), every_10s(lambda s: 100 + s, 320), ALL_DAY, 320)
    assert got == dict.fromkeys(range(5), (60.0, M))


def test_a_totaliser_by_exception_stands_still_while_the_source_is_alive() -> None:
    got = account(meter(), [(0, 5.0), (185, 8.0)], ALL_DAY, 250)
    assert got == {0: (0.0, M), 1: (0.0, M), 2: (1.5, M), 3: (1.5, M)}


def test_a_rollover_is_counted_over_the_top() -> None:
    of = meter(rollover=65_536.0)
    got = account(of, every_10s(lambda s: (65_500 + s) % 65_536, 130), ALL_DAY, 130)
    assert got == {0: (60.0, M), 1: (60.0, M)}


def test_a_reset_while_alive_counts_what_came_since_and_says_estimated() -> None:
    got = account(meter(), every_10s(lambda s: 5_000 + s if s < 95 else s - 95, 190), ALL_DAY, 190)
    assert got[0] == (60.0, M)
    assert got[1] == (55.0, E)
    assert got[2] == (60.0, M)


def test_the_piece_that_a_reset_may_have_wiped_out_is_unknown() -> None:
    bags = meter(MeterKind.COUNT, kg_per_unit=500.0, max_rate_kg_per_h=50_000.0)
    # Reset between 90 s and 100 s: a bag that was full in between is in neither reading.
    rows = every_10s(lambda s: 70 + s // 50 if s < 95 else s // 50 - 2, 250)
    got = account(bags, rows, ALL_DAY, 250)
    assert got[1] == (None, U)
    assert {at: grade for at, (_, grade) in got.items() if at != 1} == {0: M, 2: M, 3: M}


@pytest.mark.parametrize("rollover", [None, 65_536.0])
def test_a_reset_inside_a_gap_is_unknown_and_never_a_rollover(rollover: float | None) -> None:
    alive = covered((0, 120), (240, 600))
    rows = [(s, 5_000.0 + s) for s in range(0, 121, 10)]
    rows += [(s, s - 240.0) for s in range(240, 400, 10)]
    got = account(meter(rollover=rollover), rows, alive, 380)
    assert [got[n] for n in (0, 1, 4, 5)] == [(60.0, M)] * 4
    assert {n for n, (_, grade) in got.items() if grade == U} == {2, 3}


def test_a_gap_is_filled_by_the_meters_own_delta() -> None:
    alive = covered((0, 120), (240, 600))
    rows = [(s, 100.0 + s) for s in range(0, 400, 10) if not 120 < s < 240]
    got = account(meter(), rows, alive, 380)
    assert sum(kg or 0.0 for kg, _ in got.values()) == pytest.approx(360.0)
    assert {n for n, (_, grade) in got.items() if grade == E} == {2, 3}
    assert {n for n, (_, grade) in got.items() if grade == U} == set()


def test_minutes_of_a_gap_stay_open_until_the_meter_speaks_again() -> None:
    alive = covered((0, 120))
    rows: list[tuple[float, float | None]] = [(s, 100.0 + s) for s in range(0, 121, 10)]
    got = account(meter(), rows, alive, 900)
    assert set(got) == {0}


def test_a_single_bad_reading_inside_a_minute_leaves_it_measured() -> None:
    got = account(meter(), every_10s(lambda s: float(s), 190, but={30}), ALL_DAY, 190)
    assert got == {0: (60.0, M), 1: (60.0, M), 2: (60.0, M)}


def test_a_jump_beyond_the_maximum_rate_is_unknown() -> None:
    got = account(meter(), every_10s(lambda s: s + (9_000 if s > 75 else 0), 190), ALL_DAY, 190)
    assert got[0] == (60.0, M)
    assert got[1] == (None, U)
    assert got[2] == (60.0, M)


@pytest.mark.parametrize("steps", [1, 7])
def test_what_a_value_that_stood_still_had_to_tell_counts_when_it_tells(steps: int) -> None:
    """By exception or every ten seconds: a rise had the whole standstill to happen in."""
    every = every_10s(lambda s: float(s if s <= 60 or s > 1_850 else 60), 1_980)
    got = account(meter(), every, ALL_DAY, 1_980, steps=steps)
    assert got[0] == (60.0, M)
    assert got[15] == (0.0, M)
    assert got[30] == (1_800.0, E)
    assert got[31] == (60.0, M)
    told = [row for n, row in enumerate(every) if n == 0 or row[1] != every[n - 1][1]]
    by_exception = account(meter(), told, ALL_DAY, 1_980, steps=steps)
    assert {n: kg for n, (kg, _) in got.items()} == {n: kg for n, (kg, _) in by_exception.items()}


def test_bags_are_exact() -> None:
    of = meter(MeterKind.COUNT, kg_per_unit=500.0, max_rate_kg_per_h=20_000.0)
    got = account(of, every_10s(lambda s: 7 + s // 60, 380), ALL_DAY, 380)
    assert got == dict.fromkeys(range(6), (500.0, M))


def test_a_rate_is_weighted_by_time() -> None:
    of = meter(MeterKind.RATE, kg_per_unit=1_000.0)
    got = account(of, [(0, 0.6), (90, 1.2)], ALL_DAY, 185)
    assert got == {0: (10.0, M), 1: (15.0, M), 2: (20.0, M)}


def test_a_short_hole_of_a_rate_is_bridged_and_a_long_one_unknown() -> None:
    of = meter(MeterKind.RATE, kg_per_unit=1_000.0)
    short = account(of, [(0, 0.6), (70, None), (90, 0.6)], ALL_DAY, 185)
    assert short == {0: (10.0, M), 1: (10.0, E), 2: (10.0, M)}
    long = account(of, [(0, 0.6), (70, None), (190, 0.6)], ALL_DAY, 245)
    assert long == {0: (10.0, M), 1: (None, U), 2: (None, U), 3: (None, U)}


def test_communication_lost_is_unknown_for_a_rate_not_zero() -> None:
    of = meter(MeterKind.RATE, kg_per_unit=1_000.0)
    alive = covered((0, 120), (240, 600))
    got = account(of, [(0, 0.6), (240, 0.6)], alive, 300)
    assert got == {0: (10.0, M), 1: (10.0, M), 2: (None, U), 3: (None, U), 4: (10.0, M)}


@given(
    rises=st.lists(st.integers(0, 15), min_size=30, max_size=90),
    bad=st.sets(st.integers(1, 80), max_size=20),
    steps=st.integers(1, 9),
    kind=st.sampled_from([MeterKind.TOTALISER, MeterKind.COUNT]),
)
@settings(max_examples=150, deadline=None)
def test_mass_is_conserved_however_the_readings_arrive(
    rises: list[int], bad: set[int], steps: int, kind: MeterKind
) -> None:
    totals = np.cumsum(rises).astype(float)
    last = len(totals) - 1
    rows = [(10.0 * n, None if n in bad and n != last else float(v)) for n, v in enumerate(totals)]
    quiet = [(10.0 * (last + 1), float(totals[-1])), (10.0 * (last + 14), float(totals[-1]))]
    until = 10.0 * (last + 14)
    whole = account(meter(kind), rows + quiet, covered((0, 10_000)), until)
    stepped = account(meter(kind), rows + quiet, covered((0, 10_000)), until, steps=steps)
    assert sum(kg or 0.0 for kg, _ in whole.values()) == pytest.approx(totals[-1] - totals[0])
    assert {n: kg for n, (kg, _) in stepped.items()} == pytest.approx(
        {n: kg for n, (kg, _) in whole.items()}
    )


@given(
    values=st.lists(st.floats(0, 5), min_size=20, max_size=60),
    bad=st.sets(st.integers(1, 59), max_size=25),
    steps=st.integers(1, 9),
)
@settings(max_examples=150, deadline=None)
def test_a_rate_gives_the_same_minutes_however_the_readings_arrive(
    values: list[float], bad: set[int], steps: int
) -> None:
    of = meter(MeterKind.RATE, kg_per_unit=1_000.0)
    rows = [(10.0 * n, None if n in bad else v) for n, v in enumerate(values)]
    until = 10.0 * len(values)
    whole = account(of, rows, covered((0, 10_000)), until)
    stepped = account(of, rows, covered((0, 10_000)), until, steps=steps)
    common = whole.keys() & stepped.keys()
    assert len(common) >= len(whole) - 2
    for minute in common:
        assert stepped[minute][1] == whole[minute][1]
        assert stepped[minute][0] == pytest.approx(whole[minute][0])
