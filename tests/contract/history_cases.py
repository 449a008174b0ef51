"""What the history tests share: special tags, and rows in a form that compares exactly."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.domain.batch import Batch, Origin, make_batch
from service.domain.coverage import Cover
from service.domain.instants import LATEST_NS, SECOND_NS
from service.domain.quality import GOOD
from service.runtime.history import History

NOW_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00:00Z."""

WORDS = 2_500
STRANGE = 2_501
UNKNOWN = 9_999
"""Numbers of a text tag, of a tag with a difficult name, and of none in the table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; value None is null."""

    tag: int
    time_ns: int
    value: float | None = None
    status: int = GOOD
    text: str | None = None

    @property
    def exact(self) -> tuple[int, int, bytes | None, int, str | None]:
        """Compares bit for bit."""
        bits = None if self.value is None else struct.pack(">d", self.value)
        return (self.time_ns, self.tag, bits, self.status, self.text)


def batch_of(
    rows: Sequence[Row], *, origin: Origin = Origin.LIVE, covers: tuple[Cover, ...] = ()
) -> Batch:
    """The rows, in their order."""
    batch = make_batch(
        [row.tag for row in rows],
        [row.time_ns for row in rows],
        [math.nan if row.value is None else row.value for row in rows],
        [row.status for row in rows],
        received_ns=NOW_NS,
        text={at: row.text for at, row in enumerate(rows) if row.text is not None},
    )
    return replace(batch, origin=origin, covers=covers)


def rows_of(batch: Batch) -> list[Row]:
    """The rows, in their order."""
    columns = zip(
        batch.tag.tolist(),
        batch.time_ns.tolist(),
        batch.value.tolist(),
        batch.status.tolist(),
        strict=True,
    )
    return [
        Row(tag, time_ns, None if math.isnan(value) else value, status, batch.text.get(at))
        for at, (tag, time_ns, value, status) in enumerate(columns)
    ]


def same(came: Batch, expected: Sequence[Row]) -> bool:
    """Whether these are exactly the ``expected`` rows, sorted as answers are."""
    return [row.exact for row in rows_of(came)] == sorted(row.exact for row in expected)


async def everything(history: History, tags: Sequence[int]) -> Batch:
    """All rows of ``tags``."""
    return await history.rows(tags, 0, LATEST_NS, limit=1_000_000)
