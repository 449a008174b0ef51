"""How soon sustained losses are found, at a measured rate of false alarms: many simulated months.

Several plants are calibrated, each on its own history. Then months that calibration has not seen
run through the same charts: clean ones for the false alarms, and the same ones with a loss from a
random hour on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from connectors.simulator.months.clean import (
    HABITS,
    Make,
    Watched,
    bottleneck,
    flow_stage,
    rough_stage,
)
from service.cli.bench.windowed import WindowRule, run_rule
from service.domain.arrays import Bools, Float64s
from service.domain.detection.calibrate import TARGET, C, Calibration, Effort, calibrate
from service.domain.detection.chart import LOW, first_raise, raises, run
from service.domain.detection.cusum import Cusums
from service.domain.detection.efficiency import independent_bank, independent_ewma
from service.domain.detection.ewma import Ewma
from service.domain.detection.inflow import Following, fit_following
from service.domain.detection.residuals import Residuals

LOSSES = (0.03, 0.05, 0.1, 0.2, 0.5)
MONTH_DAYS, QUARTER_DAYS = 30, 90
ONSET_DAYS = (3.0, 10.0)
FINISHED_T_PER_H = 9.0
"""The line's pace, in finished tonnes: a share of it is what a loss costs."""
EWMA_WEIGHT = 0.1
EFFORT = Effort(histories=16, rows=40, final_rows=160)


@dataclass(frozen=True, slots=True)
class StageKind:
    """A kind of stage: how to make its months, its blocks in 90 days, and the windowed rules that
    the sample site has for it."""

    id: str
    make: Make
    blocks_per_quarter: int
    rules: tuple[WindowRule, ...]


HOURLY_RULES = (WindowRule(1, 0.20, 0.05), WindowRule(24, 0.10, 0.02))
STAGES = (
    StageKind("SC", flow_stage, 2160, HOURLY_RULES),
    StageKind("GZ", bottleneck, 400, (WindowRule(31, 0.05, 0.015),)),
    StageKind("ROUGH", rough_stage, 2160, HOURLY_RULES),
)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """On clean production of ``quarters`` × 90 days. low, high: 90 % interval of ``per_90d``.
    expected: what calibration said; None for rules without one."""

    stage: str
    detector: str
    quarters: int
    alarms: int
    per_90d: float
    low: float
    high: float
    expected: float | None


