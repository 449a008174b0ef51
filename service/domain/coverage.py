"""Coverage: when a source was provably alive, so that silence means "unchanged" and not "unknown".

OPC UA reports by exception. Between two data or keep-alive messages of a living subscription a
value
holds; outside such intervals it is unknown. An item group is written ``source/group``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cover:
    """Item group ``group`` was provably alive over the half-open interval [start_ns, end_ns),
    UTC."""

    group: str
    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"cover of {self.group} ends at {self.end_ns}, before {self.start_ns}")


class Coverage:
    """The disjoint, sorted intervals in which one item group was alive; intervals that touch
    merge."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start_ns, end_ns in intervals:
            self.add(start_ns, end_ns)

    def add(self, start_ns: int, end_ns: int) -> None:
        """Adds [start_ns, end_ns); an empty interval adds nothing."""
        if end_ns <= start_ns:
            return
        if self._ends and start_ns == self._ends[-1]:  # the common case: the next keep-alive
            self._ends[-1] = end_ns
            return
        first = bisect_left(self._ends, start_ns)
        last = bisect_right(self._starts, end_ns)
        if first < last:
            start_ns = min(start_ns, self._starts[first])
            end_ns = max(end_ns, self._ends[last - 1])
        self._starts[first:last] = [start_ns]
        self._ends[first:last] = [end_ns]

    def forget_before(self, time_ns: int) -> None:
        """Drops what ended before ``time_ns``, so that memory stays bounded."""
        first = bisect_left(self._ends, time_ns)
        del self._starts[:first], self._ends[:first]

    def covers(self, time_ns: int) -> bool:
        """Whether the group was alive at ``time_ns``."""
        at = bisect_right(self._starts, time_ns) - 1
        return at >= 0 and time_ns < self._ends[at]

    def covered_ns(self, start_ns: int, end_ns: int) -> int:
        """Covered nanoseconds within [start_ns, end_ns)."""
        return sum(b - a for a, b in self.within(start_ns, end_ns))

    def within(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """The covered intervals, cut to [start_ns, end_ns)."""
        cut = []
        for at in range(bisect_right(self._ends, start_ns), len(self._starts)):
            if self._starts[at] >= end_ns:
                break
            cut.append((max(self._starts[at], start_ns), min(self._ends[at], end_ns)))
        return cut

    def gaps(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """The intervals within [start_ns, end_ns) that are not covered."""
        found = []
        reached = start_ns
        for a, b in self.within(start_ns, end_ns):
            if a > reached:
                found.append((reached, a))
            reached = b
        if reached < end_ns:
            found.append((reached, end_ns))
        return found

    @property
    def end_ns(self) -> int | None:
        """The end of the last interval; None when nothing was ever covered."""
        return self._ends[-1] if self._ends else None

    @property
    def intervals(self) -> list[tuple[int, int]]:
        """All intervals, sorted."""
        return list(zip(self._starts, self._ends, strict=True))
