"""A shift's report, made of the production book and of what other parts of the service found."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.calendar import ShiftSpan
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.line import Stage
from service.domain.plan import Window, window_start_ns
from service.domain.production.book import ProductionBook, StageWindow
from service.domain.report.content import (
    CONTENT,
    AlarmPart,
    CurvePoint,
    Figures,
    ForecastPart,
    KpiPart,
    LossPart,
    Missing,
    Names,
    NotePart,
    Plant,
    ShiftReport,
    StageLine,
)
from service.domain.report.shifts import shift_id

CURVE_NS = 15 * MINUTE_NS
NEARLY_ALL = 0.9
"""With less of the year known a catch-up rate would mislead."""


@dataclass(frozen=True, slots=True)
class SiteNames:
    """How the site is called."""

    id: str
    names: Names


@dataclass(frozen=True, slots=True)
class Parts:
    """What a report says besides tonnes; each may be missing."""

    losses: LossPart | Missing
    kpis: KpiPart | Missing
    alarms: AlarmPart | Missing
    notes: NotePart | Missing
    forecast: ForecastPart | Missing


def make_report(
    site: SiteNames,
    book: ProductionBook,
    span: ShiftSpan,
    parts: Parts,
    *,
    now_ns: int,
) -> ShiftReport:
    """The report of ``span`` as it stands at ``now_ns``, with revision 0.

    A shift that is on is reported up to the last closed minute; the rest of it is left out.
    """
    end_ns = reported_until_ns(book, span, now_ns)
    return ShiftReport(
        content=CONTENT,
        site=site.id,
        site_names=site.names,
        zone=book.plan.calendar.zone.key,
        shift=shift_id(book.plan.calendar, span),
        shift_name=span.shift.id,
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        until_ns=end_ns,
        made_ns=now_ns,
        closed_ns=book.closed_ns,
        final=book.closed_ns is not None and book.closed_ns >= span.end_ns,
        revision=0,
        changes=(),
        planned_h=book.plan.calendar.planned_ns(span.start_ns, span.end_ns) / HOUR_NS,
        plant=_plant(book, span.start_ns, end_ns),
        stages=tuple(_stage(book, stage, span.start_ns, end_ns) for stage in book.line.stages),
        curve=_curve(book, span, end_ns),
        losses=parts.losses,
        kpis=parts.kpis,
        alarms=parts.alarms,
        notes=parts.notes,
        forecast=parts.forecast,
    )


def reported_until_ns(book: ProductionBook, span: ShiftSpan, now_ns: int) -> int:
    """Up to where a report says something: the shift's end, or while it is on the last closed
    minute (its begin before there is one)."""
    if now_ns >= span.end_ns:
        return span.end_ns
    return min(max(book.closed_ns or span.start_ns, span.start_ns), span.end_ns)


def figures(window: StageWindow) -> Figures:
    """``window`` without its bounds."""
    return Figures(
        window.actual_kg,
        window.plan_kg,
        window.plan_known_kg,
        window.known_share,
        window.deviation_pct,
    )


def _plant(book: ProductionBook, start_ns: int, end_ns: int) -> Plant:
    output, calendar = book.line.output_stage, book.plan.calendar
    inside_ns = max(end_ns, start_ns + MINUTE_NS)

    def to_date(window: Window) -> Figures:
        begin_ns = window_start_ns(window, calendar, inside_ns)
        return figures(book.between(output, begin_ns, end_ns))

    year = to_date(Window.YEAR)
    catch_up = None
    if year.actual_kg is not None and year.known_share >= NEARLY_ALL:
        catch_up = book.plan.catch_up_kg_per_h(year.actual_kg, end_ns)
    return Plant(
        output,
        figures(book.between(output, start_ns, end_ns)),
        to_date(Window.DAY),
        to_date(Window.MONTH),
        year,
        book.plan.target_of(calendar.year_of(inside_ns - 1)),
        catch_up,
    )


def _stage(book: ProductionBook, stage: Stage, start_ns: int, end_ns: int) -> StageLine:
    calendar = book.plan.calendar
    inside_ns = max(end_ns, start_ns + MINUTE_NS)
    shift = figures(book.between(stage.id, start_ns, end_ns))
    month_ns = window_start_ns(Window.MONTH, calendar, inside_ns)
    planned_ns = calendar.planned_ns(start_ns, end_ns) or end_ns - start_ns
    return StageLine(
        stage.id,
        Names(stage.name_en, stage.name_zh),
        shift,
        figures(book.between(stage.id, month_ns, end_ns)),
        (1.0 - shift.known_share) * planned_ns / MINUTE_NS,
    )


def _curve(book: ProductionBook, span: ShiftSpan, end_ns: int) -> tuple[CurvePoint, ...]:
    """From the shift's begin to its end; what lies behind ``end_ns`` has its plan only."""
    output, points = book.line.output_stage, [CurvePoint(span.start_ns, 0.0, 0.0, known=True)]
    at_ns = span.start_ns
    while at_ns < span.end_ns:
        before_ns, at_ns = at_ns, min(at_ns + CURVE_NS, span.end_ns)
        so_far = book.between(output, span.start_ns, at_ns)
        told = at_ns <= end_ns
        points.append(
            CurvePoint(
                at_ns,
                so_far.actual_kg if told else None,
                so_far.plan_kg,
                known=told and book.between(output, before_ns, at_ns).known_share >= 1.0,
            )
        )
    return tuple(points)
