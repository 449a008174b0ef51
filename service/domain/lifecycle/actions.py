"""What people do to an alarm, and what the plant's state does: acknowledge, shelve, suppress.

Shelving, suppression by design and being out of service are independent of each other and of the
process: each keeps people from being called, and the alarm goes on being judged beneath it. Once
the last of them ends, an alarm that still stands is unacknowledged and announced (ISA-18.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Hold,
    Phase,
    Silence,
    Transition,
    TransitionKind,
)
from service.domain.lifecycle.step import latches, over, silence_of, step

CONFIGURATION = "configuration"
"""Who ended an alarm whose rule is gone."""
RULE_GONE = "its rule does not apply any more"

Stepped = tuple[AlarmState, tuple[Transition, ...]]


class Impossible(ValueError):
    """The alarm's state does not allow the action; the message says why."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody has seen it and takes care of it."""

    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Lets a latched alarm go."""

    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Shelve:
    """Nobody is called until ``until_ns``; done again, the new time and reason count."""

    reason: str
    until_ns: int


@dataclass(frozen=True, slots=True)
class Unshelve:
    """Ends it before its time."""

    comment: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveFromService:
    """Nobody is called until somebody returns it to service."""

    reason: str


@dataclass(frozen=True, slots=True)
class ReturnToService:
    """Ends it."""

    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """Something worth knowing about it; changes nothing."""

    text: str


Action = Acknowledge | Reset | Shelve | Unshelve | RemoveFromService | ReturnToService | Comment


def act(
    definition: AlarmDefinition,
    state: AlarmState,
    action: Action,
    now_ns: int,
    *,
    by: str,
    silence: Callable[[], Silence | None] | None = None,
) -> Stepped:
    """The next state and the transitions when ``by`` does ``action``; Impossible when the state
    does not allow it. silence: asked whether anything but the state itself keeps people from being
    called."""
    match action:
        case Acknowledge():
            return _acknowledge(definition, state, now_ns, by, action.comment)
        case Reset():
            return _reset(definition, state, now_ns, by, action.comment)
        case Shelve():
            if action.until_ns <= now_ns:
                raise Impossible(f"alarm {definition.id}: the end of shelving is in the past")
            hold = Hold(now_ns, action.reason, by, action.until_ns)
            done = _deed(definition, state, TransitionKind.SHELVED, now_ns, by, action.reason)
            return replace(state, shelved=hold), (done,)
        case Unshelve():
            if state.shelved is None:
                raise Impossible(f"alarm {definition.id} is not shelved")
            kind, after = TransitionKind.UNSHELVED, replace(state, shelved=None)
        case RemoveFromService():
            if state.out_of_service is not None:
                raise Impossible(f"alarm {definition.id} is out of service already")
            hold = Hold(now_ns, action.reason, by)
            kind = TransitionKind.OUT_OF_SERVICE
            done = _deed(definition, state, kind, now_ns, by, action.reason)
            return replace(state, out_of_service=hold), (done,)
        case ReturnToService():
            if state.out_of_service is None:
                raise Impossible(f"alarm {definition.id} is in service")
            kind, after = TransitionKind.IN_SERVICE, replace(state, out_of_service=None)
        case Comment():
            return state, (comment(definition, state.alarm, now_ns, by=by, text=action.text),)
    done = _deed(definition, state, kind, now_ns, by, action.comment)
    after, called = announced(definition, after, now_ns, silence=silence)
    return after, (done, *called)


def suppress(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, *, reason: str
) -> Stepped:
    """Suppresses the alarm by design; nothing when it is so already. reason: the condition that
    makes it meaningless."""
    if state.suppressed is not None:
        return state, ()
    done = step(definition, state.alarm, TransitionKind.SUPPRESSED, now_ns, comment=reason)
    return replace(state, suppressed=Hold(now_ns, reason)), (done,)


def unsuppress(
    definition: AlarmDefinition,
    state: AlarmState,
    now_ns: int,
    *,
    silence: Callable[[], Silence | None] | None = None,
) -> Stepped:
    """Ends the suppression by design; nothing when there is none."""
    if state.suppressed is None:
        return state, ()
    reason = state.suppressed.reason
    done = step(definition, state.alarm, TransitionKind.UNSUPPRESSED, now_ns, comment=reason)
    after, called = announced(definition, replace(state, suppressed=None), now_ns, silence=silence)
    return after, (done, *called)


def announced(
    definition: AlarmDefinition,
    state: AlarmState,
    at_ns: int,
    *,
    silence: Callable[[], Silence | None] | None = None,
    comment: str | None = None,
) -> Stepped:
    """An alarm that was let out of what held it: where it stands, people are called; nothing where
    something else holds it still."""
    if not state.stands or state.held is not None or silence_of(definition, silence) is not None:
        return state, ()
    call = step(definition, state.alarm, TransitionKind.RERAISED, at_ns, comment=comment)
    return replace(state, phase=Phase.UNACKNOWLEDGED, untold=None, call=None), (call,)


def comment(
    definition: AlarmDefinition, alarm: str | None, now_ns: int, *, by: str, text: str
) -> Transition:
    """A comment on ``alarm``, which may be over; or on the definition."""
    return step(
        definition, alarm, TransitionKind.COMMENTED, now_ns,
        by=by, comment=text, told_apart_by=(alarm, by, text),
    )  # fmt: skip


def withdraw(definition: AlarmDefinition, state: AlarmState, now_ns: int) -> tuple[Transition, ...]:
    """The transitions that end an open alarm whose rule is gone; none when it is not open."""
    if state.alarm is None:
        return ()
    kinds = [TransitionKind.CLEARED]
    if state.stands:
        kinds.insert(0, TransitionKind.RETURNED)
    return tuple(
        step(
            definition, state.alarm, kind, now_ns,
            by=CONFIGURATION, comment=RULE_GONE, silence=state.untold,
        )
        for kind in kinds
    )  # fmt: skip


def _acknowledge(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, by: str, comment: str | None
) -> Stepped:
    if state.phase not in (Phase.UNACKNOWLEDGED, Phase.RETURNED) or state.alarm is None:
        raise Impossible(f"alarm {definition.id} is {state.phase}: there is nothing to acknowledge")
    done = step(
        definition, state.alarm, TransitionKind.ACKNOWLEDGED, now_ns,
        by=by, comment=comment, silence=state.untold,
    )  # fmt: skip
    if state.phase is Phase.UNACKNOWLEDGED:
        return replace(state, phase=Phase.ACKNOWLEDGED), (done,)
    if latches(definition, state):
        return replace(state, phase=Phase.LATCHED), (done,)
    return over(state), (done, _cleared(definition, state, now_ns))


def _reset(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, by: str, comment: str | None
) -> Stepped:
    if state.phase is not Phase.LATCHED:
        raise Impossible(
            f"alarm {definition.id} is {state.phase}: only what is latched, returned and "
            "acknowledged, is reset"
        )
    done = step(
        definition, state.alarm, TransitionKind.RESET, now_ns,
        by=by, comment=comment, silence=state.untold,
    )  # fmt: skip
    return over(state), (done, _cleared(definition, state, now_ns))


def _cleared(definition: AlarmDefinition, state: AlarmState, now_ns: int) -> Transition:
    return step(definition, state.alarm, TransitionKind.CLEARED, now_ns, silence=state.untold)


def _deed(
    definition: AlarmDefinition,
    state: AlarmState,
    kind: TransitionKind,
    now_ns: int,
    by: str,
    why: str | None,
) -> Transition:
    return step(definition, state.alarm, kind, now_ns, by=by, comment=why, told_apart_by=(by, why))
