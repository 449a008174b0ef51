"""Alarm floods: whether more alarms come than one operator can take in."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from service.api.access import Context, at_least
from service.api.models.floods import Flood, Floods
from service.api.problems import problems
from service.runtime.identity import Role

router = APIRouter(prefix="/floods", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("", summary="Alarm floods", responses=problems(401))
async def read_floods(context: Context) -> Floods:
    """How every operator position stands: whether a flood lasts (ISA-18.2), since when, and how
    many alarms came in it."""
    return Floods(positions=[Flood.of(one) for one in context.floods()])
