"""Corrections: what late values and manual entries changed of the past."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.api.access import Context, at_least
from service.api.models.corrections import (
    Correction,
    Corrections,
    RetrospectiveEntries,
    RetrospectiveEntry,
)
from service.api.problems import problems
from service.runtime.identity import Role

router = APIRouter(tags=["corrections"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/corrections", summary="Corrections of Production", responses=problems(401, 422))
async def list_corrections(
    context: Context,
    meter: Annotated[str | None, Query(max_length=200, description="only this meter's")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Corrections:
    """What was changed of a meter's closed minutes, why, and when the service learnt of it; the
    newest first. They are kept for 800 days."""
    found = await context.corrections.corrections(meter=meter, limit=limit, offset=offset)
    return Corrections(corrections=[Correction.of(one) for one in found])


@router.get("/retrospective", summary="Alarms looked back on", responses=problems(401, 422))
async def list_retrospective(
    context: Context,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> RetrospectiveEntries:
    """What corrections mean for alarms on throughput and shift shortfall: which were disproved, and
    which would have come, and why; the newest first. Nobody is called out, and alarms stay as they
    were."""
    found = await context.retrospect.retrospective(limit=limit, offset=offset)
    return RetrospectiveEntries(entries=[RetrospectiveEntry.of(one) for one in found])
