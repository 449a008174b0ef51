"""Charts for slow drifts: exact run lengths, calibration under autocorrelation, and efficiency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.detection.calibrate import Effort, calibrate
from service.domain.detection.chart import HIGH, LOW, Chart, first_raise, raises, run
from service.domain.detection.cusum import cusum, excursion_peaks
from service.domain.detection.efficiency import (
    efficiency,
    first_alarm,
    independent_bank,
    mean_run_length,
)
from service.domain.detection.ewma import ewma
from service.domain.detection.inflow import fit_following, handed_on
from service.domain.detection.resample import autocovariance, fit_resampler
from service.domain.detection.residuals import Residuals, block_residuals, fit_baseline
from service.domain.detection.run_length import (
    cusum_limit,
    cusum_run_length,
    ewma_run_length,
    two_sided_run_length,
)


def autoregressive(rng: np.random.Generator, series: int, blocks: int, phi: float) -> np.ndarray:
    """First-order noise with variance 1."""
    x = rng.normal(0.0, 1.0, (series, blocks))
    x[:, 1:] *= np.sqrt(1.0 - phi**2)
    for block in range(1, blocks):
        x[:, block] += phi * x[:, block - 1]
    return x


@pytest.mark.parametrize(
    ("limit", "shift", "expected"),
    [(4.0, 0.0, 168.0), (4.0, 1.0, 8.38), (5.0, 0.0, 465.0), (5.0, 0.5, 38.0), (5.0, 1.0, 10.4)],
)
def test_two_sided_cusum_run_lengths_are_the_published_ones(
    limit: float, shift: float, expected: float
) -> None:
    """Montgomery, Introduction to Statistical Quality Control, table 9.3 (k = 0.5)."""
    assert two_sided_run_length(0.5, limit, shift=shift) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(
    ("weight", "width", "shift", "expected"),
    [(0.1, 2.814, 0.0, 500.0), (0.1, 2.814, 0.5, 31.3), (0.4, 3.054, 1.0, 14.3)],
)
def test_ewma_run_lengths_are_the_published_ones(
    weight: float, width: float, shift: float, expected: float
) -> None:
    """Lucas and Saccucci 1990, table 3."""
    assert ewma_run_length(weight, width, shift=shift) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("run_length", [50.0, 930.0, 20_000.0])
def test_a_limit_has_the_run_length_that_it_was_made_for(run_length: float) -> None:
    assert cusum_run_length(0.5, cusum_limit(0.5, run_length)) == pytest.approx(
        run_length, rel=1e-3
    )


def test_no_limit_gives_a_run_length_of_one_block() -> None:
    with pytest.raises(ValueError, match=r"run length of 1\.0"):
        cusum_limit(0.5, 1.0)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-4.0, 4.0).map(lambda x: round(x, 3)), min_size=1, max_size=60),
    st.sampled_from([0.25, 0.75]),
)
def test_excursion_peaks_are_those_of_the_recursion(values: list[float], k: float) -> None:
    peaks, value, peak = [], 0.0, 0.0
    for x in values:
        value = max(0.0, value + x - k)
        if value <= 1e-9:
            peaks.append(peak)
            value = peak = 0.0
        peak = max(peak, value)
    peaks.append(peak)
    expected = sorted(p for p in peaks if p > 1e-6)
    found = np.sort(excursion_peaks(np.array([values]), k))
    assert found[found > 1e-6].tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("chart", [cusum(0.5, 4.0), ewma(0.2, 2.9)], ids=["cusum", "ewma"])
def test_unknown_holds_what_stands_and_adds_nothing(chart: Chart[Any]) -> None:
    low = np.r_[np.full(12, -2.0), np.full(30, np.nan), np.full(60, 0.2)]
    standing = run(chart, low[np.newaxis])
    assert standing[LOW, 0, 11:42].all()
    assert not standing[LOW, 0, -1]
    assert not standing[HIGH].any()
    missing = run(chart, np.full((1, 50), np.nan))
    assert not missing.any()


def test_autocorrelation_ruins_textbook_limits_and_calibration_does_not_mind() -> None:
    rng = np.random.default_rng(5)
    horizon, phi = 1_000, 0.5
    textbook = cusum(0.5, cusum_limit(0.5, 930.0))
    independent = mean_run_length(
        first_alarm(textbook, rng.normal(size=(400, 4_000)), side=LOW), 4_000
    )
    assert independent == pytest.approx(930.0, rel=0.15)
    related = mean_run_length(
        first_alarm(textbook, autoregressive(rng, 400, 4_000, phi), side=LOW), 4_000
    )
    assert related == pytest.approx(106.0, rel=0.15)

    history = autoregressive(rng, 1, 2_000, phi)[0]
    fitted = calibrate(
        independent_bank(float(horizon)),
        Residuals(history, np.ones(history.size)),
        horizon_blocks=horizon,
        rng=rng,
        effort=Effort(histories=10, rows=30, final_rows=120),
    )
    clean = autoregressive(rng, 200, horizon, phi)
    x = fitted.baseline.standardise(Residuals(clean, np.ones(clean.shape)))
    alarms = np.count_nonzero(raises(run(fitted.chart, x))) / len(clean)
    assert alarms <= 1.2
    assert fitted.low <= fitted.false_alarms <= fitted.high


def test_a_history_that_is_too_short_or_all_alike_is_told() -> None:
    with pytest.raises(ValueError, match="at least 8 known blocks"):
        fit_baseline(Residuals(np.full(40, np.nan), np.ones(40)))
    with pytest.raises(ValueError, match="all 40 known blocks"):
        fit_baseline(Residuals(np.full(40, 0.1), np.ones(40)))


def test_resampled_histories_keep_the_autocorrelation() -> None:
    rng = np.random.default_rng(3)
    history = autoregressive(rng, 1, 4_000, 0.7)[0]
    drawn = fit_resampler(history).sample(rng, 40, 1_000)
    lags = np.mean([autocovariance(row - row.mean(), 3) for row in drawn], axis=0)
    assert lags[0] == pytest.approx(1.0, rel=0.1)
    assert (lags[1:] / lags[0]).tolist() == pytest.approx([0.7, 0.49, 0.343], abs=0.07)


def test_blocks_leave_out_what_is_unknown_or_not_planned() -> None:
    made = np.full(240, 9.0)
    known, planned = np.ones(240), np.ones(240)
    known[60:100] = 0.0  # 40 of 60 minutes
    known[120:140] = 0.0
    planned[180:] = 0.0
    made[60:100] = np.nan
    made[120:140] = np.nan
    due = np.full(240, 10.0) * planned
    found = block_residuals(made, due, known, planned=planned, block_minutes=60)
    assert found.ratio[[0, 2]].tolist() == pytest.approx([-0.1, -0.1])
    assert np.isnan(found.ratio[[1, 3]]).all()
    assert found.share.tolist() == pytest.approx([1.0, 1 / 3, 2 / 3, 0.0])


def test_a_bank_is_near_the_cusum_that_knows_the_shift(torture: bool) -> None:
    times = 5 if torture else 1
    found = efficiency(
        independent_bank(500.0),
        np.random.default_rng(2),
        in_control_series=1_000 * times,
        in_control_blocks=3_000,
        series=3_000 * times,
    )
    print([(d.shift, round(d.ratio, 3)) for d in found.delays], found.run_length)
    assert found.worst_ratio <= 1.25


def test_the_first_raise_is_looked_for_from_a_block_on() -> None:
    standing = np.array([[True, True, False, True], [False, False, False, False]])
    assert first_raise(standing).tolist() == [0, -1]
    assert first_raise(standing, since=1).tolist() == [3, -1]


def furnace_fed(rng: np.random.Generator, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """A stage behind a stock with a lag of 100 blocks, fed in bursts that wander, and its feed."""
    feed = np.zeros(blocks)
    at = 0.0
    while at < blocks - 3:
        feed[int(at) : int(at) + 3] += 1.8
        at += 5.4 + rng.normal(0.0, 0.3)
    feed = feed / feed.mean() - 1.0
    return handed_on(feed, 100.0) + rng.normal(0.0, 0.003, blocks), feed


def test_a_stage_that_follows_its_feed_shows_its_own_losses_and_not_those_of_the_feed() -> None:
    rng = np.random.default_rng(4)
    ratio, feed = furnace_fed(rng, 3_000)
    history = Residuals(ratio[800:], np.ones(2_200))
    following = fit_following(history, feed)
    assert following is not None
    assert 70.0 < following.lag_blocks < 140.0
    left = following.against(history, feed)
    assert np.std(left.ratio) == pytest.approx(0.003, rel=0.1)
    own = following.against(Residuals(0.95 * (1.0 + history.ratio) - 1.0, history.share), feed)
    assert own.ratio.mean() == pytest.approx(-0.05, abs=0.002)
    starved = 0.9 * (1.0 + feed) - 1.0
    fed_less = Residuals(0.9 * (1.0 + history.ratio) - 1.0, history.share)
    assert following.against(fed_less, starved).ratio.mean() == pytest.approx(0.0, abs=0.002)


def test_a_stage_that_goes_its_own_way_follows_nothing() -> None:
    rng = np.random.default_rng(6)
    _, feed = furnace_fed(rng, 3_000)
    alone = Residuals(autoregressive(rng, 1, 2_200, 0.5)[0] * 0.05, np.ones(2_200))
    assert fit_following(alone, feed) is None
    assert fit_following(Residuals(np.full(40, np.nan), np.zeros(40)), feed[:40]) is None


def test_unknown_inflow_adds_nothing() -> None:
    known = np.array([0.2, 0.2, np.nan, np.nan, 0.2])
    assert handed_on(known, 4.0).tolist() == pytest.approx([0.2] * 5)
    assert handed_on(np.full(3, np.nan), 4.0).tolist() == [0.0, 0.0, 0.0]
