"""What time alone does to an alarm: tables of (instant, what happens) and what is told when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Input,
    Priority,
    Quiet,
    Silence,
    Transition,
)
from service.domain.handling import Handling
from service.domain.instants import SECOND_NS
from service.domain.lifecycle.actions import Acknowledge, Shelve, act
from service.domain.lifecycle.clock import due_ns, pass_time
from service.domain.lifecycle.step import evaluate

T, F = Input.TRUE, Input.FALSE
ACK, LOOK, HUSH, SHELVE = "ack", "look", "hush", "shelve"
"""acknowledge · let time pass · let time pass while another alarm explains this one · for 60 s"""


def definition(handling: Handling) -> AlarmDefinition:
    return AlarmDefinition(
        "h:T", "h", "v1", "limit", Priority.HIGH, "CB", 0, 0, "high", "高", handling=handling
    )


Story = list[tuple[int, Input | str]]
AGAIN, UP, BOTH = Handling(realarm_s=100), Handling(escalate_s=30), Handling(
    realarm_s=100, escalate_s=30
)  # fmt: skip
STORIES: list[tuple[str, Handling, Story, list[tuple[str, int]]]] = [
    ("nothing is due before its time", BOTH, [(0, T), (1, LOOK), (30, LOOK)], [("raised", 0)]),
    ("escalated once", UP, [(0, T), (1, LOOK), (31, LOOK), (99, LOOK)],
     [("raised", 0), ("escalated", 31)]),
    ("at its time, seen late", UP, [(0, T), (1, LOOK), (77, LOOK)],
     [("raised", 0), ("escalated", 31)]),
    ("as often as its handling says", replace(UP, escalate_times=3),
     [(0, T), (1, LOOK), (31, LOOK), (60, LOOK), (61, LOOK), (150, LOOK), (400, LOOK)],
     [("raised", 0), ("escalated", 31), ("escalated", 61), ("escalated", 91)]),
    ("not once acknowledged", UP, [(0, T), (1, LOOK), (20, ACK), (99, LOOK)],
     [("raised", 0), ("acknowledged", 20)]),
    ("not once returned", UP, [(0, T), (1, LOOK), (20, F), (99, LOOK)],
     [("raised", 0), ("returned", 20)]),
    ("found hours late: nobody is late yet", UP, [(0, T), (9_000, LOOK), (9_029, LOOK)],
     [("raised", 0)]),
    ("told again, of several missed the last", AGAIN, [(0, T), (0, LOOK), (350, LOOK), (399, LOOK),
     (400, LOOK)], [("raised", 0), ("reraised", 300), ("reraised", 400)]),
    ("told again takes the acknowledgement back", AGAIN,
     [(0, T), (0, LOOK), (50, ACK), (100, LOOK), (120, ACK), (150, F), (151, LOOK)],
     [("raised", 0), ("acknowledged", 50), ("reraised", 100), ("acknowledged", 120),
      ("returned", 150), ("cleared", 150)]),
    ("and may be escalated anew", BOTH,
     [(0, T), (0, LOOK), (10, ACK), (100, LOOK), (130, LOOK)],
     [("raised", 0), ("acknowledged", 10), ("reraised", 100), ("escalated", 130)]),
    ("unanswered, telling again is no new start", BOTH,
     [(0, T), (0, LOOK), (30, LOOK), (100, LOOK), (131, LOOK)],
     [("raised", 0), ("escalated", 30), ("reraised", 100)]),
    ("both seen late come in their order", BOTH, [(0, T), (0, LOOK), (110, LOOK)],
     [("raised", 0), ("escalated", 30), ("reraised", 100)]),
    ("explained by another, nobody is called again", BOTH,
     [(0, T), (0, LOOK), (500, HUSH)], [("raised", 0)]),
    ("nor while it is shelved, and then anew", BOTH,
     [(0, T), (0, LOOK), (10, SHELVE), (69, LOOK), (70, LOOK), (99, LOOK), (100, LOOK)],
     [("raised", 0), ("shelved", 10), ("unshelved", 70), ("reraised", 70), ("escalated", 100)]),
    ("a clock that was put back starts anew", UP, [(1_000, T), (1_000, LOOK), (10, LOOK),
     (39, LOOK), (40, LOOK)], [("raised", 1_000), ("escalated", 40)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("handling", "story", "told"), [row[1:] for row in STORIES], ids=[row[0] for row in STORIES]
)
def test_what_time_does(handling: Handling, story: Story, told: list[tuple[str, int]]) -> None:
    _, seen = play(definition(handling), story)
    assert [(str(one.kind), one.at_ns // SECOND_NS) for one in seen] == told
    assert all(one.quiet is None for one in seen)
    assert len({one.id for one in seen}) == len(seen)


def test_what_stands_untold_is_announced_once_nothing_silences_it() -> None:
    plain = definition(Handling())
    by = Silence(Quiet.INHIBITED, "comms")
    state, raised = evaluate(plain, NORMAL, T, 0, silence=lambda: by)
    assert [(one.quiet, one.quiet_by) for one in raised] == [(Quiet.INHIBITED, "comms")]
    assert pass_time(plain, state, 5, silence=lambda: by) == (state, ())
    told, calls = pass_time(plain, state, 9, silence=lambda: None)
    assert [(str(one.kind), one.at_ns, one.quiet) for one in calls] == [("reraised", 9, None)]
    seen, _ = act(plain, state, Acknowledge(), 6, by="li")  # somebody found it by himself
    assert pass_time(plain, seen, 9, silence=lambda: None)[1] == ()
    _, returned = evaluate(plain, told, F, 12)
    assert [one.quiet for one in returned] == [None]
    _, returned = evaluate(plain, seen, F, 12)
    assert [one.quiet for one in returned] == [Quiet.INHIBITED] * 2


def test_what_people_were_told_of_is_acknowledged_though_it_came_again_in_silence() -> None:
    """Told, returned, and unacknowledged; then it chatters, and nobody is called."""
    plain, chatter = definition(Handling()), Silence(Quiet.CHATTERING)
    told, _ = evaluate(plain, evaluate(plain, NORMAL, T, 0)[0], F, 5)
    silent, _ = evaluate(plain, told, T, 6, silence=lambda: chatter)
    after, steps = evaluate(plain, silent, F, 7)
    assert after == told
    assert [(str(one.kind), one.quiet) for one in steps] == [("returned", Quiet.CHATTERING)]
    seen, _ = act(plain, silent, Acknowledge(), 7, by="li")
    after, _ = evaluate(plain, seen, F, 8)
    assert after == NORMAL


def test_what_time_can_do_to_an_alarm_is_known_before() -> None:
    for handling in (Handling(), AGAIN, UP, BOTH):
        one = definition(handling)
        assert due_ns(one, NORMAL) is None
        assert due_ns(one, act(one, NORMAL, Shelve("fouled", 5), 0, by="li")[0]) == 5
        for upto in range(7):
            story: Story = [(0, T), (0, LOOK), (30, LOOK), (60, ACK), (100, LOOK), (130, LOOK)]
            state, _ = play(one, story[:upto])
            due = due_ns(one, state)
            if due is None:
                assert pass_time(one, state, 10**15) == (state, ())
            elif due > 0:
                assert pass_time(one, state, due - 1) == (state, ())
                assert pass_time(one, state, due)[1] != ()


def play(one: AlarmDefinition, story: Story) -> tuple[AlarmState, list[Transition]]:
    state, seen = NORMAL, []
    for at_s, what in story:
        at_ns = at_s * SECOND_NS
        if isinstance(what, Input):
            state, done = evaluate(one, state, what, at_ns)
        elif what == ACK:
            state, done = act(one, state, Acknowledge(), at_ns, by="li")
        elif what == SHELVE:
            shelve = Shelve("fouled", at_ns + 60 * SECOND_NS)
            state, done = act(one, state, shelve, at_ns, by="li")
        else:
            by = Silence(Quiet.INHIBITED, "comms") if what == HUSH else None
            state, done = pass_time(one, state, at_ns, silence=lambda by=by: by)  # type: ignore[misc]
        seen += done
    return state, seen
