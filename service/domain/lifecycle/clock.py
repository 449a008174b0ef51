"""What time alone does to an alarm, in processing time: shelving ends, people are called again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from service.domain.alarm import (
    AlarmDefinition,
    AlarmState,
    Call,
    Phase,
    Silence,
    Transition,
    TransitionKind,
)
from service.domain.handling import Handling
from service.domain.instants import seconds
from service.domain.lifecycle.actions import Stepped, announced
from service.domain.lifecycle.step import silence_of, step

EXPIRED = "its time was over"


def due_ns(definition: AlarmDefinition, state: AlarmState) -> int | None:
    """From when on time can do something to the alarm, 0 for whenever it is looked at; None while
    time alone changes nothing."""
    if state.shelved is not None:
        return state.shelved.until_ns
    if not state.stands or state.held is not None:
        return None
    if state.untold is not None and state.phase is Phase.UNACKNOWLEDGED:
        return 0
    realarm_s = definition.handling.realarm_s
    if definition.handling.escalate_s is None and realarm_s is None:
        return None
    if state.call is None:
        return 0
    due = [] if realarm_s is None else [state.call.last_ns + seconds(realarm_s)]
    escalates_ns = _escalates_ns(definition.handling, state.call)
    if escalates_ns is not None and state.phase is Phase.UNACKNOWLEDGED:
        due.append(escalates_ns)
    return min(due, default=None)


def pass_time(
    definition: AlarmDefinition,
    state: AlarmState,
    now_ns: int,
    *,
    silence: Callable[[], Silence | None] | None = None,
) -> Stepped:
    """The next state and the transitions on the way when it has become ``now_ns``.

    Shelving ends at its time, however late that is seen. An alarm that stands untold is announced
    as soon as nothing silences it, unless somebody acknowledged it meanwhile. One that was
    announced is so again every ``realarm_s``, which takes back an acknowledgement, and is escalated
    when nobody acknowledges within ``escalate_s``, as often as its handling says; both count from
    the first look at it, since an alarm that is found late must not be called overdue at once. Of
    several announcements that were missed only the last is made, of escalations each.
    """
    done: list[Transition] = []
    shelved = state.shelved
    if shelved is not None and shelved.until_ns is not None and shelved.until_ns <= now_ns:
        unshelved = step(
            definition, state.alarm, TransitionKind.UNSHELVED, shelved.until_ns, comment=EXPIRED
        )
        state, called = announced(
            definition, replace(state, shelved=None), now_ns, silence=silence, comment=EXPIRED
        )
        done += (unshelved, *called)
    if not state.stands or state.held is not None:
        return state, tuple(done)
    if silence_of(definition, silence) is not None:
        return state, tuple(done)
    if state.untold is not None and state.phase is Phase.UNACKNOWLEDGED:
        said = f"nobody was called until now: {state.untold.quiet}"
        state, called = announced(definition, state, now_ns, comment=said)
        done += called
    if due_ns(definition, state) is None:
        return state, tuple(done)
    if state.call is None or state.call.last_ns > now_ns:  # the clock was put back
        return replace(state, call=Call(now_ns, now_ns)), tuple(done)
    state, calls = _call(definition, state, state.call, now_ns)
    return state, (*done, *calls)


def _call(definition: AlarmDefinition, state: AlarmState, call: Call, now_ns: int) -> Stepped:
    done: list[Transition] = []
    realarm_s = definition.handling.realarm_s
    unanswered = state.phase is Phase.UNACKNOWLEDGED
    escalates_ns = _escalates_ns(definition.handling, call) if unanswered else None
    while escalates_ns is not None and escalates_ns <= now_ns:
        done.append(step(definition, state.alarm, TransitionKind.ESCALATED, escalates_ns))
        call = replace(call, escalated=call.escalated + 1)
        escalates_ns = _escalates_ns(definition.handling, call)
    if realarm_s is not None:
        every_ns = seconds(realarm_s)
        missed = (now_ns - call.last_ns) // every_ns
        if missed >= 1:
            due_ns = call.last_ns + missed * every_ns
            call = replace(call, last_ns=due_ns) if unanswered else Call(due_ns, due_ns)
            done.append(step(definition, state.alarm, TransitionKind.RERAISED, due_ns))
            state = replace(state, phase=Phase.UNACKNOWLEDGED, untold=None)
    return replace(state, call=call), tuple(sorted(done, key=lambda one: one.at_ns))


def _escalates_ns(handling: Handling, call: Call) -> int | None:
    """When nobody will have answered ``call`` for too long, once more; None when never."""
    if handling.escalate_s is None or call.escalated >= handling.escalate_times:
        return None
    return call.since_ns + (call.escalated + 1) * seconds(handling.escalate_s)
