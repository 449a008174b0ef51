"""The account of a window on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.domain.production import stated

KG_PER_T = 1_000.0


class UnknownSpan(Answer):
    """[start, end), of which a meter's production is not known."""

    meter: str
    start: Instant
    end: Instant


class StageAccount(Answer):
    """What a stage made in the known minutes. unknown: the others, by meter and time."""

    id: str
    t: float | None = Field(description="tonnes of its known minutes; null when none is known")
    uncertainty_t: float | None = Field(description="expanded, 95 %; of the known minutes only")
    held_min: int = Field(description="meter minutes of rates that stood still as no flow does")
    unknown_min: int = Field(description="meter minutes that are not in ``t``")
    unknown: list[UnknownSpan]

    @classmethod
    def of(cls, one: stated.StageAccount) -> StageAccount:
        return cls(
            id=one.stage,
            t=None if one.kg is None else one.kg / KG_PER_T,
            uncertainty_t=None if one.uncertainty_kg is None else one.uncertainty_kg / KG_PER_T,
            held_min=one.held_min,
            unknown_min=one.unknown_min,
            unknown=[
                UnknownSpan(meter=span.meter, start=iso(span.start_ns), end=iso(span.end_ns))
                for span in one.unknown
            ],
        )


class Account(Answer):
    """What every stage made over [start, end), and how sure that is."""

    start: Instant
    end: Instant
    stages: list[StageAccount]

    @classmethod
    def of(cls, start_ns: int, end_ns: int, stages: Sequence[stated.StageAccount]) -> Account:
        return cls(
            start=iso(start_ns), end=iso(end_ns), stages=[StageAccount.of(one) for one in stages]
        )
