"""Steps that are kept together leave the same rows as steps that are kept one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from service.domain.alarm import AlarmDefinition, Input, Priority
from service.domain.handling import Handling
from service.domain.lifecycle.actions import Acknowledge, Comment, Impossible, Reset, Shelve
from service.runtime.alarms import AlarmStates
from service.state.alarm_writes import IN_ONE, Step, keep_steps
from service.state.metadata import metadata
from service.state.rule_states import keep_states, load_states
from service.state.tables import alarm, transition

DEFINITIONS = {
    f"h:{n}": AlarmDefinition(
        f"h:{n}", "h", "v", "limit", Priority.HIGH, "CB", 0, 0, "high", "高",
        handling=Handling(latching=n == 1),
    )
    for n in range(3)
}  # fmt: skip
DEEDS = st.sampled_from(
    [Input.TRUE, Input.FALSE, Acknowledge("seen"), Reset(), Comment("odd"), Shelve("fouled", 10**6)]
)


@settings(deadline=None)
@given(
    deeds=st.lists(st.tuples(st.sampled_from(sorted(DEFINITIONS)), DEEDS), max_size=25),
    cuts=st.lists(st.booleans(), min_size=25, max_size=25),
)
def test_together_or_one_by_one(deeds: list[tuple[str, Any]], cuts: list[bool]) -> None:
    states = AlarmStates(DEFINITIONS)
    commits: list[tuple[dict[str, Any], list[Step]]] = []
    for at_ns, ((id_, deed), cut) in enumerate(zip(deeds, cuts, strict=False)):
        definition = DEFINITIONS[id_]
        if isinstance(deed, Input):
            states.judge(definition, deed, at_ns)
        else:
            try:
                states.act(definition, deed, at_ns, by="li")
            except Impossible:
                continue
        if cut:
            commits.append(states.taken())
    commits.append(states.taken())
    steps = [step for _, some in commits for step in some]
    one_by_one = rows_of([({}, [step]) for step in steps])
    together = rows_of(commits)
    assert rows_of([*commits, ({}, steps)]) == together  # again changes nothing
    assert [by_seq[1:] for by_seq in together[0]] == [by_seq[1:] for by_seq in one_by_one[0]]
    assert together[1] == one_by_one[1]
    assert together[2] == {d: s for d in DEFINITIONS if (s := states[d]) != AlarmStates({})[d]}


def test_a_storm_is_kept_whole() -> None:
    many = {
        f"h:{n}": AlarmDefinition(f"h:{n}", "h", "v", "limit", Priority.LOW, "CB", 0, 0, "", "")
        for n in range(2 * IN_ONE + 1)
    }
    states = AlarmStates(many)
    for definition in many.values():
        states.judge(definition, Input.TRUE, 1)
    raised = states.taken()
    for definition in many.values():
        states.judge(definition, Input.FALSE, 2)
    returned = states.taken()
    transitions, alarms, kept = rows_of([raised, returned, raised, returned])
    assert len(transitions) == 2 * len(many)
    assert {row.phase for row in alarms} == {"returned"}
    assert len(alarms) == len(kept) == len(many)


def rows_of(
    commits: Sequence[tuple[dict[str, Any], Sequence[Step]]],
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[alarm, transition, metadata.tables["rule_state"]])
    with engine.begin() as connection:
        for states, steps in commits:
            keep_states(connection, states)
            keep_steps(connection, steps, 7)
        found = (
            list(connection.execute(select(transition).order_by(transition.c.seq)).all()),
            list(connection.execute(select(alarm).order_by(alarm.c.id)).all()),
            load_states(connection),
        )
    engine.dispose()
    return found
