"""Alarm system indicators on the wire: shares of 1, unknown is null."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer
from service.domain.alarm import Priority, Quiet
from service.domain.alarm_kpi import AlarmKpis
from service.domain.alarm_targets import TARGETS, Indicator, Level, level
from service.runtime.alarm_figures import AlarmName, FiguresView


class AlarmTarget(Answer):
    """Up to good an indicator is good, up to limit tolerable (ISA-18.2, IEC 62682)."""

    indicator: Indicator
    good: float
    limit: float


class AlarmFlood(Answer):
    """More than ten alarms in ten minutes for one operator, until fewer than five. end: null while
    it lasts."""

    start: Instant
    end: Instant | None
    alarms: int


class FrequentAlarm(Answer):
    """How often one alarm called."""

    definition: str
    calls: int
    share: float


class Acknowledging(Answer):
    """From the call to the acknowledgement; the figures are of those that were acknowledged."""

    acknowledged: int
    open: int
    median_s: float | None
    p95_s: float | None


class AlarmIndicators(Answer):
    """Only what called an operator counts as load; rates are over the known time."""

    operators: int
    known_h: float
    calls: int
    quiet: dict[Quiet, int] = Field(description="raises that called nobody, by reason")
    per_hour: float | None = Field(description="for one operator")
    per_10_min: float | None = Field(description="for one operator, on average")
    most_in_period: float = Field(description="for one operator in ten minutes")
    crowded_share: float | None = Field(description="of ten-minute periods: more than ten alarms")
    floods: list[AlarmFlood]
    flood_share: float | None
    top: list[FrequentAlarm]
    top_share: float | None
    chattering: list[str] = Field(description="raised three times within a minute")
    fleeting: int = Field(description="gone within a minute, without chattering")
    stale: list[str] = Field(description="stood for more than a day")
    most_stale: int = Field(description="at one moment")
    priorities: dict[str, int] = Field(description="calls by priority, 1 to 4")
    acknowledging: Acknowledging
    standing: int = Field(description="at the end")
    shelved: int
    suppressed: int
    out_of_service: int
    levels: dict[Indicator, Level]

    @classmethod
    def of(cls, one: AlarmKpis) -> AlarmIndicators:
        return cls(
            operators=one.operators,
            known_h=one.known_h,
            calls=one.calls,
            quiet=dict(one.quiet),
            per_hour=one.per_hour,
            per_10_min=one.per_period,
            most_in_period=one.most_in_period,
            crowded_share=one.crowded_share,
            floods=[
                AlarmFlood(start=iso(f.start_ns), end=iso_or_none(f.end_ns), alarms=f.alarms)
                for f in one.floods
            ],
            flood_share=one.flood_share,
            top=[
                FrequentAlarm(definition=t.definition, calls=t.calls, share=t.share)
                for t in one.top
            ],
            top_share=one.top_share,
            chattering=list(one.chattering),
            fleeting=one.fleeting,
            stale=list(one.stale),
            most_stale=one.most_stale,
            priorities={str(int(p)): one.priorities[p] for p in Priority},
            acknowledging=Acknowledging(
                acknowledged=one.acknowledging.acknowledged,
                open=one.acknowledging.open,
                median_s=one.acknowledging.median_s,
                p95_s=one.acknowledging.p95_s,
            ),
            standing=one.standing,
            shelved=one.shelved,
            suppressed=one.suppressed,
            out_of_service=one.out_of_service,
            levels={indicator: level(one, indicator) for indicator in Indicator},
        )


class NamedAlarm(Answer):
    """What an alarm is called. priority: when it was last raised; 1 is the most urgent."""

    rule: str
    asset: str
    stage: str | None
    priority: int
    message_en: str
    message_zh: str

    @classmethod
    def of(cls, one: AlarmName) -> NamedAlarm:
        return cls(
            rule=one.rule,
            asset=one.asset,
            stage=one.stage,
            priority=int(one.priority),
            message_en=one.message_en,
            message_zh=one.message_zh,
        )


class AlarmKpiPeriod(Answer):
    """Indicators of [start, end): of the plant, whose operators share its alarms, and of each
    operator position."""

    start: Instant
    end: Instant
    shift: str | None
    plant: AlarmIndicators
    positions: dict[str, AlarmIndicators]
    names: dict[str, NamedAlarm]

    @classmethod
    def of(cls, view: FiguresView) -> AlarmKpiPeriod:
        return cls(
            start=iso(view.plant.start_ns),
            end=iso(view.plant.end_ns),
            shift=view.shift,
            plant=AlarmIndicators.of(view.plant),
            positions={name: AlarmIndicators.of(one) for name, one in view.positions.items()},
            names={name: NamedAlarm.of(one) for name, one in view.names.items()},
        )


class AlarmKpiAnswer(Answer):
    """Targets, and the whole range or its shifts, days or months."""

    targets: list[AlarmTarget]
    periods: list[AlarmKpiPeriod]

    @classmethod
    def of(cls, views: list[FiguresView]) -> AlarmKpiAnswer:
        return cls(
            targets=[
                AlarmTarget(indicator=name, good=one.good, limit=one.limit)
                for name, one in TARGETS.items()
            ],
            periods=[AlarmKpiPeriod.of(view) for view in views],
        )
