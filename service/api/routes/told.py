"""Who would hear of an alarm: routes are tried out, and nobody is told."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, at_least
from service.api.instants import parse
from service.api.models.told import WouldHear
from service.api.problems import problems
from service.domain.alarm import Priority
from service.domain.routing import Subject
from service.domain.trial import as_if_flooded, try_out
from service.runtime.identity import Role

router = APIRouter(
    prefix="/alarm-definitions",
    tags=["alarms"],
    dependencies=[Depends(at_least(Role.ENGINEER))],
)


@router.get(
    "/{definition_id:path}/told",
    summary="Who would hear of it",
    responses=problems(401, 403, 404, 422),
)
async def read_told(
    definition_id: str,
    context: Context,
    at: Annotated[str | None, Query(description="RFC 3339 or epoch ms; else now")] = None,
    priority: Annotated[
        Literal["critical", "high", "medium", "low"] | None, Query(description="else its own")
    ] = None,
    escalated: Annotated[int, Query(ge=0, le=100, description="how often nobody answered")] = 0,
    flood: Annotated[bool, Query(description="as if a flood lasted")] = False,
) -> WouldHear:
    """Which destinations would hear of the alarm, by which route and role, when and in which form,
    and why the other routes don't take it; engineers and above."""
    definition, _ = context.desk.definition(definition_id)
    subject = Subject.of(definition, None if priority is None else Priority[priority.upper()])
    try:
        at_ns = context.clock.now_ns() if at is None else parse(at, "at")
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    flooding = context.announcing.flooding
    floods = as_if_flooded(flooding, subject.stage, at_ns) if flood else {}
    calendar = context.planning.plan.calendar
    return WouldHear.of(
        try_out(context.announcing, calendar, subject, at_ns, step=escalated, floods=floods)
    )
