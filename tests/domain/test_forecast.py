"""The forecast: what it is made of, what it says of little, and why it changed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.forecast.bootstrap import ALIKE_H, Blocks, alike, blocks_of
from service.domain.forecast.change import change
from service.domain.forecast.forecast import LEAST_H, Past, forecast, seed_of
from service.domain.forecast.hours import Hours
from service.domain.forecast.outlook import Basis, Forecast, Open, Outlook, Reason
from service.domain.instants import HOUR_NS
from service.domain.plan import Window

ORIGIN_H = 490_000
ORIGIN_NS = ORIGIN_H * HOUR_NS
RATE = 8_840.0


def hours(kg_per_h: np.ndarray) -> Hours:
    """Hours that end at the origin, without a gap."""
    n = len(kg_per_h)
    return Hours(np.arange(ORIGIN_H - n, ORIGIN_H, dtype=np.int64), kg_per_h)


def noisy(n: int, *, spread: float = 400.0, seed: int = 3) -> np.ndarray:
    return RATE + np.random.default_rng(seed).normal(0.0, spread, n)


def period(known_h: float = 1_000.0, left_h: float = 2_000.0, unknown_h: float = 0.0) -> Open:
    return Open(
        ORIGIN_NS - int((known_h + unknown_h) * HOUR_NS),
        ORIGIN_NS + int(left_h * HOUR_NS),
        RATE * known_h,
        known_h,
        unknown_h,
        left_h,
        RATE * (known_h + unknown_h + left_h),
    )


def told(
    kg_per_h: np.ndarray,
    one: Open,
    *,
    present: np.ndarray | None = None,
    seed: int = 1,
) -> Outlook:
    given_ = Past(hours(kg_per_h), 0, RATE)
    found = forecast(ORIGIN_NS, given_, {Window.YEAR: one}, seed=seed, present=present)
    outlook = found.outlooks[Window.YEAR]
    assert isinstance(outlook, Outlook)
    return outlook


def width(outlook: Outlook, share: float = 0.8) -> float:
    band = next(b for b in outlook.bands if b.share == share)
    return band.high_kg - band.low_kg


def test_a_steady_plant_goes_on_as_it_is() -> None:
    outlook = told(np.full(2_000, 9_000.0), period())
    assert outlook.basis.expected_kg == pytest.approx(RATE * 1_000 + 9_000.0 * 2_000, rel=1e-6)
    assert outlook.median_kg == pytest.approx(outlook.basis.expected_kg, rel=1e-4)
    assert outlook.p_target > 0.999
    assert outlook.basis.availability == 1.0


def test_a_plant_that_stands_makes_nothing_of_its_plan() -> None:
    outlook = told(np.zeros(2_000), period())
    assert outlook.median_kg == pytest.approx(RATE * 1_000, rel=1e-3)
    assert outlook.p_target < 0.001


def test_bands_are_as_wide_as_independent_hours_make_them() -> None:
    """Future noise √left · s, and the mean's error left · s / √n; a short past widens a little."""
    n, left, spread = 6_000, 2_000.0, 400.0
    pasts = [noisy(n, spread=spread, seed=seed) for seed in range(20)]
    widths = [width(told(past, period(left_h=left))) for past in pasts]
    exact = 2 * 1.2816 * spread * math.sqrt(left + left**2 / n)
    assert 0.95 * exact < np.mean(widths) < 1.2 * exact


def test_swings_that_last_make_wider_bands_than_the_same_noise_shuffled() -> None:
    rng = np.random.default_rng(5)
    slow = np.repeat(rng.normal(0.0, 400.0, 100), 60)
    lasting = told(RATE + slow, period())
    shuffled = told(RATE + rng.permutation(slow), period())
    assert width(lasting) > 3 * width(shuffled)


def test_unknown_hours_are_not_zero() -> None:
    known = told(noisy(3_000), period(known_h=1_000.0))
    partly = told(noisy(3_000), period(known_h=600.0, unknown_h=400.0))
    assert partly.median_kg == pytest.approx(known.median_kg, rel=0.005)
    assert partly.basis.produced_kg < known.basis.produced_kg
    assert width(partly) > width(known)


def test_a_short_past_gives_wide_bands_and_leans_on_the_plan() -> None:
    low = 0.8 * noisy(3_000, spread=3_000.0)
    long, short = told(low, period()), told(low[-LEAST_H:], period())
    assert width(short) > 2 * width(long)
    plain = low[-LEAST_H:].mean()
    assert plain < short.basis.level_kg_per_h < RATE


@pytest.mark.parametrize(
    ("known", "one", "expected"),
    [
        (LEAST_H - 1, period(), Reason.SHORT_HISTORY),
        (LEAST_H, period(known_h=499.0, unknown_h=501.0), Reason.MOSTLY_UNKNOWN),
        (LEAST_H, period(known_h=501.0, unknown_h=499.0), None),
        (LEAST_H, period(known_h=0.0), None),
    ],
)
def test_too_little_is_named(known: int, one: Open, expected: Reason | None) -> None:
    found = forecast(ORIGIN_NS, Past(hours(noisy(known)), 0, RATE), {Window.MONTH: one}, seed=1)
    outlook = found.outlooks[Window.MONTH]
    assert found.history_h == known
    assert (outlook if expected else None) == expected
    assert isinstance(outlook, Outlook) == (expected is None)


