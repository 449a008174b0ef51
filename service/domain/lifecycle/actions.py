"""What people do to an alarm, and what the plant's state does: acknowledge, shelve, suppress."""

from __future__ import annotations

from dataclasses import replace

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Hold,
    Phase,
    Transition,
    TransitionKind,
)
from service.domain.lifecycle.step import over, step

CONFIGURATION = "configuration"
"""Who ended an alarm whose rule is gone."""
RULE_GONE = "its rule does not apply any more"

Stepped = tuple[AlarmState, tuple[Transition, ...]]


def acknowledge(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, *, by: str, comment: str | None
) -> Stepped:
    """Acknowledges a standing or returned alarm; ValueError when there is nothing to
    acknowledge."""
    if state.phase not in (Phase.UNACKNOWLEDGED, Phase.RETURNED) or state.alarm is None:
        raise ValueError(f"alarm {definition.id} is {state.phase}: there is nothing to acknowledge")
    done = step(
        definition, state.alarm, TransitionKind.ACKNOWLEDGED, now_ns,
        by=by, comment=comment, silence=state.untold,
    )  # fmt: skip
    if state.phase is Phase.UNACKNOWLEDGED:
        return replace(state, phase=Phase.ACKNOWLEDGED), (done,)
    cleared = step(definition, state.alarm, TransitionKind.CLEARED, now_ns, silence=state.untold)
    return over(state), (done, cleared)


def suppress(
    definition: AlarmDefinition, state: AlarmState, now_ns: int, *, reason: str
) -> Stepped:
    """Suppresses the alarm by design; nothing when it is so already. reason: the condition that
    makes it meaningless."""
    if state.suppressed is not None:
        return state, ()
    done = step(definition, state.alarm, TransitionKind.SUPPRESSED, now_ns, comment=reason)
    return replace(state, suppressed=Hold(now_ns, reason)), (done,)


def unsuppress(definition: AlarmDefinition, state: AlarmState, now_ns: int) -> Stepped:
    """Ends the suppression by design; nothing when there is none."""
    if state.suppressed is None:
        return state, ()
    done = step(
        definition, state.alarm, TransitionKind.UNSUPPRESSED, now_ns,
        comment=state.suppressed.reason,
    )  # fmt: skip
    return replace(state, suppressed=None), (done,)


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
