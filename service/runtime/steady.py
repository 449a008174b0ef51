"""Steady: time that passes whatever is done to the wall clock, and what is done to it."""

from __future__ import annotations

from service.domain.instants import seconds
from service.runtime.clock import Clock

STEP_S = 3.0
"""Real seconds by which wall clock and monotonic clock part between two looks, to be a step: a time
server's slow corrections stay far below."""


class Steady:
    """Compares the wall time of ``clock`` with its monotonic time at every look. steps: how many
    were noticed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_s = clock.monotonic_s()
        self._wall_ns = clock.now_ns()
        self._seen_ns = 0
        self.steps = 0

    def passed_ns(self) -> int:
        """Nanoseconds of ``clock`` since this began; they never step."""
        return seconds((self._clock.monotonic_s() - self._start_s) * self._clock.speed)

    def look(self) -> int:
        """By how many nanoseconds the wall clock was set on since the last look, below 0 when it
        was put back; 0 when it went on by itself."""
        wall_ns, passed_ns = self._clock.now_ns(), self.passed_ns()
        step_ns = (wall_ns - self._wall_ns) - (passed_ns - self._seen_ns)
        self._wall_ns, self._seen_ns = wall_ns, passed_ns
        if abs(step_ns) <= seconds(STEP_S * max(1.0, self._clock.speed)):
            return 0
        self.steps += 1
        return step_ns
