"""Drift rules of the running service: limits are set in a worker thread, and kept."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from service.domain.alarm import Input
from service.domain.detection.drift import Drift, suppliers_of
from service.domain.detection.limits import Limits, NoLimits
from service.domain.judge import INPUT_OF
from service.domain.production.book import ProductionBook
from service.domain.rules import DriftRule
from service.domain.stage_alarms import StageAlarm
from service.runtime.errors import Retryable

log = logging.getLogger(__name__)


class KeptLimits(Protocol):
    """Where limits are kept, so that a restart and a backtest judge by the same. Called by one task
    at a time."""

    async def load(self) -> Mapping[str, Sequence[Limits]]:
        """All limits by the version of their alarm's definition."""
        ...

    async def keep(self, definition: str, version: str, limits: Limits) -> None:
        """Keeps limits; those that were kept for the same version and time stay. Raises Retryable
        when they can't be written now."""
        ...


class Drifts:
    """Every drift rule on every stage."""

    def __init__(
        self, alarms: Sequence[StageAlarm], book: ProductionBook, kept: KeptLimits | None
    ) -> None:
        self._alarms = [alarm for alarm in alarms if isinstance(alarm.rule, DriftRule)]
        self._book = book
        self._kept = kept
        self._drifts: dict[str, Drift] = {}
        self._unkept: list[tuple[StageAlarm, Limits]] = []
        self._make({})

    async def load(self) -> None:
        """Takes up the limits that were set before."""
        if self._kept is not None and self._alarms:
            self._make(await self._kept.load())

    async def prepare(self, end_ns: int) -> None:
        """Sets the limits that are due before the minute that ends at ``end_ns`` is judged."""
        for alarm in self._alarms:
            drift = self._drifts[alarm.definition.id]
            if not drift.is_due(end_ns):
                continue
            before = drift.limits
            new = await asyncio.to_thread(drift.prepare, end_ns)
            self._say(alarm, before, drift.limits)
            if new is not None:
                self._unkept.append((alarm, new))
        await self._keep()

    def judge(self, alarm: StageAlarm, end_ns: int) -> tuple[Input, float | None]:
        """Input and value of ``alarm`` as things stood at ``end_ns``."""
        code, value = self._drifts[alarm.definition.id].judge(end_ns)
        return INPUT_OF[code], None if math.isnan(value) else value

    def limits(self) -> Mapping[str, Limits | NoLimits]:
        """By what each alarm judges at the moment, or why it can't; by definition."""
        return {id_: drift.limits for id_, drift in self._drifts.items()}

    async def _keep(self) -> None:
        """Keeps what is new; with a state that can't be written that is tried again a minute later,
        for the same limits can be set again until then."""
        while self._unkept and self._kept is not None:
            alarm, limits = self._unkept[0]
            try:
                await self._kept.keep(alarm.definition.id, alarm.definition.version, limits)
            except Retryable as error:
                log.warning("drift limits not kept alarm=%s error=%s", alarm.definition.id, error)
                return
            del self._unkept[0]

    def _make(self, kept: Mapping[str, Sequence[Limits]]) -> None:
        for alarm in self._alarms:
            if isinstance(alarm.rule, DriftRule):
                self._drifts[alarm.definition.id] = Drift(
                    alarm.rule,
                    alarm.stage,
                    self._book.plan.calendar,
                    self._book.many,
                    kept.get(alarm.definition.version, ()),
                    suppliers_of(self._book.line, alarm.stage),
                )

    def _say(self, alarm: StageAlarm, before: Limits | NoLimits, now: Limits | NoLimits) -> None:
        if isinstance(now, Limits):
            log.info(
                "drift limits set alarm=%s blocks=%d false_alarms_a_month=%.2f",
                alarm.definition.id, now.history_blocks, now.false_per_month,
            )  # fmt: skip
        elif isinstance(before, Limits):
            log.warning("alarm=%s can't judge: %s", alarm.definition.id, now)
