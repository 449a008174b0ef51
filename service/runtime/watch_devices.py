"""Rules on PLCs behind a server, in event time: most of the tags behind one are Bad at once.

Judged before the rules on values, so that what a lost PLC explains is known when these raise.
"""

from __future__ import annotations

import numpy as np

from service.domain.alarm import Input
from service.domain.arrays import Bools, Int64s
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.definitions import Definitions
from service.domain.quality import is_bad
from service.domain.source_alarms import DeviceAlarm
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates

NEVER = np.iinfo(np.int64).min


class DeviceRules:
    """Judges every Batch; call ``take`` in journal order. Which tags were Bad is not remembered
    over a restart: what stands then holds until its tags have been heard of again."""

    def __init__(self, definitions: Definitions, table: TagTable, states: AlarmStates) -> None:
        self._states = states
        self._devices = [
            _Device(alarm, np.array([table.number(tag.id) for tag in alarm.tags]), states)
            for alarm in definitions.devices
        ]
        self._watched = np.zeros(table.size, np.bool_)
        self._groups: dict[str, list[_Device]] = {}
        self._of: dict[int, list[_Device]] = {}
        for device in self._devices:
            self._watched[device.numbers] = True
            for number in device.numbers.tolist():
                self._of.setdefault(number, []).append(device)
            for group in {tag.item_group for tag in device.alarm.tags}:
                self._groups.setdefault(group, []).append(device)
        self._heard = np.zeros(table.size, np.bool_)
        self._bad = np.zeros(table.size, np.bool_)
        self._watermark = dict.fromkeys(self._groups, NEVER)

    def take(self, batch: Batch) -> None:
        """Judges one Batch."""
        if not self._devices:
            return
        for cover in batch.covers:
            if cover.group in self._groups and cover.start_ns > self._watermark[cover.group]:
                for device in self._groups[cover.group]:
                    device.resume(cover.start_ns)
        if len(batch) and batch.origin is Origin.LIVE:
            self._take_rows(batch)
        for cover in batch.covers:
            if cover.group in self._groups:
                self._watermark[cover.group] = max(self._watermark[cover.group], cover.end_ns)
                for device in self._groups[cover.group]:
                    device.judge(self._watermark[cover.group])

    def _take_rows(self, batch: Batch) -> None:
        """Counts anew where a tag turned Bad or Good, at the instants at which tags did."""
        rows = np.flatnonzero(batch.tag < len(self._watched))
        rows = rows[self._watched[batch.tag[rows]]]
        tag, bad = batch.tag[rows], is_bad(batch.status[rows])
        moved = ~self._heard[tag] | (bad != self._bad[tag])
        if not moved.any():
            return
        rows = rows[np.isin(tag, np.unique(tag[moved]))]
        time_ns = happened_ns(batch)[rows]
        order = np.argsort(time_ns, kind="stable")
        tag, bad, time_ns = (
            batch.tag[rows][order],
            is_bad(batch.status[rows])[order],
            time_ns[order],
        )
        for a, b in _stretches(time_ns):
            # Of several values of a tag at one instant the last is what was so.
            self._heard[tag[a:b]] = True
            self._bad[tag[a:b]] = bad[a:b]
            for device in dict.fromkeys(d for n in tag[a:b].tolist() for d in self._of[n]):
                device.count(self._heard, self._bad, int(time_ns[a]))


class _Device:
    """One PLC: how many of its tags are Bad, and what follows from that."""

    def __init__(self, alarm: DeviceAlarm, numbers: Int64s, states: AlarmStates) -> None:
        self.alarm = alarm
        self.numbers = numbers
        self._states = states
        self._share: float | None = None
        self._resumed_ns = NEVER

    def resume(self, start_ns: int) -> None:
        """After a gap nothing is known of what was between: a delay that ran starts anew."""
        self._resumed_ns = start_ns
        if self._states[self.alarm.definition.id].pending_ns is not None:
            self._states.judge(self.alarm.definition, Input.UNKNOWN, start_ns)

    def count(self, heard: Bools, bad: Bools, at_ns: int) -> None:
        """Takes what its tags are at ``at_ns``."""
        known = heard[self.numbers]
        share = float(bad[self.numbers][known].mean()) if 2 * known.sum() >= len(known) else None
        if share != self._share:
            self.judge(max(at_ns, self._resumed_ns))  # a delay may have run out before
            self._share = share
            self.judge(max(at_ns, self._resumed_ns))

    def judge(self, now_ns: int) -> None:
        """Judges what is so at ``now_ns``."""
        definition = self.alarm.definition
        state = self._states[definition.id]
        if self._share is None:
            return
        lost = self.alarm.rule.bad_pct / 100.0
        true = self._share > 1.0 - lost if state.stands else self._share >= lost
        if true != state.stands or state.pending_ns is not None:
            input_ = Input.TRUE if true else Input.FALSE
            self._states.judge(definition, input_, now_ns, value=100.0 * self._share)


def _stretches(time_ns: Int64s) -> list[tuple[int, int]]:
    """[start, end) of each run of equal times."""
    edges = np.flatnonzero(np.diff(time_ns)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(time_ns)], strict=True))
