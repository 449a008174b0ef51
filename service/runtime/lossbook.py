"""What was lost, and why, as the service answers for it; and the port through which it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from service.domain.kpi import Known
from service.domain.losses.bottleneck import BottleneckShare
from service.domain.losses.explain import Explanation
from service.domain.losses.meanwhile import Happening
from service.domain.losses.reasons import Reason
from service.domain.losses.sums import LossEvent, StageSum
from service.runtime.views import AlarmView


class Period(StrEnum):
    """Over what indicators are made."""

    SHIFT = "shift"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event with the version that whoever explains it has to name."""

    event: LossEvent
    version: int


@dataclass(frozen=True, slots=True)
class LossesView:
    """The shifts that overlap what was asked for, [start_ns, end_ns), known up to through_ns (None
    when nothing is). events: the newest first."""

    start_ns: int
    end_ns: int
    through_ns: int | None
    stages: Mapping[str, StageSum]
    events: Sequence[ToldEvent]


@dataclass(frozen=True, slots=True)
class StageKpis:
    """The indicators of a stage by id, see ``kpi.KPIS``, and what they are made of."""

    sum: StageSum
    indicators: Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class KpiView:
    """One shift, day or month, [start_ns, end_ns), known up to through_ns. shift: of a shift."""

    start_ns: int
    end_ns: int
    through_ns: int
    shift: str | None
    stages: Mapping[str, StageKpis]
    bottleneck: Sequence[BottleneckShare]


@dataclass(frozen=True, slots=True)
class AlarmExplained:
    """What lies behind an alarm. told: None when it is about no metered stage, or nothing of its
    time is known. words_en, words_zh: the same in a sentence or two; empty without it."""

    told: Explanation | None
    words_en: str
    words_zh: str
    meanwhile: Sequence[Happening]


class Explanations(Protocol):
    """What lies behind alarms. Called concurrently; raises Retryable when the state is busy."""

    async def explain(self, alarm: AlarmView) -> AlarmExplained:
        """The explanation of ``alarm`` as things are known now."""
        ...


class LossBook(Protocol):
    """Losses and indicators of any span. Called concurrently; raises Retryable when the state is
    busy."""

    async def losses(self, start_ns: int, end_ns: int) -> LossesView:
        """What was lost in the shifts that overlap [start_ns, end_ns)."""
        ...

    async def kpis(self, period: Period, start_ns: int, end_ns: int) -> Sequence[KpiView]:
        """Indicators of every shift, day or month that overlaps [start_ns, end_ns), in order."""
        ...

    async def explain(
        self, event: str, *, reason: Reason | None, comment: str, by: str, seen_version: int
    ) -> ToldEvent:
        """Gives an event its reason; None takes back what was said. Raises
        ``losses.NoSuchEvent``, ``entries.ReasonConflict``."""
        ...
