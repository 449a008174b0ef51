"""Clock: where time comes from. It is passed in, so that the core also runs under simulated
time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol

from service.domain.instants import SECOND_NS


class Clock(Protocol):
    """Wall time in UTC, monotonic time, and sleeping; called concurrently from many tasks."""

    @property
    def speed(self) -> float:
        """Seconds of this clock in a real one; what the outside measures in real seconds takes so
        much longer here."""
        ...

    def now_ns(self) -> int:
        """Nanoseconds since 1970, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never step back; for I/O time-outs."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Returns after ``delay_s`` seconds of this clock; safe to cancel."""
        ...


class SystemClock:
    """The machine's clock; with ``speed`` ≠ 1 its wall time runs that much faster from
    ``epoch_ns`` on.

    A fast clock serves a fast simulator: both are given the same epoch. Sleeps shrink with the
    speed.
    """

    def __init__(self, *, speed: float = 1.0, epoch_ns: int | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"clock speed must be above 0; came {speed}")
        self._speed = speed
        self._epoch_ns = epoch_ns if epoch_ns is not None else time.time_ns()

    @property
    def speed(self) -> float:
        return self._speed

    def now_ns(self) -> int:
        real_ns = time.time_ns()
        if self._speed == 1.0:
            return real_ns
        return self._epoch_ns + round((real_ns - self._epoch_ns) * self._speed)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s / self._speed)


class FakeClock:
    """A clock that stands still until ``advance``; sleepers wake in the order of their
    deadlines."""

    def __init__(self, start_ns: int) -> None:
        self._now_ns = start_ns
        self._start_ns = start_ns
        self._stepped_ns = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def speed(self) -> float:
        return 1.0

    def now_ns(self) -> int:
        return self._now_ns + self._stepped_ns

    def monotonic_s(self) -> float:
        return (self._now_ns - self._start_ns) / SECOND_NS

    async def sleep(self, delay_s: float) -> None:
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        deadline_ns = self._now_ns + round(delay_s * SECOND_NS)
        heapq.heappush(self._sleepers, (deadline_ns, next(self._order), wake))
        await wake

    @property
    def deadlines_ns(self) -> list[int]:
        """When those that sleep now will wake, ascending, as the wall time now stands."""
        woken_ns = (at_ns for at_ns, _, wake in self._sleepers if not wake.done())
        return sorted(at_ns + self._stepped_ns for at_ns in woken_ns)

    async def advance(self, delay_s: float) -> None:
        """Moves time forward, waking each sleeper at its own deadline and letting tasks run
        between."""
        target_ns = self._now_ns + round(delay_s * SECOND_NS)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target_ns:
            deadline_ns, _, wake = heapq.heappop(self._sleepers)
            self._now_ns = max(self._now_ns, deadline_ns)
            if not wake.done():
                wake.set_result(None)
            await self._settle()
        self._now_ns = target_ns
        await self._settle()

    def step(self, step_ns: int) -> None:
        """Sets the wall time otherwise, as a person or a time server may; sleepers don't notice."""
        self._stepped_ns += step_ns

    @staticmethod
    async def _settle() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