@dataclass(frozen=True, slots=True)
class Detection:
    """A loss of this share. months: those in which no alarm stood when it began; alarmed: the
    others. found: share of ``months`` in which an alarm came. Delays in hours from its onset,
    losses in finished tonnes until the alert; None where not that many were found."""

    stage: str
    detector: str
    loss: float
    months: int
    alarmed: int
    found: float
    median_h: float | None
    p95_h: float | None
    median_t: float | None
    p95_t: float | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What was measured."""

    false_alarms: tuple[FalseAlarms, ...]
    detections: tuple[Detection, ...]

    def worst_false_per_90d(self, detector: str = "cusum") -> float:
        """The highest measured rate of false alarms of any stage."""
        return max(row.per_90d for row in self.false_alarms if row.detector == detector)


def detect_campaign(
    months: int,
    rng: np.random.Generator,
    *,
    losses: tuple[float, ...] = LOSSES,
    stages: tuple[StageKind, ...] = STAGES,
    plants: int = 5,
    target: float = TARGET,
    progressed: Callable[[str], None] = lambda _: None,
) -> Campaign:
    """Runs ``months`` for each stage and loss, and as many quarters of 90 clean days for each.

    plants: histories of 90 days, each calibrated to ``target`` false alarms in 90 days; months are
    dealt out to them. progressed: told what comes next.
    """
    false_alarms: list[FalseAlarms] = []
    detections: list[Detection] = []
    for stage, own in zip(stages, rng.spawn(len(stages)), strict=True):
        progressed(f"{stage.id}: {plants} plants, {months} clean quarters, {months} months a loss")
        habits = own.normal(0.0, 1.0, (plants, HABITS))
        histories = stage.make(own, habits, QUARTER_DAYS)
        watchers = [_calibrated(stage, histories[n], target, own) for n in range(plants)]
        clean = stage.make(own, habits[np.arange(months) % plants], QUARTER_DAYS)
        standing = _watch(stage, watchers, clean)
        false_alarms += [
            _false_alarms(stage.id, name, stands, watchers) for name, stands in standing.items()
        ]
        month = stage.make(own, habits[np.arange(months) % plants], MONTH_DAYS)
        onset_h = 24.0 * own.uniform(*ONSET_DAYS, months)
        for loss in losses:
            lossy = month.with_loss(loss, onset_h)
            standing = _watch(stage, watchers, lossy)
            detections += [
                _detection(stage.id, name, loss, stands[LOW], lossy, onset_h)
                for name, stands in standing.items()
            ]
    return Campaign(tuple(false_alarms), tuple(detections))


@dataclass(frozen=True, slots=True)
class _Watcher:
    """Charts calibrated for one plant, and how its stage follows what comes in."""

    following: Following | None
    cusum: Calibration[Cusums]
    ewma: Calibration[Ewma]

    def standardised(self, watched: Watched) -> Float64s:
        """Residuals as the charts read them; shape (series, blocks)."""
        # Both charts were calibrated on one history, so that they have one baseline.
        return self.cusum.baseline.standardise(_judged(watched, self.following))


def _calibrated(
    stage: StageKind, history: Watched, target: float, rng: np.random.Generator
) -> _Watcher:
    following = None
    if history.inflow is not None:
        following = fit_following(history.residuals, history.inflow)
    judged = _judged(history, following)

    def fit(chart: C) -> Calibration[C]:
        return calibrate(
            chart,
            judged,
            horizon_blocks=stage.blocks_per_quarter,
            rng=rng,
            target=target,
            effort=EFFORT,
        )

    run_length = stage.blocks_per_quarter / target
    bank, average = independent_bank(run_length), independent_ewma(EWMA_WEIGHT, run_length)
    return _Watcher(following, fit(bank), fit(average))


def _judged(watched: Watched, following: Following | None) -> Residuals:
    if following is None or watched.inflow is None:
        return watched.residuals
    return following.against(watched.residuals, watched.inflow)


def _watch(stage: StageKind, watchers: list[_Watcher], watched: Watched) -> dict[str, Bools]:
    """Where alarms stand, by detector; shape (2, series, blocks). Series are dealt out to the
    watchers in turn; a windowed rule compares with the plan and needs none."""
    shape = (2, *watched.residuals.ratio.shape)
    cusum, ewma, rule = (np.zeros(shape, np.bool_) for _ in range(3))
    for n, watcher in enumerate(watchers):
        own = slice(n, None, len(watchers))
        x = watcher.standardised(watched[own])
        cusum[:, own] = run(watcher.cusum.chart, x)
        ewma[:, own] = run(watcher.ewma.chart, x)
    for window in stage.rules:
        rule[LOW] |= run_rule(window, watched.residuals)
    return {"cusum": cusum, "ewma": ewma, "rule": rule}


def _false_alarms(
    stage: str, detector: str, standing: Bools, watchers: list[_Watcher]
) -> FalseAlarms:
    quarters = standing.shape[1]
    alarms = int(np.count_nonzero(raises(standing)))
    low, high = poisson_interval(alarms)
    expected = {
        "cusum": [watcher.cusum.false_alarms for watcher in watchers],
        "ewma": [watcher.ewma.false_alarms for watcher in watchers],
    }.get(detector)
    return FalseAlarms(
        stage,
        detector,
        quarters,
        alarms,
        alarms / quarters,
        low / quarters,
        high / quarters,
        None if expected is None else float(np.mean(expected)),
    )


def _detection(
    stage: str, detector: str, loss: float, standing: Bools, months: Watched, onset_h: Float64s
) -> Detection:
    before = (months.end_h <= onset_h[:, np.newaxis]).sum(axis=1)
    at_onset = np.take_along_axis(standing, np.maximum(before - 1, 0)[:, np.newaxis], axis=1)[:, 0]
    first = first_raise(standing, since=before)[~at_onset]
    ends = np.take_along_axis(months.end_h[~at_onset], np.maximum(first, 0)[:, np.newaxis], axis=1)
    delay_h = np.where(first >= 0, ends[:, 0] - onset_h[~at_onset], np.inf)
    median_h, p95_h = (_quantile(delay_h, q) for q in (0.5, 0.95))
    t_per_h = loss * FINISHED_T_PER_H
    return Detection(
        stage,
        detector,
        loss,
        delay_h.size,
        int(at_onset.sum()),
        float((first >= 0).mean()),
        median_h,
        p95_h,
        None if median_h is None else median_h * t_per_h,
        None if p95_h is None else p95_h * t_per_h,
    )


def _quantile(delay_h: Float64s, q: float) -> float | None:
    """Of all months, those without an alarm counting as longer than any."""
    value = float(np.sort(delay_h)[max(math.ceil(q * delay_h.size) - 1, 0)])
    return value if math.isfinite(value) else None


def poisson_interval(count: int, *, tail: float = 0.05) -> tuple[float, float]:
    """Exact interval of the mean behind a Poisson ``count``, ``tail`` beyond each end (Garwood
    1936, Biometrika 28:437)."""

    def solve(events: int, probability: float) -> float:
        """The mean at which at most ``events`` have this probability."""
        low, high = 0.0, 10.0 * (events + 5.0)
        for _ in range(80):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _at_most(events, middle) > probability else (low, middle)
        return 0.5 * (low + high)

    lower = solve(count - 1, 1.0 - tail) if count else 0.0
    return lower, solve(count, tail)


def _at_most(events: int, mean: float) -> float:
    """Probability of at most ``events`` when ``mean`` are expected."""
    if mean <= 0.0:
        return 1.0
    logs = [n * math.log(mean) - mean - math.lgamma(n + 1.0) for n in range(events + 1)]
    return math.fsum(math.exp(value) for value in logs)
