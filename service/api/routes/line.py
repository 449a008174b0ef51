"""The line, and its production against plan."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, at_least
from service.api.asked import time_range
from service.api.models.account import Account
from service.api.models.forecast import ForecastNow
from service.api.models.line import Line, Production
from service.api.models.wip import LineWip
from service.api.problems import problems
from service.domain.instants import DAY_NS, MINUTE_NS
from service.runtime.identity import Role

MOST_NS = 31 * DAY_NS

router = APIRouter(tags=["line"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/line", summary="Stages, units and shifts", responses=problems(401))
async def read_line(context: Context) -> Line:
    """The stages in their order, what feeds what, and the shifts in local time."""
    return Line.of(
        context.line.at(context.planning.now_ns()), context.planning.in_force.calendar.shifts
    )


@router.get("/production", summary="Production against plan, now", responses=problems(401))
async def read_production(context: Context) -> Production:
    """Rates and windows of every stage in tonnes of its own output; output is the plant's, counted
    once."""
    return Production.of(context.production.now())


@router.get("/account", summary="Tonnes and their uncertainty", responses=problems(401, 422))
async def read_account(
    context: Context,
    start: Annotated[str, Query(max_length=40, examples=["2026-03-01T00:00:00Z"])],
    end: Annotated[str, Query(max_length=40, examples=["2026-03-02T00:00:00Z"])],
) -> Account:
    """What each stage made over whole minutes of at most 31 days, how uncertain that is, and which
    minutes of which meters are unknown; these are listed, not guessed."""
    asked = time_range(start, end)
    first, last = asked.start_ns // MINUTE_NS, -(-asked.end_ns // MINUTE_NS)
    if last - first > MOST_NS // MINUTE_NS:
        raise HTTPException(422, f"end: expected at most {MOST_NS // DAY_NS} days after start")
    found = await context.accounts.between(first, last)
    return Account.of(first * MINUTE_NS, last * MINUTE_NS, found)


@router.get("/wip", summary="Work in progress and lead time", responses=problems(401))
async def read_wip(context: Context) -> LineWip:
    """What lies before and in each stage, carried forward from its last stock-taking by what came
    and what was taken since, and the time to pass by Little's law; null with the reason before any
    stock-taking."""
    return LineWip.of(context.wip.now())


@router.get("/forecast", summary="Forecast of shift, month, year", responses=problems(401))
async def read_forecast(context: Context) -> ForecastNow:
    """The plant's output by the end of the shift, month and year, with bands and the chance of
    reaching the plan; renewed every hour, and explained against the day before."""
    return ForecastNow.of(context.forecast.now())
