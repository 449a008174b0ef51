"""The line, and its production against plan."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from service.api.access import Context, at_least
from service.api.models.line import Line, Production
from service.api.problems import problems
from service.runtime.identity import Role

router = APIRouter(tags=["line"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/line", summary="Stages, units and shifts", responses=problems(401))
async def read_line(context: Context) -> Line:
    """The stages in their order, what feeds what, and the shifts in local time."""
    return Line.of(context.line, context.planning.in_force.calendar.shifts)


@router.get("/production", summary="Production against plan, now", responses=problems(401))
async def read_production(context: Context) -> Production:
    """Rates and windows of every stage in tonnes of its own output; output is the plant's, counted
    once."""
    return Production.of(context.production.now())
