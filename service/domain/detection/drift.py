"""Judging a drift rule on one stage: block by block as the service lives through them, or a year's
at once, through the same steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int8s, Int64s
from service.domain.calendar import Calendar
from service.domain.detection.chart import HIGH, LOW
from service.domain.detection.cusum import Cusums, CusumState
from service.domain.detection.ewma import Ewma, EwmaState
from service.domain.detection.inflow import handed_on
from service.domain.detection.limits import (
    Limits,
    NoLimits,
    block_edges,
    block_minutes,
    history_from_ns,
    known_days,
    quarter_start_ns,
    residuals_of,
    set_limits,
)
from service.domain.detection.residuals import Residuals
from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.line import Line, Stage
from service.domain.production.windows import StageWindows
from service.domain.rules import DriftRule

WARM_NS = 14 * DAY_NS
"""A chart with new limits first runs over so much of the past, so that a drift that has begun is
not forgotten when limits change, and a restart changes nothing."""

LEAD_NS = 20 * DAY_NS
"""So much inflow before what is judged lets the stock that hands it on settle."""

Windows = Callable[[str, Int64s, Int64s], StageWindows]
"""A stage's production over many windows; start_ns, end_ns: shape (n,)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the chart said after each of some blocks, all of shape (n,). code: of
    ``service.domain.judge``. value: the mean shift in % of what is due, NaN where none stands."""

    end_ns: Int64s
    code: Int8s
    value: Float64s


class Segment:
    """A chart with one set of limits, moved on block by block."""

    def __init__(
        self,
        limits: Limits,
        stage: Stage,
        calendar: Calendar,
        windows: Windows,
        suppliers: Sequence[Stage] = (),
    ) -> None:
        self.limits = limits
        self._stage = stage
        self._calendar = calendar
        self._windows = windows
        self._chart = limits.chart
        self._state = self._chart.start(1)
        self._block_ns = block_minutes(stage) * MINUTE_NS
        self._done_ns = -((WARM_NS - limits.from_ns) // self._block_ns) * self._block_ns
        self._suppliers = suppliers
        self._level = 0.0
        if limits.lag_blocks is not None:
            lead = self._inflow(block_edges(stage, self._done_ns - LEAD_NS, self._done_ns))
            self._level = float(handed_on(np.append(lead, np.nan), limits.lag_blocks)[-1])
        self.last: tuple[int, float] = (UNKNOWN, np.nan)

    @property
    def next_ns(self) -> int:
        """End of the next block."""
        return self._done_ns + self._block_ns

    def advance(self, end_ns: int) -> Judged:
        """Takes every block that ends by ``end_ns`` and was not taken before."""
        edges = block_edges(self._stage, self._done_ns, end_ns)
        history = residuals(self._stage, edges, self._calendar, self._windows)
        history = self._against_inflow(history, edges)
        x = self.limits.baseline.standardise(history)
        code = np.full(len(x), UNKNOWN, np.int8)
        value = np.full(len(x), np.nan)
        for n in range(len(x)):
            stands = self._step(x[n : n + 1])
            if not np.isnan(x[n]):
                code[n] = FALSE if stands is None else TRUE
            value[n] = np.nan if stands is None else stands
        if len(x):
            self._done_ns = int(edges[-1])
            self.last = int(code[-1]), float(value[-1])
        return Judged(edges[1:], code, value)

    def _inflow(self, edges: Int64s) -> Float64s:
        return inflow(self._suppliers, edges, self._calendar, self._windows)

    def _against_inflow(self, history: Residuals, edges: Int64s) -> Residuals:
        """Residuals against what the stock hands on, where the stage follows it; block by block the
        same as at once."""
        lag = self.limits.lag_blocks
        if lag is None or len(edges) < 2:
            return history
        # A block without inflow leaves the level as it is, and so shows it.
        came = np.append(self._inflow(edges), np.nan)
        handed = handed_on(came, lag, start=self._level)
        self._level = float(handed[-1])
        return Residuals((1.0 + history.ratio) / (1.0 + handed[:-1]) - 1.0, history.share)

    def _step(self, x: Float64s) -> float | None:
        """The shift in % that stands after one more block; None when none does."""
        chart = self._chart
        if isinstance(chart, Cusums) and isinstance(self._state, CusumState):
            self._state = cusums = chart.step(self._state, x)
            if not cusums.standing.any():
                return None
            shift = chart.finding(cusums)[1][LOW if cusums.standing[LOW, 0] else HIGH, 0]
        elif isinstance(chart, Ewma) and isinstance(self._state, EwmaState):
            self._state = average = chart.step(self._state, x)
            if not average.standing.any():
                return None
            shift = average.average[0]
        else:
            raise TypeError(f"a {type(chart).__name__} can't go on from {type(self._state)}")
        return 100.0 * float(shift) * self.limits.spread


class Drift:
    """One drift rule on one stage. Asked in the order of time, by one task at a time.

    kept: limits that were set before, by an earlier run of the service; they are taken as they are.
    suppliers: the stages that feed this one.
    """

    def __init__(
        self,
        rule: DriftRule,
        stage: Stage,
        calendar: Calendar,
        windows: Windows,
        kept: Sequence[Limits] = (),
        suppliers: Sequence[Stage] = (),
    ) -> None:
        self._rule = rule
        self._suppliers = suppliers if stage.hourly else ()
        self._stage = stage
        self._calendar = calendar
        self._windows = windows
        self._kept = sorted(kept, key=lambda limits: limits.from_ns)
        self._asked_ns: int | None = None
        self._segment: Segment | None = None
        self.limits: Limits | NoLimits = NoLimits(0.0, rule.min_days)

    def is_due(self, end_ns: int) -> bool:
        """Whether limits may have to be set before the minute that ends at ``end_ns`` is judged,
        which takes a while."""
        if self._asked_ns is None:
            return True
        quarter_ns = quarter_start_ns(self._calendar, end_ns - 1)
        if isinstance(self.limits, Limits) and self.limits.from_ns >= quarter_ns:
            return False
        return self._calendar.day_start_ns(end_ns - 1) > self._asked_ns

    def prepare(self, end_ns: int) -> Limits | None:
        """Sets limits where they are due at ``end_ns``; those that are new, not kept before."""
        if not self.is_due(end_ns):
            return None
        day_ns = self._calendar.day_start_ns(end_ns - 1)
        quarter_ns = quarter_start_ns(self._calendar, end_ns - 1)
        kept = [one for one in self._kept if quarter_ns <= one.from_ns <= day_ns]
        tried_ns = quarter_ns
        if self._asked_ns is not None:
            tried_ns = max(quarter_ns, self._calendar.start_of_next(self._asked_ns))
        found = kept[0] if kept else self._set(tried_ns, day_ns)
        self._asked_ns = day_ns
        self.limits = found
        self._segment = None
        if isinstance(found, Limits):
            self._segment = Segment(
                found, self._stage, self._calendar, self._windows, self._suppliers
            )
        return found if isinstance(found, Limits) and not kept else None

    def judge(self, end_ns: int) -> tuple[int, float]:
        """Code and value as things stood at ``end_ns``."""
        self.prepare(end_ns)
        if self._segment is None:
            return UNKNOWN, np.nan
        if end_ns >= self._segment.next_ns:
            self._segment.advance(end_ns)
        return self._segment.last

    def judge_until(self, end_ns: int) -> Judged:
        """What ``judge`` says from the begin of its limits on, block by block, until ``end_ns``, a
        time in the same production quarter; empty without limits."""
        self.prepare(end_ns)
        if self._segment is None:
            return Judged(np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0))
        return self._segment.advance(end_ns)

    def _came(self, edges: Int64s) -> Float64s | None:
        """The inflow of the blocks between ``edges`` and of the lead before them; None for a stage
        that nothing feeds."""
        if not self._suppliers or len(edges) < 2:
            return None
        whole = block_edges(self._stage, int(edges[0]) - LEAD_NS, int(edges[-1]))
        return inflow(self._suppliers, whole, self._calendar, self._windows)

    def _set(self, first_ns: int, last_ns: int) -> Limits | NoLimits:
        """Limits from the first production day in [first_ns, last_ns] before which enough is
        known."""
        edges = block_edges(self._stage, history_from_ns(self._rule, first_ns), last_ns)
        history = residuals(self._stage, edges, self._calendar, self._windows)
        found = NoLimits(0.0, self._rule.min_days)
        day_ns = first_ns
        while day_ns <= last_ns:
            a, b = np.searchsorted(edges, [history_from_ns(self._rule, day_ns), day_ns + 1])
            part = Residuals(history.ratio[a : b - 1], history.share[a : b - 1])
            found = NoLimits(known_days(part, self._stage), self._rule.min_days)
            if found.known_days >= found.needed_days:
                limits = set_limits(
                    self._rule, self._stage, part, from_ns=day_ns, inflow=self._came(edges[a:b])
                )
                if isinstance(limits, Limits):
                    return limits
                found = limits
            day_ns = self._calendar.start_of_next(day_ns)
        return found


def suppliers_of(line: Line, stage: Stage) -> tuple[Stage, ...]:
    """The stages that feed ``stage``."""
    return tuple(one for one in line.stages if stage.id in one.feeds)


def inflow(
    suppliers: Sequence[Stage], edges: Int64s, calendar: Calendar, windows: Windows
) -> Float64s:
    """What came from ``suppliers`` over what was due − 1 in each block, shape (blocks,); NaN where
    it is not known of all."""
    parts = [residuals(one, edges, calendar, windows).ratio for one in suppliers]
    return np.asarray(np.mean(parts, axis=0), dtype=np.float64)


def looks_back_ns(rule: DriftRule, calendar: Calendar, end_ns: int) -> int:
    """The earliest instant that matters to what is judged at ``end_ns``."""
    quarter_ns = quarter_start_ns(calendar, end_ns - 1)
    return min(history_from_ns(rule, quarter_ns), quarter_ns - WARM_NS) - LEAD_NS


def residuals(stage: Stage, edges: Int64s, calendar: Calendar, windows: Windows) -> Residuals:
    """The blocks of ``stage`` between ``edges``, shape (blocks + 1,)."""
    if len(edges) < 2:
        return Residuals(np.empty(0), np.empty(0))
    planned = calendar.planned_fraction(edges)
    return residuals_of(windows(stage.id, edges[:-1], edges[1:]), planned)
