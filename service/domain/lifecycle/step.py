"""What the process does to an alarm: one input at one instant.

A transition happens at the instant at which its delay ran out, whenever that is computed, and its
id is a hash of what it is; so replaying changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Input,
    Phase,
    Quiet,
    Silence,
    Transition,
    TransitionKind,
)


def evaluate(
    definition: AlarmDefinition,
    state: AlarmState,
    input: Input,  # noqa: A002  the design's own word
    now_ns: int,
    *,
    value: float | None = None,
    explain: Callable[[], str] | None = None,
    silence: Callable[[], Silence | None] | None = None,
) -> tuple[AlarmState, tuple[Transition, ...]]:
    """The next state and the transitions on the way, for ``input`` as it is at ``now_ns``.

    The same input may be given again at any later instant to let a delay run out. Unknown holds the
    state and drops a delay that was running: evidence for a change has to be unbroken. explain:
    asked, when the alarm is raised, for what is to be said with it. silence: asked then whether
    anything but the state itself keeps people from being called.

    A return is told to those who were told that the alarm stands, and only to them. Where nobody
    was called, nobody has to acknowledge: such an alarm is over when it returns, or latched.
    """
    if input is Input.UNKNOWN:
        return replace(state, pending_ns=None), ()
    against = (input is Input.TRUE) != state.stands
    if not against:
        return replace(state, pending_ns=None), ()
    since_ns = now_ns if state.pending_ns is None else state.pending_ns
    due_ns = since_ns + (definition.off_delay_ns if state.stands else definition.on_delay_ns)
    if now_ns < due_ns:
        return replace(state, pending_ns=since_ns), ()
    if state.stands:
        return _return(definition, state, due_ns, value)
    said = explain() if explain is not None else None
    hushed = state.held or silence_of(definition, silence)
    return _raise(definition, state, due_ns, value, said, hushed)


def silence_of(
    definition: AlarmDefinition, silence: Callable[[], Silence | None] | None
) -> Silence | None:
    """Why nobody is to be called, apart from what the state holds; None when they are."""
    if definition.handling.shadow:
        return Silence(Quiet.SHADOW, definition.rule)
    return None if silence is None else silence()


def over(state: AlarmState) -> AlarmState:
    """``state`` once its occurrence is over; what holds the alarm goes on, and so does a delay."""
    return replace(
        state,
        phase=Phase.NORMAL,
        alarm=None,
        untold=None,
        root=None,
        owed=False,
        call=None,
    )


def latches(definition: AlarmDefinition, state: AlarmState) -> bool:
    """Whether the alarm stays when it has returned; on trial it keeps nobody busy."""
    on_trial = state.untold is not None and state.untold.quiet is Quiet.SHADOW
    return definition.handling.latching and not on_trial


def step(
    definition: AlarmDefinition,
    alarm: str | None,
    kind: TransitionKind,
    at_ns: int,
    *,
    value: float | None = None,
    by: str | None = None,
    comment: str | None = None,
    silence: Silence | None = None,
    told_apart_by: tuple[object, ...] = (),
) -> Transition:
    """One transition with its id. told_apart_by: what else tells it from another at the same
    instant."""
    return Transition(
        id=hashed(definition.version, definition.id, at_ns, kind, *told_apart_by),
        alarm=alarm,
        definition=definition.id,
        kind=kind,
        at_ns=at_ns,
        value=value,
        by=by,
        comment=comment,
        quiet=None if silence is None else silence.quiet,
        quiet_by=None if silence is None else silence.by,
    )


def occurrence(definition: AlarmDefinition, at_ns: int) -> str:
    """The id of the occurrence that begins when the alarm is raised at ``at_ns``."""
    return hashed(definition.version, definition.id, at_ns, "alarm")


def hashed(*parts: object) -> str:
    """128 bits of SHA-256 in hex."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def _raise(
    definition: AlarmDefinition,
    state: AlarmState,
    at_ns: int,
    value: float | None,
    comment: str | None,
    silence: Silence | None,
) -> tuple[AlarmState, tuple[Transition, ...]]:
    alarm = state.alarm or occurrence(definition, at_ns)
    raised = step(
        definition, alarm, TransitionKind.RAISED, at_ns,
        value=value, comment=comment, silence=silence,
    )  # fmt: skip
    after = replace(
        state,
        phase=Phase.UNACKNOWLEDGED,
        pending_ns=None,
        alarm=alarm,
        untold=silence,
        owed=silence is not None and state.phase is Phase.RETURNED,
        call=None,
    )
    return after, (raised,)


def _return(
    definition: AlarmDefinition, state: AlarmState, at_ns: int, value: float | None
) -> tuple[AlarmState, tuple[Transition, ...]]:
    if state.alarm is None:
        raise ValueError(f"alarm {definition.id} stands without an occurrence id")
    returned = step(
        definition, state.alarm, TransitionKind.RETURNED, at_ns, value=value, silence=state.untold
    )
    called = (state.untold is None and state.held is None) or state.owed
    if state.phase is Phase.UNACKNOWLEDGED and called:
        after = replace(
            state,
            phase=Phase.RETURNED,
            pending_ns=None,
            untold=None,
            owed=False,
            call=None,
        )
        return after, (returned,)
    if latches(definition, state):
        return replace(state, phase=Phase.LATCHED, pending_ns=None, call=None), (returned,)
    cleared = step(definition, state.alarm, TransitionKind.CLEARED, at_ns, silence=state.untold)
    return over(replace(state, pending_ns=None)), (returned, cleared)
