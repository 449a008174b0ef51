"""Pace: what one receiver still takes of messages, by its own limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from service.domain.instants import SECOND_NS, seconds
from service.domain.quota import WINDOW_NS, free_ns, room
from service.runtime.clock import Clock
from service.runtime.notify import NotifierLimits

UNLIMITED = 1_000_000


class Pace:
    """Counts attempts on the monotonic clock, so that a wall clock that is set changes nothing."""

    def __init__(self, limits: NotifierLimits, clock: Clock) -> None:
        self._per_minute = limits.per_minute
        self._apart_ns = seconds(limits.apart_s)
        self._clock = clock
        self._sent_ns: deque[int] = deque()  # of the last minute, ascending
        self._last_ns: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether the receiver has a limit."""
        return self._per_minute is not None

    def recall(self, ages_ns: Iterable[int]) -> None:
        """Takes up attempts of an earlier run, made so long ago; the oldest first."""
        now_ns = self._now_ns()
        self._sent_ns.extend(now_ns - age for age in ages_ns if 0 <= age < WINDOW_NS)

    def count(self) -> None:
        """One more is made now."""
        self._last_ns = self._now_ns()
        if self.is_limited:
            self._sent_ns.append(self._last_ns)

    def room(self, *, critical: bool) -> int:
        """How many messages may go now."""
        if self._per_minute is None:
            return UNLIMITED
        now_ns = self._now_ns()
        while self._sent_ns and now_ns - self._sent_ns[0] >= WINDOW_NS:
            self._sent_ns.popleft()
        return room(self._sent_ns, self._per_minute, now_ns, critical=critical)

    def free_in_ns(self, *, critical: bool) -> int:
        """How long until another one may go."""
        if self._per_minute is None:
            return 0
        now_ns = self._now_ns()
        return free_ns(self._sent_ns, self._per_minute, now_ns, critical=critical) - now_ns

    async def apart(self) -> None:
        """Returns once the receiver takes another message, so soon after the last."""
        if self._last_ns is not None:
            wait_ns = self._last_ns + self._apart_ns - self._now_ns()
            if wait_ns > 0:
                await self._clock.sleep(wait_ns / SECOND_NS)

    def _now_ns(self) -> int:
        return round(self._clock.monotonic_s() * SECOND_NS)
