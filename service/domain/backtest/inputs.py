"""What a rule saw at the end of every minute, for all minutes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.backtest.grid import Grid
from service.domain.detection.drift import Drift, suppliers_of
from service.domain.detection.limits import Limits, next_quarter_ns
from service.domain.instants import HOUR_NS
from service.domain.judge import (
    UNKNOWN,
    Codes,
    shift_outlooks_kg,
    shortfall_codes,
    shortfalls_pct,
    throughput_codes,
)
from service.domain.losses.followed import energy_of
from service.domain.losses.run_rules import judged_runs
from service.domain.mismatch import Mismatch
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.domain.production.due import own_dues_kg
from service.domain.production.windows import RunningSums, StageWindows
from service.domain.rules import (
    BalanceRule,
    DriftRule,
    RunRule,
    ShiftShortfallRule,
    ThroughputRule,
)
from service.domain.stage_alarms import StageAlarm


@dataclass(frozen=True, slots=True)
class Inputs:
    """A rule's input at the end of each minute, shape (n,): codes of ``service.domain.judge``.

    clear, standing: while the alarm is clear, and while it stands (they differ by the deadband).
    value: what an alarm says, in %; NaN for none. explain: what is said with an alarm that is
    raised at a minute's end.
    """

    end_ns: Int64s
    clear: Codes
    standing: Codes
    value: Float64s
    explain: Callable[[int], str] | None = None


class Past:
    """The production of ``book`` at the minutes of ``grid``, as rules see it.

    Asked stage by stage it sums each stage once. kept: limits of drift rules that the service set,
    by the version of their definition; others are set anew.
    """

    def __init__(
        self,
        book: ProductionBook,
        grid: Grid,
        kept: Mapping[str, Sequence[Limits]] = MappingProxyType({}),
    ) -> None:
        self._book = book
        self._grid = grid
        self._kept = kept
        self._summed: tuple[str, RunningSums] | None = None

    def inputs(self, alarm: StageAlarm) -> Inputs:
        """What ``alarm`` saw."""
        rule = alarm.rule
        if isinstance(rule, ThroughputRule):
            return self._throughput(rule, alarm.stage.id)
        if isinstance(rule, DriftRule):
            return self._drift(rule, alarm)
        if isinstance(rule, BalanceRule):
            return self._balance(rule, alarm)
        if isinstance(rule, RunRule):
            return self._runs(rule, alarm)
        return self._shortfall(rule, alarm)

    def _throughput(self, rule: ThroughputRule, stage: str) -> Inputs:
        windows = self._windows(stage, self._grid.starts_ns(rule.window))
        return Inputs(
            self._grid.ends_ns,
            throughput_codes(rule, windows, standing=False),
            throughput_codes(rule, windows, standing=True),
            windows.deviation_pct,
        )

    def _shortfall(self, rule: ShiftShortfallRule, alarm: StageAlarm) -> Inputs:
        starts, planned_left_ns, finished_due_kg = self._grid.shifts
        so_far = self._windows(alarm.stage.id, starts)
        hour = self._windows(alarm.stage.id, self._grid.starts_ns(Window.HOUR))
        outlook = shift_outlooks_kg(alarm.stage, so_far, hour, planned_left_ns=planned_left_ns)
        line, plan = self._book.line, self._book.plan
        due = own_dues_kg(line, plan, alarm.stage.id, starts, finished_due_kg)
        codes = shortfall_codes(rule, so_far, outlook_kg=outlook, shift_plan_kg=due)
        return Inputs(self._grid.ends_ns, codes, codes, shortfalls_pct(outlook, due))

    def _drift(self, rule: DriftRule, alarm: StageAlarm) -> Inputs:
        calendar = self._book.plan.calendar
        kept = self._kept.get(alarm.definition.version, ())
        suppliers = suppliers_of(self._book.line, alarm.stage)
        drift = Drift(rule, alarm.stage, calendar, self._among, kept, suppliers)
        ends = self._grid.ends_ns
        code = np.full(len(ends), UNKNOWN, np.int8)
        value = np.full(len(ends), np.nan)
        at = 0
        while at < len(ends):
            quarter_end_ns = next_quarter_ns(calendar, int(ends[at]) - 1)
            until = int(np.searchsorted(ends, quarter_end_ns, "right"))
            judged = drift.judge_until(int(ends[until - 1]))
            if isinstance(drift.limits, Limits):
                first = max(at, int(np.searchsorted(ends, drift.limits.from_ns, "right")))
                last = np.searchsorted(judged.end_ns, ends[first:until], "right") - 1
                seen = last >= 0
                code[first:until][seen] = judged.code[last[seen]]
                value[first:until][seen] = judged.value[last[seen]]
            at = until
        return Inputs(ends, code, code, value)

    def _balance(self, rule: BalanceRule, alarm: StageAlarm) -> Inputs:
        mismatch = Mismatch(rule, alarm.stage, self._book.line, self._among)
        ends = self._grid.ends_ns
        hours, at = np.unique(ends // HOUR_NS * HOUR_NS, return_inverse=True)
        judged = mismatch.judge_hours(hours)
        code = judged.code[at]
        return Inputs(ends, code, code, judged.value[at], mismatch.explain)

    def _runs(self, rule: RunRule, alarm: StageAlarm) -> Inputs:
        calendar = self._book.plan.calendar
        runs = judged_runs(rule, calendar, energy_of(self._book, alarm))
        ends = self._grid.ends_ns
        months = np.unique(self._grid.starts_ns(Window.MONTH), return_index=True)[1]
        lasts = np.append(months[1:], len(ends)) - 1
        parts = [
            runs.judge_minutes(int(ends[first]), int(ends[last]))
            for first, last in zip(months, lasts, strict=True)
        ]
        code = np.concatenate([np.empty(0, np.int8), *(part.code for part in parts)])
        value = np.concatenate([np.empty(0), *(part.value for part in parts)])
        return Inputs(ends, code, code, value)

    def _windows(self, stage: str, starts_ns: Int64s) -> StageWindows:
        return self._among(stage, starts_ns, self._grid.ends_ns)

    def _among(self, stage: str, starts_ns: Int64s, ends_ns: Int64s) -> StageWindows:
        if self._summed is None or self._summed[0] != stage:
            self._summed = stage, self._book.running(stage)
        return self._book.among(stage, self._summed[1], starts_ns, ends_ns)
