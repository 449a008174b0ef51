"""Alarm: the life of one alarm after ISA-18.2, as a pure step from state to state.

``evaluate`` judges one input at one instant. A transition happens at the instant at which its
delay ran
out, whenever that is computed, and its id is a hash of what it is; so replaying changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum, StrEnum

from service.domain.handling import PLAIN, Handling


class Priority(IntEnum):
    """ISA-18.2 priorities; 1 is the most urgent."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4


class Input(Enum):
    """What a rule sees. UNKNOWN is not false: it holds the state."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """ISA-18.2 alarm states of this service."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Returned to normal, not yet acknowledged."""


class TransitionKind(StrEnum):
    RAISED = "raised"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class AlarmDefinition:
    """One alarm that can stand: a rule applied to one asset.

    id: ``rule:target``. version: hash of what the rule judges by, so that a changed rule makes new
    ids; its ``handling`` is no part of that.
    """

    id: str
    rule: str
    version: str
    kind: str
    priority: Priority
    asset: str
    on_delay_ns: int
    off_delay_ns: int
    message_en: str
    message_zh: str
    tag: str | None = None
    stage: str | None = None
    limit: float | None = None
    unit: str = ""
    handling: Handling = PLAIN


@dataclass(frozen=True, slots=True)
class AlarmState:
    """Where one alarm stands.

    pending_ns: since when the input has been against the state (true while clear, false while
    standing).
    alarm: id of the occurrence: that of the transition which raised it from normal.
    """

    phase: Phase = Phase.NORMAL
    pending_ns: int | None = None
    alarm: str | None = None

    @property
    def stands(self) -> bool:
        """Whether the condition is held to be true."""
        return self.phase in (Phase.UNACKNOWLEDGED, Phase.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of one alarm; ``at_ns`` is event time, ``by`` the person where a person did it."""

    id: str
    alarm: str
    definition: str
    kind: TransitionKind
    at_ns: int
    value: float | None = None
    by: str | None = None
    comment: str | None = None


NORMAL = AlarmState()

CONFIGURATION = "configuration"
"""Who ended an alarm whose rule is gone."""
RULE_GONE = "its rule does not apply any more"


def evaluate(
    definition: AlarmDefinition,
    state: AlarmState,
    input: Input,  # noqa: A002  the design's own word
    now_ns: int,
    *,
    value: float | None = None,
    explain: Callable[[], str] | None = None,
) -> tuple[AlarmState, tuple[Transition, ...]]:
    """The next state and the transitions on the way, for ``input`` as it is at ``now_ns``.

    The same input may be given again at any later instant to let a delay run out. Unknown holds the
    state and drops a delay that was running: evidence for a change has to be unbroken. explain:
    asked, when the alarm is raised, for what is to be said with it.
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
    return _raise(definition, state, due_ns, value, explain() if explain is not None else None)


def acknowledge(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, *, by: str, comment: str | None
) -> tuple[AlarmState, tuple[Transition, ...]]:
    """Acknowledges a standing or returned alarm; ValueError when there is nothing to
    acknowledge."""
    if state.phase not in (Phase.UNACKNOWLEDGED, Phase.RETURNED) or state.alarm is None:
        raise ValueError(f"alarm {definition.id} is {state.phase}: there is nothing to acknowledge")
    done = _transition(
        definition, state.alarm, TransitionKind.ACKNOWLEDGED, now_ns, by=by, comment=comment
    )
    if state.phase is Phase.UNACKNOWLEDGED:
        return replace(state, phase=Phase.ACKNOWLEDGED), (done,)
    cleared = _transition(definition, state.alarm, TransitionKind.CLEARED, now_ns)
    return NORMAL, (done, cleared)


def withdraw(definition: AlarmDefinition, state: AlarmState, now_ns: int) -> tuple[Transition, ...]:
    """The transitions that end an open alarm whose rule is gone; none when it is not open."""
    if state.alarm is None:
        return ()
    kinds = [TransitionKind.CLEARED]
    if state.stands:
        kinds.insert(0, TransitionKind.RETURNED)
    return tuple(
        _transition(definition, state.alarm, kind, now_ns, by=CONFIGURATION, comment=RULE_GONE)
        for kind in kinds
    )


def _raise(
    definition: AlarmDefinition,
    state: AlarmState,
    at_ns: int,
    value: float | None,
    comment: str | None,
) -> tuple[AlarmState, tuple[Transition, ...]]:
    alarm = state.alarm or _hash(definition.version, definition.id, at_ns, "alarm")
    raised = _transition(
        definition, alarm, TransitionKind.RAISED, at_ns, value=value, comment=comment
    )
    return AlarmState(Phase.UNACKNOWLEDGED, None, alarm), (raised,)


def _return(
    definition: AlarmDefinition, state: AlarmState, at_ns: int, value: float | None
) -> tuple[AlarmState, tuple[Transition, ...]]:
    if state.alarm is None:
        raise ValueError(f"alarm {definition.id} stands without an occurrence id")
    returned = _transition(definition, state.alarm, TransitionKind.RETURNED, at_ns, value=value)
    if state.phase is Phase.UNACKNOWLEDGED:
        return AlarmState(Phase.RETURNED, None, state.alarm), (returned,)
    cleared = _transition(definition, state.alarm, TransitionKind.CLEARED, at_ns)
    return NORMAL, (returned, cleared)


def _transition(
    definition: AlarmDefinition,
    alarm: str,
    kind: TransitionKind,
    at_ns: int,
    *,
    value: float | None = None,
    by: str | None = None,
    comment: str | None = None,
) -> Transition:
    return Transition(
        id=_hash(definition.version, definition.id, at_ns, kind),
        alarm=alarm,
        definition=definition.id,
        kind=kind,
        at_ns=at_ns,
        value=value,
        by=by,
        comment=comment,
    )


def _hash(*parts: object) -> str:
    """128 bits of SHA-256 in hex."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]
