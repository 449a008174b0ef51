"""Suppression by design as it runs: the values and alarms on which it depends, followed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import AlarmDefinition, speaks
from service.domain.batch import Batch, Origin, happened_ns
from service.domain.instants import seconds
from service.domain.quality import is_bad
from service.domain.suppression import OnTag, Suppressor, suppressed, suppressors
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.clock import Clock

UNKNOWN_S = 60.0
"""For so long what held before a value became unknown goes on suppressing: a connection that comes
back at once calls nobody. After that unknown suppresses nothing."""


@dataclass(slots=True)
class _Over:
    """Since when nothing is known to suppress an alarm, in processing time. false_ns: since when it
    is known that nothing does; None while that is open."""

    since_ns: int
    false_ns: int | None = None


class Suppressions:
    """Follows every Batch, before the rules judge it; ``pass_time`` in between.

    What was suppressed when the service ended stays so until the values say otherwise, or are
    unknown for too long. Waits run in processing time, since a source may be behind or fall silent.

    patience_ns: how long an item group may be silent before its values are unknown.
    """

    def __init__(
        self,
        definitions: Mapping[str, AlarmDefinition],
        table: TagTable,
        states: AlarmStates,
        clock: Clock,
        *,
        patience_ns: Callable[[str], int],
    ) -> None:
        self._definitions = definitions
        self._states = states
        self._clock = clock
        self._patience_ns = patience_ns
        names = [tag.id for _, tag in table]
        self._conditions: dict[str, tuple[Suppressor, ...]] = suppressors(definitions, names)
        every = [one for mine in self._conditions.values() for one in mine]
        on_tags = {one.tag for one in every if isinstance(one, OnTag)}
        self._numbers = np.array(sorted(table.number(tag) for tag in on_tags), np.int64)
        self._names = {number: table.tag(number).id for number in self._numbers.tolist()}
        self._group = {tag.id: tag.item_group for _, tag in table if tag.id in on_tags}
        self._heard_ns = dict.fromkeys(self._group.values(), clock.now_ns())
        self._value: dict[str, float | None] = {}
        self._over: dict[str, _Over] = {}

    def take(self, batch: Batch) -> None:
        """Takes the last value of each tag of a Batch, and which item groups live."""
        if not len(self._numbers):
            return
        for cover in batch.covers:
            if cover.group in self._heard_ns:
                self._heard_ns[cover.group] = self._clock.now_ns()
        if not len(batch) or batch.origin is not Origin.LIVE:
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
            self._look(int(time_ns.max()), self._clock.now_ns())

    def pass_time(self, now_ns: int) -> None:
        """Suppresses what a condition makes meaningless, and lets go what none has for long
        enough: an alarm has its rule's ``settle_s`` to go by itself."""
        self._look(now_ns, now_ns)

    def _look(self, at_ns: int, now_ns: int) -> None:
        """at_ns: when what is found happened. now_ns: processing time, in which the waits run."""

        def value(tag: str) -> float | None:
            group = self._group[tag]
            silent = now_ns - self._heard_ns[group] > self._patience_ns(group)
            return None if silent else self._value.get(tag)

        for id_, conditions in self._conditions.items():
            definition = self._definitions[id_]
            holds, words = suppressed(conditions, value, self._explains)
            if holds:
                self._over.pop(id_, None)
                self._states.suppress(definition, at_ns, reason=words)
            elif self._states[id_].suppressed is not None and self._settled(id_, holds, now_ns):
                self._states.unsuppress(definition, at_ns)
                del self._over[id_]

    def _settled(self, id_: str, holds: bool | None, now_ns: int) -> bool:
        """Whether nothing has suppressed the alarm for long enough."""
        over = self._over.get(id_)
        if over is None or over.since_ns > now_ns:  # the clock was put back
            over = self._over[id_] = _Over(now_ns)
        settle_ns = seconds(self._definitions[id_].handling.settle_s)
        if holds is None:
            return now_ns - over.since_ns >= max(settle_ns, seconds(UNKNOWN_S))
        over.false_ns = now_ns if over.false_ns is None else over.false_ns
        return now_ns - over.false_ns >= settle_ns

    def _explains(self, id_: str) -> bool:
        state = self._states[id_]
        return state.stands and speaks(self._definitions[id_], state)
