"""The port through which is asked how often the alarms of each rule were raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from service.domain.alarm import Quiet


class Raises(Protocol):
    """Counts of what was raised. Called concurrently; raises Retryable when the state is busy."""

    async def between(self, start_ns: int, end_ns: int) -> Mapping[str, Mapping[Quiet | None, int]]:
        """By definition how often its alarm was raised in [start_ns, end_ns), by why nobody was
        called; None where people were. Without those that were not raised."""
        ...
