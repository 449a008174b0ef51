"""Live: the latest value of every tag, in columns, and what changed since somebody last looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.batch import Batch, Origin, happened_ns
from service.domain.coverage import Coverage
from service.domain.instants import SECOND_NS, seconds
from service.domain.quality import is_bad
from service.domain.tagtable import TagTable
from service.runtime.log import JournalReader

NEVER = -1
STEP_BACK_NS = 10 * SECOND_NS
"""What comes so much before what came earlier was told by a clock that was put back since."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of one tag. time_ns is NEVER when there is none."""

    number: int
    time_ns: int
    received_ns: int
    value: float
    status: int
    text: str | None


class LiveTable:
    """Latest values by tag number, and per item group until when it proved itself alive."""

    def __init__(self, table: TagTable) -> None:
        n = table.size
        self._table = table
        self._time = np.full(n, NEVER, np.int64)
        self._received = np.full(n, NEVER, np.int64)
        self._happened = np.full(n, NEVER, np.int64)
        self._value = np.full(n, np.nan)
        self._status = np.zeros(n, np.uint32)
        self._text: dict[int, str] = {}
        self._revision = np.zeros(n, np.int64)
        self._covers: dict[str, Coverage] = {}
        self.revision = 0
        """Rises with every change; ``changed_since`` takes an earlier one."""

    def take(self, batch: Batch) -> None:
        """Takes in a Batch; an older value never replaces a newer one, and one that a wrong clock
        dates into the future only holds until the next comes. Once our own clock was put back, what
        comes then is the newer."""
        for cover in batch.covers:
            coverage = self._covers.setdefault(cover.group, Coverage())
            present_ns = max(cover.end_ns, batch.received_ns)
            put_back = present_ns + STEP_BACK_NS < (coverage.end_ns or 0)
            if put_back and batch.origin is Origin.LIVE:
                coverage = self._covers[cover.group] = Coverage()
            coverage.add(cover.start_ns, cover.end_ns)
            coverage.forget_before(cover.start_ns)
        if not len(batch) or batch.origin is Origin.BACKFILL:
            return
        known = np.flatnonzero(batch.tag < len(self._time))
        happened = happened_ns(batch)
        order = known[np.argsort(happened[known], kind="stable")]
        tag = batch.tag[order]
        last = np.ones(len(tag), np.bool_)
        _, first_of_reversed = np.unique(tag[::-1], return_index=True)
        last[:] = False
        last[len(tag) - 1 - first_of_reversed] = True
        is_later = batch.received_ns + STEP_BACK_NS < self._received[tag]
        rows = order[last & (is_later | (happened[order] >= self._happened[tag]))]
        tag = batch.tag[rows]
        self.revision += 1
        self._time[tag] = batch.time_ns[rows]
        self._happened[tag] = happened[rows]
        self._received[tag] = batch.received_ns
        self._value[tag] = batch.value[rows]
        self._status[tag] = batch.status[rows]
        self._revision[tag] = self.revision
        for row, number in zip(rows.tolist(), tag.tolist(), strict=True):
            if row in batch.text:
                self._text[number] = batch.text[row]
            elif number in self._text:
                del self._text[number]

    def latest(self, numbers: Iterable[int]) -> list[Latest]:
        """The newest value of each tag, in the order asked for."""
        return [
            Latest(
                n,
                int(self._time[n]),
                int(self._received[n]),
                float(self._value[n]),
                int(self._status[n]),
                self._text.get(n),
            )
            for n in numbers
        ]

    def changed_since(self, revision: int, numbers: Sequence[int]) -> list[int]:
        """Those of ``numbers`` that changed after ``revision``."""
        wanted = np.asarray(numbers, np.int64)
        return [int(n) for n in wanted[self._revision[wanted] > revision]]

    def covered_until_ns(self, group: str) -> int | None:
        """The end of the group's proven liveness; None when it never proved any."""
        coverage = self._covers.get(group)
        return coverage.end_ns if coverage else None

    def stale_since_ns(self, number: int, *, now_ns: int, patience_ns: int) -> int | None:
        """Since when the tag's value is not to be trusted as current; None while it is.

        Stale is no coverage beyond ``patience_ns`` (2 × the revised keep-alive), or Bad; age alone
        counts only for a tag that is declared cyclic. A tag that never had a value is stale since
        1970.
        """
        tag = self._table.get(number)
        time_ns = int(self._time[number])
        if tag is None or time_ns == NEVER:
            return 0
        until = self.covered_until_ns(tag.item_group)
        if until is None:
            return time_ns
        if now_ns - until > patience_ns:
            return until
        if bool(is_bad(self._status[number : number + 1])[0]):
            return time_ns
        if tag.cyclic_s is not None and until - time_ns > seconds(2 * tag.cyclic_s):
            return time_ns + seconds(tag.cyclic_s)
        return None


async def follow(journal: JournalReader, live: LiveTable, *, after: int) -> None:
    """Keeps ``live`` up to date from journal position ``after`` on, for ever."""
    position = after
    while True:
        for entry in await journal.read(position):
            live.take(entry.batch)
            position = entry.position
