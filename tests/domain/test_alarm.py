"""The life of one alarm: state, input and time in; state and transitions out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Input,
    Phase,
    Priority,
    Transition,
)
from service.domain.lifecycle.actions import Acknowledge, act
from service.domain.lifecycle.step import evaluate

DEFINITION = AlarmDefinition(
    id="limit-hh:CB-L07B-TIC112.PV",
    rule="limit-hh",
    version="v1",
    kind="limit",
    priority=Priority.CRITICAL,
    asset="CB-L07B",
    on_delay_ns=10,
    off_delay_ns=5,
    message_en="Zone 12 above HH",
    message_zh="12区高于高高限",
)
T, F, U = Input.TRUE, Input.FALSE, Input.UNKNOWN
ACK = "ack"


def play(steps: list[tuple[int, Input | str]]) -> tuple[AlarmState, list[tuple[str, int]]]:
    """Final state and (kind, event time) of every transition."""
    state = NORMAL
    seen: list[Transition] = []
    for now, step in steps:
        if isinstance(step, Input):
            state, transitions = evaluate(DEFINITION, state, step, now)
        else:
            state, transitions = act(DEFINITION, state, Acknowledge(), now, by="li")
        seen += transitions
    return state, [(str(t.kind), t.at_ns) for t in seen]


RAISED, RETURNED, ACKED, CLEARED = "raised", "returned", "acknowledged", "cleared"

LIFE = [
    ("shorter than its delay", [(0, T), (9, F)], Phase.NORMAL, []),
    ("as long as its delay", [(0, T), (10, T)], Phase.UNACKNOWLEDGED, [(RAISED, 10)]),
    ("computed late, at its own time", [(0, T), (99, T)], Phase.UNACKNOWLEDGED, [(RAISED, 10)]),
    ("unknown holds the state", [(0, T), (10, T), (20, U), (99, U)], Phase.UNACKNOWLEDGED,
     [(RAISED, 10)]),
    ("unknown drops a running delay", [(0, T), (5, U), (8, T), (12, T)], Phase.NORMAL, []),
    ("returns after the off-delay", [(0, T), (10, T), (20, F), (25, F)], Phase.RETURNED,
     [(RAISED, 10), (RETURNED, 25)]),
    ("comes back within the off-delay", [(0, T), (10, T), (20, F), (24, T), (40, T)],
     Phase.UNACKNOWLEDGED, [(RAISED, 10)]),
    ("acknowledged, then returned: cleared", [(0, T), (10, T), (11, ACK), (20, F), (25, F)],
     Phase.NORMAL, [(RAISED, 10), (ACKED, 11), (RETURNED, 25), (CLEARED, 25)]),
    ("returned, then acknowledged: cleared", [(0, T), (10, T), (20, F), (25, F), (30, ACK)],
     Phase.NORMAL, [(RAISED, 10), (RETURNED, 25), (ACKED, 30), (CLEARED, 30)]),
    ("raised again while returned",
     [(0, T), (10, T), (20, F), (25, F), (30, T), (40, T)],
     Phase.UNACKNOWLEDGED, [(RAISED, 10), (RETURNED, 25), (RAISED, 40)]),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "phase", "seen"), [row[1:] for row in LIFE],
                         ids=[row[0] for row in LIFE])  # fmt: skip
def test_life(
    steps: list[tuple[int, Input | str]], phase: Phase, seen: list[tuple[str, int]]
) -> None:
    state, transitions = play(steps)
    assert state.phase is phase
    assert transitions == seen


@pytest.mark.parametrize("state", [NORMAL, AlarmState(Phase.ACKNOWLEDGED, None, "a")])
def test_there_must_be_something_to_acknowledge(state: AlarmState) -> None:
    with pytest.raises(ValueError, match="nothing to acknowledge"):
        act(DEFINITION, state, Acknowledge(), 1, by="li")


@given(
    inputs=st.lists(st.sampled_from(Input), max_size=40),
    repeats=st.lists(st.integers(1, 4), min_size=40, max_size=40),
)
def test_judging_more_often_or_again_makes_the_same_transitions(
    inputs: list[Input], repeats: list[int]
) -> None:
    def ids(times: list[int]) -> list[str]:
        state, found = NORMAL, []
        for at, input_ in enumerate(inputs):
            for part in range(times[at]):
                state, transitions = evaluate(DEFINITION, state, input_, at * 4 + part)
                found += [t.id for t in transitions]
        return found

    once = ids([4] * 40)
    assert ids([4] * 40) == once
    assert len(set(once)) == len(once)
    # Judged seldom, transitions come at the same instants, though the last may not be seen yet.
    seldom = ids(repeats)
    assert len(seldom) <= len(once)
