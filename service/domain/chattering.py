"""Chattering (ISA-18.2): an alarm that comes again and again within moments tells nothing new."""

from __future__ import annotations

from collections import deque

from service.domain.handling import Chattering
from service.domain.instants import seconds


class Chatter:
    """How often one alarm came lately. Its ``raised`` are called in the order of time."""

    __slots__ = ("_calm_ns", "_chatters", "_times", "_window_ns")

    def __init__(self, settings: Chattering) -> None:
        self._window_ns = seconds(settings.window_s)
        self._calm_ns = seconds(settings.calm_s)
        self._times: deque[int] = deque(maxlen=settings.raises)
        self._chatters = False

    def raised(self, at_ns: int) -> None:
        """It was raised. One that has been calm since begins anew."""
        if not self.chatters(at_ns):
            self._chatters = False
        self._times.append(at_ns)
        full = len(self._times) == self._times.maxlen
        self._chatters |= full and at_ns - self._times[0] <= self._window_ns

    def chatters(self, at_ns: int) -> bool:
        """Whether it chatters at ``at_ns``: it did, and has not been calm for long enough."""
        return self._chatters and at_ns - self._times[-1] < self._calm_ns

    def quiet_since(self, at_ns: int) -> bool:
        """Whether nothing of it matters any more at ``at_ns``."""
        longest_ns = max(self._window_ns, self._calm_ns)
        return not self._times or at_ns - self._times[-1] >= longest_ns
