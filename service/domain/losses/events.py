"""Downtime events: stretches of lost or unknown minutes, with their reason and their tonnes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.domain.arrays import Float64s
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.losses.entries import NOT_SAID, ReasonEntry, paint
from service.domain.losses.masks import changes
from service.domain.losses.neighbours import (
    CAUSES,
    NOBODY,
    Attributed,
    CauseSettings,
    attribute,
)
from service.domain.losses.reasons import LossKind, Reason, default_reason
from service.domain.losses.states import DETECTION, Detection, StageStates, State, judge_units
from service.domain.losses.units import StageMinutes

KIND = {
    State.SLOW: LossKind.SLOW,
    State.STOPPED: LossKind.STOPPED,
    State.STARVED: LossKind.STARVED,
    State.BLOCKED: LossKind.BLOCKED,
    State.UNKNOWN: LossKind.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One stretch of a unit's time, [start_ns, end_ns), of one kind and one reason.

    because_of: the stage that starved or blocked it. lost_kg: the unit's share of what was due less
    what it made, in kg of the stage's output; lost_finished_kg: the same as finished product. Both
    None for UNKNOWN: what was not seen is not a loss. began_before: it had begun when the window
    did. open: it still lasted when the window ended. said: the statement that gave the reason; None
    for the kind's default.
    """

    unit: str
    stage: str
    kind: LossKind
    start_ns: int
    end_ns: int
    reason: Reason
    because_of: str | None
    lost_kg: float | None
    lost_finished_kg: float | None
    began_before: bool
    open: bool
    said: ReasonEntry | None

    @property
    def duration_h(self) -> float:
        """Hours that it lasted within the window."""
        return (self.end_ns - self.start_ns) / HOUR_NS

    def minutes_in(self, minutes: StageMinutes) -> slice:
        """Its columns in ``minutes``."""
        first = minutes.first_minute
        return slice(self.start_ns // MINUTE_NS - first, self.end_ns // MINUTE_NS - first)


@dataclass(frozen=True)
class StageLosses:
    """A stage's minutes, their states, and the events in them, by unit and time."""

    minutes: StageMinutes
    attributed: Attributed
    events: tuple[Event, ...]


def find_losses(
    line: Sequence[StageMinutes],
    feeds: Mapping[str, Sequence[str]],
    *,
    entries: Sequence[ReasonEntry] = (),
    fill: Mapping[str, Float64s] | None = None,
    detection: Detection | Mapping[str, Detection] = DETECTION,
    causes: CauseSettings = CAUSES,
) -> dict[str, StageLosses]:
    """The downtime events of every stage of ``line``, from minutes alone.

    line: all stages over the same minutes (ValueError otherwise). feeds, fill, causes: see
    ``neighbours.attribute``. entries: what operators said; an event is cut where a statement begins
    or ends. detection: for all stages, or by stage.
    """
    if len({(m.first_minute, len(m.planned)) for m in line}) > 1:
        spans = ", ".join(f"{m.stage} {m.first_minute} + {len(m.planned)}" for m in line)
        raise ValueError(f"all stages need the same minutes; came {spans}")
    judged = [judge_units(m, _of(detection, m.stage)) for m in line]
    found = attribute(judged, feeds, fill=fill, settings=causes)
    return {
        a.states.minutes.stage: StageLosses(a.states.minutes, a, tuple(_events(a, entries)))
        for a in found
    }


def explained(losses: StageLosses, entries: Sequence[ReasonEntry]) -> StageLosses:
    """The same losses with what operators said: ``entries`` in place of those of before."""
    return replace(losses, events=tuple(_events(losses.attributed, entries)))


def within(
    losses: StageLosses, first: int, end: int, entries: Sequence[ReasonEntry] = ()
) -> StageLosses:
    """The losses of the minutes [first, end) of a window; events are cut there."""
    whole, found = losses.minutes, losses.attributed
    minutes = StageMinutes(
        whole.stage,
        whole.finished_eq,
        whole.units,
        whole.first_minute + first,
        whole.kg[:, first:end],
        whole.due_kg[:, first:end],
        whole.planned[first:end],
        whole.idle[:, first:end],
    )
    states = StageStates(minutes, found.states.state[:, first:end], found.states.made[:, first:end])
    part = Attributed(states, found.state[:, first:end], found.because[:, first:end], found.stages)
    return StageLosses(minutes, part, tuple(_events(part, entries)))


def root_stage(losses: Mapping[str, StageLosses], event: Event) -> str:
    """The stage at which the chain of starving and blocking that led to ``event`` began."""
    stage, at_ns, passed = event.stage, event.start_ns, {event.stage}
    cause = event.because_of
    while cause is not None and cause not in passed:
        stage = cause
        passed.add(stage)
        cause = _cause_at(losses[stage], at_ns)
    return stage


def _cause_at(losses: StageLosses, at_ns: int) -> str | None:
    """The neighbour that most of the stage's held-up due had to wait for at ``at_ns``."""
    column = at_ns // MINUTE_NS - losses.minutes.first_minute
    because = losses.attributed.because[:, column]
    waiting = because != NOBODY
    own = losses.attributed.state[:, column] == State.STOPPED
    due = losses.minutes.due_kg[:, column]
    if not waiting.any() or due[own].sum() > due[waiting].sum():
        return None
    names, at = np.unique(because[waiting], return_inverse=True)
    share = np.bincount(at, weights=due[waiting])
    return losses.attributed.stages[int(names[np.argmax(share)])]


def _events(attributed: Attributed, entries: Sequence[ReasonEntry]) -> list[Event]:
    minutes = attributed.states.minutes
    n = len(minutes.planned)
    events = []
    for at, unit in enumerate(minutes.units):
        said = paint(entries, unit.id, first_minute=minutes.first_minute, n_minutes=n)
        state = attributed.state[at].astype(np.int64)
        because = attributed.because[at].astype(np.int64)
        lost = np.where(minutes.known[at], minutes.due_kg[at] - minutes.kg[at], 0.0)
        width = len(attributed.stages) + 1
        code = (state * width + because + 1) * (len(entries) + 1) + said + 1
        for a, b in zip(*changes(code), strict=True):
            kind = KIND.get(State(int(state[a])))
            if kind is None:
                continue
            entry = entries[int(said[a])] if said[a] != NOT_SAID else None
            reason = entry.reason if entry is not None and entry.reason else default_reason(kind)
            cause = attributed.stages[int(because[a])] if because[a] != NOBODY else None
            kg = None if kind is LossKind.UNKNOWN else float(lost[a:b].sum())
            events.append(
                Event(
                    unit.id, minutes.stage, kind,
                    (minutes.first_minute + int(a)) * MINUTE_NS,
                    (minutes.first_minute + int(b)) * MINUTE_NS,
                    reason, cause, kg, None if kg is None else kg * minutes.finished_eq,
                    began_before=bool(a == 0), open=bool(b == n), said=entry,
                )
            )  # fmt: skip
    return events


def _of(detection: Detection | Mapping[str, Detection], stage: str) -> Detection:
    return detection if isinstance(detection, Detection) else detection.get(stage, DETECTION)
