"""Latest values for the API, each with whether it can be trusted as current."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.tagtable import TagTable
from service.runtime.live import NEVER, LiveTable
from service.runtime.views import LiveValue
from service.runtime.watch_absence import AbsenceRules


class CoreLive:
    """Implements ``service.runtime.views.LiveView`` over the live table."""

    def __init__(self, live: LiveTable, table: TagTable, absence: AbsenceRules) -> None:
        self._live = live
        self._table = table
        self._absence = absence

    @property
    def revision(self) -> int:
        """Rises with every change."""
        return self._live.revision

    def values(self, numbers: Sequence[int], now_ns: int) -> Sequence[LiveValue]:
        """The newest value of each tag, in the order asked for."""
        stale = self.stale_since(numbers, now_ns)
        return [
            LiveValue(
                number=one.number,
                time_ns=None if one.time_ns == NEVER else one.time_ns,
                received_ns=None if one.received_ns == NEVER else one.received_ns,
                value=one.value,
                status=one.status,
                text=one.text,
                stale_since_ns=since,
            )
            for one, since in zip(self._live.latest(numbers), stale, strict=True)
        ]

    def changed_since(self, revision: int, numbers: Sequence[int]) -> Sequence[int]:
        """Those of ``numbers`` that got a value after ``revision``."""
        return self._live.changed_since(revision, numbers)

    def stale_since(self, numbers: Sequence[int], now_ns: int) -> Sequence[int | None]:
        """For each tag since when it is stale, None while it isn't."""
        return [
            self._live.stale_since_ns(
                n, now_ns=now_ns, patience_ns=self._absence.patience_ns(self._group(n))
            )
            for n in numbers
        ]

    def _group(self, number: int) -> str:
        tag = self._table.get(number)
        return "" if tag is None else tag.item_group
