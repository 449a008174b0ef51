"""Rules on values, in event time: limits, bad quality, and cyclic tags that fell silent.

Most values change nothing: which ones do is found in columns, and only these are looked at one by
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from service.domain.alarm import AlarmDefinition, Input
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.definitions import Definitions
from service.domain.instants import SECOND_NS, seconds
from service.domain.judge import beyond
from service.domain.quality import is_bad
from service.domain.rules import BadQualityRule, LimitKind, StaleRule
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.live import STEP_BACK_NS

LIMITS = tuple(LimitKind)
BAD = len(LIMITS)
KINDS = BAD + 1
NEVER = np.iinfo(np.int64).min
SLACK_NS = SECOND_NS
"""Two looks at a step differ by less than that; so much a delay takes longer that a step meets."""


class ValueRules:
    """Judges every value of every Batch against the tags' limits and quality.

    Arrays are (kind, tag number): the four limits in the order of LimitKind, and bad quality.
    """

    def __init__(self, definitions: Definitions, table: TagTable, states: AlarmStates) -> None:
        n = table.size
        self._states = states
        self._definition: dict[tuple[int, int], AlarmDefinition] = {}
        self._limit = np.full((len(LIMITS), n), np.nan)
        self._deadband = np.zeros(n)
        self._watched = np.zeros((KINDS, n), np.bool_)
        self._true = np.zeros((KINDS, n), np.bool_)
        self._standing = np.zeros((KINDS, n), np.bool_)
        self._pending: dict[tuple[int, int], float | None] = {}
        self._group_of = np.full(n, -1, np.int32)
        self._group_names = sorted({tag.item_group for _, tag in table})
        at_group = {name: at for at, name in enumerate(self._group_names)}
        for number, tag in table:
            self._group_of[number] = at_group[tag.item_group]
        self._resumed = np.full(len(self._group_names), NEVER, np.int64)
        self._watermark = np.full(len(self._group_names), NEVER, np.int64)

        for limit in definitions.limits:
            key = (LIMITS.index(limit.limit), table.number(limit.tag.id))
            self._limit[key] = limit.value
            self._deadband[key[1]] = limit.tag.deadband
            self._watch(key, limit.definition)
        self._cyclic: dict[int, tuple[AlarmDefinition, int]] = {}
        self._seen_ns = np.full(n, NEVER, np.int64)
        for alarm in definitions.tags:
            number = table.number(alarm.tag.id)
            if isinstance(alarm.rule, BadQualityRule):
                self._watch((BAD, number), alarm.definition)
            elif isinstance(alarm.rule, StaleRule) and alarm.tag.cyclic_s is not None:
                patience_ns = seconds(alarm.rule.cycles * alarm.tag.cyclic_s)
                self._cyclic[number] = (alarm.definition, patience_ns)
        self._cyclic_numbers = np.array(sorted(self._cyclic), np.int64)
        self._cyclic_patience = np.array(
            [self._cyclic[n][1] for n in sorted(self._cyclic)], np.int64
        )
        self._silent = np.zeros(len(self._cyclic_numbers), np.bool_)
        self._silence_runs = np.zeros(len(self._cyclic_numbers), np.bool_)
        self._judged = np.asarray(self._watched.any(axis=0), np.bool_)
        self._judged[self._cyclic_numbers] = True
        self._limits_used = [k for k in range(len(LIMITS)) if self._watched[k].any()]

    def groups(self) -> dict[str, tuple[int, int]]:
        """Watermark and last resumption of every item group that was heard of."""
        known = zip(
            self._group_names, self._watermark.tolist(), self._resumed.tolist(), strict=True
        )
        return {name: (mark, resumed) for name, mark, resumed in known if mark > NEVER}

    def restore(self, groups: Mapping[str, tuple[int, int]]) -> None:
        """Takes up how an earlier run ended: ``groups`` as it gave them, the inputs from the
        states.

        When a cyclic tag last came is not remembered: it is given the benefit of the doubt.
        """
        for at, name in enumerate(self._group_names):
            self._watermark[at], self._resumed[at] = groups.get(name, (NEVER, NEVER))
        self._seen_ns[self._cyclic_numbers] = self._watermark[self._group_of[self._cyclic_numbers]]
        for key, definition in self._definition.items():
            self._mirror(key, definition)
        for at, number in enumerate(self._cyclic_numbers.tolist()):
            self._mirror_silence(at, number)

    def take(self, batch: Batch) -> None:
        """Judges one Batch; call in journal order."""
        if batch.origin is Origin.LIVE:
            self._find_step_back(batch)
        for cover in batch.covers:
            if cover.group in self._group_names:
                self._resume(self._group_names.index(cover.group), cover.start_ns)
        if len(batch) and batch.origin is Origin.LIVE:
            self._judge_rows(batch)
        for cover in batch.covers:
            if cover.group in self._group_names:
                self._reach(self._group_names.index(cover.group), cover.end_ns)

    def set_on(self, step_ns: int) -> None:
        """Our clock was set on by ``step_ns``: time that never passed lets no delay run out, and is
        no gap either. Put back (below 0), the Batches themselves tell."""
        for group in range(len(self._group_names)) if step_ns > 0 else ():
            if self._watermark[group] > NEVER:
                self._put_back(group, -step_ns - SLACK_NS)

    def _watch(self, key: tuple[int, int], definition: AlarmDefinition) -> None:
        self._definition[key] = definition
        self._watched[key] = True

    def _find_step_back(self, batch: Batch) -> None:
        """Notices by its receipt that our clock was put back since the Batch before."""
        for group, name in enumerate(self._group_names):
            if name.partition("/")[0] != batch.source:
                continue
            covers = [cover for cover in batch.covers if cover.group == name]
            present_ns = max([batch.received_ns, *(cover.end_ns for cover in covers)])
            if present_ns + STEP_BACK_NS < self._watermark[group]:
                present_ns = min([batch.received_ns, *(cover.start_ns for cover in covers)])
                self._put_back(group, int(self._watermark[group]) - present_ns)

    def _put_back(self, group: int, by_ns: int) -> None:
        """What was known at the watermark is known at the present: delays go on from there."""
        self._watermark[group] -= by_ns
        if self._resumed[group] > NEVER:
            self._resumed[group] -= by_ns
        mine = self._group_of == group
        self._seen_ns[mine & (self._seen_ns > NEVER)] -= by_ns
        now_ns = int(self._watermark[group])
        for key in [k for k in self._pending if self._group_of[k[1]] == group]:
            since_ns, value = self._states[self._definition[key].id].pending_ns, self._pending[key]
            held = Input.TRUE if self._true[key] else Input.FALSE
            self._judge(key, Input.UNKNOWN, now_ns, None)
            if since_ns is not None:
                self._judge(key, held, since_ns - by_ns, value)
        for at in np.flatnonzero(self._silence_runs & mine[self._cyclic_numbers]).tolist():
            definition, _ = self._cyclic[int(self._cyclic_numbers[at])]
            self._states.judge(definition, Input.UNKNOWN, now_ns)  # runs anew from its last value

    def _resume(self, group: int, start_ns: int) -> None:
        """After a gap nothing is known of what was between: delays that were running start anew."""
        if start_ns <= self._watermark[group]:
            return
        self._resumed[group] = start_ns
        for key in [k for k in self._pending if self._group_of[k[1]] == group]:
            self._judge(key, Input.UNKNOWN, start_ns, None)

    def _reach(self, group: int, end_ns: int) -> None:
        """The group's watermark: delays run out, and cyclic tags are found silent."""
        self._watermark[group] = max(int(self._watermark[group]), end_ns)
        now_ns = int(self._watermark[group])
        for key in [k for k in self._pending if self._group_of[k[1]] == group]:
            held = Input.TRUE if self._true[key] else Input.FALSE
            self._judge(key, held, now_ns, self._pending[key])
        self._find_silent(group, now_ns)

    def _judge_rows(self, batch: Batch) -> None:
        rows = np.flatnonzero(batch.tag < len(self._deadband))
        tag = batch.tag[rows]
        rows = rows[self._judged[tag]]
        tag = batch.tag[rows]
        time_ns = np.maximum(happened_ns(batch)[rows], self._resumed[self._group_of[tag]])
        np.maximum.at(self._seen_ns, tag, time_ns)
        value = batch.value[rows]
        bad = is_bad(batch.status[rows])
        unusable = bad | np.isnan(value)

        moves = self._watched[BAD][tag] & (bad != self._true[BAD][tag])
        for kind in self._limits_used:
            standing, was = self._standing[kind][tag], self._true[kind][tag]
            true = beyond(
                value,
                self._limit[kind][tag],
                self._deadband[tag],
                standing,
                high=LIMITS[kind].is_high,
            )
            held = was != standing
            moves |= self._watched[kind][tag] & np.where(unusable, held, true != was)
        if not moves.any():
            return
        order = np.flatnonzero(np.isin(tag, np.unique(tag[moves])))
        # Of several values of a tag at one instant the last is what was so: a step there and back
        # within no time at all would be told by transitions that can't be told apart.
        order = order[np.lexsort((order, time_ns[order], tag[order]))]
        last = np.ones(len(order), np.bool_)
        last[:-1] = (np.diff(time_ns[order]) != 0) | (np.diff(tag[order]) != 0)
        order = order[last]
        for at in order[np.argsort(time_ns[order], kind="stable")].tolist():
            self._judge_row(
                int(tag[at]), int(time_ns[at]), float(value[at]), bool(bad[at]), bool(unusable[at])
            )

    def _judge_row(
        self, number: int, time_ns: int, value: float, bad: bool, unusable: bool
    ) -> None:
        for kind in np.flatnonzero(self._watched[:, number]).tolist():
            key = (kind, number)
            if key in self._pending:  # a delay may have run out before this value came
                held = Input.TRUE if self._true[key] else Input.FALSE
                self._judge(key, held, time_ns, self._pending[key])
            if kind == BAD:
                self._judge(key, Input.TRUE if bad else Input.FALSE, time_ns, None)
            elif unusable:
                self._judge(key, Input.UNKNOWN, time_ns, None)
            else:
                self._judge(key, self._limit_input(key, value), time_ns, value)

    def _limit_input(self, key: tuple[int, int], value: float) -> Input:
        true = beyond(
            np.array([value]),
            self._limit[key[0], key[1] : key[1] + 1],
            self._deadband[key[1] : key[1] + 1],
            self._standing[key[0], key[1] : key[1] + 1],
            high=LIMITS[key[0]].is_high,
        )
        return Input.TRUE if bool(true[0]) else Input.FALSE

    def _judge(self, key: tuple[int, int], input_: Input, now_ns: int, value: float | None) -> None:
        definition = self._definition[key]
        self._states.judge(definition, input_, now_ns, value=value)
        self._mirror(key, definition)
        if key in self._pending and value is not None:
            self._pending[key] = value  # told with the transition, should the delay run out

    def _mirror(self, key: tuple[int, int], definition: AlarmDefinition) -> None:
        """Keeps the columns in step with the state: the input is what stands, unless a delay
        runs."""
        state = self._states[definition.id]
        self._standing[key] = state.stands
        self._true[key] = state.stands != (state.pending_ns is not None)
        if state.pending_ns is not None:
            self._pending.setdefault(key, None)
        else:
            self._pending.pop(key, None)

    def _find_silent(self, group: int, now_ns: int) -> None:
        numbers = self._cyclic_numbers
        if not len(numbers):
            return
        mine = self._group_of[numbers] == group
        seen = np.maximum(self._seen_ns[numbers], self._resumed[group])
        silent = mine & (seen > NEVER) & (now_ns - seen > self._cyclic_patience)
        for at in self._moved(mine, silent):
            definition, patience_ns = self._cyclic[int(numbers[at])]
            began_ns = int(seen[at]) + patience_ns if silent[at] else int(seen[at])
            input_ = Input.TRUE if silent[at] else Input.FALSE
            self._states.judge(definition, input_, min(began_ns, now_ns))
            self._states.judge(definition, input_, now_ns)
            self._mirror_silence(at, int(numbers[at]))
            self._silent[at] = silent[at]

    def _mirror_silence(self, at: int, number: int) -> None:
        """Keeps in step whether a tag is held to be silent, and whether a delay runs."""
        state = self._states[self._cyclic[number][0].id]
        self._silent[at] = state.stands
        self._silence_runs[at] = state.pending_ns is not None

    def _moved(self, mine: np.ndarray, silent: np.ndarray) -> Iterable[int]:
        """Cyclic tags whose silence changed, or whose delay is running."""
        moved = mine & ((silent != self._silent) | self._silence_runs)
        return [int(at) for at in np.flatnonzero(moved)]
