"""The port through which corrections of the past are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from service.domain.production.corrections import Correction

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
