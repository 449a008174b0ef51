"""Why nobody is called about an alarm, beyond its own state: what explains it, and chattering.

Implements ``service.runtime.alarms.Silencer``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from service.domain.alarm import (
    AlarmDefinition,
    Quiet,
    Silence,
    Transition,
    TransitionKind,
    speaks,
)
from service.domain.chattering import Chatter
from service.domain.definitions import Definitions
from service.domain.inhibit import Explained, alarms_of_stage, explained_by_loss
from service.domain.instants import seconds
from service.domain.lifecycle.step import occurrence
from service.domain.line import Line
from service.runtime.alarms import AlarmStates
from service.runtime.clock import Clock

TOGETHER_NS = seconds(600.0)
"""Alarms of one equipment that come within so long of one that was told have it as their root."""


@dataclass(slots=True)
class _Stood:
    """When an alarm that can explain others stood last. returned_ns is None while it stands.
    seen_ns: when its return was judged, in processing time: after an absence that is long after
    it happened."""

    alarm: str | None = None
    raised_ns: int = 0
    returned_ns: int | None = 0
    seen_ns: int = 0


@dataclass(slots=True)
class _Group:
    """The alarms of one equipment that came together. began_ns: when the first of them came."""

    root: str
    began_ns: int


class Silencing:
    """Knows which alarms explain which, which chatter, and what came together.

    held_up: by definition the stage that holds up its own. raises: how often alarms of a rule were
    raised since the service started, by why nobody was called.
    """

    def __init__(
        self, definitions: Definitions, line: Line, states: AlarmStates, clock: Clock
    ) -> None:
        self._definitions = definitions.all()
        self._states = states
        self._clock = clock
        self._losses = explained_by_loss(definitions, line)
        self._of_stage = alarms_of_stage(definitions)
        explaining = [d for one in self._losses.values() for part, _ in one.parts for d in part]
        explaining += [d for ids in self._of_stage.values() for d in ids]
        self._stood = {id_: _Stood() for id_ in explaining}
        self._chatter: dict[str, tuple[Chatter, Chatter]] = {}  # within moments, and more slowly
        self._groups: dict[str, _Group] = {}
        self._found: dict[Explained, str | None] = {}
        self._found_ns = 0
        self.held_up: dict[str, str] = {}
        self.raises: Counter[tuple[str, Quiet | None]] = Counter()

    def raised(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        """Why nobody is to be called about ``definition``, which is raised at ``at_ns``."""
        self._found = {}  # what explains may have come since
        handling = definition.handling
        if definition.id not in self._chatter:
            both = Chatter(handling.chattering), Chatter(handling.flapping)
            self._chatter[definition.id] = both
        chattering, flapping = self._chatter[definition.id]
        chattering.raised(at_ns)
        # A cause that flaps must not silence what it explained for long after it has gone.
        if self._cause_of(definition.id, at_ns) is None:
            flapping.raised(at_ns)
        return self.silence(definition, at_ns)

    def silence(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        """Why nobody is to be called about ``definition`` at ``at_ns``; None when they are."""
        if definition.handling.shadow:
            return Silence(Quiet.SHADOW)
        cause = self._cause_of(definition.id, at_ns)
        if cause is not None:
            return Silence(Quiet.INHIBITED, self._alarm_of(cause))
        if any(one.chatters(at_ns) for one in self._chatter.get(definition.id, ())):
            return Silence(Quiet.CHATTERING)
        return None

    def root(self, definition: AlarmDefinition, alarm: str, at_ns: int, by: Silence | None) -> str:
        """The alarm to which ``alarm`` belongs, which is raised at ``at_ns``: the one that explains
        it, or the first of those that came together on its equipment; itself when it is alone. One
        of which nobody is told is no other's root."""
        if by is not None and by.quiet is Quiet.INHIBITED and by.by is not None:
            return by.by
        group = self._groups.get(definition.asset)
        if group is not None and abs(at_ns - group.began_ns) <= TOGETHER_NS:
            return group.root
        if by is None:
            self._groups[definition.asset] = _Group(alarm, at_ns)
        return alarm

    def stepped(self, definition: AlarmDefinition, transition: Transition) -> None:
        """Is told of every transition once it has been judged."""
        if transition.kind is TransitionKind.RAISED:
            self.raises[definition.rule, transition.quiet] += 1
        stood = self._stood.get(definition.id)
        if stood is None:
            return
        if transition.kind is TransitionKind.RAISED:
            self._stood[definition.id] = _Stood(transition.alarm, transition.at_ns, None)
        elif transition.kind is TransitionKind.RETURNED:
            stood.alarm = transition.alarm
            stood.returned_ns, stood.seen_ns = transition.at_ns, self._clock.now_ns()

    def restored(self) -> None:
        """What lost connections explained, which went while the service was down or just before,
        has its time to go from now on."""
        now_ns = self._clock.now_ns()
        for definition, state in self._states.all():
            untold, losses = state.untold, self._losses.get(definition.id)
            if losses is None or untold is None or untold.quiet is not Quiet.INHIBITED:
                continue
            for lost in {one for part, _ in losses.parts for one in part}:
                if not self._states[lost].stands:
                    self._stood[lost] = _Stood(untold.by, 0, now_ns, now_ns)

    def _cause_of(self, id_: str, at_ns: int) -> str | None:
        """``_cause``, found once for all that rests on the same at the same instant."""
        losses = self._losses.get(id_)
        if losses is None or id_ in self.held_up:
            return self._cause(id_, at_ns)
        if at_ns != self._found_ns:
            self._found, self._found_ns = {}, at_ns
        if losses not in self._found:
            self._found[losses] = self._cause(id_, at_ns)
        return self._found[losses]

    def _cause(self, id_: str, at_ns: int) -> str | None:
        """The definition that explains ``id_``; of several on one another the first cause."""
        found, passed = None, {id_}
        explaining = self._explaining(id_, at_ns)
        while explaining is not None and explaining not in passed:
            found = explaining
            passed.add(found)
            explaining = self._explaining(found, at_ns)
        return found

    def _explaining(self, id_: str, at_ns: int) -> str | None:
        losses = self._losses.get(id_)
        if losses is not None:
            lost = losses.by(lambda other: self._in_force(other, at_ns))
            if lost is not None:
                return lost
        stage = self.held_up.get(id_)
        if stage is None:
            return None
        there = [one for one in self._of_stage.get(stage, ()) if self._in_force(one, at_ns)]
        return min(there, key=lambda one: self._stood[one].raised_ns, default=None)

    def _in_force(self, id_: str, at_ns: int) -> bool:
        """Whether the alarm of ``id_`` stands at ``at_ns``, is about to, or went so shortly ago
        that what it explained may still be there."""
        definition, state, stood = self._definitions[id_], self._states[id_], self._stood[id_]
        if not speaks(definition, state):
            return False
        settle_ns = seconds(definition.handling.settle_s)
        if state.stands:
            return at_ns >= stood.raised_ns - settle_ns
        if state.pending_ns is not None and at_ns >= state.pending_ns - settle_ns:
            return True
        if stood.returned_ns is None or at_ns < stood.raised_ns - settle_ns:
            return False
        just_seen = self._clock.now_ns() < stood.seen_ns + settle_ns
        return just_seen or at_ns < stood.returned_ns + settle_ns

    def _alarm_of(self, id_: str) -> str | None:
        """The occurrence of ``id_`` that is in force, also of one that is only about to be
        raised."""
        definition, state = self._definitions[id_], self._states[id_]
        if state.alarm is None and state.pending_ns is not None:
            return occurrence(definition, state.pending_ns + definition.on_delay_ns)
        return state.alarm or self._stood[id_].alarm
