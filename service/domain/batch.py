"""Batch: values in columns, the only form in which they travel from a source to a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from service.domain.arrays import Bools, Float64s, Int32s, Int64s, UInt32s
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS

CLOCK_TOLERANCE_NS = 10 * SECOND_NS
"""How far a clock outside may be ahead of ours and still be believed."""


class TimeOrigin(IntEnum):
    """Whose clock gave ``time_ns``."""

    SOURCE = 0
    SERVER = 1
    RECEIPT = 2


class Origin(IntEnum):
    """Where the rows come from; it decides which of two rows at the same (tag, time) stays.

    A LIVE row beats a BACKFILL row. A live Bad never replaces a Good. Among equals the later
    written
    stays. A DERIVED row (computed by the service itself) always replaces the earlier one.
    """

    LIVE = 0
    BACKFILL = 1
    DERIVED = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of (tag, time, value, status) in four columns of one length n, and proven liveness.

    tag: shape (n,), int32 numbers from the tag registry.
    time_ns: shape (n,), int64, UTC.
    value: shape (n,), float64 in the tag's unit; NaN is null; booleans are 0.0 and 1.0; NaN for
    text.
    status: shape (n,), uint32, OPC UA StatusCode.
    text: row index -> text, for the rows whose value is text.
    received_ns: when the service received the rows, UTC.
    covers: intervals in which the source proved itself alive, ended by this Batch; a Batch without
        rows and with covers is what a keep-alive becomes.
    position: the source's own number of this Batch, given back through ``Source.durable``.
    """

    tag: Int32s
    time_ns: Int64s
    value: Float64s
    status: UInt32s
    received_ns: int
    text: Mapping[int, str] = field(default_factory=dict)
    time_origin: TimeOrigin = TimeOrigin.SOURCE
    origin: Origin = Origin.LIVE
    covers: tuple[Cover, ...] = ()
    source: str = ""
    position: int = 0

    def __post_init__(self) -> None:
        n = len(self.tag)
        if not (len(self.time_ns) == len(self.value) == len(self.status) == n):
            raise ValueError(
                f"columns of a Batch have one length; came tag {n}, time_ns {len(self.time_ns)}, "
                f"value {len(self.value)}, status {len(self.status)}"
            )

    def __len__(self) -> int:
        return len(self.tag)


def make_batch(
    tag: Sequence[int] | Int32s,
    time_ns: Sequence[int] | Int64s,
    value: Sequence[float] | Float64s,
    status: Sequence[int] | UInt32s | None = None,
    *,
    received_ns: int,
    text: Mapping[int, str] | None = None,
    time_origin: TimeOrigin = TimeOrigin.SOURCE,
    origin: Origin = Origin.LIVE,
    covers: tuple[Cover, ...] = (),
    source: str = "",
    position: int = 0,
) -> Batch:
    """A Batch from any sequences, with the columns' types put right; status defaults to Good."""
    tags = np.asarray(tag, dtype=np.int32)
    return Batch(
        tag=tags,
        time_ns=np.asarray(time_ns, dtype=np.int64),
        value=np.asarray(value, dtype=np.float64),
        status=np.zeros(len(tags), np.uint32)
        if status is None
        else np.asarray(status, dtype=np.uint32),
        received_ns=received_ns,
        text=dict(text or {}),
        time_origin=time_origin,
        origin=origin,
        covers=covers,
        source=source,
        position=position,
    )


def empty_batch(*, received_ns: int, covers: tuple[Cover, ...] = (), source: str = "") -> Batch:
    """A Batch without rows: what a keep-alive becomes."""
    return make_batch([], [], [], received_ns=received_ns, covers=covers, source=source)


def happened_ns(batch: Batch, told_ns: Int64s | None = None) -> Int64s:
    """``believed_ns`` of the rows of ``batch``; told_ns: for live rows, shape (n,)."""
    return believed_ns(batch.time_ns, batch.received_ns, told_ns)


def believed_ns(
    time_ns: Int64s, received_ns: Int64s | int, told_ns: Int64s | None = None
) -> Int64s:
    """When each row's value was so at the latest, shape (n,): its own time, unless a clock outside
    is wrong.

    A row dated into the future counts from its receipt. A living source had told all that happened
    before ``told_ns``, where its last message reached: a row dated before that counts from there
    (None: nothing is known of that). Rows keep the times that they came with; what is computed from
    them must neither wait for that future nor fall into a past that is closed.
    """
    ahead = time_ns > received_ns + CLOCK_TOLERANCE_NS
    believed = np.where(ahead, received_ns, time_ns)
    if told_ns is None:
        return believed
    return np.where(believed + CLOCK_TOLERANCE_NS < told_ns, told_ns, believed)


def rows_of(batch: Batch, mask: Bools) -> Batch:
    """The rows of ``batch`` where ``mask`` (shape (n,)) is true; covers and position are kept."""
    kept = np.flatnonzero(mask)
    text = {}
    if batch.text:
        text = {new: batch.text[old] for new, old in enumerate(kept.tolist()) if old in batch.text}
    return Batch(
        tag=batch.tag[kept],
        time_ns=batch.time_ns[kept],
        value=batch.value[kept],
        status=batch.status[kept],
        received_ns=batch.received_ns,
        text=text,
        time_origin=batch.time_origin,
        origin=batch.origin,
        covers=batch.covers,
        source=batch.source,
        position=batch.position,
    )
