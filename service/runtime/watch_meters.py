"""Rules on the meters' signals, in event time: counters that were reset or rolled over, values that
are stuck, and clocks that are wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.domain.alarm import AlarmDefinition, Input
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.coverage import Coverage
from service.domain.definitions import Definitions, MeterAlarm
from service.domain.instants import SECOND_NS
from service.domain.line import Meter
from service.domain.production.readings import Readings, in_order
from service.domain.production.stuck import Standing, find_stuck
from service.domain.production.totaliser import falls
from service.domain.rules import CounterEvent, CounterRule
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.readings import NEVER, NO_READINGS, MeterReadings

EVERY_NS = 10 * SECOND_NS
"""Meters are judged no more often than this."""


class MeterRules:
    """Judges every Batch; call ``take`` in journal order. What a meter showed last is not
    remembered over a restart: the first reading after it has nothing to be held against."""

    def __init__(self, definitions: Definitions, table: TagTable, states: AlarmStates) -> None:
        self._states = states
        self._alarms: dict[str, list[MeterAlarm]] = {}
        for alarm in definitions.meters:
            self._alarms.setdefault(alarm.meter.tag, []).append(alarm)
        self._meters = [alarms[0].meter for alarms in self._alarms.values()]
        self._readings = MeterReadings(self._meters, table)
        self._standing = {meter.tag: Standing() for meter in self._meters}
        self._last: dict[str, tuple[int, float]] = {}
        self._judged_ns = NEVER
        self._clocks = _Clocks(definitions, table, states)

    def take(self, batch: Batch) -> None:
        """Judges one Batch."""
        self._clocks.take(batch)
        self._readings.take(batch)
        reached = max(
            (c.end_ns for c in batch.covers if c.group in self._readings.coverage), default=NEVER
        )
        if reached - EVERY_NS >= self._judged_ns and reached > NEVER:
            self._judged_ns = reached
            self._judge()

    def _judge(self) -> None:
        by_tag = self._readings.by_tag()
        for meter in self._meters:
            coverage = self._readings.coverage.get(meter.item_group)
            if coverage is None or coverage.end_ns is None:
                continue
            running = by_tag.get(meter.runs_tag or "", NO_READINGS)
            self._judge_meter(
                meter, by_tag.get(meter.tag, NO_READINGS), running, coverage, coverage.end_ns
            )
        for coverage in self._readings.coverage.values():
            if coverage.end_ns is not None:
                since = [s.since_ns for s in self._standing.values() if s.value is not None]
                coverage.forget_before(min([coverage.end_ns, *since]))

    def _judge_meter(
        self, meter: Meter, readings: Readings, running: Readings, coverage: Coverage, now_ns: int
    ) -> None:
        last = self._last.get(meter.tag)
        seen = in_order(readings, after_ns=None if last is None else last[0])
        standing = self._standing[meter.tag]
        first_ns = standing.since_ns
        if standing.value is None:
            first_ns = int(seen.time_ns[0]) if len(seen.time_ns) else now_ns
        self._standing[meter.tag], spans = find_stuck(
            meter, standing, seen, in_order(running, after_ns=None),
            gaps=coverage.gaps(first_ns, now_ns), until_ns=now_ns,
        )  # fmt: skip
        time_ns, value = seen.time_ns[seen.usable], seen.value[seen.usable]
        if last is not None:
            time_ns, value = np.append(np.int64(last[0]), time_ns), np.append(last[1], value)
        if len(time_ns):
            self._last[meter.tag] = (int(time_ns[-1]), float(value[-1]))
        resets, rollovers = falls(meter, time_ns, value)
        for alarm in self._alarms[meter.tag]:
            if isinstance(alarm.rule, CounterRule):
                of_kind = resets if alarm.rule.event is CounterEvent.RESET else rollovers
                for at_ns in of_kind.tolist():
                    self._states.judge(alarm.definition, Input.TRUE, at_ns)
                self._over(alarm.definition, now_ns)
                continue
            for span in spans:
                self._states.judge(alarm.definition, Input.TRUE, span.start_ns)
                self._states.judge(alarm.definition, Input.TRUE, span.end_ns)
                if not span.open:
                    self._states.judge(alarm.definition, Input.FALSE, span.end_ns)
            if not spans:
                self._over(alarm.definition, now_ns)

    def _over(self, definition: AlarmDefinition, now_ns: int) -> None:
        """Nothing of it is seen now; an alarm that stands lets its delay run out."""
        state = self._states[definition.id]
        if state.stands or state.pending_ns is not None:
            self._states.judge(definition, Input.FALSE, now_ns)


class _Clocks:
    """Whether the live values of an item group bear times that can be."""

    def __init__(self, definitions: Definitions, table: TagTable, states: AlarmStates) -> None:
        self._states = states
        self._groups = sorted({alarm.group for alarm in definitions.clocks})
        self._alarms: dict[str, list[AlarmDefinition]] = {group: [] for group in self._groups}
        for alarm in definitions.clocks:
            self._alarms[alarm.group].append(alarm.definition)
        self._told_ns = np.full(len(self._groups), NEVER, np.int64)
        self._group_of = np.full(table.size, -1, np.int64)
        for number, tag in table:
            if tag.item_group in self._groups:
                self._group_of[number] = self._groups.index(tag.item_group)

    def take(self, batch: Batch) -> None:
        """Judges one Batch. Only a message that goes on from the one before brings news alone: a
        source that resumes sends what it holds, as old as it is."""
        covered: Sequence[int] = ()
        if self._groups:
            covered = self._goes_on(batch)
            if len(batch) and batch.origin is Origin.LIVE:
                self._judge(batch, covered)
        for cover in batch.covers:
            if cover.group in self._groups:
                at = self._groups.index(cover.group)
                self._told_ns[at] = max(int(self._told_ns[at]), cover.end_ns)

    def _goes_on(self, batch: Batch) -> Sequence[int]:
        """Groups that ``batch`` covers without a gap."""
        return [
            at
            for cover in batch.covers
            if cover.group in self._groups
            and cover.start_ns <= self._told_ns[at := self._groups.index(cover.group)]
        ]

    def _judge(self, batch: Batch, covered: Sequence[int]) -> None:
        inside = batch.tag < len(self._group_of)
        group = np.where(inside, self._group_of[np.where(inside, batch.tag, 0)], -1)
        told = np.full(len(batch), NEVER, np.int64)
        for at in covered:
            told[group == at] = self._told_ns[at]
        wrong = happened_ns(batch, told) != batch.time_ns
        for at, name in enumerate(self._groups):
            mine = group == at
            if not mine.any():
                continue
            is_wrong = bool(wrong[mine].any())
            if not is_wrong and at not in covered:
                continue
            for definition in self._alarms[name]:
                input_ = Input.TRUE if is_wrong else Input.FALSE
                self._states.judge(definition, input_, batch.received_ns)
