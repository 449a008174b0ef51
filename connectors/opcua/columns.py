"""Decoded values become Batches: times to the nanosecond, statuses, and what is refused counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from connectors.opcua.decode import Values
from service.domain.arrays import Bools, Float64s, Int8s, Int32s, Int64s, UInt32s
from service.domain.batch import Batch, TimeOrigin, make_batch, rows_of
from service.domain.instants import EARLIEST_NS, LATEST_NS
from service.domain.quality import BAD_OUT_OF_RANGE, OVERFLOW_BITS, is_good

UNIX_EPOCH_TICKS = 116_444_736_000_000_000
"""1970-01-01 in ticks of 100 ns since 1601-01-01, the DateTime of OPC UA."""
EARLIEST_TICKS = UNIX_EPOCH_TICKS + EARLIEST_NS // 100
LATEST_TICKS = UNIX_EPOCH_TICKS + LATEST_NS // 100
BAD_NOT_SUPPORTED = 0x803D_0000
LARGEST_PICOSECONDS = 9_999
"""PicoSeconds fields count 10 ps, up to one tick; larger ones mean this (Part 6, 5.2.2.17)."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What became of one message's values.

    batches: one for each origin of time that occurs, in the order source, server, receipt.
    counts: values, refused_integers, refused_times, unsupported, overflow, unknown_handles.
    unsupported: tag number -> what its value was.
    """

    batches: tuple[Batch, ...]
    counts: Counter[str]
    unsupported: dict[int, str]


def ticks_to_ns(ticks: int) -> int:
    """Nanoseconds since 1970 of OPC UA ticks (100 ns since 1601)."""
    return (ticks - UNIX_EPOCH_TICKS) * 100


def to_columns(found: Values, tag_of: Int32s, *, received_ns: int, source: str) -> Columns:
    """Batches of ``found``; ``tag_of``: shape (handles,), the tag number of each client handle.

    A value's time is its source timestamp (100 ns ticks and, where given, picoseconds, cut to whole
    nanoseconds), else the server's, else ``received_ns``. A time outside the service's range is
    refused with its row. A value that can't be held (null, NaN, an integer beyond ±2^53, an array
    or a structure) stays as a row without a value and with a Bad status, so that the tag shows that
    it isn't known now.
    """
    counts: Counter[str] = Counter()
    if not len(found):
        return Columns((), counts, {})
    known = found.handle < len(tag_of)
    tags = tag_of[np.where(known, found.handle, 0)]
    values, statuses = found.value.copy(), found.status.copy()
    counts["overflow"] = int(np.count_nonzero((statuses & OVERFLOW_BITS) == OVERFLOW_BITS))
    _mark_bad(values, statuses, found)
    times, origins = _times(found, received_ns)
    in_range = times >= EARLIEST_NS
    keep = known & in_range
    counts["unknown_handles"] = int(np.count_nonzero(~known))
    counts["refused_times"] = int(np.count_nonzero(known & ~in_range))
    counts["refused_integers"] = len(found.refused)
    counts["unsupported"] = len(found.unsupported)
    counts["values"] = int(np.count_nonzero(keep))
    whole = make_batch(
        tags, times, values, statuses, received_ns=received_ns, text=found.text, source=source
    )
    unsupported = {int(tags[row]): kind for row, kind in found.unsupported.items() if known[row]}
    return Columns(tuple(_split(whole, origins, keep)), counts, unsupported)


def _mark_bad(values: Float64s, statuses: UInt32s, found: Values) -> None:
    """Gives rows without a value a Bad status, where the server did not call them bad itself."""
    empty = ~np.isfinite(values)
    values[empty] = np.nan
    if found.text:
        empty[list(found.text)] = False
    empty &= is_good(statuses)
    statuses[empty] = BAD_OUT_OF_RANGE
    if found.unsupported:
        rows = np.fromiter(found.unsupported, dtype=np.int64)
        statuses[rows[empty[rows]]] = BAD_NOT_SUPPORTED


def _times(found: Values, received_ns: int) -> tuple[Int64s, Int8s]:
    """Times in ns (-1 where refused) and whose they are. A tick count ≤ 0 is OPC UA's null."""
    is_server = (found.source_ticks <= 0) & (found.server_ticks > 0)
    ticks = np.where(is_server, found.server_ticks, found.source_ticks)
    given_ps = np.where(is_server, found.server_ps, found.source_ps)
    picoseconds = np.minimum(given_ps, LARGEST_PICOSECONDS)
    origins = np.where(is_server, np.int8(TimeOrigin.SERVER), np.int8(TimeOrigin.SOURCE))
    fits = (ticks >= EARLIEST_TICKS) & (ticks < LATEST_TICKS)
    since_1970 = np.where(fits, ticks - UNIX_EPOCH_TICKS, 0) * 100 + picoseconds // 100
    times = np.where(fits, since_1970, -1)
    missing = ticks <= 0
    origins[missing] = TimeOrigin.RECEIPT
    times[missing] = received_ns
    return times, origins


def _split(whole: Batch, origins: Int8s, keep: Bools) -> list[Batch]:
    batches = []
    for origin in TimeOrigin:
        mask = keep & (origins == origin)
        if mask.any():
            part = whole if mask.all() else rows_of(whole, mask)
            batches.append(replace(part, time_origin=origin))
    return batches
