"""Alarm system indicators of any time, and of the last hour for whoever scrapes; and when the
service watched, without which no rate means anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from service.domain.alarm import Priority
from service.domain.alarm_kpi import AlarmKpis, Span, alarm_kpis
from service.domain.alarm_steps import AlarmSteps, only
from service.domain.calendar import Calendar
from service.domain.flood import Flooding
from service.domain.instants import DAY_NS, HOUR_NS, seconds
from service.runtime.clock import Clock
from service.runtime.lossbook import Period
from service.runtime.progress import Progress
from service.runtime.retry import until_done

SIGN_EVERY_S = 60.0
"""How often a sign of life is kept: so much of the last run may count as unknown."""
PAUSES = 3
"""After so many missed signs the time between counts as not watched."""
FOLLOW_EVERY_S = 10.0
LEAST_REST = 20
"""A look that takes long, as in a storm of alarms, is followed by a rest of so many times that: the
figures must not slow down what they are about."""


@dataclass(frozen=True, slots=True)
class AlarmName:
    """What an alarm's definition is called. priority: when it was last raised."""

    definition: str
    rule: str
    asset: str
    stage: str | None
    priority: Priority
    message_en: str
    message_zh: str


@dataclass(frozen=True, slots=True)
class FiguresView:
    """Indicators of a range for the plant, whose operators share the load evenly, and by operator
    position. shift: of a shift. names: of the definitions that are mentioned, where known."""

    plant: AlarmKpis
    positions: Mapping[str, AlarmKpis]
    shift: str | None
    names: Mapping[str, AlarmName]


class AlarmJournal(Protocol):
    """Transitions of alarms by time. Called concurrently; raises Retryable when the state is
    busy."""

    async def steps(self, start_ns: int, end_ns: int) -> AlarmSteps:
        """What ``alarm_kpis`` needs of [start_ns, end_ns)."""
        ...

    async def names(self, definitions: Collection[str]) -> Mapping[str, AlarmName]:
        """How ``definitions`` are called, where that is known."""
        ...


class WatchedSpans(Protocol):
    """When the service watched. ``extend`` is called by one task; raises Retryable."""

    async def extend(self, start_ns: int, end_ns: int) -> None:
        """The span that began at ``start_ns`` reaches to ``end_ns`` now."""
        ...

    async def between(self, start_ns: int, end_ns: int) -> Sequence[Span]:
        """The spans that reach into [start_ns, end_ns), in order and disjoint."""
        ...


