"""Rules on absence, in processing time: an item group that gives no sign of life."""

from __future__ import annotations

from collections.abc import Callable

from service.domain.alarm import Input
from service.domain.definitions import Definitions
from service.domain.instants import seconds
from service.runtime.alarms import AlarmStates
from service.runtime.live import LiveTable

DEFAULT_KEEP_ALIVE_S = 10.0
"""Used until a source has told its revised keep-alive; real seconds."""


class AbsenceRules:
    """Judges communication: lost beyond 2 × the revised keep-alive without coverage."""

    def __init__(
        self,
        definitions: Definitions,
        live: LiveTable,
        states: AlarmStates,
        *,
        keep_alive_s: Callable[[str], float | None],
        started_ns: int,
    ) -> None:
        self._alarms = definitions.groups
        self._live = live
        self._states = states
        self._keep_alive_s = keep_alive_s
        self._started_ns = started_ns

    def patience_ns(self, group: str) -> int:
        """How long ``group`` may be silent before it counts as lost."""
        return seconds(2.0 * (self._keep_alive_s(group) or DEFAULT_KEEP_ALIVE_S))

    def judge(self, now_ns: int) -> None:
        """Judges every item group at ``now_ns``."""
        for alarm in self._alarms:
            until_ns = self._live.covered_until_ns(alarm.group)
            # A service that has just started waits for its sources before it calls them lost.
            heard_ns = max(until_ns or 0, self._started_ns)
            lost_ns = heard_ns + self.patience_ns(alarm.group)
            if now_ns > lost_ns:
                self._states.judge(alarm.definition, Input.TRUE, lost_ns)
                self._states.judge(alarm.definition, Input.TRUE, now_ns)
            elif until_ns is not None and now_ns <= until_ns + self.patience_ns(alarm.group):
                self._states.judge(alarm.definition, Input.FALSE, now_ns)
