"""The states of all alarms in memory, what changed in them, and the port through which it is
kept."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from service.domain.alarm import (
    NORMAL,
    AlarmDefinition,
    AlarmState,
    Input,
    Silence,
    Transition,
)
from service.domain.lifecycle.actions import Action, act, suppress, unsuppress
from service.domain.lifecycle.clock import due_ns, pass_time
from service.domain.lifecycle.step import evaluate


@dataclass(frozen=True, slots=True)
class WatchState:
    """What the watch must remember: journal cursor, last judged minute, alarm states by
    definition."""

    position: int = 0
    judged_ns: int | None = None
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By item group its watermark and when it last resumed, so that what follows in the journal is
    known to follow without a gap."""
    states: Mapping[str, AlarmState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WatchCommit:
    """One step of the watch, kept all or nothing with the notifications that follow from it."""

    position: int
    judged_ns: int | None
    groups: Mapping[str, tuple[int, int]]
    states: Mapping[str, AlarmState]
    transitions: Sequence[tuple[AlarmDefinition, Transition, AlarmState]]
    recorded_ns: int


class AlarmStore(Protocol):
    """Where alarms are kept. Called by one task at a time."""

    async def load(self) -> WatchState:
        """What the last commit left; a fresh state when there was none."""
        ...

    async def commit(self, step: WatchCommit) -> None:
        """Keeps states, transitions and their notifications in one transaction; a transition that
        is
        already there changes nothing. Raises Retryable when it can't be written now."""
        ...


class Silencer(Protocol):
    """What keeps people from being called, beyond an alarm's own state: other alarms, chattering.
    None of it may block."""

    def raised(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        """Asked whenever an alarm is raised, once: ``silence`` at that instant."""
        ...

    def silence(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        """Why nobody is to be called about ``definition`` at ``at_ns``; None when they are. Asked
        about alarms that stand untold."""
        ...

    def root(self, definition: AlarmDefinition, alarm: str, at_ns: int, by: Silence | None) -> str:
        """The alarm to which the new occurrence ``alarm`` belongs, raised at ``at_ns``; itself when
        it is alone. by: what keeps people from being called about it."""
        ...

    def stepped(self, definition: AlarmDefinition, transition: Transition) -> None:
        """Told of every transition once it has been judged."""
        ...

    def restored(self) -> None:
        """Told when the states of an earlier run were taken up."""
        ...


AT_ONCE = 500
"""Alarms that time does something to in one look, so that nothing else has to wait."""


class AlarmStates:
    """Every alarm's state, and what changed since ``taken`` was last called. silencer: set by who
    wires it; None silences nothing."""

    def __init__(self, definitions: Mapping[str, AlarmDefinition]) -> None:
        self.silencer: Silencer | None = None
        self._definitions = definitions
        self._states: dict[str, AlarmState] = {}
        self._due: dict[str, int] = {}
        self._looked_ns = 0
        self._by_alarm: dict[str, str] = {}
        self._changed: dict[str, AlarmState] = {}
        self._transitions: list[tuple[AlarmDefinition, Transition, AlarmState]] = []

    def restore(self, states: Mapping[str, AlarmState]) -> None:
        """Takes up states of an earlier run; those of definitions that are gone are left aside."""
        self._states = {d: s for d, s in states.items() if d in self._definitions}
        self._by_alarm = {s.alarm: d for d, s in self._states.items() if s.alarm is not None}
        self._due = {}
        for id_ in self._states:
            self._plan(id_)
        if self.silencer is not None:
            self.silencer.restored()

    def __getitem__(self, definition: str) -> AlarmState:
        return self._states.get(definition, NORMAL)

    def definition(self, id_: str) -> AlarmDefinition | None:
        """The definition ``id_``; None when there is none."""
        return self._definitions.get(id_)

    def by_alarm(self, alarm: str) -> AlarmDefinition | None:
        """The definition whose occurrence ``alarm`` is open."""
        definition = self._by_alarm.get(alarm)
        return None if definition is None else self._definitions[definition]

    def all(self, *, normal: bool = True) -> Iterator[tuple[AlarmDefinition, AlarmState]]:
        """Every definition with its state; without ``normal`` those that are simply normal are
        left out."""
        ids = self._definitions if normal else self._states
        return ((self._definitions[id_], self[id_]) for id_ in ids)

    def judge(
        self,
        definition: AlarmDefinition,
        input: Input,  # noqa: A002  the design's own word
        now_ns: int,
        *,
        value: float | None = None,
        explain: Callable[[], str] | None = None,
    ) -> AlarmState:
        """Evaluates one definition, keeps what comes of it, and returns its state."""
        before = self[definition.id]
        after, transitions = evaluate(
            definition, before, input, now_ns,
            value=value, explain=explain, silence=lambda: self._raised(definition, now_ns),
        )  # fmt: skip
        return self._keep(
            definition, before, self._rooted(definition, before, after, now_ns), transitions
        )

    def suppress(self, definition: AlarmDefinition, now_ns: int, *, reason: str) -> AlarmState:
        """Suppresses by design while ``reason`` holds; nothing when it is so already."""
        before = self[definition.id]
        after, transitions = suppress(definition, before, now_ns, reason=reason)
        return self._keep(definition, before, after, transitions)

    def unsuppress(self, definition: AlarmDefinition, now_ns: int) -> AlarmState:
        """Ends the suppression by design; nothing when there is none."""
        before = self[definition.id]
        after, transitions = unsuppress(
            definition, before, now_ns, silence=lambda: self._silence(definition, now_ns)
        )
        return self._keep(definition, before, after, transitions)

    def act(
        self, definition: AlarmDefinition, action: Action, now_ns: int, *, by: str
    ) -> AlarmState:
        """Does what a person asks for; Impossible when the state does not allow it."""
        before = self[definition.id]
        after, transitions = act(
            definition, before, action, now_ns,
            by=by, silence=lambda: self._silence(definition, now_ns),
        )  # fmt: skip
        return self._keep(definition, before, after, transitions)

    def note(self, definition: AlarmDefinition, transition: Transition) -> None:
        """Keeps a transition that changes no state: a comment on an alarm that may be over."""
        self._transitions.append((definition, transition, self[definition.id]))

    def pass_time(self, now_ns: int) -> None:
        """Lets shelving end and calls people again, as of ``now_ns`` in processing time; of very
        many that are due those that have been so for longest."""
        if now_ns < self._looked_ns:  # the clock was put back
            self._due = dict.fromkeys(self._due, 0)
        self._looked_ns = now_ns
        due = [id_ for id_, at_ns in self._due.items() if at_ns <= now_ns]
        for id_ in heapq.nsmallest(AT_ONCE, due, key=self._due.__getitem__):
            definition, before = self._definitions[id_], self[id_]
            after, transitions = pass_time(
                definition, before, now_ns, silence=partial(self._silence, definition, now_ns)
            )
            self._keep(definition, before, after, transitions)
            if id_ in self._due:  # what is due and silenced is looked at again, after the others
                self._due[id_] = max(self._due[id_], now_ns)

    @property
    def dirty(self) -> bool:
        """Whether anything changed since ``taken``."""
        return bool(self._changed or self._transitions)

    def taken(
        self,
    ) -> tuple[dict[str, AlarmState], list[tuple[AlarmDefinition, Transition, AlarmState]]]:
        """What changed since the last call: states by definition, and transitions in order."""
        changed, transitions = self._changed, self._transitions
        self._changed, self._transitions = {}, []
        return changed, transitions

    def put_back(
        self,
        changed: Mapping[str, AlarmState],
        transitions: Sequence[tuple[AlarmDefinition, Transition, AlarmState]],
    ) -> None:
        """What ``taken`` gave comes again with the next call, before what happened since."""
        self._changed = {**changed, **self._changed}
        self._transitions = [*transitions, *self._transitions]

    def _raised(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        return None if self.silencer is None else self.silencer.raised(definition, at_ns)

    def _rooted(
        self, definition: AlarmDefinition, before: AlarmState, after: AlarmState, at_ns: int
    ) -> AlarmState:
        """``after`` with the root of an occurrence that has just begun."""
        if self.silencer is None or after.alarm is None or after.alarm == before.alarm:
            return after
        root = self.silencer.root(definition, after.alarm, at_ns, after.untold)
        return replace(after, root=root)

    def _plan(self, id_: str) -> None:
        """Notes when time may do something to an alarm."""
        at_ns = due_ns(self._definitions[id_], self[id_])
        if at_ns is None:
            self._due.pop(id_, None)
        else:
            self._due[id_] = at_ns

    def _silence(self, definition: AlarmDefinition, at_ns: int) -> Silence | None:
        return None if self.silencer is None else self.silencer.silence(definition, at_ns)

    def _keep(
        self,
        definition: AlarmDefinition,
        before: AlarmState,
        after: AlarmState,
        transitions: Sequence[Transition],
    ) -> AlarmState:
        if after != before:
            self._changed[definition.id] = after
            if after == NORMAL:
                self._states.pop(definition.id, None)
            else:
                self._states[definition.id] = after
            self._plan(definition.id)
            if before.alarm != after.alarm:
                if before.alarm is not None:
                    del self._by_alarm[before.alarm]
                if after.alarm is not None:
                    self._by_alarm[after.alarm] = definition.id
        for transition in transitions:
            told = replace(transition, root=after.root or before.root)
            self._transitions.append((definition, told, after))
            if self.silencer is not None:
                self.silencer.stepped(definition, told)
        return after
