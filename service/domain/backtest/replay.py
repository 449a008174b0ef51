"""An alarm's transitions over a past: the step of ``service.domain.alarm``, taken only at minutes
at which it can change anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from service.domain.alarm import NORMAL, AlarmDefinition, AlarmState, Transition
from service.domain.arrays import Bools, Index
from service.domain.backtest.inputs import Inputs
from service.domain.instants import MINUTE_NS
from service.domain.judge import FALSE, INPUT_OF, TRUE
from service.domain.lifecycle.step import evaluate


def replay(
    definition: AlarmDefinition, inputs: Inputs, state: AlarmState = NORMAL
) -> tuple[AlarmState, tuple[Transition, ...]]:
    """The state after the last minute, and every transition on the way; what ``evaluate`` gives
    when it is called at every minute.

    Between two minutes at which the evidence against the state comes or goes, nothing happens but
    that a delay runs out.
    """
    found: list[Transition] = []
    turns = {False: _turns(inputs.clear == TRUE), True: _turns(inputs.standing == FALSE)}
    n = len(inputs.end_ns)
    at = 0
    while at < n:
        standing = state.stands
        code = inputs.standing[at] if standing else inputs.clear[at]
        value = float(inputs.value[at])
        state, steps = evaluate(
            definition,
            state,
            INPUT_OF[code],
            int(inputs.end_ns[at]),
            value=None if math.isnan(value) else value,
            explain=_explain(inputs, at),
        )
        found += steps
        if state.stands != standing:
            at += 1  # from here on the other threshold applies
            continue
        following = turns[standing]
        place = int(np.searchsorted(following, at, "right"))
        turn = int(following[place]) if place < len(following) else n
        at = min(turn, _due(definition, state, inputs, at, n))
    return state, tuple(found)


def _explain(inputs: Inputs, at: int) -> Callable[[], str] | None:
    if inputs.explain is None:
        return None
    return partial(inputs.explain, int(inputs.end_ns[at]))


def _due(definition: AlarmDefinition, state: AlarmState, inputs: Inputs, at: int, n: int) -> int:
    """The minute after ``at`` at which a running delay has run out; ``n`` when none runs."""
    if state.pending_ns is None:
        return n
    delay_ns = definition.off_delay_ns if state.stands else definition.on_delay_ns
    left_ns = state.pending_ns + delay_ns - int(inputs.end_ns[at])
    return at + max(-(-left_ns // MINUTE_NS), 1)


def _turns(against: Bools) -> Index:
    """Minutes at which ``against`` differs from the minute before."""
    return np.flatnonzero(against[1:] != against[:-1]) + 1