def test_the_same_origin_says_the_same_again() -> None:
    def at(origin_ns: int) -> Forecast:
        return forecast(
            origin_ns,
            Past(hours(noisy(1_000)), 0, RATE),
            {Window.YEAR: period()},
            seed=seed_of("here", origin_ns),
        )

    assert at(ORIGIN_NS) == at(ORIGIN_NS)
    other = at(ORIGIN_NS + HOUR_NS).outlooks[Window.YEAR]
    assert other != at(ORIGIN_NS).outlooks[Window.YEAR]
    assert seed_of("here", ORIGIN_NS) != seed_of("there", ORIGIN_NS)


def test_a_plant_that_stands_now_is_not_expected_back_at_once() -> None:
    rng = np.random.default_rng(11)
    running = noisy(5_000)
    for begin in rng.integers(0, 4_900, 40):
        running[begin : begin + 20] = 0.0
    shift = period(known_h=3.0, left_h=5.0)
    stands = told(running, shift, present=np.zeros(ALIKE_H))
    runs = told(running, shift, present=np.full(ALIKE_H, RATE))
    assert stands.basis.now_kg < -0.4 * 5 * RATE
    assert stands.median_kg < runs.median_kg - 3 * RATE
    assert runs.basis.now_kg > 0.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.3, 1.2), st.floats(0.0, 3_000.0))
def test_bands_nest_and_a_higher_target_is_less_likely(
    seed: int, share: float, left_h: float
) -> None:
    past = share * noisy(500, spread=2_000.0, seed=seed)
    one = period(left_h=left_h)
    found = told(past, one, seed=seed)
    lows = [band.low_kg for band in found.bands]
    highs = [band.high_kg for band in found.bands]
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert lows[0] <= found.median_kg <= highs[0]
    assert lows[-1] >= one.produced_kg
    higher = told(past, replace(one, target_kg=one.target_kg * 1.01), seed=seed)
    assert higher.p_target <= found.p_target
    if left_h == 0.0:
        assert (lows[-1], highs[-1]) == (one.produced_kg, one.produced_kg)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-50, 50), min_size=8, max_size=40),
    st.integers(1, 9),
    st.floats(0.0, 60.0),
    st.integers(0, 2**32),
)
def test_sums_along_blocks_are_those_of_the_hours(
    values: list[int], length: int, wanted: float, seed: int
) -> None:
    x = np.array(values, np.float64)
    blocks = Blocks(x, min(length, len(x)), 1)
    starts = blocks.starts(np.random.default_rng(seed), wanted, 3)
    found = blocks.along(starts, np.array([wanted]))[:, 0]
    for row, got in zip(starts, found, strict=True):
        path = [x[(begin + n) % len(x)] for begin in row for n in range(blocks.length)] + [0.0]
        whole = int(wanted)
        assert got == pytest.approx(sum(path[:whole]) + (wanted - whole) * path[whole], abs=1e-6)


def test_blocks_are_longer_where_hours_hang_together() -> None:
    rng = np.random.default_rng(2)
    short = blocks_of(rng.normal(0.0, 1.0, 8_000))
    lasting = blocks_of(np.repeat(rng.normal(0.0, 1.0, 40), 200))
    assert short.length < 24 * 20 < lasting.length <= 2_000


def test_moments_alike_are_found() -> None:
    ratio = np.ones(1_000)
    for begin in range(50, 1_000, 100):
        ratio[begin : begin + 6] = 0.0
    found = alike(ratio, np.array([1.0, 0.0, 0.0]))
    assert set(range(52, 1_000, 100)) <= set(found.tolist())


amount = st.floats(0.0, 1e8)
basis = st.builds(
    Basis,
    produced_kg=amount,
    known_h=st.floats(0.0, 8_000.0),
    open_h=st.floats(0.0, 8_000.0),
    rate_kg_per_h=st.floats(0.0, 2e4),
    availability=st.floats(0.001, 1.0),
    now_kg=st.floats(-1e6, 1e6),
)


@given(basis, basis)
def test_the_parts_of_a_change_sum_to_it(before: Basis, after: Basis) -> None:
    found = change(before, after)
    assert found.total_kg == pytest.approx(after.expected_kg - before.expected_kg, abs=1e-3)


BEFORE = Basis(1_000_000.0, 100.0, 200.0, 10_000.0, 0.9, 0.0)


@pytest.mark.parametrize(
    ("after", "part", "kg"),
    [
        (replace(BEFORE, produced_kg=1_216_000.0, known_h=124.0, open_h=176.0), None, 0.0),
        (replace(BEFORE, produced_kg=1_200_000.0, known_h=124.0, open_h=176.0), "produced_kg",
         -16_000.0),
        (replace(BEFORE, rate_kg_per_h=10_100.0), "rate_kg", 18_000.0),
        (replace(BEFORE, availability=0.88), "availability_kg", -40_000.0),
        (replace(BEFORE, open_h=176.0), "calendar_kg", -216_000.0),
        (replace(BEFORE, now_kg=-500.0), "now_kg", -500.0),
    ],
)  # fmt: skip
def test_each_cause_has_its_own_part(after: Basis, part: str | None, kg: float) -> None:
    found = change(BEFORE, after)
    for name in ("produced_kg", "rate_kg", "availability_kg", "calendar_kg", "now_kg"):
        assert getattr(found, name) == pytest.approx(kg if name == part else 0.0, abs=1e-6), name
