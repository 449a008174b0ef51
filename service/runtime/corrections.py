"""The port through which corrections of the past are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.production.corrections import Correction
from service.domain.retrospect import Finding

KNOWN_FOR_S = 90 * 86_400.0
"""How long what was known then can be read."""
CORRECTIONS_FOR_S = 800 * 86_400.0
"""How long corrections, and what they mean for alarms, are kept."""


class CorrectionBook(Protocol):
    """What was corrected afterwards. Called concurrently; raises Retryable when the state is
    busy."""

    async def corrections(
        self, *, meter: str | None = None, limit: int, offset: int = 0
    ) -> Sequence[Correction]:
        """Those of ``meter`` (None: all), the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class RetrospectiveView:
    """One retrospective entry. at_ns: when the alarm was raised, or would have been. value_then,
    value_now: deviation from plan in %. found_ns: when the service found out."""

    id: str
    finding: Finding
    rule: str
    priority: int
    asset: str
    stage: str | None
    message_en: str
    message_zh: str
    alarm: str | None
    at_ns: int
    value_then: float | None
    value_now: float | None
    why_en: str
    why_zh: str
    found_ns: int


class Retrospect(Protocol):
    """What corrections mean for alarms. Called concurrently; raises Retryable when the state is
    busy."""

    async def retrospective(self, *, limit: int, offset: int = 0) -> Sequence[RetrospectiveView]:
        """Entries, the newest first."""
        ...
