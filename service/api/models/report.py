"""Shift reports on the wire: masses in t, instants in UTC, unknown is null."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.domain.alarm_targets import Indicator, Level
from service.domain.entries.entry import EntryKind
from service.domain.losses.reasons import LossKind
from service.domain.plan import Window
from service.domain.report import content
from service.domain.report.content import Absence, Part
from service.runtime.reports import ReportCard

KG_PER_T = 1_000.0


def tonnes(kg: float | None) -> float | None:
    """``kg`` in t; None for None."""
    return None if kg is None else kg / KG_PER_T


class NotAvailable(Answer):
    """Why a part of the report is missing."""

    not_available: Absence


class Names(Answer):
    """A name in both languages."""

    en: str
    zh: str


class Figures(Answer):
    """Made and planned tonnes. deviation: against plan_known_t, the plan of the known minutes."""

    actual_t: float | None
    plan_t: float
    plan_known_t: float
    known_share: float
    deviation_t: float | None
    deviation_pct: float | None

    @classmethod
    def of(cls, one: content.Figures) -> Figures:
        return cls(
            actual_t=tonnes(one.actual_kg),
            plan_t=one.plan_kg / KG_PER_T,
            plan_known_t=one.plan_known_kg / KG_PER_T,
            known_share=one.known_share,
            deviation_t=tonnes(one.deviation_kg),
            deviation_pct=one.deviation_pct,
        )


class StageLine(Answer):
    """One stage in tonnes of its own output. month: to the shift's end."""

    id: str
    names: Names
    shift: Figures
    month: Figures
    unknown_min: Annotated[float, Field(description="of planned time, mean of its meters")]


class Plant(Answer):
    """Plant output, counted once, to the shift's end."""

    stage: str
    shift: Figures
    day: Figures
    month: Figures
    year: Figures
    year_target_t: float
    catch_up_t_per_h: float | None


class CurvePoint(Answer):
    """Plant output since the shift began."""

    at: Instant
    made_t: float | None
    plan_t: float
    known: bool


class ReasonLoss(Answer):
    """What one stage lost for one reason, in its own and in finished tonnes."""

    stage: str
    reason: str
    events: int
    hours: float
    lost_t: float | None
    finished_t: float | None
    plant_t: float


class LossEvent(Answer):
    """The part of one downtime event that lies in the shift."""

    unit: str
    stage: str
    kind: LossKind
    reason: str
    start: Instant
    end: Instant
    lost_t: float | None
    finished_t: float | None
    plant_t: Annotated[float, Field(description="finished tonnes that the plant will miss")]
    said_by: str | None
    comment: str


class Losses(Answer):
    """The greatest first. Neighbouring stages' losses overlap: they are not to be added up."""

    by_reason: list[ReasonLoss]
    events: list[LossEvent]
    total: int


class StageKpis(Answer):
    """Indicators of one stage by id."""

    stage: str
    known_share: float | None
    values: dict[str, float | None]


class Kpis(Answer):
    """Indicators after ISO 22400-2."""

    stages: list[StageKpis]


class ReportAlarm(Answer):
    """One alarm as it was at the shift's end. priority: 1 is the most urgent."""

    id: str
    priority: int
    asset: str
    message: Names
    raised_at: Instant
    returned_at: Instant | None
    acknowledged_by: str | None


class AlarmFigure(Answer):
    """An indicator of the alarm system for one operator, against its target."""

    indicator: Indicator
    value: float | None
    level: Level


class FrequentAlarm(Answer):
    """An alarm that called more than once."""

    definition: str
    asset: str
    message: Names
    calls: int


class AlarmLoad(Answer):
    """How alarms loaded the operators (ISA-18.2). known_h: hours in which the service watched;
    mix: the calls by priority, null in reports made without it; quiet: raises that called nobody;
    open: called and not acknowledged."""

    known_h: float
    operators: int
    calls: int
    mix: dict[str, int] | None
    quiet: int
    figures: list[AlarmFigure]
    open: int
    median_s: float | None
    p95_s: float | None
    frequent: list[FrequentAlarm]


class ReportAlarms(Answer):
    """The most urgent first. raised: in the shift by priority; standing: at its end."""

    alarms: list[ReportAlarm]
    total: int
    raised: dict[str, int]
    standing: int
    load: AlarmLoad | None


class Note(Answer):
    """What a person entered about the shift; amount in kg, or bags of a lot."""

    id: str
    kind: EntryKind
    subject: str
    at: Instant
    amount: float | None
    text: str
    by: str


class Notes(Answer):
    """Notes and other manual entries, by time."""

    notes: list[Note]
    total: int


class Outlook(Answer):
    """What a period is expected to end with; 80 % of futures lie from low_t to high_t."""

    period: Window
    start: Instant
    end: Instant
    produced_t: float
    target_t: float
    median_t: float
    low_t: float
    high_t: float
    p_target: float


class Forecast(Answer):
    """The forecast that stood when the report was first made."""

    origin: Instant
    outlooks: list[Outlook]


class Change(Answer):
    """What this revision changed: tonnes, a share or a count, by part."""

    part: Part
    subject: str
    was: float | None
    now: float | None


class ShiftReport(Answer):
    """One shift. revision: 0 is how it stands now and is not kept. final: all was accounted for."""

    content: int
    site: str
    site_names: Names
    zone: str
    shift: str
    name: str
    start: Instant
    end: Instant
    until: Instant
    made_at: Instant
    closed_through: Instant | None
    final: bool
    revision: int
    changes: list[Change]
    planned_h: float
    plant: Plant
    stages: list[StageLine]
    curve: list[CurvePoint]
    losses: Losses | NotAvailable
    kpis: Kpis | NotAvailable
    alarms: ReportAlarms | NotAvailable
    notes: Notes | NotAvailable
    forecast: Forecast | NotAvailable


class ReportItem(Answer):
    """A report's place in the list: its newest revision, and plant output."""

    shift: str
    name: str
    start: Instant
    end: Instant
    made_at: Instant
    revision: int
    final: bool
    actual_t: float | None
    plan_t: float
    deviation_pct: float | None

    @classmethod
    def of(cls, card: ReportCard) -> ReportItem:
        return cls(
            shift=card.shift,
            name=card.shift_name,
            start=iso(card.start_ns),
            end=iso(card.end_ns),
            made_at=iso(card.made_ns),
            revision=card.revision,
            final=card.final,
            actual_t=tonnes(card.actual_kg),
            plan_t=card.plan_kg / KG_PER_T,
            deviation_pct=card.deviation_pct,
        )


class ReportList(Answer):
    """Kept reports, the newest shift first. current: the shift that is on, whose report can be
    asked for too."""

    current: str
    reports: list[ReportItem]