class AlarmFigures:
    """Indicators over what is journaled. ``run`` keeps signs of life and the figures of now.

    changes: moves on with every transition that is journaled. calendar: as it is now. is_behind:
    whether the watch is so far behind that the newest alarms are not journaled yet.
    """

    def __init__(
        self,
        journal: AlarmJournal,
        spans: WatchedSpans,
        changes: Progress,
        calendar: Callable[[], Calendar],
        flooding: Flooding,
        clock: Clock,
        *,
        is_behind: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._spans = spans
        self._changes = changes
        self._calendar = calendar
        self._flooding = flooding
        self._clock = clock
        self._is_behind = is_behind
        self._began_ns: int | None = None
        self._until_ns = 0
        self._looking = asyncio.Lock()
        self.hour: AlarmKpis | None = None
        """The hour up to the last look, at most SIGN_EVERY_S old; None before the first."""

    async def between(self, start_ns: int, end_ns: int, *, shift: str | None = None) -> FiguresView:
        """The indicators of [start_ns, end_ns). Raises Retryable."""
        (view,) = await self._views([(start_ns, end_ns, shift)])
        return view

    async def each(self, by: Period, start_ns: int, end_ns: int) -> list[FiguresView]:
        """Those of each shift, production day or month that overlaps [start_ns, end_ns), the one
        that is on up to now. Raises Retryable."""
        calendar, now_ns = self._calendar(), self._clock.now_ns()
        found = [
            (a, min(b, now_ns), shift)
            for a, b, shift in periods(calendar, by, start_ns, min(end_ns, now_ns))
            if a < now_ns
        ]
        return await self._views(found) if found else []

    async def run(self) -> None:
        """Keeps signs of life and looks at the last hour, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_often(), name="alarm-figures-signs")
            group.create_task(self._follow(), name="alarm-figures-follow")

    async def look(self) -> None:
        """Keeps a sign of life and works out the last hour. Raises Retryable."""
        async with self._looking:
            now_ns = self._clock.now_ns()
            if not self._is_behind():
                await self._sign(now_ns)
            steps = await self._journal.steps(now_ns - HOUR_NS, now_ns)
            known = await self._spans.between(now_ns - HOUR_NS, now_ns)
            self.hour = await asyncio.to_thread(
                alarm_kpis, steps, known, now_ns - HOUR_NS, now_ns,
                operators=len(self._flooding.positions),
            )  # fmt: skip

    async def _sign(self, now_ns: int) -> None:
        """Says that the service watched since its last sign; after a pause a new span begins."""
        if self._began_ns is None or not self._goes_on(now_ns):
            self._began_ns = now_ns
        await self._spans.extend(self._began_ns, now_ns)
        self._until_ns = now_ns

    def _goes_on(self, now_ns: int) -> bool:
        """Whether the span of the last sign reaches to ``now_ns``."""
        pause_ns = PAUSES * seconds(SIGN_EVERY_S * self._clock.speed)
        return 0 <= now_ns - self._until_ns <= pause_ns

    async def _known(self, start_ns: int, end_ns: int) -> list[Span]:
        """When the service watched: what is kept, and since the last sign until now."""
        until_ns, now_ns = self._until_ns, self._clock.now_ns()
        kept = list(await self._spans.between(start_ns, end_ns))
        if self._began_ns is None or self._is_behind() or not self._goes_on(now_ns):
            return kept
        begin_ns = next((a for a, b in kept if b == until_ns), self._began_ns)
        return [*(one for one in kept if one[1] != until_ns), (begin_ns, now_ns)]

    async def _look_often(self) -> None:
        while True:
            await until_done(self.look, what="alarm figures", clock=self._clock)
            await self._clock.sleep(SIGN_EVERY_S * self._clock.speed)

    async def _follow(self) -> None:
        while True:
            seen = self._changes.value
            await self._changes.until(seen + 1)
            began_s = self._clock.monotonic_s()
            await until_done(self.look, what="alarm figures", clock=self._clock)
            took_s = self._clock.monotonic_s() - began_s
            rest_s = max(FOLLOW_EVERY_S, LEAST_REST * took_s)
            await self._clock.sleep(rest_s * self._clock.speed)

    async def _views(self, asked: Sequence[tuple[int, int, str | None]]) -> list[FiguresView]:
        start_ns, end_ns = asked[0][0], asked[-1][1]
        steps = await self._journal.steps(start_ns, end_ns)
        known = await self._known(start_ns, end_ns)
        names = await self._journal.names(steps.definitions)
        work = partial(figures, steps, known, asked, names, self._flooding)
        return await asyncio.to_thread(work)


def figures(
    steps: AlarmSteps,
    known: Sequence[Span],
    asked: Sequence[tuple[int, int, str | None]],
    names: Mapping[str, AlarmName],
    flooding: Flooding,
) -> list[FiguresView]:
    """The indicators of each (start_ns, end_ns, shift) of ``asked``."""
    at_position: dict[str, list[str]] = {one.name: [] for one in flooding.positions}
    for definition in steps.definitions:
        stage = names[definition].stage if definition in names else None
        at_position[flooding.position_of(stage)].append(definition)
    parts = {name: only(steps, frozenset(mine)) for name, mine in at_position.items()}
    views = []
    for start_ns, end_ns, shift in asked:
        plant = alarm_kpis(steps, known, start_ns, end_ns, operators=len(parts))
        by_position = {
            name: alarm_kpis(part, known, start_ns, end_ns) for name, part in parts.items()
        }
        said = {one: names[one] for one in _mentioned(plant) if one in names}
        views.append(FiguresView(plant, by_position, shift, said))
    return views


def periods(
    calendar: Calendar, by: Period, start_ns: int, end_ns: int
) -> Iterator[tuple[int, int, str | None]]:
    """The shifts, production days or months that overlap [start_ns, end_ns): begin, end, shift."""
    if by is Period.SHIFT:
        for span in calendar.shifts_between(start_ns, end_ns):
            yield span.start_ns, span.end_ns, span.shift.id
        return
    begin = calendar.day_start_ns if by is Period.DAY else calendar.month_start_ns
    at = begin(start_ns)
    while at < end_ns:
        after = begin(at + (36 if by is Period.DAY else 40 * 24) * HOUR_NS)
        yield at, after, None
        at = after


def most_ns(by: Period | None) -> int:
    """The longest range that is answered for."""
    return {Period.SHIFT: 40, Period.DAY: 124, Period.MONTH: 800, None: 800}[by] * DAY_NS


def _mentioned(kpis: AlarmKpis) -> Iterator[str]:
    yield from (one.definition for one in kpis.top)
    yield from kpis.chattering
    yield from kpis.stale
