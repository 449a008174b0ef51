"""The newest row of every tag, to know one that a server tells again when it is taken up."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from service.domain.arrays import Bools
from service.domain.batch import Batch


class Newest:
    """By tag number. A row with time, status and value of the one before it says nothing new."""

    def __init__(self, tags: Collection[int]) -> None:
        size = max(tags, default=-1) + 1
        self._time_ns = np.full(size, np.iinfo(np.int64).min)
        self._value = np.full(size, np.nan)
        self._status = np.zeros(size, np.uint32)

    def is_new(self, batch: Batch) -> Bools:
        """Which rows are no repetition of the newest that is known; shape (n,)."""
        tag = batch.tag
        same = (batch.time_ns == self._time_ns[tag]) & (batch.status == self._status[tag])
        value = self._value[tag]
        same &= (batch.value == value) | (np.isnan(batch.value) & np.isnan(value))
        return np.asarray(~same, dtype=np.bool_)

    def take(self, batch: Batch) -> None:
        """``batch``'s rows are known; of several of one tag the last counts."""
        self._time_ns[batch.tag] = batch.time_ns
        self._value[batch.tag] = batch.value
        self._status[batch.tag] = batch.status
