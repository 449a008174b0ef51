"""The edges of the service: where values come from, and who was told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.api.access import Context, at_least
from service.api.models.events import Deliveries, Delivery, Source, Sources
from service.api.problems import problems
from service.runtime.identity import Role

router = APIRouter(tags=["connectors"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/sources", summary="State of every source", responses=problems(401))
async def list_sources(context: Context) -> Sources:
    """Connection, counters and proven liveness of each source."""
    return Sources(sources=[Source.of(source) for source in context.sources.sources()])


@router.get("/deliveries", summary="Notifications and their fate", responses=problems(401, 422))
async def list_deliveries(
    context: Context, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Deliveries:
    """What was told to whom, newest first; dead letters among them."""
    found = await context.deliveries.deliveries(limit=limit)
    return Deliveries(deliveries=[Delivery.of(one) for one in found])
