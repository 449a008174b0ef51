"""What people do to alarms, at the watch's door: done at once, and kept like every other step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from service.domain.alarm import AlarmDefinition, AlarmState
from service.domain.lifecycle.actions import Acknowledge, Action, Comment, Impossible, comment
from service.runtime.alarms import AlarmStates
from service.runtime.views import AlarmView, NoSuchAlarm

T = TypeVar("T")


class Keeper(Protocol):
    """Who keeps what a person did; the watch. Called concurrently."""

    async def keep(self, deed: Callable[[int], T]) -> T:
        """Does ``deed`` at once, given the time, and waits until it is kept. Raises Retryable when
        that took too long: then it is done, and kept with a later step."""
        ...


class WatchDesk:
    """Implements ``service.runtime.views.AlarmDesk`` over the running watch."""

    def __init__(self, watch: Keeper, states: AlarmStates) -> None:
        self._watch = watch
        self._states = states

    def definitions(self, *, normal: bool = True) -> Iterator[tuple[AlarmDefinition, AlarmState]]:
        """Every alarm that can stand, with its state; without ``normal`` those that are simply
        normal are left out."""
        return self._states.all(normal=normal)

    def definition(self, definition: str) -> tuple[AlarmDefinition, AlarmState]:
        """One of them; raises NoSuchAlarm."""
        return self._known(definition), self._states[definition]

    async def act(self, definition: str, action: Action, *, by: str) -> None:
        """Does ``action`` to the alarm ``definition``, standing or not, for the person ``by``.
        Raises NoSuchAlarm."""
        await self._watch.keep(partial(self._act, self._known(definition), action, by))

    async def act_on(self, alarm: AlarmView, action: Action, *, by: str) -> None:
        """Does ``action`` to one occurrence; one that is over can only be commented on."""
        definition = self._states.by_alarm(alarm.id)
        if definition is not None:
            await self._watch.keep(partial(self._act, definition, action, by))
        elif isinstance(action, Comment):
            await self._watch.keep(partial(self._note, alarm, action.text, by))
        else:
            raise Impossible(f"alarm {alarm.id} is not open")

    async def acknowledge(
        self, alarms: Sequence[str], *, by: str, comment: str | None
    ) -> Sequence[str]:
        """Acknowledges those of ``alarms`` that can be, all in one step, and returns them."""
        return await self._watch.keep(partial(self._acknowledge, alarms, by, comment))

    def _act(self, definition: AlarmDefinition, action: Action, by: str, now_ns: int) -> None:
        self._states.act(definition, action, now_ns, by=by)

    def _note(self, alarm: AlarmView, text: str, by: str, now_ns: int) -> None:
        about = definition_of(alarm)
        self._states.note(about, comment(about, alarm.id, now_ns, by=by, text=text))

    def _acknowledge(
        self, alarms: Sequence[str], by: str, comment: str | None, now_ns: int
    ) -> Sequence[str]:
        done = []
        for alarm in dict.fromkeys(alarms):
            definition = self._states.by_alarm(alarm)
            if definition is None:
                continue
            try:
                self._states.act(definition, Acknowledge(comment), now_ns, by=by)
            except Impossible:
                continue  # somebody else was first, or it has gone
            done.append(alarm)
        return done

    def _known(self, definition: str) -> AlarmDefinition:
        found = self._states.definition(definition)
        if found is None:
            raise NoSuchAlarm(
                f"there is no alarm definition {definition[:100]!r}; "
                "GET /api/v1/alarm-definitions lists them"
            )
        return found


def definition_of(alarm: AlarmView) -> AlarmDefinition:
    """The definition that an alarm had when it was raised, as far as people are told of it."""
    return AlarmDefinition(
        id=alarm.definition,
        rule=alarm.rule,
        version="",
        kind=alarm.kind,
        priority=alarm.priority,
        asset=alarm.asset,
        on_delay_ns=0,
        off_delay_ns=0,
        message_en=alarm.message_en,
        message_zh=alarm.message_zh,
        tag=alarm.tag,
        stage=alarm.stage,
        limit=alarm.limit,
        unit=alarm.unit,
    )
