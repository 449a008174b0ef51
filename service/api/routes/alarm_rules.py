"""The alarm rules, and what each of them raised or would have raised."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, at_least
from service.api.asked import Range, time_range
from service.api.models.alarm_rules import AlarmRules
from service.api.problems import problems
from service.domain.instants import DAY_NS, to_iso
from service.runtime.identity import Role

USUAL_NS = 7 * DAY_NS
MOST_DAYS = 400

router = APIRouter(prefix="/alarms", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/rules", summary="Alarm rules and what they raised", responses=problems(401, 422))
async def read_rules(
    context: Context,
    start: Annotated[
        str | None,
        Query(description="RFC 3339 with an offset, or epoch milliseconds; default: 7 days"),
    ] = None,
    end: Annotated[str | None, Query(description="the same, after start; default: now")] = None,
) -> AlarmRules:
    """Each rule with how often its alarms were raised, told, and kept quiet, and why. A rule in
    shadow mode shows here what it would have told, before it is switched on."""
    asked = _range(context.clock.now_ns(), start, end)
    raises = await context.raises.between(asked.start_ns, asked.end_ns)
    return AlarmRules.of(asked.start_ns, asked.end_ns, context.desk.definitions(), raises)


def _range(now_ns: int, start: str | None, end: str | None) -> Range:
    """What is asked for; 422 else."""
    until = to_iso(now_ns) if end is None else end
    asked = time_range("0" if start is None else start, until)
    if start is None:
        asked = Range(max(asked.end_ns - USUAL_NS, 0), asked.end_ns)
    if asked.end_ns - asked.start_ns > MOST_DAYS * DAY_NS:
        raise HTTPException(422, f"end: expected at most {MOST_DAYS} days after start")
    return asked
