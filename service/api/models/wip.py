"""Work in progress and lead time on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer
from service.api.models.line import KG_PER_T
from service.domain import wip
from service.domain.kpi import Known
from service.domain.wip import WhyUnknown


class StockTaking(Answer):
    """What somebody found, from which everything is counted."""

    at: Instant
    stock_t: float
    by: str
    entry: str = Field(description="the manual entry")


class StageWip(Answer):
    """What lies before and in a stage."""

    stage: str
    wip_t: float | None = Field(
        description="tonnes of its input, the middle of what it can be; below nothing the "
        "stock-taking, a scale or a yield is wrong"
    )
    uncertainty_t: float | None = Field(
        description="± so much: the scales' classes and minutes that were not seen, since the "
        "stock-taking, which itself counts as exact"
    )
    finished_t: float | None = Field(description="finished tonnes that become of it")
    throughput_t_per_h: float | None = Field(
        description="of its input, over the known part of the last seven days"
    )
    lead_time_h: float | None = Field(description="wip_t / throughput_t_per_h (Little's law)")
    since: StockTaking | None
    unknown: WhyUnknown | None = Field(description="why wip_t is null")

    @classmethod
    def of(cls, one: wip.StageWip) -> StageWip:
        since = one.since
        return cls(
            stage=one.stage,
            wip_t=_t(one.kg),
            uncertainty_t=_t(one.uncertainty_kg),
            finished_t=_t(one.finished_kg),
            throughput_t_per_h=_t(one.throughput_kg_per_h),
            lead_time_h=one.lead_time_h,
            since=None
            if since is None
            else StockTaking(
                at=iso(since.at_ns), stock_t=since.kg / KG_PER_T, by=since.by, entry=since.entry
            ),
            unknown=one.unknown,
        )


class TotalWip(Answer):
    """The sums over the stages that metered stages feed; null while one of them is ``missing``."""

    wip_t: float | None
    uncertainty_t: float | None
    finished_t: float | None
    lead_time_h: float | None = Field(
        description="finished_t over the plant's output of the known part of the last seven days"
    )
    missing: list[str] = Field(description="stages whose stock was never taken")


class LineWip(Answer):
    """Work in progress of each stage, counted up to ``at``."""

    at: Instant
    stages: list[StageWip]
    total: TotalWip

    @classmethod
    def of(cls, line: wip.LineWip) -> LineWip:
        return cls(
            at=iso(line.at_ns),
            stages=[StageWip.of(one) for one in line.stages],
            total=TotalWip(
                wip_t=_t(line.kg),
                uncertainty_t=_t(line.uncertainty_kg),
                finished_t=_t(line.finished_kg),
                lead_time_h=line.lead_time_h,
                missing=list(line.missing),
            ),
        )


def _t(kg: Known) -> Known:
    return None if kg is None else kg / KG_PER_T
