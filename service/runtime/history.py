"""The ports of the history: where values stay, and how they are read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.batch import Batch
from service.domain.coverage import Cover


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the rows of one write: stored (or already there), lost to a better row,
    refused."""

    stored: int = 0
    superseded: int = 0
    refused: int = 0


class HistoryWriter(Protocol):
    """Called by one task at a time."""

    async def write(self, batches: Sequence[Batch]) -> Written:
        """Stores rows and covers. Durable when it returns, and idempotent by (tag, time): writing
        again
        changes nothing; ``Origin`` says which of two rows at one instant stays. Raises Retryable
        when the
        store is away (the same batches are then written again later) and Rejected when it refuses
        them."""
        ...


class HistoryReader(Protocol):
    """Called concurrently by the API. Every answer is a Batch whose rows come sorted by (time_ns,
    tag)."""

    async def rows(
        self,
        tags: Sequence[int],
        start_ns: int,
        end_ns: int,
        *,
        limit: int,
        after: tuple[int, int] | None = None,
    ) -> Batch:
        """Raw rows with start_ns ≤ time < end_ns, at most ``limit``; ``after`` = (time_ns, tag) of
        the
        last row of the page before."""
        ...

    async def picture(
        self, tags: Sequence[int], start_ns: int, end_ns: int, *, buckets: int
    ) -> Batch:
        """M4 for drawing (Jugel et al., VLDB 2014): of each tag and each of ``buckets`` equal time
        buckets the
        rows that are first, last, least and greatest, and every row that begins or ends a stretch
        of
        nulls or Bad, so that a gap is never drawn over. At most about 6 × buckets rows for each
        tag."""
        ...

    async def latest(self, tags: Sequence[int], *, before_ns: int) -> Batch:
        """For each tag its last row with time < before_ns, if any."""
        ...

    async def covers(self, groups: Sequence[str], start_ns: int, end_ns: int) -> tuple[Cover, ...]:
        """Proven liveness within [start_ns, end_ns), merged, sorted by (group, start)."""
        ...


class History(HistoryWriter, HistoryReader, Protocol):
    """A store is both."""
