"""Rules on the runs of rectifiers, judged alike live and in a backtest."""

from __future__ import annotations

from typing import Protocol

from service.domain.calendar import Calendar
from service.domain.losses.awaited import AwaitedRuns
from service.domain.losses.followed import Columns, Energy
from service.domain.losses.off_curve import CurvedRuns
from service.domain.rules import MissedRunRule, RunRule


class JudgedRuns(Protocol):
    """A rule on one rectifier. Asked in the order of time, by one task at a time."""

    def judge_minutes(self, first_ns: int, last_ns: int) -> Columns:
        """What the rule says at the end of every minute from ``first_ns`` to ``last_ns``, both
        within one production month and the first not before what was asked last."""
        ...


def judged_runs(rule: RunRule, calendar: Calendar, energy: Energy) -> JudgedRuns:
    """What judges ``rule``."""
    if isinstance(rule, MissedRunRule):
        return AwaitedRuns(rule, calendar, energy)
    return CurvedRuns(rule, calendar, energy)


def judge(runs: JudgedRuns, end_ns: int) -> tuple[int, float]:
    """Code and value as things stood at ``end_ns``."""
    columns = runs.judge_minutes(end_ns, end_ns)
    return int(columns.code[-1]), float(columns.value[-1])
