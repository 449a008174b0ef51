"""Losses and indicators on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.domain.instants import MINUTE_NS
from service.domain.kpi import KPIS, Known
from service.domain.losses.reasons import REASON_NAMES, LossKind, Reason
from service.domain.losses.sums import StageSum
from service.domain.losses.timemodel import TimeModel
from service.domain.losses.totals import LossTotals
from service.runtime.lossbook import KpiView, LossesView, StageKpis, ToldEvent

KG_PER_T = 1_000.0


class ReasonName(Answer):
    """A reason code with its names; the part before the dash is its group."""

    reason: Reason
    name_en: str
    name_zh: str


class ReasonTonnes(Answer):
    """What one reason cost; negative where more was made than was due."""

    reason: Reason
    lost_t: float
    lost_finished_t: float


class StageLosses(Answer):
    """Where the difference between plan and actual of a stage went, in tonnes of its own output.

    plan_t - actual_t = the sum of by_reason + speed_t + idle_t + off_plan_t.
    """

    stage: str
    plan_t: float = Field(description="due over the known minutes")
    actual_t: float = Field(description="made in the known minutes")
    by_reason: list[ReasonTonnes]
    speed_t: float = Field(description="minutes in no event: ran faster or slower than due")
    idle_t: float = Field(description="due while units stood by, had no order or no power")
    off_plan_t: float = Field(description="made while nothing was due, so never positive")
    unknown_unit_h: float = Field(description="hours of units that nobody saw; in no other figure")
    unknown_due_t: float = Field(description="what was due in them")

    @classmethod
    def of(cls, one: StageSum) -> StageLosses:
        totals: LossTotals = one.totals
        by_cost = sorted(totals.by_reason.items(), key=lambda item: (-item[1], item[0]))
        return cls(
            stage=one.stage,
            plan_t=totals.plan_kg / KG_PER_T,
            actual_t=totals.actual_kg / KG_PER_T,
            by_reason=[
                ReasonTonnes(
                    reason=reason,
                    lost_t=kg / KG_PER_T,
                    lost_finished_t=totals.finished_kg(kg) / KG_PER_T,
                )
                for reason, kg in by_cost
            ],
            speed_t=totals.speed_kg / KG_PER_T,
            idle_t=totals.idle_kg / KG_PER_T,
            off_plan_t=totals.off_plan_kg / KG_PER_T,
            unknown_unit_h=totals.unknown_min / 60.0,
            unknown_due_t=totals.unknown_due_kg / KG_PER_T,
        )


class LossEvent(Answer):
    """A stretch of a unit's time that was lost, or not seen.

    because_of: the stage that starved or blocked it; root: where that chain began. at_stake_t: what
    the plant will miss of it, in finished tonnes. version: to name when giving a reason.
    """

    id: str
    unit: str
    stage: str
    kind: LossKind
    start: Instant
    end: Instant | None = Field(description="null while it lasts")
    minutes: int = Field(description="so far")
    reason: Reason
    because_of: str | None
    root: str
    lost_t: float | None = Field(description="of the stage's output; null when nobody saw it")
    lost_finished_t: float | None
    at_stake_t: float
    said_by: str | None
    said_at: Instant | None
    comment: str | None
    version: int

    @classmethod
    def of(cls, told: ToldEvent) -> LossEvent:
        event, said = told.event, told.event.said
        return cls(
            id=event.id,
            unit=event.unit,
            stage=event.stage,
            kind=event.kind,
            start=iso(event.began_ns),
            end=None if event.open else iso(event.end_ns),
            minutes=(event.end_ns - event.began_ns) // MINUTE_NS,
            reason=event.reason,
            because_of=event.because_of,
            root=event.root,
            lost_t=_tonnes(event.lost_kg),
            lost_finished_t=_tonnes(event.lost_finished_kg),
            at_stake_t=event.plant_finished_kg / KG_PER_T,
            said_by=None if said is None else said.by,
            said_at=None if said is None else iso(said.at_ns),
            comment=None if said is None else said.comment,
            version=told.version,
        )


class Losses(Answer):
    """Losses of the shifts that overlap what was asked for; known up to ``through``."""

    start: Instant
    end: Instant
    through: Instant | None
    stages: list[StageLosses]
    events: list[LossEvent] = Field(description="the newest first")
    more_events: bool = Field(description="whether there are more than were asked for")
    reasons: list[ReasonName] = Field(description="every code there is")

    @classmethod
    def of(cls, view: LossesView, *, limit: int) -> Losses:
        return cls(
            start=iso(view.start_ns),
            end=iso(view.end_ns),
            through=iso_or_none(view.through_ns),
            stages=[StageLosses.of(one) for one in view.stages.values()],
            events=[LossEvent.of(one) for one in view.events[:limit]],
            more_events=len(view.events) > limit,
            reasons=[
                ReasonName(reason=reason, name_en=en, name_zh=zh)
                for reason, (en, zh) in REASON_NAMES.items()
            ],
        )


class GivenReason(Request):
    """Why an event was. reason: null takes back what was said. version: of the event as it was
    seen."""

    reason: Reason | None
    comment: Annotated[str, Field(max_length=500)] = ""
    version: Annotated[int, Field(ge=0, le=1_000_000)]


class UnitHours(Answer):
    """Where the time of a stage's units went, in unit hours.

    planned = calendar - off; busy = planned - idle; seen = busy - unknown;
    production = seen - down - starved - blocked.
    """

    calendar_h: float
    off_h: float
    idle_h: float
    unknown_h: float
    down_h: float
    starved_h: float
    blocked_h: float
    production_h: float

    @classmethod
    def of(cls, time: TimeModel) -> UnitHours:
        return cls(
            calendar_h=time.calendar / 60.0,
            off_h=time.off / 60.0,
            idle_h=time.idle / 60.0,
            unknown_h=time.unknown / 60.0,
            down_h=time.down / 60.0,
            starved_h=time.starved / 60.0,
            blocked_h=time.blocked / 60.0,
            production_h=time.production / 60.0,
        )


class KpiValues(Answer):
    """Indicators of ISO 22400-2; shares of 1; null while what they are made of is unknown."""

    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee_index: float | None
    throughput_rate: float | None = Field(description="t/h of one unit")
    allocation_efficiency: float | None
    utilization_efficiency: float | None
    technical_efficiency: float | None
    production_loss_ratio: float | None
    corrective_maintenance_ratio: float | None
    energy_per_tonne: float | None = Field(description="kWh/t")

    @classmethod
    def of(cls, values: Mapping[str, Known]) -> KpiValues:
        return cls(**{kpi.id: values[kpi.id] for kpi in KPIS})


class StageKpi(Answer):
    """One stage. known_share: part of its busy time that was seen."""

    stage: str
    known_share: float | None
    made_t: float
    kpis: KpiValues
    time: UnitHours
    failures: int = Field(description="stops for a reason of the equipment")
    mtbf_h: float | None
    mttr_h: float | None
    energy_kwh: float | None

    @classmethod
    def of(cls, one: StageKpis) -> StageKpi:
        upkeep = one.sum.upkeep
        return cls(
            stage=one.sum.stage,
            known_share=one.sum.time.known_share,
            made_t=one.sum.time.made_kg / KG_PER_T,
            kpis=KpiValues.of(one.indicators),
            time=UnitHours.of(one.sum.time),
            failures=upkeep.failures,
            mtbf_h=upkeep.mtbf_h,
            mttr_h=upkeep.mttr_h,
            energy_kwh=one.sum.energy_kwh,
        )


class Bottleneck(Answer):
    """Shares of the time in which a station was the bottleneck, by the active-period method."""

    station: str
    sole: float
    shifting: float


class KpiPeriod(Answer):
    """One shift, production day or month; known up to ``through``. shift: its name."""

    start: Instant
    end: Instant
    through: Instant
    shift: str | None
    stages: list[StageKpi]
    bottleneck: list[Bottleneck] = Field(description="the greatest share first")

    @classmethod
    def of(cls, view: KpiView) -> KpiPeriod:
        return cls(
            start=iso(view.start_ns),
            end=iso(view.end_ns),
            through=iso(view.through_ns),
            shift=view.shift,
            stages=[StageKpi.of(one) for one in view.stages.values()],
            bottleneck=[
                Bottleneck(station=b.station, sole=b.sole, shifting=b.shifting)
                for b in view.bottleneck
            ],
        )


class Kpis(Answer):
    """Indicators period by period, in order."""

    periods: list[KpiPeriod]


def _tonnes(kg: Known) -> float | None:
    return None if kg is None else kg / KG_PER_T
