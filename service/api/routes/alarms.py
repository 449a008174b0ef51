"""Alarms: the list, one alarm's life, and what people do to one that came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query

from service.api.access import Caller, Context, Engineer, Operator, at_least
from service.api.context import ApiContext
from service.api.deeds import audit, shelve
from service.api.models.alarms import (
    Acknowledged,
    Acknowledgements,
    Alarm,
    AlarmLife,
    Alarms,
    Comment,
    Reason,
    Remark,
    Shelving,
    Transition,
)
from service.api.models.explain import AlarmExplanation
from service.api.problems import problems
from service.domain.handling import Guidance
from service.domain.lifecycle import actions
from service.runtime.identity import Role
from service.runtime.views import AlarmView, NoSuchAlarm, Showing, TransitionView

router = APIRouter(prefix="/alarms", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])
REFUSALS = problems(401, 403, 404, 409, 422)


@router.get("", summary="List alarms", responses=problems(401, 422))
async def list_alarms(
    context: Context,
    state: Annotated[
        Literal[Showing.ACTIVE, Showing.HELD],
        Query(
            description="active: open, neither held nor explained by another; held: open, but "
            "shelved, suppressed, out of service or of a rule on trial"
        ),
    ] = Showing.ACTIVE,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Alarms:
    """Open alarms by urgency; GET /api/v1/alarms/history has those that are over as well."""
    found = await context.alarms.alarms(state, limit=limit, offset=offset)
    return Alarms(alarms=[Alarm.of(alarm) for alarm in found])


@router.post(
    "/acknowledge", summary="Acknowledge several alarms", responses=problems(401, 403, 422)
)
async def acknowledge_several(
    caller: Operator, context: Context, body: Acknowledgements
) -> Acknowledged:
    """Acknowledges all that are named and can be, in one step; operators and above."""
    by = caller.user.name
    done = await context.desk.acknowledge(body.alarms, by=by, comment=body.comment or None)
    await audit(context, by, "acknowledge", done)
    return Acknowledged(alarms=list(done))


@router.get("/{alarm_id}", summary="One alarm with its steps", responses=problems(401, 404, 422))
async def read_alarm(alarm_id: str, context: Context) -> AlarmLife:
    """The alarm and every transition, oldest first."""
    alarm, steps = await _existing(context, alarm_id)
    guidance = _guidance(context, alarm)
    return AlarmLife.with_steps(alarm, [Transition.of(step) for step in steps], guidance)


@router.get(
    "/{alarm_id}/members", summary="What belongs to an alarm", responses=problems(401, 404, 422)
)
async def read_members(
    alarm_id: str, context: Context, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Alarms:
    """The other alarms whose root it is: those that it explains, about which nobody is called, and
    those that came with it on the same equipment. Open or over, the newest first."""
    await _existing(context, alarm_id)
    found = await context.alarms.members(alarm_id, limit=limit)
    return Alarms(alarms=[Alarm.of(alarm) for alarm in found])


@router.get(
    "/{alarm_id}/explain", summary="What lies behind an alarm", responses=problems(401, 404, 422)
)
async def explain_alarm(alarm_id: str, context: Context) -> AlarmExplanation:
    """Which stage, which units, since when, how many tonnes so far and at stake, what else happened
    then, and how sure that is; as things are known now."""
    alarm, _ = await _existing(context, alarm_id)
    return AlarmExplanation.of(alarm_id, await context.explanations.explain(alarm))


@router.post("/{alarm_id}/acknowledge", summary="Acknowledge an alarm", responses=REFUSALS)
async def acknowledge(
    alarm_id: str, caller: Operator, context: Context, body: Remark | None = None
) -> Alarm:
    """Records that the caller has seen the alarm and takes care of it; operators and above."""
    return await _done(context, caller, alarm_id, actions.Acknowledge(_said(body)), "acknowledge")


@router.post("/{alarm_id}/reset", summary="Reset a latched alarm", responses=REFUSALS)
async def reset(
    alarm_id: str, caller: Operator, context: Context, body: Remark | None = None
) -> Alarm:
    """Lets an alarm go that has returned and is kept until somebody has looked; operators and
    above."""
    return await _done(context, caller, alarm_id, actions.Reset(_said(body)), "reset-alarm")


@router.post("/{alarm_id}/comment", summary="Comment on an alarm", responses=REFUSALS)
async def comment(alarm_id: str, caller: Operator, context: Context, body: Comment) -> Alarm:
    """Adds to the alarm's journal, be it over or not; comments are never changed. Operators and
    above."""
    return await _done(context, caller, alarm_id, actions.Comment(body.text), "comment-alarm")


@router.post("/{alarm_id}/shelve", summary="Shelve an alarm", responses=REFUSALS)
async def shelve_alarm(alarm_id: str, caller: Operator, context: Context, body: Shelving) -> Alarm:
    """Nobody is called about the alarm for so long; done again, the new time counts. Operators for
    a shift, engineers for longer."""
    alarm, _ = await _existing(context, alarm_id)
    await shelve(context, caller, alarm.definition, body)
    return await _shown(context, alarm_id)


@router.post("/{alarm_id}/unshelve", summary="Unshelve an alarm", responses=REFUSALS)
async def unshelve(
    alarm_id: str, caller: Operator, context: Context, body: Remark | None = None
) -> Alarm:
    """Ends shelving before its time; an alarm that still stands is announced. Operators and
    above."""
    return await _done(context, caller, alarm_id, actions.Unshelve(_said(body)), "unshelve-alarm")


@router.post(
    "/{alarm_id}/remove-from-service", summary="Take an alarm out of service", responses=REFUSALS
)
async def remove_from_service(
    alarm_id: str, caller: Engineer, context: Context, body: Reason
) -> Alarm:
    """Nobody is called about the alarm until somebody returns it to service; engineers and
    above."""
    action = actions.RemoveFromService(body.reason)
    return await _done(context, caller, alarm_id, action, "remove-alarm-from-service")


@router.post(
    "/{alarm_id}/return-to-service", summary="Return an alarm to service", responses=REFUSALS
)
async def return_to_service(
    alarm_id: str, caller: Engineer, context: Context, body: Remark | None = None
) -> Alarm:
    """People are called about the alarm again, at once when it stands; engineers and above."""
    action = actions.ReturnToService(_said(body))
    return await _done(context, caller, alarm_id, action, "return-alarm-to-service")


async def _done(
    context: ApiContext, caller: Caller, alarm_id: str, action: actions.Action, named: str
) -> Alarm:
    alarm, _ = await _existing(context, alarm_id)
    await context.desk.act_on(alarm, action, by=caller.user.name)
    await audit(context, caller.user.name, named, [alarm_id])
    return await _shown(context, alarm_id)


async def _shown(context: ApiContext, alarm_id: str) -> Alarm:
    alarm, _ = await _existing(context, alarm_id)
    return Alarm.of(alarm)


def _guidance(context: ApiContext, alarm: AlarmView) -> Guidance | None:
    """What its rule says; None when it says nothing, or is gone."""
    try:
        definition, _ = context.desk.definition(alarm.definition)
    except NoSuchAlarm:
        return None
    return definition.handling.guidance


def _said(body: Remark | None) -> str | None:
    return (body.comment if body else None) or None


async def _existing(
    context: ApiContext, alarm_id: str
) -> tuple[AlarmView, Sequence[TransitionView]]:
    found = await context.alarms.alarm(alarm_id)
    if found is None:
        raise HTTPException(
            404, f"there is no alarm {alarm_id[:60]!r}; GET /api/v1/alarms/history lists them"
        )
    return found
