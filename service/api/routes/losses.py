"""Losses with their reasons, and the indicators of ISO 22400."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, Operator, at_least
from service.api.asked import Range, time_range
from service.api.context import ApiContext
from service.api.models.losses import GivenReason, KpiPeriod, Kpis, Losses, LossEvent
from service.api.problems import problems
from service.domain.instants import DAY_NS, to_iso
from service.runtime.identity import Role
from service.runtime.lossbook import Period

MOST_NS = 100 * DAY_NS

router = APIRouter(tags=["losses"], dependencies=[Depends(at_least(Role.VIEWER))])

Start = Annotated[
    str | None, Query(description="RFC 3339 with an offset, or epoch milliseconds; default: a day")
]
End = Annotated[str | None, Query(description="the same, after start; default: now")]


@router.get("/losses", summary="Losses and their reasons", responses=problems(401, 422))
async def read_losses(
    context: Context,
    start: Start = None,
    end: End = None,
    limit: Annotated[int, Query(ge=1, le=5000, description="of events")] = 500,
) -> Losses:
    """Of each stage where plan less actual went, by reason, and every stop, slow and unknown
    stretch of its units; of the shifts that overlap [start, end)."""
    asked = _range(context, start, end)
    return Losses.of(await context.losses.losses(asked.start_ns, asked.end_ns), limit=limit)


@router.put(
    "/losses/{event_id}/reason",
    summary="Say why",
    responses=problems(401, 403, 404, 409, 422),
)
async def give_reason(
    event_id: str, body: GivenReason, caller: Operator, context: Context
) -> LossEvent:
    """Gives an event its reason, with who and when; operators and above. It stays with the event
    when the event goes on, or later readings move its ends. Nothing that was said is deleted."""
    told = await context.losses.explain(
        event_id,
        reason=body.reason,
        comment=body.comment,
        by=caller.user.name,
        seen_version=body.version,
    )
    return LossEvent.of(told)


@router.get("/kpi", summary="Indicators after ISO 22400", responses=problems(401, 422))
async def read_kpis(
    context: Context,
    by: Period = Period.SHIFT,
    start: Start = None,
    end: End = None,
) -> Kpis:
    """Availability, effectiveness, OEE, MTBF, MTTR and others of each stage, its time, and the
    bottleneck, of every shift, production day or month that overlaps [start, end)."""
    asked = _range(context, start, end)
    views = await context.losses.kpis(by, asked.start_ns, asked.end_ns)
    return Kpis(periods=[KpiPeriod.of(view) for view in views])


def _range(context: ApiContext, start: str | None, end: str | None) -> Range:
    """What is asked for; by default the day before ``end``, and up to now. 422 else."""
    now_ns = context.clock.now_ns()
    until = end if end is not None else to_iso(now_ns)
    if start is None:
        asked = time_range("0", until)
        return Range(max(asked.end_ns - DAY_NS, 0), asked.end_ns)
    asked = time_range(start, until)
    if asked.end_ns - asked.start_ns > MOST_NS:
        raise HTTPException(422, f"end: expected at most {MOST_NS // DAY_NS} days after start")
    return asked
