"""Alarms: the list, one alarm's life, and acknowledging."""

from __future__ import annotations

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Context, Operator, at_least
from service.api.context import ApiContext
from service.api.models.events import Acknowledgement, Alarm, AlarmLife, Alarms, Transition
from service.api.models.explain import AlarmExplanation
from service.api.problems import problems
from service.runtime.errors import Retryable
from service.runtime.identity import Role
from service.runtime.views import AlarmView, TransitionView

log = logging.getLogger(__name__)
router = APIRouter(prefix="/alarms", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("", summary="List alarms", responses=problems(401, 422))
async def list_alarms(
    context: Context,
    state: Annotated[
        Literal["active", "all"], Query(description="active: all but those over and acknowledged")
    ] = "active",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Alarms:
    """Active alarms by urgency, or all of them, newest first."""
    found = await context.alarms.alarms(active=state == "active", limit=limit, offset=offset)
    return Alarms(alarms=[Alarm.of(alarm) for alarm in found])


@router.get("/{alarm_id}", summary="One alarm with its steps", responses=problems(401, 404, 422))
async def read_alarm(alarm_id: str, context: Context) -> AlarmLife:
    """The alarm and every transition, oldest first."""
    alarm, steps = await _existing(context, alarm_id)
    return AlarmLife.with_steps(alarm, [Transition.of(step) for step in steps])


@router.get(
    "/{alarm_id}/explain", summary="What lies behind an alarm", responses=problems(401, 404, 422)
)
async def explain_alarm(alarm_id: str, context: Context) -> AlarmExplanation:
    """Which stage, which units, since when, how many tonnes so far and at stake, what else happened
    then, and how sure that is; as things are known now."""
    alarm, _ = await _existing(context, alarm_id)
    return AlarmExplanation.of(alarm_id, await context.explanations.explain(alarm))


@router.post(
    "/{alarm_id}/acknowledge",
    summary="Acknowledge an alarm",
    responses=problems(401, 403, 404, 409, 422),
)
async def acknowledge(
    alarm_id: str, caller: Operator, context: Context, body: Acknowledgement | None = None
) -> Alarm:
    """Records that the caller has seen the alarm and takes care of it; operators and above."""
    await _existing(context, alarm_id)
    by = caller.user.name
    comment = (body.comment if body else None) or None
    await context.alarms.acknowledge(alarm_id, by=by, comment=comment)
    try:
        await context.identity.record(by, "acknowledge", alarm_id)
    except Retryable as error:  # it is done, and the transition itself says by whom
        log.warning("audit of an acknowledgement is lost alarm=%s error=%s", alarm_id, error)
    alarm, _ = await _existing(context, alarm_id)
    return Alarm.of(alarm)


async def _existing(context: ApiContext, alarm_id: str) -> tuple[AlarmView, list[TransitionView]]:
    found = await context.alarms.alarm(alarm_id)
    if found is None:
        raise HTTPException(
            404, f"there is no alarm {alarm_id[:60]!r}; GET /api/v1/alarms?state=all lists them"
        )
    return found[0], list(found[1])
