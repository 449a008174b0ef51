"""Limits of a drift rule on one stage: when they are set, on which history, and what they promise.

Limits of a production quarter come from the days before its first day; where too little of these is
known, from those before the first day on which enough is. Nothing but the book, the calendar and
the rule decides, so that whoever replays a past sets the same limits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.calendar import Calendar
from service.domain.detection.calibrate import TARGET, Effort, calibrate
from service.domain.detection.cusum import REFERENCES, Cusums
from service.domain.detection.efficiency import independent_bank, independent_ewma
from service.domain.detection.ewma import Ewma
from service.domain.detection.inflow import fit_following
from service.domain.detection.residuals import Baseline, Residuals
from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.line import Stage
from service.domain.production.windows import ROUNDING, StageWindows
from service.domain.rules import ChartKind, DriftRule

METHOD = 2
"""Rises when limits of the same history would come out differently."""
MONTH_DAYS = 30
EWMA_WEIGHT = 0.1
EFFORT = Effort(histories=12, rows=30, final_rows=120)
QUARTER_MONTHS = 3
MIN_SHARE = 0.5
"""A block of which less is known is missing."""

DriftChart = Cusums | Ewma


@dataclass(frozen=True, slots=True)
class Limits:
    """A chart for one stage from ``from_ns`` on.

    limits: low and high of each of the chart's statistics, in standard deviations. level, spread,
    clip: see ``Baseline``. false_per_month: alarms in 30 days without any drift that are expected,
    both sides together; low, high: its 90 % interval. history_blocks: known blocks behind it.
    lag_blocks: how the stage follows what it is given (``inflow.Following``); None where it does
    not.
    """

    kind: ChartKind
    from_ns: int
    limits: tuple[float, ...]
    level: float
    spread: float
    clip: float
    false_per_month: float
    low: float
    high: float
    history_blocks: int
    lag_blocks: float | None = None

    @property
    def baseline(self) -> Baseline:
        """The stage's habit."""
        return Baseline(self.level, self.spread, self.clip)

    @property
    def chart(self) -> DriftChart:
        """The chart with these limits."""
        if self.kind is ChartKind.EWMA:
            return Ewma(EWMA_WEIGHT, (self.limits[0], self.limits[1]))
        pairs = zip(self.limits[::2], self.limits[1::2], strict=True)
        return Cusums(REFERENCES, tuple(pairs))


@dataclass(frozen=True, slots=True)
class NoLimits:
    """Why there are none: so much of the history is known, and so much would be needed."""

    known_days: float
    needed_days: float
    why: str = "too little history"

    def __str__(self) -> str:
        return f"{self.why}: {self.known_days:.1f} of {self.needed_days:g} days are known"


def block_minutes(stage: Stage) -> int:
    """Length of a residual's block: an hour, and a shift's length where an hour means nothing."""
    return 60 if stage.hourly else 480


def block_edges(stage: Stage, start_ns: int, end_ns: int) -> Int64s:
    """Edges of the whole blocks of UTC within [start_ns, end_ns]; shape (blocks + 1,)."""
    length_ns = block_minutes(stage) * MINUTE_NS
    first, last = -(-start_ns // length_ns), end_ns // length_ns
    return np.arange(first, max(last, first - 1) + 1, dtype=np.int64) * length_ns


def residuals_of(windows: StageWindows, planned: Float64s) -> Residuals:
    """Windows that are blocks as residuals; a block that is not planned as a whole is missing.

    planned: planned share of each block, shape (blocks,).
    """
    usable = (planned > 1.0 - ROUNDING) & (windows.known_share >= MIN_SHARE)
    ratio = np.where(usable, windows.deviation_pct / 100.0, np.nan)
    return Residuals(ratio, np.where(usable, windows.known_share, 0.0))


def quarter_start_ns(calendar: Calendar, time_ns: int) -> int:
    """Begin of the production quarter of ``time_ns``."""
    day = calendar.local_day(time_ns)
    month = (day.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1
    return calendar.start_of(day.replace(month=month, day=1))


def next_quarter_ns(calendar: Calendar, time_ns: int) -> int:
    """End of the production quarter of ``time_ns``."""
    return quarter_start_ns(calendar, quarter_start_ns(calendar, time_ns) + 100 * DAY_NS)


def history_from_ns(rule: DriftRule, from_ns: int) -> int:
    """Begin of the history for limits from ``from_ns`` on."""
    return from_ns - round(rule.history_days * DAY_NS)


def known_days(history: Residuals, stage: Stage) -> float:
    """How much of a history is known, in days of blocks."""
    blocks = int(np.count_nonzero(~np.isnan(history.ratio)))
    return blocks * block_minutes(stage) / 1440.0


def set_limits(
    rule: DriftRule,
    stage: Stage,
    history: Residuals,
    *,
    from_ns: int,
    inflow: Float64s | None = None,
) -> Limits | NoLimits:
    """Limits from ``history``, shape (blocks,), the same whenever they are asked for.

    inflow: what came into the stage over what was due − 1, shape (lead + blocks,).
    """
    following = None if inflow is None else fit_following(history, inflow)
    if following is not None and inflow is not None:
        history = following.against(history, inflow)
    known = known_days(history, stage)
    if known < rule.min_days:
        return NoLimits(known, rule.min_days)
    horizon = MONTH_DAYS * 1440 // block_minutes(stage)
    seed = hashlib.sha256(f"{METHOD} {rule.id} {stage.id} {from_ns}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    try:
        found = calibrate(
            _independent(rule.chart, horizon / rule.false_per_month),
            history,
            horizon_blocks=horizon,
            rng=rng,
            target=TARGET * rule.false_per_month,
            effort=EFFORT,
        )
    except ValueError as error:
        return NoLimits(known, rule.min_days, str(error))
    return Limits(
        kind=rule.chart,
        from_ns=from_ns,
        limits=tuple(found.chart.flat_limits),
        level=found.baseline.level,
        spread=found.baseline.spread,
        clip=found.baseline.clip,
        false_per_month=found.false_alarms,
        low=found.low,
        high=found.high,
        history_blocks=found.history_blocks,
        lag_blocks=None if following is None else following.lag_blocks,
    )


@cache
def _independent(kind: ChartKind, run_length: float) -> DriftChart:
    """Limits for independent residuals; the same for every stage with the same rule."""
    if kind is ChartKind.EWMA:
        return independent_ewma(EWMA_WEIGHT, run_length)
    return independent_bank(run_length)
