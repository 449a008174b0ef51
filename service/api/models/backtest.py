"""Backtests on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.domain.backtest import labels, outcome
from service.domain.backtest.labels import Found
from service.runtime.backtest import GRACE_S

HOUR_NS = 3.6e12
MOST_LABELS = 2_000
MOST_TEXT = 50_000
RulesText = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


class LabelAsked(Request):
    """Something that an alert is wanted for; without a stage, of any."""

    what: Annotated[str, Field(max_length=200)]
    stage: str | None = None
    start: Instant
    end: Instant


class BacktestRequest(Request):
    """Rules as they stand in rules.toml, and the range to try them on."""

    rules: Annotated[RulesText, Field(description="the text of a rules.toml")]
    against: Annotated[RulesText | None, Field(description="another, to compare with")] = None
    start: Instant
    end: Instant
    labels: Annotated[list[LabelAsked], Field(max_length=MOST_LABELS)] | None = None
    grace_s: Annotated[
        float,
        Field(ge=0, le=90 * 86_400, description="how long after a label an alert is still its own"),
    ] = GRACE_S


class Alert(Answer):
    """One raise of an alarm; ``returned_at`` is null when it still stood at the end."""

    raised_at: Instant
    returned_at: Instant | None
    value: float | None

    @classmethod
    def of(cls, one: labels.Alert) -> Alert:
        return cls(
            raised_at=iso(one.raised_ns), returned_at=iso_or_none(one.returned_ns), value=one.value
        )


class Hits(Answer):
    """Labels in numbers. standing: no alert came, for one stood already."""

    caught: int
    standing: int
    missed: int
    delay_median_s: float | None
    delay_p95_s: float | None

    @classmethod
    def of(cls, verdicts: list[labels.Verdict]) -> Hits:
        found = outcome.hits(verdicts)
        return cls(
            caught=found.caught,
            standing=found.standing,
            missed=found.missed,
            delay_median_s=found.median_s,
            delay_p95_s=found.p95_s,
        )


class AlarmOutcome(Answer):
    """One alarm: a rule on a stage. hits and unlabelled (alerts that match no label) are null
    without labels."""

    id: str
    rule: str
    stage: str | None
    message_en: str
    message_zh: str
    alert_count: int
    alerts_per_month: float
    standing_h: float
    unknown_h: float
    unlabelled: int | None
    hits: Hits | None
    alerts: list[Alert]

    @classmethod
    def of(cls, one: outcome.AlarmOutcome, whole: outcome.Outcome) -> AlarmOutcome:
        return cls(
            id=one.definition.id,
            rule=one.definition.rule,
            stage=one.definition.stage,
            message_en=one.definition.message_en,
            message_zh=one.definition.message_zh,
            alert_count=len(one.alerts),
            alerts_per_month=whole.per_month(len(one.alerts)),
            standing_h=one.standing_ns / HOUR_NS,
            unknown_h=one.unknown_ns / HOUR_NS,
            unlabelled=one.unlabelled,
            hits=None if one.unlabelled is None else Hits.of(list(one.verdicts)),
            alerts=[Alert.of(alert) for alert in one.alerts],
        )


class LabelOutcome(Answer):
    """What became of one label, by whichever alarm was first."""

    what: str
    stage: str | None
    start: Instant
    end: Instant
    found: Found
    delay_s: float | None
    by: str | None

    @classmethod
    def of(cls, one: labels.Verdict) -> LabelOutcome:
        return cls(
            what=one.label.what,
            stage=one.label.stage,
            start=iso(one.label.start_ns),
            end=iso(one.label.end_ns),
            found=one.found,
            delay_s=None if one.delay_ns is None else one.delay_ns / 1e9,
            by=one.by,
        )


class Outcome(Answer):
    """A set of rules over the range. flood_minutes: in whose last ten minutes more than ten alarms
    were raised. left_out: alarms on values, quality, communication and
    forecasts, which are not replayed."""

    name: str
    alert_count: int
    alerts_per_month: float
    flood_minutes: int
    left_out: int
    hits: Hits | None
    labels: list[LabelOutcome]
    alarms: list[AlarmOutcome]

    @classmethod
    def of(cls, one: outcome.Outcome) -> Outcome:
        labelled = any(alarm.unlabelled is not None for alarm in one.alarms)
        return cls(
            name=one.name,
            alert_count=one.alerts,
            alerts_per_month=one.per_month(one.alerts),
            flood_minutes=one.flood_minutes,
            left_out=one.left_out,
            hits=Hits.of(list(one.verdicts)) if labelled else None,
            labels=[LabelOutcome.of(verdict) for verdict in one.verdicts],
            alarms=[AlarmOutcome.of(alarm, one) for alarm in one.alarms],
        )


class Backtest(Answer):
    """What each set of rules would have done between start and end, which are cut to what is
    recorded; begun with every alarm clear, and nobody acknowledging."""

    start: Instant
    end: Instant
    outcomes: list[Outcome]

    @classmethod
    def of(cls, found: list[outcome.Outcome]) -> Backtest:
        return cls(
            start=iso(found[0].start_ns),
            end=iso(found[0].end_ns),
            outcomes=[Outcome.of(one) for one in found],
        )
