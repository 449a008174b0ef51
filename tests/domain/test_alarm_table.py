"""The states of ISA-18.2 as a table: where each event leads from each state, and what it tells.

A normal · B unacknowledged · C acknowledged · D returned to normal, unacknowledged · E latched,
unacknowledged · F latched, acknowledged · G shelved · H suppressed by design · I out of service.
The standard puts G, H and I in the place of the others; here the process goes on beneath them, so
``G:B`` is a shelved alarm whose condition is true.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Input,
    Phase,
    Priority,
    Transition,
    TransitionKind,
)
from service.domain.handling import Handling
from service.domain.lifecycle.actions import (
    Acknowledge,
    Action,
    Comment,
    Impossible,
    RemoveFromService,
    Reset,
    ReturnToService,
    Shelve,
    Unshelve,
    act,
    suppress,
    unsuppress,
)
from service.domain.lifecycle.clock import pass_time
from service.domain.lifecycle.step import evaluate

PLAIN = AlarmDefinition(
    "hh:TIC112", "hh", "v1", "limit", Priority.CRITICAL, "CB-L07B", 0, 0, "above HH", "高于高高限"
)
LATCHING = replace(PLAIN, handling=Handling(latching=True))
FOREVER = 10**9
ACTIONS: dict[str, Action] = {
    "acknowledge": Acknowledge("seen"),
    "reset": Reset(),
    "shelve": Shelve("fouled", FOREVER),
    "unshelve": Unshelve(),
    "remove": RemoveFromService("sensor out"),
    "return to service": ReturnToService(),
    "comment": Comment("ordered a new one"),
}
REACHED = {
    "A": [], "B": ["true"], "C": ["true", "acknowledge"], "D": ["true", "false"],
    "E": ["true", "false"], "F": ["true", "false", "acknowledge"],
    "G:A": ["shelve"], "G:B": ["true", "shelve"], "G:C": ["true", "acknowledge", "shelve"],
    "G:D": ["true", "false", "shelve"],
    "H:A": ["suppress"], "H:B": ["true", "suppress"],
    "I:A": ["remove"], "I:B": ["true", "remove"],
    "G:F": ["true", "false", "acknowledge", "shelve"],
}  # fmt: skip

# What is told to nobody stands in brackets; what is not possible is "no".
TABLE = """
from | event             | to  | transitions
A    | true              | B   | raised
A    | false             | A   |
A    | unknown           | A   |
A    | acknowledge       | no  |
A    | reset             | no  |
A    | shelve            | G:A | shelved
A    | suppress          | H:A | suppressed
A    | remove            | I:A | out_of_service
A    | unshelve          | no  |
A    | return to service | no  |
A    | comment           | A   | commented
B    | true              | B   |
B    | false             | D   | returned
B    | unknown           | B   |
B    | acknowledge       | C   | acknowledged
B    | reset             | no  |
B    | shelve            | G:B | shelved
B    | suppress          | H:B | suppressed
B    | remove            | I:B | out_of_service
B    | comment           | B   | commented
C    | true              | C   |
C    | false             | A   | returned cleared
C    | unknown           | C   |
C    | acknowledge       | no  |
C    | shelve            | G:C | shelved
D    | true              | B   | raised
D    | false             | D   |
D    | unknown           | D   |
D    | acknowledge       | A   | acknowledged cleared
D    | reset             | no  |
D    | shelve            | G:D | shelved
E    | true              | B   | raised
E    | false             | E   |
E    | unknown           | E   |
E    | acknowledge       | F   | acknowledged
E    | reset             | no  |
F    | true              | B   | raised
F    | false             | F   |
F    | unknown           | F   |
F    | acknowledge       | no  |
F    | reset             | A   | reset cleared
F    | shelve            | G:F | shelved
G:A  | true              | G:B | (raised)
G:A  | shelve            | G:A | shelved
G:A  | unshelve          | A   | unshelved
G:A  | time              | A   | unshelved
G:A  | suppress          | H:A | suppressed
G:B  | unknown           | G:B |
G:B  | acknowledge       | G:C | acknowledged
G:B  | false             | G:A | returned cleared
G:B  | unshelve          | B   | unshelved reraised
G:B  | time              | B   | unshelved reraised
G:C  | false             | G:A | returned cleared
G:C  | unshelve          | B   | unshelved reraised
G:C  | time              | B   | unshelved reraised
G:D  | true              | G:B | (raised)
G:D  | acknowledge       | G:A | acknowledged cleared
G:D  | unshelve          | D   | unshelved
G:D  | time              | D   | unshelved
G:F  | true              | G:B | (raised)
G:F  | reset             | G:A | reset cleared
G:F  | unshelve          | F   | unshelved
H:A  | true              | H:B | (raised)
H:A  | suppress          | H:A |
H:A  | unsuppress        | A   | unsuppressed
H:B  | false             | H:A | returned cleared
H:B  | unsuppress        | B   | unsuppressed reraised
H:B  | unknown           | H:B |
I:A  | true              | I:B | (raised)
I:A  | remove            | no  |
I:A  | return to service | A   | in_service
I:B  | false             | I:A | returned cleared
I:B  | return to service | B   | in_service reraised
I:B  | time              | I:B |
I:B  | unknown           | I:B |
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()[1:]]


