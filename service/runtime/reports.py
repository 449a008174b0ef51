"""Shift reports: made at each shift's end, kept for ever, and made anew when the past changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from service.domain.calendar import ShiftSpan
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_iso
from service.domain.production.book import ProductionBook
from service.domain.report.content import (
    Absence,
    AlarmPart,
    ForecastPart,
    KpiPart,
    LossPart,
    Missing,
    NotePart,
    ShiftReport,
)
from service.domain.report.make import Parts, SiteNames, make_report
from service.domain.report.revise import changes
from service.domain.report.shifts import shift_before, shift_id, shift_named
from service.runtime.clock import Clock
from service.runtime.retry import until_done

log = logging.getLogger(__name__)

EVERY_S = 60.0
PATIENCE_NS = 15 * MINUTE_NS
"""So long after its end, or after a start, a shift waits for its last minutes and for slow parts;
then the report says what is missing."""
BACK_NS = 14 * DAY_NS
"""So far back shifts without a report get one after a downtime, and reports are revised."""
LOOK_AGAIN_NS = 15 * MINUTE_NS
REVISED_AGAIN_NS = HOUR_NS
"""One shift gets at most one revision in so long a time."""
CURRENT, LAST = "current", "last"
"""Names for the shift that is on, and for the one before it."""

T = TypeVar("T")
Section = Callable[[ShiftSpan, bool], Awaitable[T | Missing]]
"""Finds one part of the report of a shift, called concurrently by the task and by whoever asks.
Missing(NOT_YET) when it comes later; the flag says that the report waits for all of it, else what
there is will do. Raises Retryable when the state can't be used now."""


class NoSuchReport(LookupError):
    """There is no report of this shift, or no such revision."""


@dataclass(frozen=True, slots=True)
class ReportCard:
    """A report's place in the list: its newest revision, and plant output in kg."""

    shift: str
    shift_name: str
    start_ns: int
    end_ns: int
    made_ns: int
    revision: int
    final: bool
    actual_kg: float | None
    plan_kg: float
    deviation_pct: float | None


class ReportStore(Protocol):
    """Where reports are kept, for ever. ``keep`` is called by one task, the others concurrently;
    each raises Retryable when the state can't be used now."""

    async def keep(self, report: ShiftReport) -> None:
        """Keeps a new revision; one that is kept already stays as it is."""
        ...

    async def find(self, shift: str, revision: int | None = None) -> ShiftReport | None:
        """That revision, or the newest."""
        ...

    async def cards(self, *, limit: int, offset: int = 0) -> Sequence[ReportCard]:
        """The newest revision of each shift, the newest shift first."""
        ...


@dataclass(frozen=True, slots=True)
class Sections:
    """What tells a report's parts."""

    losses: Section[LossPart]
    kpis: Section[KpiPart]
    alarms: Section[AlarmPart]
    notes: Section[NotePart]
    forecast: Section[ForecastPart]

    async def of(self, span: ShiftSpan, *, waits: bool) -> Parts:
        """All parts of the report of ``span``."""
        return Parts(
            await self.losses(span, waits),
            await self.kpis(span, waits),
            await self.alarms(span, waits),
            await self.notes(span, waits),
            await self.forecast(span, waits),
        )


