"""The shift reports of a site, with those who tell their parts."""

from __future__ import annotations

from dataclasses import replace

from service.app.core import Core
from service.app.views.losses import CoreLosses
from service.domain.calendar import ShiftSpan
from service.domain.forecast.outlook import Forecast
from service.domain.instants import HOUR_NS
from service.domain.report.alarm_load import alarm_load
from service.domain.report.content import (
    Absence,
    AlarmPart,
    ForecastPart,
    KpiPart,
    LossPart,
    Missing,
    Names,
    NotePart,
)
from service.domain.report.losses import kpi_part, loss_part
from service.domain.report.make import SiteNames
from service.domain.report.notes import notes_of
from service.domain.report.outlook import forecast_part
from service.runtime.alarm_figures import AlarmFigures
from service.runtime.clock import Clock
from service.runtime.entries import Entries
from service.runtime.forecast import Forecasts
from service.runtime.lossbook import KpiView, LossBook, Period
from service.runtime.reports import Reports, Sections
from service.state.report_alarms import ShiftAlarms
from service.state.reports import StateReports


def open_reports(core: Core) -> Reports:
    """The reports of the running ``core``; nothing runs yet."""
    site, lost = core.site, _Lost(CoreLosses(core.losses, core.loss_book, core.entries))
    sections = Sections(
        losses=lost.losses,
        kpis=lost.kpis,
        alarms=_Alarms(ShiftAlarms(core.database), core.alarm_figures, core.clock),
        notes=_Entered(core.entries),
        forecast=_Foretold(core.forecasts),
    )
    names = SiteNames(site.id, Names(site.name_en, site.name_zh))
    return Reports(names, core.book, sections, StateReports(core.database), core.clock)


class _Lost:
    """Losses and indicators: what is kept of the shift."""

    def __init__(self, book: LossBook) -> None:
        self._book = book

    async def losses(self, span: ShiftSpan, waits: bool) -> LossPart | Missing:
        found = await self._view(span, waits=waits)
        if isinstance(found, Missing):
            return found
        return loss_part({stage: one.sum for stage, one in found.stages.items()})

    async def kpis(self, span: ShiftSpan, waits: bool) -> KpiPart | Missing:
        found = await self._view(span, waits=waits)
        if isinstance(found, Missing):
            return found
        return kpi_part(
            {stage: one.sum for stage, one in found.stages.items()},
            {stage: one.indicators for stage, one in found.stages.items()},
        )

    async def _view(self, span: ShiftSpan, *, waits: bool) -> KpiView | Missing:
        views = await self._book.kpis(Period.SHIFT, span.start_ns, span.end_ns)
        view = next((view for view in views if view.start_ns == span.start_ns), None)
        if view is None or (waits and view.through_ns < span.end_ns):
            return Missing(Absence.NOT_YET)
        return view


class _Alarms:
    """The shift's alarms, and how they loaded its operators."""

    def __init__(self, alarms: ShiftAlarms, figures: AlarmFigures, clock: Clock) -> None:
        self._alarms = alarms
        self._figures = figures
        self._clock = clock

    async def __call__(self, span: ShiftSpan, waits: bool) -> AlarmPart:
        part = await self._alarms(span, waits)
        until_ns = min(span.end_ns, self._clock.now_ns())
        if until_ns <= span.start_ns:
            return part
        view = await self._figures.between(span.start_ns, until_ns)
        names = {
            name: (one.asset, Names(one.message_en, one.message_zh))
            for name, one in view.names.items()
        }
        return replace(part, load=alarm_load(view.plant, names))


class _Entered:
    """Notes and other entries."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def __call__(self, span: ShiftSpan, waits: bool) -> NotePart:
        return notes_of(self._entries.standing, span)


class _Foretold:
    """The forecast of the last whole hour of the shift, or of what is known of it."""

    def __init__(self, forecasts: Forecasts) -> None:
        self._forecasts = forecasts

    async def __call__(self, span: ShiftSpan, waits: bool) -> ForecastPart | Missing:
        found: Forecast | None = self._forecasts.as_of(span.end_ns)
        if found is None:
            newest = self._forecasts.now()
            over = newest is not None and newest.forecast.origin_ns > span.end_ns
            return Missing(Absence.NOT_KEPT if over else Absence.NOT_YET)
        if waits and found.origin_ns < span.end_ns // HOUR_NS * HOUR_NS:
            return Missing(Absence.NOT_YET)
        return forecast_part(found)
