"""Rules on production: once for every closed minute, each stage's windows against the plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Protocol

from service.domain.alarm import Input
from service.domain.definitions import Definitions
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.judge import (
    INPUT_OF,
    miss_input,
    shift_outlook_kg,
    shortfall_input,
    shortfall_pct,
    throughput_input,
)
from service.domain.losses import run_rules
from service.domain.losses.followed import energy_of
from service.domain.mismatch import Mismatch
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.domain.production.due import own_due_kg
from service.domain.rules import BalanceRule, DriftRule, RunRule, ThroughputRule
from service.domain.stage_alarms import ForecastAlarm, StageAlarm
from service.runtime.alarms import AlarmStates
from service.runtime.watch_drift import Drifts, KeptLimits
from service.runtime.watch_held_up import HeldUp

MAX_CATCH_UP_NS = 7 * 24 * HOUR_NS
"""After a longer absence older minutes are not judged: nobody can act on them."""


class Chances(Protocol):
    """How likely plans are to be reached. Called at every closed minute; must not block."""

    def p_target(self, period: Window, end_ns: int) -> float | None:
        """The chance of ``period``'s plan as it was known at ``end_ns``, 0 to 1; None when it was
        not known."""
        ...


class ProductionRules:
    """Judges the rules on production at the end of every closed minute, in order."""

    def __init__(
        self,
        definitions: Definitions,
        book: ProductionBook,
        states: AlarmStates,
        limits: KeptLimits | None = None,
        chances: Chances | None = None,
        held_up: HeldUp | None = None,
    ) -> None:
        self._alarms = definitions.stages
        self._misses = definitions.forecasts
        self._chances = chances
        self._held_up = held_up
        self._book = book
        self._states = states
        self._drifts = Drifts(definitions.stages, book, limits)
        self._runs = {
            alarm.definition.id: run_rules.judged_runs(
                alarm.rule, book.plan.calendar, energy_of(book, alarm)
            )
            for alarm in definitions.stages
            if isinstance(alarm.rule, RunRule)
        }
        self._mismatches = {
            alarm.definition.id: Mismatch(alarm.rule, alarm.stage, book.line, book.many)
            for alarm in definitions.stages
            if isinstance(alarm.rule, BalanceRule)
        }

    async def load(self) -> None:
        """Takes up the limits that were set before; before judging."""
        await self._drifts.load()
        if self._held_up is not None:
            self._held_up.restore()

    async def prepare(self, end_ns: int) -> None:
        """Does what takes too long for ``judge``; before it."""
        await self._drifts.prepare(end_ns)
        if self._held_up is not None:
            await self._held_up.prepare(
                end_ns, self._book.plan, lambda alarm, at_ns: self._input(alarm, at_ns)[0]
            )

    def due(self, judged_ns: int | None) -> Iterator[int]:
        """The ends of the minutes that are closed and not judged yet."""
        closed_ns = self._book.closed_ns
        if closed_ns is None:
            return
        first = closed_ns if judged_ns is None else judged_ns + MINUTE_NS
        yield from range(max(first, closed_ns - MAX_CATCH_UP_NS), closed_ns + 1, MINUTE_NS)

    def judge(self, end_ns: int) -> None:
        """Judges every rule as things stood at ``end_ns``."""
        for alarm in self._alarms:
            input_, value = self._input(alarm, end_ns)
            mismatch = self._mismatches.get(alarm.definition.id)
            explain = None if mismatch is None else partial(mismatch.explain, end_ns)
            self._states.judge(alarm.definition, input_, end_ns, value=value, explain=explain)
        for miss in self._misses:
            self._judge_miss(miss, end_ns)

    def _judge_miss(self, alarm: ForecastAlarm, end_ns: int) -> None:
        chance = self._chances.p_target(alarm.rule.period, end_ns) if self._chances else None
        standing = self._states[alarm.definition.id].stands
        input_ = miss_input(alarm.rule, chance, standing=standing)
        value = None if chance is None else 100.0 * chance
        self._states.judge(alarm.definition, input_, end_ns, value=value)

    def _input(self, alarm: StageAlarm, end_ns: int) -> tuple[Input, float | None]:
        if isinstance(alarm.rule, ThroughputRule):
            window = self._book.window(alarm.stage.id, alarm.rule.window, end_ns=end_ns)
            if window is None:
                return Input.UNKNOWN, None
            standing = self._states[alarm.definition.id].stands
            input_ = throughput_input(alarm.rule, window, standing=standing)
            return input_, window.deviation_pct
        if isinstance(alarm.rule, DriftRule):
            return self._drifts.judge(alarm, end_ns)
        if isinstance(alarm.rule, RunRule):
            code, value = run_rules.judge(self._runs[alarm.definition.id], end_ns)
            return INPUT_OF[code], None if math.isnan(value) else value
        if isinstance(alarm.rule, BalanceRule):
            code, percent = self._mismatches[alarm.definition.id].judge(end_ns)
            return INPUT_OF[code], None if math.isnan(percent) else percent
        stage = alarm.stage
        calendar = self._book.plan.calendar
        shift = calendar.shift_at(end_ns - 1)
        so_far = self._book.between(stage.id, shift.start_ns, end_ns)
        hour = self._book.window(stage.id, Window.HOUR, end_ns=end_ns)
        if hour is None:
            return Input.UNKNOWN, None
        outlook_kg = shift_outlook_kg(
            stage, so_far, hour, planned_left_ns=calendar.planned_ns(end_ns, shift.end_ns)
        )
        due_kg = own_due_kg(
            self._book.line, self._book.plan, stage.id, shift.start_ns, shift.end_ns
        )
        input_ = shortfall_input(alarm.rule, so_far, outlook_kg=outlook_kg, shift_plan_kg=due_kg)
        return input_, shortfall_pct(outlook_kg, due_kg)