class Reports:
    """The reports of a site. ``run`` makes them; reading is concurrent."""

    def __init__(
        self,
        site: SiteNames,
        book: ProductionBook,
        sections: Sections,
        store: ReportStore,
        clock: Clock,
    ) -> None:
        self._site = site
        self._book = book
        self._sections = sections
        self._store = store
        self._clock = clock
        self._began_ns = clock.now_ns()
        self._looked_ns = 0
        self.counters = {"made": 0, "revised": 0}

    async def run(self) -> None:
        """Makes every report that is due, for ever."""
        while True:
            await until_done(self.catch_up, what="shift reports", clock=self._clock)
            await self._clock.sleep(EVERY_S)

    async def catch_up(self) -> None:
        """Makes the reports of shifts that are over, oldest first, and looks again at those of the
        last days from time to time."""
        now_ns = self._clock.now_ns()
        look_again = now_ns - self._looked_ns >= LOOK_AGAIN_NS
        if look_again:
            self._looked_ns = now_ns
        spans = self._recent(now_ns)
        kept = {card.shift: card for card in await self._store.cards(limit=len(spans) + 1)}
        for span in spans:
            card = kept.get(shift_id(self._book.plan.calendar, span))
            if card is None:
                await self._make(span, now_ns)
            elif look_again and now_ns >= card.made_ns + REVISED_AGAIN_NS:
                await self._revise(span, now_ns)

    async def report(self, shift: str, revision: int | None = None) -> ShiftReport:
        """The newest revision of a report (or ``revision``); of the shift that is on, or of one
        whose report is not made yet, how it stands now, as revision 0. Raises NoSuchReport,
        Retryable."""
        span = self._span(shift)
        name = shift_id(self._book.plan.calendar, span)
        kept = await self._store.find(name, revision)
        if kept is not None:
            return kept
        now_ns = self._clock.now_ns()
        if revision is not None:
            raise NoSuchReport(
                f"{name} has no report with revision {revision}; leave it out for the newest"
            )
        if span.start_ns > now_ns:
            raise NoSuchReport(f"{name} begins only at {to_iso(span.start_ns)}")
        if span.start_ns < self._book.first_ns:
            raise NoSuchReport(
                f"{name}: no report was kept, and it lies before {to_iso(self._book.first_ns)}, "
                f"from where on production is at hand; GET /api/v1/reports lists what is kept"
            )
        return await self._of(span, now_ns)

    async def cards(self, *, limit: int, offset: int = 0) -> Sequence[ReportCard]:
        """What is kept, the newest shift first. Raises Retryable."""
        return await self._store.cards(limit=limit, offset=offset)

    def current(self) -> str:
        """Id of the shift that is on."""
        return shift_id(self._book.plan.calendar, self._span(CURRENT))

    def _span(self, shift: str) -> ShiftSpan:
        calendar = self._book.plan.calendar
        current = calendar.shift_at(self._clock.now_ns())
        if shift == CURRENT:
            return current
        if shift == LAST:
            return shift_before(calendar, current)
        found = shift_named(calendar, shift)
        if found is None:
            names = ", ".join(one.id for one in calendar.shifts)
            raise NoSuchReport(
                f"there is no shift {shift[:60]!r}; expected a production day and one of {names}, "
                f"such as {shift_id(calendar, current)}, or {CURRENT} or {LAST}"
            )
        return found

    def _recent(self, now_ns: int) -> list[ShiftSpan]:
        """Shifts that are over, from BACK_NS or the first closed minute on."""
        calendar, first_ns = self._book.plan.calendar, self._book.known_from_ns
        if first_ns is None:
            return []
        spans = calendar.shifts_between(max(now_ns - BACK_NS, first_ns), now_ns)
        return [span for span in spans if span.end_ns <= now_ns]

    async def _make(self, span: ShiftSpan, now_ns: int) -> None:
        waits = now_ns < max(span.end_ns, self._began_ns) + PATIENCE_NS
        report = await self._of(span, now_ns, waits=waits)
        if waits and not (report.final and _is_whole(report)):
            return
        await self._store.keep(replace(report, revision=1))
        self.counters["made"] += 1
        log.info("shift report made shift=%s final=%s", report.shift, report.final)

    async def _revise(self, span: ShiftSpan, now_ns: int) -> None:
        kept = await self._store.find(shift_id(self._book.plan.calendar, span))
        if kept is None:
            return
        report = await self._of(span, now_ns)
        changed = changes(kept, report)
        if not changed and kept.final == report.final:
            return
        revision = kept.revision + 1
        await self._store.keep(
            replace(report, revision=revision, changes=changed, forecast=kept.forecast)
        )
        self.counters["revised"] += 1
        log.info("shift report revised shift=%s revision=%d", report.shift, revision)

    async def _of(self, span: ShiftSpan, now_ns: int, *, waits: bool = False) -> ShiftReport:
        parts = await self._sections.of(span, waits=waits)
        make = partial(make_report, self._site, self._book, span, parts, now_ns=now_ns)
        return await asyncio.to_thread(make)


def _is_whole(report: ShiftReport) -> bool:
    """Whether no part is still to come."""
    parts = (report.losses, report.kpis, report.alarms, report.notes, report.forecast)
    return Missing(Absence.NOT_YET) not in parts


async def not_kept(_span: ShiftSpan, _waits: bool) -> Missing:
    """The section of what the service does not work out."""
    return Missing(Absence.NOT_KEPT)
