"""Suppression by design as it runs: the values and alarms on which it depends, followed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from service.domain.alarm import AlarmDefinition
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.instants import seconds
from service.domain.quality import is_bad
from service.domain.suppression import OnTag, Suppressor, suppressed, suppressors
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates


class Suppressions:
    """Follows every Batch, before the rules judge it; ``pass_time`` in between.

    What was suppressed when the service ended stays so until the values say otherwise.
    """

    def __init__(
        self, definitions: Mapping[str, AlarmDefinition], table: TagTable, states: AlarmStates
    ) -> None:
        self._definitions = definitions
        self._states = states
        names = [tag.id for _, tag in table]
        self._conditions: dict[str, tuple[Suppressor, ...]] = suppressors(definitions, names)
        every = [one for mine in self._conditions.values() for one in mine]
        on_tags = {one.tag for one in every if isinstance(one, OnTag)}
        self._numbers = np.array(sorted(table.number(tag) for tag in on_tags), np.int64)
        self._names = {number: table.tag(number).id for number in self._numbers.tolist()}
        self._value: dict[str, float | None] = {}
        self._over_since: dict[str, int] = {}

    def take(self, batch: Batch) -> None:
        """Takes the last value of each tag of a Batch."""
        if not len(self._numbers) or not len(batch) or batch.origin is not Origin.LIVE:
            return
        rows = np.flatnonzero(np.isin(batch.tag, self._numbers))
        if not len(rows):
            return
        time_ns = happened_ns(batch)[rows]
        order = rows[np.argsort(time_ns, kind="stable")]
        bad = is_bad(batch.status[order])
        before = dict(self._value)
        for at, row in enumerate(order.tolist()):
            value = float(batch.value[row])
            unknown = bool(bad[at]) or math.isnan(value)
            self._value[self._names[int(batch.tag[row])]] = None if unknown else value
        if self._value != before:
            self.pass_time(int(time_ns.max()))

    def pass_time(self, now_ns: int) -> None:
        """Suppresses what a condition makes meaningless, and lets go what none has for long
        enough: an alarm has its rule's ``settle_s`` to go by itself."""
        for id_, conditions in self._conditions.items():
            definition = self._definitions[id_]
            holds, words = suppressed(conditions, self._value.get, self._stands)
            if holds:
                self._over_since.pop(id_, None)
                self._states.suppress(definition, now_ns, reason=words)
            elif holds is False and self._states[id_].suppressed is not None:
                since_ns = self._over_since.setdefault(id_, now_ns)
                if now_ns - since_ns >= seconds(definition.handling.settle_s):
                    self._states.unsuppress(definition, now_ns)
                    del self._over_since[id_]

    def _stands(self, id_: str) -> bool:
        return self._states[id_].stands
