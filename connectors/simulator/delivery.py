"""What of the plant reached the reader: the truth about what can't be known from its meters."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Bools, Int64s, UInt8s
from service.domain.instants import MINUTE_NS, seconds


class Delivery:
    """Which samples of which meters arrived Good, and when counters were reset."""

    def __init__(self, tags: tuple[str, ...]) -> None:
        """tags: the meters that are sampled."""
        self._place = {tag: place for place, tag in enumerate(tags)}
        self._times: list[Int64s] = []
        self._good: list[tuple[int, UInt8s]] = []
        self._resets: dict[str, list[int]] = {}

    def record(self, times_ns: Int64s, good: Bools) -> None:
        """Samples at ``times_ns`` (k,), of which ``good`` (k, meters) arrived."""
        self._times.append(times_ns)
        self._good.append((len(times_ns), np.packbits(good, axis=0)))

    def record_reset(self, tag: str, at_ns: int) -> None:
        """The counter of ``tag`` began anew."""
        self._resets.setdefault(tag, []).append(at_ns)

    def unknown(
        self,
        tag: str,
        *,
        first_minute: int,
        minutes: int,
        rate: bool,
        pieces: bool = False,
        bridge_s: float = 60.0,
    ) -> Bools:
        """Minutes in which nobody can know what ``tag`` measured; shape (minutes,).

        rate: of a rate these are the minutes without a value, unless the hole is no longer than
        ``bridge_s``. Of a counter they are those between its last reading before a hole and its
        next one, if it was reset in between; without a reset its rise tells the mass. A counter of
        ``pieces`` needs no hole: one that was complete between a reading and the reset is gone.
        """
        times = np.concatenate(self._times)
        good = np.concatenate(
            [np.unpackbits(packed[:, self._place[tag]], count=k) for k, packed in self._good]
        ).astype(np.bool_)
        unknown = np.zeros(minutes, np.bool_)
        at = np.flatnonzero(good)
        pairs = np.diff(at) > 1
        if pieces and len(pairs):
            after = np.searchsorted(times[at], np.array(self._resets.get(tag, []), np.int64))
            pairs[after[(after > 0) & (after < len(at))] - 1] = True
        for a, b in zip(at[:-1][pairs].tolist(), at[1:][pairs].tolist(), strict=True):
            hole = self._hole(tag, int(times[a]), int(times[a + 1]), int(times[b]), rate, bridge_s)
            if hole is not None:
                first = max(hole[0] // MINUTE_NS - first_minute, 0)
                unknown[first : (hole[1] - 1) // MINUTE_NS - first_minute + 1] = True
        return unknown

    def _hole(
        self, tag: str, before_ns: int, missed_ns: int, after_ns: int, rate: bool, bridge_s: float
    ) -> tuple[int, int] | None:
        """[begin, end) of what a hole between two good readings hides; None for nothing."""
        if rate:
            return (missed_ns, after_ns) if after_ns - missed_ns > seconds(bridge_s) else None
        if any(before_ns < at_ns <= after_ns for at_ns in self._resets.get(tag, ())):
            return before_ns, after_ns
        return None
