"""Transitions of alarms in columns, and what became of each raise and each occurrence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import Quiet, TransitionKind
from service.domain.arrays import Bools, Index, Int32s, Int64s, UInt8s

KINDS = tuple(TransitionKind)
QUIETS: tuple[Quiet | None, ...] = (None, *Quiet)
"""By the numbers of the columns ``kind`` and ``quiet``."""
NEVER_NS = int(np.iinfo(np.int64).max)
"""Of what has not happened."""
NO_ALARM = -1

StepRow = tuple[str, int, str | None, str, str | None, int | None]
"""Definition, at_ns, occurrence, kind, quiet and priority; the last three by value or member."""


@dataclass(frozen=True, slots=True)
class AlarmSteps:
    """Transitions in columns, each of shape (n,), in the order in which they happened.

    definition: row of ``definitions``. alarm: a number for each occurrence, NO_ALARM where there is
    none. kind, quiet: rows of ``KINDS`` and ``QUIETS``. priority: of the alarm, 0 without one.
    """

    definitions: tuple[str, ...]
    at_ns: Int64s
    definition: Int32s
    alarm: Int32s
    kind: UInt8s
    quiet: UInt8s
    priority: UInt8s

    @property
    def calls(self) -> Bools:
        """Which steps call an operator: raised, or raised again, and not quiet."""
        again = self.of_kind(TransitionKind.RAISED, TransitionKind.RERAISED)
        return np.asarray(again & (self.quiet == 0))

    def of_kind(self, *kinds: TransitionKind) -> Bools:
        """Which steps are of one of ``kinds``."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


@dataclass(frozen=True, slots=True)
class Stands:
    """Every stretch in which an alarm's condition stood, by its begin; columns of shape (n,).

    quiet: why nobody was called when it was raised. called_ns: when an operator was called first in
    this stretch. returned_ns: its end. NEVER_NS where that did not happen.
    """

    at_ns: Int64s
    definition: Int32s
    quiet: UInt8s
    called_ns: Int64s
    returned_ns: Int64s


@dataclass(frozen=True, slots=True)
class Answers:
    """Every occurrence that an operator was called about, by the first call; columns of shape (n,).

    acknowledged_ns: the first acknowledgement after it; NEVER_NS without one.
    """

    called_ns: Int64s
    acknowledged_ns: Int64s


def steps_of(rows: Sequence[StepRow]) -> AlarmSteps:
    """Columns of ``rows``, which are in order. KeyError for a kind or quiet that there isn't."""
    definitions = {name: at for at, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    alarms = {name: at for at, name in enumerate(dict.fromkeys(row[2] for row in rows if row[2]))}
    kinds: dict[str, int] = {kind: at for at, kind in enumerate(KINDS)}
    quiets: dict[str | None, int] = {quiet: at for at, quiet in enumerate(QUIETS)}
    return AlarmSteps(
        tuple(definitions),
        np.array([row[1] for row in rows], np.int64),
        np.array([definitions[row[0]] for row in rows], np.int32),
        np.array([alarms[row[2]] if row[2] else NO_ALARM for row in rows], np.int32),
        np.array([kinds[row[3]] for row in rows], np.uint8),
        np.array([quiets[row[4]] for row in rows], np.uint8),
        np.array([row[5] or 0 for row in rows], np.uint8),
    )


def only(steps: AlarmSteps, definitions: Collection[str]) -> AlarmSteps:
    """The steps of ``definitions``, which keep their numbers."""
    mine = np.array([one in definitions for one in steps.definitions], np.bool_)
    return taken(steps, np.flatnonzero(mine[steps.definition]))


def taken(steps: AlarmSteps, rows: Index | slice) -> AlarmSteps:
    """``rows`` of ``steps``."""
    return AlarmSteps(
        steps.definitions, steps.at_ns[rows], steps.definition[rows], steps.alarm[rows],
        steps.kind[rows], steps.quiet[rows], steps.priority[rows],
    )  # fmt: skip


def stands_of(steps: AlarmSteps) -> Stands:
    """Every stretch that begins within ``steps``. Of two raises without a return between them the
    second ends the first stretch."""
    steps = _by_alarm(steps)
    raised = steps.of_kind(TransitionKind.RAISED)
    rows = np.flatnonzero(raised)
    over = _next_row(steps.of_kind(TransitionKind.RETURNED, TransitionKind.CLEARED))[rows]
    anew = np.append(_next_row(raised), [len(raised)])[rows + 1]
    call = _next_row(steps.calls)[rows]
    end = np.minimum(over, anew)
    called = _is_of(steps, rows, call) & (call < end)
    order = np.argsort(steps.at_ns[rows], kind="stable")
    return Stands(
        steps.at_ns[rows][order],
        steps.definition[rows][order],
        steps.quiet[rows][order],
        _when(steps, call, called)[order],
        _when(steps, end, _is_of(steps, rows, end))[order],
    )


def answers_of(steps: AlarmSteps) -> Answers:
    """Every occurrence with a call within ``steps``. An acknowledgement before the first call is
    none of that call."""
    steps = _by_alarm(steps)
    calls = np.flatnonzero(steps.calls)
    rows = calls[np.unique(steps.alarm[calls], return_index=True)[1]]
    seen = _next_row(steps.of_kind(TransitionKind.ACKNOWLEDGED))[rows]
    return Answers(steps.at_ns[rows], _when(steps, seen, _is_of(steps, rows, seen)))


def _by_alarm(steps: AlarmSteps) -> AlarmSteps:
    """The steps that belong to an occurrence, those of one occurrence together and in order."""
    own = np.flatnonzero(steps.alarm != NO_ALARM)
    return taken(steps, own[np.argsort(steps.alarm[own], kind="stable")])


def _next_row(marked: Bools) -> Index:
    """The first marked row from each row on; shape (n,), n where there is none."""
    n = len(marked)
    rows = np.where(marked, np.arange(n), n)
    return np.asarray(np.minimum.accumulate(rows[::-1])[::-1])


def _is_of(steps: AlarmSteps, rows: Index, others: Index) -> Bools:
    """Whether each row of ``others`` is there and of the same occurrence as that of ``rows``."""
    alarm = np.append(steps.alarm, [NO_ALARM])
    return np.asarray(alarm[others] == alarm[rows])


def _when(steps: AlarmSteps, rows: Index, there: Bools) -> Int64s:
    at_ns = np.append(steps.at_ns, [NEVER_NS])
    return np.where(there, at_ns[rows], NEVER_NS)
