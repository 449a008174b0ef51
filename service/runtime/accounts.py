"""The port through which the account of a window is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from service.domain.production.stated import StageAccount


class Accounts(Protocol):
    """States what was made. Called concurrently."""

    async def between(self, first_minute: int, end_minute: int) -> Sequence[StageAccount]:
        """The account of each stage over the minutes [first, end), since 1970."""
        ...