@pytest.mark.parametrize(
    ("start", "event", "end", "told"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS]
)
def test_every_row_of_the_table(start: str, event: str, end: str, told: str) -> None:
    definition = LATCHING if start[-1] in "EF" else PLAIN
    state = NORMAL
    for at_ns, one in enumerate(REACHED[start]):
        state, _ = happen(definition, state, one, at_ns)
    assert letters(definition, state) == start
    if end == "no":
        with pytest.raises(Impossible):
            happen(definition, state, event, 100)
        return
    after, transitions = happen(definition, state, event, FOREVER if event == "time" else 100)
    assert letters(definition, after) == end
    assert " ".join(map(said, transitions)) == told
    assert (after.alarm is None) == (after.phase is Phase.NORMAL)
    for one in transitions:
        assert one.alarm == (state.alarm or after.alarm)


def happen(
    definition: AlarmDefinition, state: AlarmState, event: str, at_ns: int
) -> tuple[AlarmState, tuple[Transition, ...]]:
    if event in ("true", "false", "unknown"):
        return evaluate(definition, state, Input(event), at_ns)
    if event == "suppress":
        return suppress(definition, state, at_ns, reason="the kiln stands still")
    if event == "unsuppress":
        return unsuppress(definition, state, at_ns)
    if event == "time":
        return pass_time(definition, state, at_ns)
    return act(definition, state, ACTIONS[event], at_ns, by="li")


def letters(definition: AlarmDefinition, state: AlarmState) -> str:
    """The standard's name of a state; of what holds an alarm, the strongest."""
    beneath = {
        Phase.NORMAL: "A",
        Phase.UNACKNOWLEDGED: "B",
        Phase.ACKNOWLEDGED: "C",
        Phase.RETURNED: "E" if definition.handling.latching else "D",
        Phase.LATCHED: "F",
    }[state.phase]
    for letter, hold in (
        ("I", state.out_of_service), ("H", state.suppressed), ("G", state.shelved),
    ):  # fmt: skip
        if hold is not None:
            return f"{letter}:{beneath}"
    return beneath


def said(one: Transition) -> str:
    return str(one.kind) if one.quiet is None else f"({one.kind})"


def test_what_was_raised_while_it_was_held_returns_as_quietly() -> None:
    state, _ = happen(PLAIN, NORMAL, "shelve", 0)
    state, _ = happen(PLAIN, state, "true", 1)
    state, transitions = happen(PLAIN, state, "false", 2)
    assert [said(one) for one in transitions] == ["(returned)", "(cleared)"]
    assert {one.quiet_by for one in transitions} == {"li"}


def test_a_rule_on_trial_tells_nobody_and_keeps_nobody_busy() -> None:
    trial = replace(PLAIN, handling=Handling(shadow=True, latching=True, escalate_s=1))
    state, raised = happen(trial, NORMAL, "true", 0)
    state, waited = happen(trial, state, "time", FOREVER * 10)
    state, returned = happen(trial, state, "false", FOREVER * 20)
    assert [said(one) for one in (*raised, *waited, *returned)] == [
        "(raised)", "(returned)", "(cleared)",
    ]  # fmt: skip
    assert state == NORMAL


def test_a_rule_that_leaves_trial_announces_what_stands() -> None:
    trial = replace(PLAIN, handling=Handling(shadow=True))
    state, _ = happen(trial, NORMAL, "true", 0)
    state, calls = happen(PLAIN, state, "time", 5)
    assert [(said(one), one.comment) for one in calls] == [
        ("reraised", "nobody was called until now: shadow")
    ]
    assert state.untold is None


def test_shelving_again_counts_anew() -> None:
    state, _ = act(PLAIN, NORMAL, Shelve("fouled", 50), 0, by="li")
    state, done = act(PLAIN, state, Shelve("still fouled", 90), 40, by="wang")
    assert [(one.kind, one.by, one.comment) for one in done] == [
        (TransitionKind.SHELVED, "wang", "still fouled")
    ]
    assert pass_time(PLAIN, state, 89) == (state, ())
    state, done = pass_time(PLAIN, state, 95)
    assert [(one.kind, one.at_ns, one.by) for one in done] == [
        (TransitionKind.UNSHELVED, 90, None)  # at its time, however late that is seen
    ]
    assert state == NORMAL


def test_an_end_in_the_past_shelves_nothing() -> None:
    with pytest.raises(Impossible, match="in the past"):
        act(PLAIN, NORMAL, Shelve("fouled", 50), 50, by="li")


def test_acknowledging_what_returned_lets_a_delay_run_on() -> None:
    slow = replace(PLAIN, on_delay_ns=10)
    state, seen = NORMAL, []
    for at_ns, event in ((0, "true"), (10, "true"), (20, "false"), (30, "true"),
                         (35, "acknowledge"), (41, "true")):  # fmt: skip
        state, done = happen(slow, state, event, at_ns)
        seen += [(said(one), one.at_ns) for one in done]
    assert seen[-1] == ("raised", 40)


def test_each_hold_holds_by_itself() -> None:
    state = NORMAL
    for at_ns, event in enumerate(["true", "shelve", "suppress", "remove"]):
        state, _ = happen(PLAIN, state, event, at_ns)
    told = []
    for at_ns, event in enumerate(["return to service", "unshelve", "unsuppress"], start=10):
        state, done = happen(PLAIN, state, event, at_ns)
        told += [said(one) for one in done]
    assert told == ["in_service", "unshelved", "unsuppressed", "reraised"]
