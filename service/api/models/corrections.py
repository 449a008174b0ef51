"""What was corrected afterwards, on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.domain.production import corrections as domain
from service.domain.production.corrections import Cause
from service.domain.retrospect import Finding
from service.runtime.corrections import RetrospectiveView


class Amount(Answer):
    """What a span of minutes amounts to: kg of the known ones (null when none is known), and how
    many minutes are measured, estimated and unknown."""

    kg: float | None
    measured_min: int
    estimated_min: int
    unknown_min: int

    @classmethod
    def of(cls, tally: domain.Tally) -> Amount:
        return cls(
            kg=tally.kg,
            measured_min=tally.measured,
            estimated_min=tally.estimated,
            unknown_min=tally.unknown,
        )


class Correction(Answer):
    """One change of a meter's minutes after they were closed. learnt_at: when the service found
    out. entry: the manual entry behind it."""

    id: str
    meter: str
    start: Instant
    end: Instant
    before: Amount
    after: Amount
    cause: Cause
    learnt_at: Instant
    entry: str | None

    @classmethod
    def of(cls, one: domain.Correction) -> Correction:
        return cls(
            id=one.id,
            meter=one.meter,
            start=iso(one.start_ns),
            end=iso(one.end_ns),
            before=Amount.of(one.before),
            after=Amount.of(one.after),
            cause=one.cause,
            learnt_at=iso(one.learnt_ns),
            entry=one.entry,
        )


class Corrections(Answer):
    """Corrections of Production, newest first."""

    corrections: list[Correction]


class RetrospectiveEntry(Answer):
    """What late knowledge says of one alarm. at: when it was raised (disproved), or would have been
    (missed). alarm: the one that is disproved. value_then, value_now: production against plan in %,
    as known then and now. found_at: when the service found out."""

    id: str
    finding: Finding
    rule: str
    priority: int = Field(ge=1, le=4, description="1 is the most urgent")
    asset: str
    stage: str | None
    message_en: str
    message_zh: str
    alarm: str | None
    at: Instant
    value_then: float | None
    value_now: float | None
    why_en: str
    why_zh: str
    found_at: Instant

    @classmethod
    def of(cls, one: RetrospectiveView) -> RetrospectiveEntry:
        return cls(
            id=one.id,
            finding=one.finding,
            rule=one.rule,
            priority=one.priority,
            asset=one.asset,
            stage=one.stage,
            message_en=one.message_en,
            message_zh=one.message_zh,
            alarm=one.alarm,
            at=iso(one.at_ns),
            value_then=one.value_then,
            value_now=one.value_now,
            why_en=one.why_en,
            why_zh=one.why_zh,
            found_at=iso(one.found_ns),
        )


class RetrospectiveEntries(Answer):
    """Retrospective entries, newest first."""

    entries: list[RetrospectiveEntry]
