"""The life of an alarm against a model that knows nothing of phases: a few facts, and what the
people who are called believe.

What must hold after anything that can happen:

- the state is what the facts say, and a restart changes nothing;
- people never believe that an alarm stands which has returned;
- they know of every alarm that stands, unless something keeps them from being called;
- while anything does, they are not called;
- no two transitions have the same id.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Input,
    Phase,
    Priority,
    Quiet,
    Silence,
    Transition,
    TransitionKind,
)
from service.domain.handling import Handling
from service.domain.instants import SECOND_NS
from service.domain.lifecycle.actions import (
    Acknowledge,
    Action,
    Comment,
    Impossible,
    RemoveFromService,
    Reset,
    ReturnToService,
    Shelve,
    Stepped,
    Unshelve,
    act,
    suppress,
    unsuppress,
)
from service.domain.lifecycle.clock import pass_time
from service.domain.lifecycle.step import evaluate
from service.state.rule_states import row_of, state_of

K = TransitionKind
CALLS = (K.RAISED, K.RERAISED, K.ESCALATED)
REALARM_S, ESCALATE_S = 40, 15


class AlarmLife(RuleBasedStateMachine):
    """One alarm, its model, and what happened."""

    @initialize(
        on=st.integers(0, 3), off=st.integers(0, 3), latching=st.booleans(), timed=st.booleans(),
    )  # fmt: skip
    def begin(self, on: int, off: int, latching: bool, timed: bool) -> None:
        handling = Handling(
            latching=latching,
            realarm_s=REALARM_S if timed else None,
            escalate_s=ESCALATE_S if timed else None,
        )
        self.definition = AlarmDefinition(
            "h:T", "h", "v1", "limit", Priority.HIGH, "CB", on * SECOND_NS, off * SECOND_NS,
            "high", "高", handling=handling,
        )  # fmt: skip
        self.state = NORMAL
        self.now_s = 0
        self.inhibited = False
        self.ids: set[str] = set()
        self.believed = False
        """Whether those who are called think that it stands."""
        # The facts:
        self.stands = False
        self.against_since: int | None = None
        self.owed = False
        """Whether somebody has to acknowledge."""
        self.latched = False
        self.told = False
        """Whether those who are called were told of what stands."""
        self.shelved_until: int | None = None
        self.suppressed = False
        self.out = False

    # What the process does

    @rule(input_=st.sampled_from(Input), wait_s=st.integers(1, 5))
    def see(self, input_: Input, wait_s: int) -> None:
        self.now_s += wait_s
        found = self.do(
            lambda: evaluate(self.definition, self.state, input_, self.now_ns, silence=self.silence)
        )
        if input_ is Input.UNKNOWN:
            self.against_since = None
            assert found == []
            return
        if (input_ is Input.TRUE) == self.stands:
            self.against_since = None
            assert found == []
            return
        since = self.now_s if self.against_since is None else self.against_since
        off = self.definition.off_delay_ns if self.stands else self.definition.on_delay_ns
        if self.now_s < since + off // SECOND_NS:
            self.against_since = since
            assert found == []
            return
        self.against_since = None
        self.stands = not self.stands
        if self.stands:
            self.told = not (self.held or self.inhibited)
            self.owed, self.latched = True, False
            assert [one.kind for one in found] == [K.RAISED]
            return
        assert found[0].kind is K.RETURNED
        assert (found[0].quiet is None) is self.told
        self.latched = self.definition.handling.latching
        self.owed = self.owed and self.told and not self.held

    @rule(wait_s=st.integers(1, 50))
    def wait(self, wait_s: int) -> None:
        self.now_s += wait_s
        before = self.state
        found = self.do(
            lambda: pass_time(self.definition, self.state, self.now_ns, silence=self.silence)
        )
        if self.shelved_until is not None and self.shelved_until <= self.now_s:
            self.shelved_until = None
            assert found[0].kind is K.UNSHELVED
            self.let_out()
        kinds = [one.kind for one in found if one.kind is not K.UNSHELVED]
        if not self.may_call:
            assert kinds == []
        elif K.RERAISED in kinds:
            assert self.stands
            self.owed = self.told = True
        elif K.ESCALATED in kinds:
            assert before.phase is Phase.UNACKNOWLEDGED
        if self.may_call and self.owed:
            assert self.told

    @rule()
    def look_twice(self) -> None:
        self.wait(0)
        assert pass_time(self.definition, self.state, self.now_ns, silence=self.silence) == (
            self.state, (),
        )  # fmt: skip

    @rule(inhibited=st.booleans())
    def explain(self, inhibited: bool) -> None:
        self.inhibited = inhibited

    # What people and the plant's state do

    @rule()
    def acknowledge(self) -> None:
        if self.attempt(Acknowledge("seen"), possible=self.owed):
            self.owed = False

    @rule()
    def reset(self) -> None:
        waits = self.latched and not self.stands and not self.owed
        if self.attempt(Reset(), possible=waits):
            self.latched = False

    @rule(for_s=st.integers(1, 60))
    def shelve(self, for_s: int) -> None:
        until = self.now_s + 1 + for_s
        self.attempt(Shelve("fouled", until * SECOND_NS), possible=True)
        self.shelved_until = until

    @rule()
    def unshelve(self) -> None:
        if self.attempt(Unshelve(), possible=self.shelved_until is not None):
            self.shelved_until = None
            self.let_out()

    @rule()
    def remove(self) -> None:
        if self.attempt(RemoveFromService("no sensor"), possible=not self.out):
            self.out = True

    @rule()
    def return_to_service(self) -> None:
        if self.attempt(ReturnToService(), possible=self.out):
            self.out = False
            self.let_out()

    @rule()
    def suppress(self) -> None:
        self.now_s += 1
        self.do(lambda: suppress(self.definition, self.state, self.now_ns, reason="stopped"))
        self.suppressed = True

    @rule()
    def unsuppress(self) -> None:
        self.now_s += 1
        self.do(lambda: unsuppress(self.definition, self.state, self.now_ns, silence=self.silence))
        if self.suppressed:
            self.suppressed = False
            self.let_out()

    @rule()
    def comment(self) -> None:
        before = self.state
        self.attempt(Comment("looks odd"), possible=True)
        assert self.state == before

    @precondition(lambda self: self.state != NORMAL)
    @rule()
    def restart(self) -> None:
        self.state = state_of(SimpleNamespace(**row_of(self.state)))

    # What must hold

    @invariant()
    def the_state_is_what_the_facts_say(self) -> None:
        if self.stands:
            phase = Phase.UNACKNOWLEDGED if self.owed else Phase.ACKNOWLEDGED
        elif self.owed:
            phase = Phase.RETURNED
        else:
            phase = Phase.LATCHED if self.latched else Phase.NORMAL
        assert self.state.phase is phase
        assert self.state.stands is self.stands
        assert (self.state.alarm is None) == (phase is Phase.NORMAL)
        holds = {quiet for quiet, _ in self.state.holds}
        assert (Quiet.SHELVED in holds) is (self.shelved_until is not None)
        assert (Quiet.SUPPRESSED in holds) is self.suppressed
        assert (Quiet.OUT_OF_SERVICE in holds) is self.out
        assert state_of(SimpleNamespace(**row_of(self.state))) == self.state

    @invariant()
    def people_know_what_they_have_to(self) -> None:
        assert self.believed is (self.stands and self.told)

    # How it is done

    @property
    def now_ns(self) -> int:
        return self.now_s * SECOND_NS

    @property
    def held(self) -> bool:
        return self.shelved_until is not None or self.suppressed or self.out

    @property
    def may_call(self) -> bool:
        return not (self.held or self.inhibited)

    def silence(self) -> Silence | None:
        return Silence(Quiet.INHIBITED, "comms") if self.inhibited else None

    def let_out(self) -> None:
        if self.stands and self.may_call:
            self.owed = self.told = True

    def attempt(self, action: Action, *, possible: bool) -> bool:
        self.now_s += 1
        try:
            self.do(lambda: self.acted(action))
        except Impossible:
            assert not possible
            return False
        assert possible
        return True

    def acted(self, action: Action) -> Stepped:
        now_ns, silence = self.now_ns, self.silence
        return act(self.definition, self.state, action, now_ns, by="li", silence=silence)

    def do(self, deed: Callable[[], Stepped]) -> list[Transition]:
        before: AlarmState = self.state
        self.state, found = deed()
        held = before.held is not None and self.state.held is not None
        for one in found:
            assert one.id not in self.ids
            self.ids.add(one.id)
            assert one.alarm == (before.alarm or self.state.alarm)
            if one.quiet is None and one.kind in CALLS:
                assert not held
                assert not self.inhibited
                self.believed = True
            if one.quiet is None and one.kind is K.RETURNED:
                self.believed = False
        return list(found)


TORTURE = bool(os.environ.get("ANODEWATCH_TORTURE"))
AlarmLife.TestCase.settings = settings(
    max_examples=10_000 if TORTURE else 120, stateful_step_count=40, deadline=None
)
TestAlarmLife = AlarmLife.TestCase
