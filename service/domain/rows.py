"""Batches as tables of rows: joined, picked from, and put in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.domain.arrays import Bools, Index
from service.domain.batch import Batch, empty_batch
from service.domain.instants import EARLIEST_NS, LATEST_NS


def join(batches: Sequence[Batch], *, received_ns: int) -> Batch:
    """All rows of ``batches``, one after the other; covers, source and position are left behind."""
    filled = [batch for batch in batches if len(batch)]
    if not filled:
        return empty_batch(received_ns=received_ns)
    text: dict[int, str] = {}
    first = 0
    for batch in filled:
        text.update((first + row, words) for row, words in batch.text.items())
        first += len(batch)
    return Batch(
        tag=np.concatenate([batch.tag for batch in filled]),
        time_ns=np.concatenate([batch.time_ns for batch in filled]),
        value=np.concatenate([batch.value for batch in filled]),
        status=np.concatenate([batch.status for batch in filled]),
        received_ns=received_ns,
        text=text,
    )


def take(batch: Batch, index: Index) -> Batch:
    """The rows at ``index`` (each at most once), in that order; covers are left behind."""
    text: dict[int, str] = {}
    if batch.text:
        worded = np.fromiter(batch.text, dtype=np.intp, count=len(batch.text))
        for new in np.flatnonzero(np.isin(index, worded)).tolist():
            text[new] = batch.text[int(index[new])]
    return Batch(
        tag=batch.tag[index],
        time_ns=batch.time_ns[index],
        value=batch.value[index],
        status=batch.status[index],
        received_ns=batch.received_ns,
        text=text,
        time_origin=batch.time_origin,
        origin=batch.origin,
        source=batch.source,
        position=batch.position,
    )


def unfit(batch: Batch) -> Bools:
    """Rows that no store takes: times outside [1970, 2200), and infinities (null by now if they
    came
    through ingest)."""
    late = (batch.time_ns < EARLIEST_NS) | (batch.time_ns >= LATEST_NS)
    return np.asarray(late | np.isinf(batch.value), dtype=np.bool_)


def in_time_order(batch: Batch) -> Batch:
    """The rows sorted by (time, tag), as every answer of the history has them."""
    return take(batch, np.lexsort((batch.tag, batch.time_ns)))
