"""A number that only rises, and waiting for it."""

from __future__ import annotations

import asyncio


class Progress:
    """Where something has got to. Any number of tasks may wait; nothing is missed between two
    waits."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self._moved = asyncio.Event()

    def reach(self, value: int) -> None:
        """Moves on to ``value`` and wakes who waits; a smaller value changes nothing."""
        if value > self.value:
            self.value = value
            self._moved.set()
            self._moved = asyncio.Event()

    def step(self) -> None:
        """Moves on by one."""
        self.reach(self.value + 1)

    async def until(self, value: int) -> None:
        """Returns once ``value`` is reached."""
        while self.value < value:
            await self._moved.wait()
