"""The history of alarms: what may be asked of it, and the port through which it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.alarm import Phase, Priority, Quiet, TransitionKind
from service.runtime.views import AlarmView


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms. What is empty or None does not matter.

    start_ns, end_ns: of alarms when they were raised first, of steps when they happened. text: in
    messages, asset, tag or rule, in either language. person: who did something about the alarm.
    quiet: why somebody was not called about one of its steps.
    """

    start_ns: int | None = None
    end_ns: int | None = None
    stages: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    phases: tuple[Phase, ...] = ()
    text: str = ""
    person: str = ""
    quiet: tuple[Quiet, ...] = ()


Place = tuple[int, str]
"""raised_ns and id of an alarm."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One step of one alarm, as it is exported. What belongs to the alarm is None where the alarm
    was normal and the site knows it no more. state: how the alarm stands now."""

    id: str
    at_ns: int
    recorded_ns: int
    kind: TransitionKind
    by: str | None
    comment: str | None
    quiet: Quiet | None
    quiet_by: str | None
    value: float | None
    alarm: str | None
    definition: str
    rule: str | None
    priority: Priority | None
    asset: str | None
    tag: str | None
    stage: str | None
    limit: float | None
    unit: str | None
    message_en: str | None
    message_zh: str | None
    state: Phase | None


class AlarmHistory(Protocol):
    """Alarms that were. Called concurrently; raises Retryable when the state is busy."""

    async def page(
        self, which: AlarmFilter, *, limit: int, after: Place | None = None
    ) -> Sequence[AlarmView]:
        """The newest first; ``after`` is the place of the last one of the page before, so that new
        alarms move nothing."""
        ...

    def steps(self, which: AlarmFilter) -> AsyncIterator[Sequence[JournalLine]]:
        """Every step of the alarms that ``which`` means, in the order in which they happened, some
        at a time. Steps of an alarm that was normal are among them."""
        ...
