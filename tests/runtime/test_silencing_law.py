"""Whatever comes and goes in whatever order: who is called about what, as laws.

- Nobody is called about an alarm that a lost connection explains, while that stands.
- Once nothing has moved for long enough, those who are called believe what is so.
- What is judged does not depend on who is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.alarm import AlarmDefinition, Input, Priority, TransitionKind
from service.domain.definitions import define
from service.domain.handling import Chattering, Handling
from service.domain.instants import SECOND_NS
from service.domain.line import Line
from service.domain.rules import (
    BadQualityRule,
    Behind,
    CommunicationRule,
    DeviceRule,
    LimitKind,
    LimitRule,
    Timing,
)
from service.domain.tag import Limits, Tag
from service.runtime.alarms import AlarmStates
from service.runtime.clock import FakeClock
from service.runtime.silencing import Silencing
from tests.watch_rig import T0

SETTLE_S, CALM_S = 30, 90
HANDLING = Handling(
    settle_s=float(SETTLE_S),
    chattering=Chattering(raises=3, window_s=60.0, calm_s=float(CALM_S)),
    flapping=Chattering(raises=4, window_s=600.0, calm_s=float(CALM_S)),
)
TAGS = [Tag(f"CB-L01-TT{n}.PV", "plant", "n", limits=Limits(h=1.0, hh=2.0)) for n in range(5)]
RULES = (
    CommunicationRule("comms", ("plant",), Priority.HIGH, Timing(0, 2), handling=HANDLING),
    DeviceRule("plc", ("plant",), Behind.AREA, Priority.HIGH, Timing(3, 2), handling=HANDLING),
    BadQualityRule("bad", ("*",), Priority.MEDIUM, Timing(0, 0), handling=HANDLING),
    LimitRule("h", LimitKind.H, ("*",), Priority.MEDIUM, Timing(5, 0), handling=HANDLING),
    LimitRule("hh", LimitKind.HH, ("*",), Priority.CRITICAL, Timing(0, 0), handling=HANDLING),
)
DEFINITIONS = define(RULES, tags=TAGS, line=Line((), (), ""))
ALL = DEFINITIONS.all()
LOSSES = ("comms:plant/main", "plc:plant/CB")
EXPLAINED = [id_ for id_ in ALL if id_.startswith(("bad:", "h:"))]
CALLS = (TransitionKind.RAISED, TransitionKind.RERAISED)


@dataclass
class Plant:
    """What is so, what was told of it, and the states between."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(T0))
    so: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(ALL, False))
    believed: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(ALL, False))
    called: list[str] = field(default_factory=list)
    raised: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = AlarmStates(ALL)
        silencing = Silencing(DEFINITIONS, Line((), (), ""), self.states, self.clock)
        self.states.silencer = silencing

    def pass_s(self, seconds: int) -> None:
        """Time passes; the watch judges what is so every second, the losses first."""
        for _ in range(seconds):
            self.clock.step(SECOND_NS)
            for id_ in (*LOSSES, *(one for one in ALL if one not in LOSSES)):
                self._judge(ALL[id_])
            self.states.pass_time(self.clock.now_ns())
            self._hear()

    def _judge(self, definition: AlarmDefinition) -> None:
        state = self.states[definition.id]
        true = self.so[definition.id]
        if true != state.stands or state.pending_ns is not None:
            self.states.judge(definition, Input.TRUE if true else Input.FALSE, self.clock.now_ns())

    def _hear(self) -> None:
        for definition, one, _ in self.states.taken()[1]:
            if one.kind is TransitionKind.RAISED:
                self.raised.append((definition.id, one.at_ns))
            if one.quiet is not None:
                continue
            if one.kind in CALLS:
                self.called.append(definition.id)
                self.believed[definition.id] = True
            elif one.kind is TransitionKind.RETURNED:
                assert self.believed[definition.id]  # nobody is told of a return without a raise
                self.believed[definition.id] = False


MOVES = st.lists(
    st.tuples(st.integers(1, 20), st.sampled_from(sorted(ALL)), st.booleans()), max_size=20
)


@settings(deadline=None)
@given(MOVES)
def test_in_the_end_those_who_are_called_believe_what_is_so(
    moves: list[tuple[int, str, bool]],
) -> None:
    plant = Plant()
    for after_s, id_, true in moves:
        plant.pass_s(after_s)
        plant.so[id_] = true
    plant.pass_s(SETTLE_S + CALM_S + 10)
    lost = any(plant.so[id_] for id_ in LOSSES)
    for id_, true in plant.so.items():
        if id_ == "plc:plant/CB" and plant.so["comms:plant/main"]:
            continue
        if not (lost and id_ in EXPLAINED):
            assert plant.believed[id_] is true, id_
        elif not true:
            assert not plant.believed[id_]


@settings(deadline=None)
@given(MOVES, st.sampled_from(LOSSES))
def test_nobody_is_called_about_what_a_loss_explains_while_it_stands(
    moves: list[tuple[int, str, bool]], loss: str
) -> None:
    plant = Plant()
    plant.so[loss] = True
    plant.pass_s(5)
    began = len(plant.called)
    for after_s, id_, true in moves:
        plant.pass_s(after_s)
        if id_ not in LOSSES:
            plant.so[id_] = true
    plant.pass_s(CALM_S)
    assert not set(plant.called[began:]) & set(EXPLAINED)


@settings(deadline=None)
@given(MOVES)
def test_a_loss_changes_nothing_of_what_is_judged(moves: list[tuple[int, str, bool]]) -> None:
    lossy, sound = Plant(), Plant()
    for plant in (lossy, sound):
        for after_s, id_, true in moves:
            plant.pass_s(after_s)
            plant.so[id_] = true and (plant is lossy or id_ not in LOSSES)
        plant.pass_s(10)
    assert [one for one in lossy.raised if one[0] not in LOSSES] == sound.raised


def test_what_a_loss_explained_is_not_held_to_flap_afterwards() -> None:
    plant, loss, bad = Plant(), "plc:plant/CB", "bad:CB-L01-TT0.PV"
    plant.so[loss] = True
    plant.pass_s(5)
    for _ in range(6):
        plant.so[bad] = True
        plant.pass_s(5)
        plant.so[bad] = False
        plant.pass_s(31)
    plant.so[loss] = False
    plant.pass_s(SETTLE_S + 3)
    plant.so[bad] = True
    plant.pass_s(1)
    assert plant.called == [loss, bad]
