"""Alarm system indicators after ISA-18.2 and IEC 62682."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, at_least
from service.api.asked import Range, time_range
from service.api.context import ApiContext
from service.api.models.alarm_kpi import AlarmKpiAnswer
from service.api.problems import problems
from service.domain.instants import DAY_NS, to_iso
from service.runtime.alarm_figures import most_ns
from service.runtime.identity import Role
from service.runtime.lossbook import Period

USUAL_NS = 30 * DAY_NS
"""The standards judge an alarm system by a month."""

router = APIRouter(prefix="/alarms", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/kpi", summary="Indicators of the alarm system", responses=problems(401, 422))
async def read_alarm_kpis(
    context: Context,
    start: Annotated[
        str | None,
        Query(description="RFC 3339 with an offset, or epoch milliseconds; default: 30 days"),
    ] = None,
    end: Annotated[str | None, Query(description="the same, after start; default: now")] = None,
    by: Annotated[
        Period | None, Query(description="each shift, production day or month; default: the range")
    ] = None,
) -> AlarmKpiAnswer:
    """Rate for one operator, floods, the most frequent, chattering, fleeting and stale alarms, the
    mix of priorities, and the time to acknowledge, against the targets of ISA-18.2 and IEC 62682.
    Alarms that called nobody are counted apart; time in which the service did not watch is unknown,
    and `known_h` says how much is known."""
    asked = _range(context, start, end, by)
    if by is None:
        return AlarmKpiAnswer.of(
            [await context.alarm_figures.between(asked.start_ns, asked.end_ns)]
        )
    return AlarmKpiAnswer.of(await context.alarm_figures.each(by, asked.start_ns, asked.end_ns))


def _range(context: ApiContext, start: str | None, end: str | None, by: Period | None) -> Range:
    """What is asked for, no further than now. 422 else."""
    now_ns = context.clock.now_ns()
    until = to_iso(now_ns) if end is None else end
    if start is None:
        asked = time_range("0", until)
        asked = Range(max(asked.end_ns - USUAL_NS, 0), asked.end_ns)
    else:
        asked = time_range(start, until)
    if asked.end_ns - asked.start_ns > most_ns(by):
        raise HTTPException(
            422, f"end: expected at most {most_ns(by) // DAY_NS} days after start; ask for less"
        )
    if asked.start_ns >= now_ns:
        raise HTTPException(422, f"start: expected an instant before now, {to_iso(now_ns)}")
    return Range(asked.start_ns, min(asked.end_ns, now_ns))
