"""What the journal says of the meters' tags, collected until somebody judges it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.domain.batch import Batch
from service.domain.coverage import Coverage
from service.domain.line import Meter
from service.domain.production.readings import Readings
from service.domain.tagtable import TagTable
from service.runtime.meter_rows import NEVER, Gathering, Liveness

__all__ = ["NEVER", "NO_READINGS", "MeterReadings"]

NO_READINGS = Readings(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))


class MeterReadings:
    """Readings of some meters, and of the tags that say whether their machines run, as they came;
    ``coverage`` of their item groups."""

    def __init__(self, meters: Sequence[Meter], table: TagTable) -> None:
        self._gathering = Gathering(meters, table)
        self._liveness = Liveness()

    @property
    def coverage(self) -> dict[str, Coverage]:
        """By item group, all that was taken and not forgotten."""
        return self._liveness.coverage

    def take(self, batch: Batch) -> None:
        """Takes the rows and covers of ``batch``; call in journal order."""
        self._gathering.take(batch, self._liveness)

    def by_tag(self) -> dict[str, Readings]:
        """What came since the last call, by tag, in the order of its coming."""
        rows, _ = self._gathering.taken()
        return {tag: Readings(one.held_ns, one.value, one.usable) for tag, one in rows.items()}
