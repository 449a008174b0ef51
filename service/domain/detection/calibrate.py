"""Limits from a stage's own history, for a stated rate of false alarms.

Textbook limits suppose independent residuals; a plant's are not, and false alarms come several
times as often. So limits are set on resampled histories (``resample``). A history is finite, and
level, spread and limits taken from it are off by chance. How far that moves the rate of false
alarms is found by a second bootstrap: each resampled history is calibrated in its turn, and what
its limits do to the first is counted (Gandy and Kvaløy 2013, Scand. J. Stat. 40:647).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from service.domain.arrays import Float64s
from service.domain.detection.chart import Chart, raises, run
from service.domain.detection.resample import Resampler, fit_resampler
from service.domain.detection.residuals import Baseline, Residuals, fit_baseline, robust_fit

C = TypeVar("C", bound=Chart[Any])

TARGET = 0.5
"""False alarms meant in a horizon: half of the one that is allowed, because ninety days don't tell
how often stops come together. Plants whose stops are rare and long measure up to three times it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is resampled. histories: of the second bootstrap. rows: horizons for each of them.
    final_rows: horizons on which the limits are set."""

    histories: int = 24
    rows: int = 60
    final_rows: int = 240


@dataclass(frozen=True, slots=True)
class Calibration(Generic[C]):
    """A chart with limits for one stage, and what is known of its false alarms.

    false_alarms: expected in ``horizon_blocks``, both sides together. low, high: 90 % interval of
    that expectation, for what a finite history can't tell. history_blocks: known blocks used.
    order, block_length: of the resampling.
    """

    chart: C
    baseline: Baseline
    false_alarms: float
    low: float
    high: float
    horizon_blocks: int
    history_blocks: int
    order: int
    block_length: int


def calibrate(
    chart: C,
    history: Residuals,
    *,
    horizon_blocks: int,
    rng: np.random.Generator,
    target: float = TARGET,
    confidence: float = 0.9,
    effort: Effort = Effort(),
) -> Calibration[C]:
    """Limits so that false alarms in ``horizon_blocks`` are expected to be at most ``target``, with
    the ``confidence`` (0 to 1) that a history of this length can give.

    chart: with the limits that independent residuals would need (``independent_bank``,
    ``independent_ewma``); calibration only raises them. history: of one stage, shape (blocks,),
    from times without known losses. ValueError when it is too short (see ``fit_baseline`` and
    ``fit_resampler``).
    """
    baseline = fit_baseline(history)
    clip = baseline.clip
    x = baseline.standardise(history)
    plant = fit_resampler(x)
    rows = _rows(plant, rng, effort.final_rows, horizon_blocks, clip)
    trial = rows[: effort.rows]
    errors = np.array(
        [
            _overrun(chart, plant, trial, blocks=x.size, clip=clip, target=target, rng=rng)
            for _ in range(effort.histories)
        ]
    )
    sure = float(np.quantile(errors, confidence))
    peaks = chart.excursions(rows)
    rate = target / max(sure, 1.0)
    for _ in range(3):
        fitted = chart.with_limits(_limits(chart, peaks, rate, len(rows)))
        expected = float(np.count_nonzero(raises(run(fitted, rows)))) / len(rows)
        if 0.85 * target <= expected * sure <= target:
            break
        rate *= target / max(expected * sure, 0.2 * target)
    low, high = np.quantile(errors, (0.05, 0.95)) * expected
    return Calibration(
        fitted,
        baseline,
        expected * float(errors.mean()),
        float(low),
        float(high),
        horizon_blocks,
        int(np.count_nonzero(~np.isnan(x))),
        plant.coefficients.size,
        plant.block_length,
    )


def _overrun(
    chart: C,
    plant: Resampler,
    trial: Float64s,
    *,
    blocks: int,
    clip: float,
    target: float,
    rng: np.random.Generator,
) -> float:
    """False alarms that limits from one resampled history cause, as a multiple of those meant."""
    history = np.clip(plant.sample(rng, 1, blocks)[0], -clip, clip)
    level, spread = robust_fit(history, np.ones(blocks))
    seen = fit_resampler((history - level) / spread)
    rows = _rows(seen, rng, len(trial), trial.shape[1], clip)
    limits = _limits(chart, chart.excursions(rows), target, len(rows))
    really = chart.excursions(np.clip((trial - level) / spread, -clip, clip))
    alarms = sum(int(np.count_nonzero(p > at)) for p, at in zip(really, limits, strict=True))
    return alarms / (target * len(trial))


def _rows(
    model: Resampler, rng: np.random.Generator, rows: int, blocks: int, clip: float
) -> Float64s:
    return np.clip(model.sample(rng, rows, blocks), -clip, clip)


def _limits(chart: C, peaks: list[Float64s], rate: float, rows: int) -> list[float]:
    """A limit for each list of peaks, so that all lists together exceed theirs at most ``rate``
    times a row, each equally often; none below the chart's own."""
    limits = []
    for least, of_one in zip(chart.flat_limits, peaks, strict=True):
        allowed = max(int(rate * rows / len(peaks)), 1)
        beyond = of_one[of_one > least]  # few; only these can move the limit
        limit = least
        if beyond.size > allowed:
            limit = float(np.partition(beyond, -allowed - 1)[-allowed - 1])
        limits.append(limit)
    return limits
