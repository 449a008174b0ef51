"""Explanations of alarms: the losses in an alarm's window, and what else happened then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.line import Line
from service.domain.losses.explain import Explanation, explain
from service.domain.losses.meanwhile import (
    MARGIN_NS,
    Happening,
    in_words,
    lost_elsewhere,
    meanwhile,
)
from service.domain.losses.shifts import Look
from service.domain.losses.stake import most_loaded
from service.domain.plan import Window, window_start_ns
from service.domain.rules import Rule
from service.runtime.lossbook import AlarmExplained
from service.runtime.losses import Losses
from service.runtime.views import AlarmBook, AlarmView, Showing

LONGEST_NS = 14 * DAY_NS
"""Of a window that an explanation looks at: the end of it counts."""
DRIFT_NS = 3 * DAY_NS
"""What an alarm about a slow drift looks back at."""
MOST_ALARMS = 1_000


class CoreExplanations:
    """Implements ``service.runtime.lossbook.Explanations``."""

    def __init__(
        self, losses: Losses, alarms: AlarmBook, line: Line, rules: Sequence[Rule]
    ) -> None:
        self._losses = losses
        self._alarms = alarms
        self._line = line
        self._window_of = {
            rule.id: window
            for rule in rules
            if isinstance(window := getattr(rule, "window", None), Window)
        }

    async def explain(self, alarm: AlarmView) -> AlarmExplained:
        """The explanation of ``alarm`` as things are known now."""
        start_ns, end_ns = self._window(alarm)
        others = [
            _happening(one)
            for one in await self._alarms.alarms(Showing.ALL, limit=MOST_ALARMS)
            if one.id != alarm.id
        ]
        stage, unit = self._about(alarm)
        look = None if stage is None else await self._losses.look(start_ns, end_ns)
        if look is None or stage is None or stage not in look.window:
            near = [
                one
                for one in others
                if one.since_ns < end_ns and (one.until_ns is None or one.until_ns > start_ns)
            ]
            return AlarmExplained(None, "", "", near[:10])
        return await asyncio.to_thread(self._explained, look, stage, unit, others)

    def _explained(
        self, look: Look, stage: str, unit: str | None, others: Sequence[Happening]
    ) -> AlarmExplained:
        told: Explanation = explain(
            look.whole,
            look.window,
            about=stage,
            unit=unit,
            bottleneck=most_loaded(self._line),
        )
        names = {s.id: (s.name_en, s.name_zh) for s in self._line.stages}
        words_en, words_zh = in_words(told, names, self._losses.calendar.zone)
        also = [*meanwhile(others, told), *lost_elsewhere(look.whole, told)]
        return AlarmExplained(told, words_en, words_zh, also)

    def _window(self, alarm: AlarmView) -> tuple[int, int]:
        """Whole minutes that the alarm is about: its rule's window when it came, and on until it
        went."""
        raised_ns = -(-alarm.raised_ns // MINUTE_NS) * MINUTE_NS
        end_ns = alarm.returned_ns or self._losses.now_ns()
        end_ns = max(-(-end_ns // MINUTE_NS) * MINUTE_NS, raised_ns)
        window = self._window_of.get(alarm.rule)
        if alarm.kind == "shift_shortfall":
            window = Window.SHIFT
        if alarm.kind == "drift":
            start_ns = raised_ns - DRIFT_NS
        elif window is None:
            start_ns = raised_ns - MARGIN_NS
        else:
            start_ns = window_start_ns(window, self._losses.calendar, raised_ns)
        return max(start_ns, end_ns - LONGEST_NS), end_ns

    def _about(self, alarm: AlarmView) -> tuple[str | None, str | None]:
        """Stage and unit; a part of a unit (a furnace of a rectifier) counts as the unit."""
        units = {meter.unit: meter.stage for meter in self._line.meters}
        fitting = [unit for unit in units if alarm.asset.startswith(unit)]
        if fitting and alarm.asset not in self._line.stage_by_id:
            unit = max(fitting, key=len)
            return units[unit], unit
        stage = alarm.stage if alarm.stage in self._line.stage_by_id else None
        return stage, None


def _happening(alarm: AlarmView) -> Happening:
    return Happening(
        id=alarm.id,
        kind=alarm.kind,
        asset=alarm.asset,
        stage=alarm.stage,
        priority=int(alarm.priority),
        message_en=alarm.message_en,
        message_zh=alarm.message_zh,
        since_ns=alarm.raised_ns,
        until_ns=alarm.returned_ns,
    )
