"""Where values come from."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from service.api.access import Context, at_least
from service.api.models.events import Source, Sources
from service.api.problems import problems
from service.runtime.identity import Role

router = APIRouter(tags=["connectors"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/sources", summary="State of every source", responses=problems(401))
async def list_sources(context: Context) -> Sources:
    """Connection, counters and proven liveness of each source."""
    return Sources(sources=[Source.of(source) for source in context.sources.sources()])
