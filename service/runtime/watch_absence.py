"""Rules on absence, in processing time: an item group that gives no sign of life.

How long ago the last sign came is told by the monotonic clock: who sets the wall clock neither
makes a source silent nor hides that it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from service.domain.alarm import Input
from service.domain.definitions import Definitions
from service.domain.instants import SECOND_NS, seconds
from service.runtime.alarms import AlarmStates
from service.runtime.clock import Clock
from service.runtime.live import LiveTable
from service.runtime.steady import Steady

log = logging.getLogger(__name__)

STEP_SETTLES_NS = 60 * SECOND_NS
"""For so long after a step, signs of life may still come that tell the time of before."""
DEFAULT_KEEP_ALIVE_S = 10.0
"""Used until a source has told its revised keep-alive; real seconds."""


class AbsenceRules:
    """Judges communication: lost beyond 2 × the revised keep-alive without coverage. Times of
    signs of life are those of ``Steady``."""

    def __init__(
        self,
        definitions: Definitions,
        live: LiveTable,
        states: AlarmStates,
        *,
        keep_alive_s: Callable[[str], float | None],
        clock: Clock,
    ) -> None:
        self._alarms = definitions.groups
        self._live = live
        self._states = states
        self._keep_alive_s = keep_alive_s
        self._steady = Steady(clock)
        self._looked_ns = 0
        self._stepped_ns: int | None = None
        self._until_ns: dict[str, int | None] = {}
        self._heard_ns: dict[str, int] = {}

    def patience_ns(self, group: str) -> int:
        """How long ``group`` may be silent before it counts as lost."""
        return seconds(2.0 * (self._keep_alive_s(group) or DEFAULT_KEEP_ALIVE_S))

    def judge(self, now_ns: int) -> None:
        """Judges every item group at ``now_ns``, which is the present."""
        step_ns = self._steady.look()
        if step_ns:
            log.warning("clock.stepped by_s=%.1f steps=%d", step_ns / SECOND_NS, self._steady.steps)
        passed_ns = self._steady.passed_ns()
        if step_ns:
            self._stepped_ns = passed_ns
        for alarm in self._alarms:
            until_ns = self._live.covered_until_ns(alarm.group)
            patience_ns = self.patience_ns(alarm.group)
            overdue_ns = passed_ns - self._heard(alarm.group, until_ns, now_ns) - patience_ns
            if step_ns and self._states[alarm.definition.id].pending_ns is not None:
                # The delay began by another clock: it is counted anew by this one.
                self._states.judge(alarm.definition, Input.UNKNOWN, now_ns)
            if overdue_ns > 0:
                self._states.judge(alarm.definition, Input.TRUE, now_ns - overdue_ns)
                self._states.judge(alarm.definition, Input.TRUE, now_ns)
            elif until_ns is not None and now_ns <= until_ns + patience_ns:
                self._states.judge(alarm.definition, Input.FALSE, now_ns)
        self._looked_ns = passed_ns

    def _heard(self, group: str, until_ns: int | None, now_ns: int) -> int:
        """When ``group`` last gave a sign of life; ``until_ns`` is up to when it is covered now.

        A service that has just started waits for its sources before it calls them lost. A sign that
        was not there at the last look came after it: right after a step, only that tells its age.
        """
        if self._until_ns.get(group) != until_ns and until_ns is not None:
            passed_ns = self._steady.passed_ns()
            age_ns = max(now_ns - until_ns, 0)
            if self._stepped_ns is not None and passed_ns - self._stepped_ns < STEP_SETTLES_NS:
                age_ns = min(age_ns, passed_ns - self._looked_ns)
            heard_ns = max(passed_ns - age_ns, self._heard_ns.get(group, 0))
            self._heard_ns[group] = heard_ns
            self._until_ns[group] = until_ns
        return self._heard_ns.get(group, 0)
