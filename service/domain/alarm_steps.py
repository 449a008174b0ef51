"""Transitions of alarms in columns, and what became of each raise and each occurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import Priority, Quiet, TransitionKind
from service.domain.arrays import Bools, Int32s, Int64s, UInt8s

KINDS = tuple(TransitionKind)
QUIETS: tuple[Quiet | None, ...] = (None, *Quiet)
"""By the numbers of the columns ``kind`` and ``quiet``."""
NEVER_NS = int(np.iinfo(np.int64).max)
"""Of what has not happened."""
NO_ALARM = -1

StepRow = tuple[str, int, str | None, TransitionKind, Quiet | None, Priority | None]
"""Definition, at_ns, occurrence, kind, quiet, priority."""


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
    """Columns of ``rows``, which are in order."""
    definitions = {name: at for at, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    alarms = {name: at for at, name in enumerate(dict.fromkeys(row[2] for row in rows if row[2]))}
    kinds = {kind: at for at, kind in enumerate(KINDS)}
    quiets = {quiet: at for at, quiet in enumerate(QUIETS)}
    return AlarmSteps(
        tuple(definitions),
        np.array([row[1] for row in rows], np.int64),
        np.array([definitions[row[0]] for row in rows], np.int32),
        np.array([alarms[row[2]] if row[2] else NO_ALARM for row in rows], np.int32),
        np.array([kinds[row[3]] for row in rows], np.uint8),
        np.array([quiets[row[4]] for row in rows], np.uint8),
        np.array([row[5] or 0 for row in rows], np.uint8),
    )


def stands_of(steps: AlarmSteps) -> Stands:
    """Every stretch that begins within ``steps``."""
    raised = np.flatnonzero(steps.of_kind(TransitionKind.RAISED) & (steps.alarm != NO_ALARM))
    ends = steps.of_kind(TransitionKind.RETURNED, TransitionKind.CLEARED)
    called = np.full(len(raised), NEVER_NS, np.int64)
    returned = called.copy()
    place_of = {int(row): place for place, row in enumerate(raised)}
    open_of: dict[int, int] = {}
    marks = zip(
        steps.at_ns.tolist(), steps.alarm.tolist(), steps.calls.tolist(), ends.tolist(), strict=True
    )
    for row, (at_ns, alarm, calls, over) in enumerate(marks):
        if row in place_of:
            open_of[alarm] = place_of[row]
        place = open_of.get(alarm)
        if place is None:
            continue
        if calls and called[place] == NEVER_NS:
            called[place] = at_ns
        if over:
            returned[place] = at_ns
            del open_of[alarm]
    return Stands(
        steps.at_ns[raised], steps.definition[raised], steps.quiet[raised], called, returned
    )


def answers_of(steps: AlarmSteps) -> Answers:
    """Every occurrence with a call within ``steps``. An acknowledgement before the first call is
    none of that call."""
    called: dict[int, int] = {}
    answered: dict[int, int] = {}
    acknowledged = steps.of_kind(TransitionKind.ACKNOWLEDGED)
    marks = zip(
        steps.at_ns.tolist(),
        steps.alarm.tolist(),
        steps.calls.tolist(),
        acknowledged.tolist(),
        strict=True,
    )
    for at_ns, alarm, calls, seen in marks:
        if calls and alarm != NO_ALARM:
            called.setdefault(alarm, at_ns)
        elif seen and alarm in called:
            answered.setdefault(alarm, at_ns)
    return Answers(
        np.array(list(called.values()), np.int64),
        np.array([answered.get(alarm, NEVER_NS) for alarm in called], np.int64),
    )
