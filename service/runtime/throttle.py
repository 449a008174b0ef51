"""Throttle: a growing wait between failed attempts, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from service.domain.instants import MINUTE_NS, seconds

FORGET_NS = 15 * MINUTE_NS
MOST_KEYS = 10_000


@dataclass(slots=True)
class _Tries:
    count: int
    last_ns: int


class Throttle:
    """Counts attempts by key: ``free`` of them follow each other at will, then each doubles the
    wait.

    longest_s: the wait never gets longer, so that nobody can lock somebody else out for good.
    A key that was quiet for 15 minutes starts anew; of too many keys the longest quiet is
    forgotten.
    """

    def __init__(self, *, free: int, longest_s: float, most_keys: int = MOST_KEYS) -> None:
        self._free = free
        self._longest_s = longest_s
        self._most_keys = most_keys
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_s(self, key: str, now_ns: int) -> float:
        """Seconds until ``key`` may try again; 0 when it may now."""
        tries = self._tries.get(key)
        if tries is None or now_ns - tries.last_ns > FORGET_NS or tries.count < self._free:
            return 0.0
        pause_s = min(2.0 ** min(tries.count - self._free, 30), self._longest_s)
        return max(tries.last_ns + seconds(pause_s) - now_ns, 0) / seconds(1)

    def count(self, key: str, now_ns: int) -> None:
        """An attempt begins. It counts as failed until ``take_back`` or ``forget``, so that many
        at once do not slip through."""
        tries = self._tries.pop(key, None)
        if tries is None or now_ns - tries.last_ns > FORGET_NS:
            tries = _Tries(0, now_ns)
        tries.count += 1
        tries.last_ns = now_ns
        self._tries[key] = tries
        while len(self._tries) > self._most_keys:
            self._tries.popitem(last=False)

    def take_back(self, key: str) -> None:
        """One counted attempt turned out well; failed ones before it still count."""
        tries = self._tries.get(key)
        if tries is not None:
            tries.count -= 1
            if tries.count <= 0:
                del self._tries[key]

    def forget(self, key: str) -> None:
        """All is well with ``key``."""
        self._tries.pop(key, None)

    def __len__(self) -> int:
        return len(self._tries)
