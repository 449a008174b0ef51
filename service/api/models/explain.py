"""Explanations of alarms on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer
from service.domain.losses.explain import Certainty, Explanation, UnitPart
from service.domain.losses.meanwhile import Happening
from service.domain.losses.reasons import LossKind, Reason
from service.runtime.lossbook import AlarmExplained

KG_PER_T = 1_000.0


class ExplainedUnit(Answer):
    """What one unit has to do with it. share: of what all named units lost."""

    unit: str
    kind: LossKind
    reason: Reason
    since: Instant
    until: Instant | None = Field(description="null while it lasts")
    lost_t: float | None = Field(description="in the window, of its stage's output")
    share: float | None

    @classmethod
    def of(cls, part: UnitPart) -> ExplainedUnit:
        return cls(
            unit=part.unit,
            kind=part.kind,
            reason=part.reason,
            since=iso(part.since_ns),
            until=iso_or_none(part.until_ns),
            lost_t=None if part.lost_kg is None else part.lost_kg / KG_PER_T,
            share=part.share,
        )


class Cause(Answer):
    """Where a shortage began. about: the alarm's stage; stage: where it began."""

    about: str
    stage: str
    start: Instant = Field(description="of the window that is explained")
    end: Instant
    since: Instant | None = Field(description="when it began; null when no unit stands out")
    units: list[ExplainedUnit] = Field(description="the greatest loss first")
    short_t: float = Field(description="plan less actual of `about` over its known minutes")
    short_finished_t: float
    at_stake_t: float = Field(description="finished tonnes that the plant will miss so far")
    at_stake_t_per_h: float = Field(description="and each hour that it goes on")
    known_share: float = Field(ge=0, le=1)
    sureness: float = Field(ge=0, le=1)
    certainty: Certainty

    @classmethod
    def of(cls, told: Explanation) -> Cause:
        return cls(
            about=told.about,
            stage=told.stage,
            start=iso(told.start_ns),
            end=iso(told.end_ns),
            since=iso_or_none(told.since_ns),
            units=[ExplainedUnit.of(part) for part in told.units],
            short_t=told.short_kg / KG_PER_T,
            short_finished_t=told.short_finished_kg / KG_PER_T,
            at_stake_t=told.at_stake_finished_kg / KG_PER_T,
            at_stake_t_per_h=told.at_stake_finished_kg_per_h / KG_PER_T,
            known_share=told.known_share,
            sureness=told.sureness,
            certainty=told.certainty,
        )


class AlsoThen(Answer):
    """Something else at the time: another alarm, or another unit's lost time."""

    id: str
    kind: str
    asset: str
    stage: str | None
    message_en: str
    message_zh: str
    since: Instant
    until: Instant | None

    @classmethod
    def of(cls, one: Happening) -> AlsoThen:
        return cls(
            id=one.id,
            kind=one.kind,
            asset=one.asset,
            stage=one.stage,
            message_en=one.message_en,
            message_zh=one.message_zh,
            since=iso(one.since_ns),
            until=iso_or_none(one.until_ns),
        )


class AlarmExplanation(Answer):
    """What lies behind an alarm. cause: null when it is about no metered stage, or nothing of its
    time is known."""

    alarm: str
    cause: Cause | None
    words_en: str
    words_zh: str
    meanwhile: list[AlsoThen]

    @classmethod
    def of(cls, alarm: str, one: AlarmExplained) -> AlarmExplanation:
        return cls(
            alarm=alarm,
            cause=None if one.told is None else Cause.of(one.told),
            words_en=one.words_en,
            words_zh=one.words_zh,
            meanwhile=[AlsoThen.of(other) for other in one.meanwhile],
        )
