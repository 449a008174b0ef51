"""From a shift report to what the API says of it."""

from __future__ import annotations

from service.api.instants import iso, iso_or_none
from service.api.models.report import (
    KG_PER_T,
    AlarmFigure,
    AlarmLoad,
    Change,
    CurvePoint,
    Figures,
    Forecast,
    FrequentAlarm,
    Kpis,
    Losses,
    LossEvent,
    Names,
    NotAvailable,
    Note,
    Notes,
    Outlook,
    Plant,
    ReasonLoss,
    ReportAlarm,
    ReportAlarms,
    ShiftReport,
    StageKpis,
    StageLine,
    tonnes,
)
from service.domain.report import content
from service.domain.report.content import Part

IN_T = frozenset({Part.MADE, Part.LOSSES})


def names(of: content.Names) -> Names:
    """``of`` on the wire."""
    return Names(en=of.en, zh=of.zh)


def report_of(made: content.ShiftReport) -> ShiftReport:
    """``made`` on the wire."""
    return ShiftReport(
        content=made.content,
        site=made.site,
        site_names=names(made.site_names),
        zone=made.zone,
        shift=made.shift,
        name=made.shift_name,
        start=iso(made.start_ns),
        end=iso(made.end_ns),
        until=iso(made.until_ns),
        made_at=iso(made.made_ns),
        closed_through=iso_or_none(made.closed_ns),
        final=made.final,
        revision=made.revision,
        changes=[_change(one) for one in made.changes],
        planned_h=made.planned_h,
        plant=_plant(made.plant),
        stages=[_stage(one) for one in made.stages],
        curve=[
            CurvePoint(
                at=iso(p.at_ns),
                made_t=tonnes(p.made_kg),
                plan_t=p.plan_kg / KG_PER_T,
                known=p.known,
            )
            for p in made.curve
        ],
        losses=_losses(made.losses),
        kpis=_kpis(made.kpis),
        alarms=_alarms(made.alarms),
        notes=_notes(made.notes),
        forecast=_forecast(made.forecast),
    )


def _change(one: content.Change) -> Change:
    scale = KG_PER_T if one.part in IN_T else 1.0
    was, now = (None if v is None else v / scale for v in (one.was, one.now))
    return Change(part=one.part, subject=one.subject, was=was, now=now)


def _plant(one: content.Plant) -> Plant:
    return Plant(
        stage=one.stage,
        shift=Figures.of(one.shift),
        day=Figures.of(one.day),
        month=Figures.of(one.month),
        year=Figures.of(one.year),
        year_target_t=one.year_target_kg / KG_PER_T,
        catch_up_t_per_h=tonnes(one.catch_up_kg_per_h),
    )


def _stage(one: content.StageLine) -> StageLine:
    return StageLine(
        id=one.id,
        names=names(one.names),
        shift=Figures.of(one.shift),
        month=Figures.of(one.month),
        unknown_min=one.unknown_min,
    )


def _losses(part: content.LossPart | content.Missing) -> Losses | NotAvailable:
    if isinstance(part, content.Missing):
        return NotAvailable(not_available=part.why)
    return Losses(
        by_reason=[
            ReasonLoss(
                stage=one.stage, reason=str(one.reason), events=one.events, hours=one.hours,
                lost_t=tonnes(one.lost_kg), finished_t=tonnes(one.finished_kg),
                plant_t=one.plant_kg / KG_PER_T,
            )
            for one in part.by_reason
        ],
        events=[
            LossEvent(
                unit=one.unit, stage=one.stage, kind=one.kind, reason=str(one.reason),
                start=iso(one.start_ns), end=iso(one.end_ns), lost_t=tonnes(one.lost_kg),
                finished_t=tonnes(one.finished_kg),
                plant_t=one.plant_kg / KG_PER_T, said_by=one.said_by, comment=one.comment,
            )
            for one in part.events
        ],
        total=part.total,
    )  # fmt: skip


def _kpis(part: content.KpiPart | content.Missing) -> Kpis | NotAvailable:
    if isinstance(part, content.Missing):
        return NotAvailable(not_available=part.why)
    return Kpis(
        stages=[
            StageKpis(stage=one.stage, known_share=one.known_share, values=dict(one.values))
            for one in part.stages
        ]
    )


def _alarms(part: content.AlarmPart | content.Missing) -> ReportAlarms | NotAvailable:
    if isinstance(part, content.Missing):
        return NotAvailable(not_available=part.why)
    lines = [
        ReportAlarm(
            id=one.id, priority=int(one.priority), asset=one.asset, message=names(one.message),
            raised_at=iso(one.raised_ns), returned_at=iso_or_none(one.returned_ns),
            acknowledged_by=one.acknowledged_by,
        )
        for one in part.lines
    ]  # fmt: skip
    raised = {str(int(priority)): count for priority, count in part.raised.items()}
    return ReportAlarms(
        alarms=lines,
        total=part.total,
        raised=raised,
        standing=part.standing,
        load=None if part.load is None else _load(part.load),
    )


def _load(one: content.AlarmLoad) -> AlarmLoad:
    return AlarmLoad(
        known_h=one.known_h,
        operators=one.operators,
        calls=one.calls,
        mix=None if one.mix is None else {p.name.lower(): n for p, n in one.mix.items()},
        quiet=one.quiet,
        figures=[
            AlarmFigure(indicator=f.indicator, value=f.value, level=f.level) for f in one.figures
        ],
        open=one.open,
        median_s=one.median_s,
        p95_s=one.p95_s,
        frequent=[
            FrequentAlarm(
                definition=f.definition, asset=f.asset, message=names(f.message), calls=f.calls
            )
            for f in one.frequent
        ],
    )


def _notes(part: content.NotePart | content.Missing) -> Notes | NotAvailable:
    if isinstance(part, content.Missing):
        return NotAvailable(not_available=part.why)
    lines = [
        Note(
            id=one.id, kind=one.kind, subject=one.subject, at=iso(one.at_ns), amount=one.amount,
            text=one.text, by=one.by,
        )
        for one in part.lines
    ]  # fmt: skip
    return Notes(notes=lines, total=part.total)


def _forecast(part: content.ForecastPart | content.Missing) -> Forecast | NotAvailable:
    if isinstance(part, content.Missing):
        return NotAvailable(not_available=part.why)
    outlooks = [
        Outlook(
            period=one.period, start=iso(one.start_ns), end=iso(one.end_ns),
            produced_t=one.produced_kg / KG_PER_T,
            target_t=one.target_kg / KG_PER_T, median_t=one.median_kg / KG_PER_T,
            low_t=one.low_kg / KG_PER_T, high_t=one.high_kg / KG_PER_T, p_target=one.p_target,
        )
        for one in part.outlooks
    ]  # fmt: skip
    return Forecast(origin=iso(part.origin_ns), outlooks=outlooks)
