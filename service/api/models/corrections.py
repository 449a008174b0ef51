"""What was corrected afterwards, on the wire."""

from __future__ import annotations

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.domain.production import corrections as domain
from service.domain.production.corrections import Cause


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
