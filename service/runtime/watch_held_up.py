"""Stages that are held up by another one: their alarms are that one's, and are not told beside it.

Found before a minute is judged, only for alarms that this minute would raise: looking for what lies
behind a loss takes too long to do for all of them at every minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping, Sequence
from typing import Protocol

from service.domain.alarm import Input, Quiet
from service.domain.inhibit import may_be_held_up
from service.domain.instants import seconds
from service.domain.plan import Plan, Window, window_start_ns
from service.domain.rules import ThroughputRule
from service.domain.stage_alarms import StageAlarm
from service.runtime.alarms import AlarmStates
from service.runtime.errors import Retryable

AGAIN_NS = seconds(900.0)
"""How often is looked whether a stage is still held up while its alarm stands untold."""
log = logging.getLogger(__name__)


class Causes(Protocol):
    """Knows where losses began. Called by one task at a time, seldom; may take seconds. Raises
    Retryable when the state can't be used now."""

    async def began_at(self, stage: str, start_ns: int, end_ns: int) -> str | None:
        """The stage at which most of what ``stage`` lost in [start_ns, end_ns) began; itself when
        it began there, None when nothing says."""
        ...


class HeldUp:
    """Keeps, by definition, the stage that holds up its own (``Silencing.held_up``)."""

    def __init__(
        self,
        alarms: Sequence[StageAlarm],
        states: AlarmStates,
        causes: Causes,
        held_up: MutableMapping[str, str],
    ) -> None:
        self._every = alarms
        self._alarms = [alarm for alarm in alarms if may_be_held_up(alarm)]
        self._states = states
        self._causes = causes
        self._held_up = held_up
        self._looked_ns: dict[str, int] = {}

    def restore(self) -> None:
        """Takes up what held up the stages whose alarms stand untold, after a restart."""
        for alarm in self._alarms:
            untold = self._states[alarm.definition.id].untold
            if untold is None or untold.quiet is not Quiet.INHIBITED or untold.by is None:
                continue
            cause = self._states.by_alarm(untold.by)
            if cause is not None and cause.stage is not None:
                self._held_up[alarm.definition.id] = cause.stage

    async def prepare(
        self, end_ns: int, plan: Plan, input_of: Callable[[StageAlarm, int], Input]
    ) -> None:
        """Finds what holds up the stages whose alarms would be raised at ``end_ns``, and looks
        again now and then while they stand untold. input_of: what a rule sees then."""
        for alarm in self._alarms:
            id_ = alarm.definition.id
            if not self._is_due(alarm, end_ns, input_of):
                continue
            self._looked_ns[id_] = end_ns
            where = await self._where(alarm, plan, end_ns)
            if where is None or where == alarm.stage.id:
                self._held_up.pop(id_, None)
            else:
                self._held_up[id_] = where

    def _is_due(
        self, alarm: StageAlarm, end_ns: int, input_of: Callable[[StageAlarm, int], Input]
    ) -> bool:
        state = self._states[alarm.definition.id]
        if state.stands:
            again_ns = self._looked_ns.get(alarm.definition.id, end_ns) + AGAIN_NS
            return alarm.definition.id in self._held_up and end_ns >= again_ns
        self._held_up.pop(alarm.definition.id, None)
        since_ns = end_ns if state.pending_ns is None else state.pending_ns
        is_due = end_ns >= since_ns + alarm.definition.on_delay_ns
        # What has no alarm explains none: most often there is nothing to look for.
        return is_due and self._others_stand(alarm) and input_of(alarm, end_ns) is Input.TRUE

    def _others_stand(self, alarm: StageAlarm) -> bool:
        """Whether an alarm of another stage is open, or about to come."""
        for other in self._every:
            state = self._states[other.definition.id]
            is_near = state.stands or state.pending_ns is not None or state.alarm is not None
            if other.stage.id != alarm.stage.id and is_near:
                return True
        return False

    async def _where(self, alarm: StageAlarm, plan: Plan, end_ns: int) -> str | None:
        rule = alarm.rule
        window = rule.window if isinstance(rule, ThroughputRule) else Window.SHIFT
        start_ns = window_start_ns(window, plan.calendar, end_ns)
        try:
            return await self._causes.began_at(alarm.stage.id, start_ns, end_ns)
        except Retryable as error:  # as before; a new one is told: better one call too many
            log.warning("cause not found alarm=%s error=%s", alarm.definition.id, error)
            return self._held_up.get(alarm.definition.id)
