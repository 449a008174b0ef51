"""Whether a unit stopped by itself, or because its neighbours along the line left it no choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.arrays import Bools, Float64s, Int8s, Int64s
from service.domain.losses.masks import stretches
from service.domain.losses.states import StageStates, State

NOBODY = -1
DOWN = (State.IDLE, State.STOPPED, State.STARVED, State.BLOCKED)


@dataclass(frozen=True, slots=True)
class CauseSettings:
    """When a neighbour is held to be the cause.

    held_share: a stage is held up while units with this share of its due stand still.
    empty_share, full_share: fill at which a buffer counts as empty, or full.
    look_min: how long after a stop began a buffer's fill is looked at, and the shortest rest of a
    stop that is told apart.
    recover_min: how long after a neighbour went on again a stop may still be its doing; the rest is
    the unit's own.
    """

    held_share: float = 0.5
    empty_share: float = 0.02
    full_share: float = 0.98
    look_min: int = 5
    recover_min: int = 30


CAUSES = CauseSettings()


@dataclass(frozen=True)
class Attributed:
    """The states of a stage with starved and blocked minutes told apart.

    because: (U, M), position of the stage that caused a minute in ``stages``, or NOBODY.
    """

    states: StageStates
    state: Int8s
    because: NDArray[np.int16]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cause:
    state: State
    stage: int
    until: int


@dataclass(frozen=True)
class _Side:
    """The stages on one side of a stage: what they do to it, and how that shows.

    bound: for each of ``stages`` whether the buffer between is at its bound (empty before, full
    behind), and whether its fill is known; both (M,).
    """

    state: State
    stages: tuple[int, ...]
    held: tuple[Bools, ...]
    bound: tuple[tuple[Bools, Bools], ...]


def attribute(
    line: Sequence[StageStates],
    feeds: Mapping[str, Sequence[str]],
    *,
    fill: Mapping[str, Float64s] | None = None,
    settings: CauseSettings = CAUSES,
) -> tuple[Attributed, ...]:
    """Starved and blocked minutes of every stage of ``line``, all over the same minutes.

    feeds: stage -> the stages that take its output. fill: stage -> fill of the buffer behind it,
    (M,), 0 to 1, NaN where unknown; without it only the neighbours' own stops tell.

    A stop is starved when the buffer before it was empty as it began, or, where the fill is not
    known, when the stage before it was held up earlier and still is while the unit's own stage is
    held up too. Blocked likewise, with the stage behind it and a full buffer. Of two neighbours the
    one that was held up last is the cause. A slow stretch is starved or blocked only by the fill.
    """
    names = tuple(s.minutes.stage for s in line)
    levels = fill or {}
    held = [_held(s, settings.held_share) for s in line]
    found = []
    for at, states in enumerate(line):
        before = tuple(n for n, name in enumerate(names) if names[at] in feeds.get(name, ()))
        behind = tuple(n for n, name in enumerate(names) if name in feeds.get(names[at], ()))
        n = states.state.shape[1]
        own = levels.get(names[at], np.full(n, np.nan))
        starving = tuple(_at_most(levels.get(names[b]), settings.empty_share, n) for b in before)
        blocking = tuple((own >= settings.full_share, ~np.isnan(own)) for _ in behind)
        sides = (
            _Side(State.STARVED, before, tuple(held[b] for b in before), starving),
            _Side(State.BLOCKED, behind, tuple(held[b] for b in behind), blocking),
        )
        found.append(_attribute(states, held[at], sides, names, settings))
    return tuple(found)


def _attribute(
    states: StageStates,
    held: Bools,
    sides: tuple[_Side, ...],
    names: tuple[str, ...],
    settings: CauseSettings,
) -> Attributed:
    state = states.state.copy()
    because = np.full(state.shape, NOBODY, np.int16)
    for unit in range(len(state)):
        for a, b in zip(*stretches(states.state[unit] == State.STOPPED), strict=True):
            for start, end, cause in _causes(int(a), int(b), held, sides, settings):
                state[unit, start:end] = cause.state
                because[unit, start:end] = cause.stage
        for a, b in zip(*stretches(states.state[unit] == State.SLOW), strict=True):
            slow = _slowed(int(a), int(b), sides)
            if slow is not None:
                state[unit, a:b] = slow.state
                because[unit, a:b] = slow.stage
    return Attributed(states, state, because, names)


def _causes(
    a: int, b: int, held: Bools, sides: tuple[_Side, ...], settings: CauseSettings
) -> Iterator[tuple[int, int, _Cause]]:
    """Which parts of the stop [a, b) are whose doing; what is left out is the unit's own."""
    while a < b:
        cause = _cause(a, b, held, sides, settings)
        if cause is None:
            return
        until = cause.until + settings.recover_min
        until = b if b - until < settings.look_min else until
        yield a, until, cause
        a = until


def _cause(
    a: int, b: int, held: Bools, sides: tuple[_Side, ...], settings: CauseSettings
) -> _Cause | None:
    near = slice(a, min(a + settings.look_min + 1, b))
    for side in sides:
        for stage, (bound, _) in zip(side.stages, side.bound, strict=True):
            if bound[near].any():
                return _Cause(side.state, stage, _until(bound, a + int(np.argmax(bound[near]))))
    if float(held[a:b].mean()) < 0.5:
        return None
    latest, found = -1, None
    for side in sides:
        for stage, stands, (_, known) in zip(side.stages, side.held, side.bound, strict=True):
            if not stands[a] or known[near].any():
                continue
            began = _since(stands, a)
            if latest < began < a:
                latest, found = began, _Cause(side.state, stage, _until(stands, a))
    return found


def _slowed(a: int, b: int, sides: tuple[_Side, ...]) -> _Cause | None:
    for side in sides:
        for stage, (bound, known) in zip(side.stages, side.bound, strict=True):
            if known[a:b].any() and 2 * bound[a:b].sum() >= known[a:b].sum():
                return _Cause(side.state, stage, b)
    return None


def _held(states: StageStates, share: float) -> Bools:
    """Where units with ``share`` of the stage's due stand still, among those that are seen."""
    due = states.minutes.due_kg
    down = np.where(np.isin(states.state, DOWN), due, 0.0).sum(axis=0)
    unseen = np.where(states.state == State.UNKNOWN, due, 0.0).sum(axis=0)
    every = due.sum(axis=0)
    return np.asarray((down >= share * (every - unseen)) & (down > 0.0) & (2 * unseen < every))


def _at_most(fill: Float64s | None, bound: float, n: int) -> tuple[Bools, Bools]:
    if fill is None:
        return np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    return np.asarray(fill <= bound), np.asarray(~np.isnan(fill))


def _since(mask: Bools, at: int) -> int:
    """First minute of the true stretch around ``at``."""
    before: Int64s = np.flatnonzero(~mask[:at])
    return int(before[-1]) + 1 if len(before) else 0


def _until(mask: Bools, at: int) -> int:
    """End of the true stretch around ``at``."""
    behind: Int64s = np.flatnonzero(~mask[at:])
    return at + int(behind[0]) if len(behind) else len(mask)
