"""Judging a missed-run rule on one rectifier: is its next run late against schedule?"""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Float64s, Int8s, Int64s
from service.domain.calendar import Calendar
from service.domain.instants import HOUR_NS, MINUTE_NS, seconds
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.losses.followed import Columns, Energy, Followed, Follower
from service.domain.losses.runs import RunShape
from service.domain.losses.schedule import Schedule, after_planned
from service.domain.rules import MissedRunRule


def schedule_of(rule: MissedRunRule) -> Schedule:
    """The rule's schedule."""
    return Schedule(seconds(rule.every_h * 3_600.0), seconds(rule.tolerance_h * 3_600.0))


class AwaitedRuns:
    """One missed-run rule on one rectifier. Asked in the order of time, by one task at a time."""

    def __init__(self, rule: MissedRunRule, calendar: Calendar, energy: Energy) -> None:
        self._schedule = schedule_of(rule)
        self._calendar = calendar
        self._runs = Follower(RunShape(run_kwh=rule.run_mwh * 1_000.0), calendar, energy)

    def judge_minutes(self, first_ns: int, last_ns: int) -> Columns:
        """What the rule says at the end of every minute from ``first_ns`` to ``last_ns``, both
        within one production month and the first not before what was asked last. Its value: hours
        of planned time by which the next start is overdue, 0 when it is not."""
        first = first_ns // MINUTE_NS - 1
        codes: list[Int8s] = []
        values: list[Float64s] = []
        for part in self._runs.stretches(first_ns, last_ns):
            a = max(part.minute, first)
            if part.end > a:
                ends = (np.arange(a, part.end, dtype=np.int64) + 1) * MINUTE_NS
                code, value = verdicts(part.state, ends, self._schedule, self._calendar)
                codes.append(code)
                values.append(value)
        return Columns(np.concatenate(codes), np.concatenate(values))


def verdicts(
    state: Followed, end_ns: Int64s, schedule: Schedule, calendar: Calendar
) -> tuple[Int8s, Float64s]:
    """Code and value at each of ``end_ns``, shape (n,) in order, while ``state`` lasts: what
    ``judge_starts`` says of the next start that is due."""
    if state.start is None:
        return np.full(len(end_ns), UNKNOWN, np.int8), np.full(len(end_ns), np.nan)
    due_ns = after_planned(calendar, state.start.at_ns, schedule.every_ns)
    late_ns = calendar.planned_each_ns(np.full(len(end_ns), due_ns), end_ns)
    code = np.where(late_ns > schedule.tolerance_ns, TRUE, FALSE).astype(np.int8)
    if state.gap_from is not None:
        seen_ns = calendar.planned_ns(due_ns, state.gap_from * MINUTE_NS)
        if seen_ns <= schedule.tolerance_ns:
            code[code == TRUE] = UNKNOWN
        late_ns = np.minimum(late_ns, max(seen_ns, 0))
    return code, np.asarray(late_ns / HOUR_NS, dtype=np.float64)
