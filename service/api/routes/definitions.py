"""Alarms that can stand: where each of them is, and what people do to one, standing or not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.api.access import Caller, Context, Engineer, Operator, at_least
from service.api.context import ApiContext
from service.api.deeds import audit, shelve
from service.api.models.alarms import (
    AlarmDefinition,
    AlarmDefinitions,
    Comment,
    Reason,
    Remark,
    Shelving,
    Steps,
    Transition,
)
from service.api.problems import problems
from service.domain import alarm as domain
from service.domain.lifecycle import actions
from service.runtime.identity import Role

router = APIRouter(
    prefix="/alarm-definitions",
    tags=["alarms"],
    dependencies=[Depends(at_least(Role.VIEWER))],
)
REFUSALS = problems(401, 403, 404, 409, 422)


class Standing(StrEnum):
    """Which definitions are listed."""

    ALL = "all"
    OPEN = "open"
    HELD = "held"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    SHADOW = "shadow"
    LATCHED = "latched"


BOTH = (Standing.ALL, Standing.SHADOW)
"""Those that list what is normal as well."""


@router.get("", summary="List alarms that can stand", responses=problems(401, 422))
async def list_definitions(
    context: Context,
    state: Annotated[
        Standing, Query(description="open: not normal; held: shelved, suppressed or out of service")
    ] = Standing.ALL,
    rule: Annotated[str | None, Query(max_length=80, description="of this rule only")] = None,
    search: Annotated[
        str | None, Query(max_length=80, description="a part of the id or of what is said")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> AlarmDefinitions:
    """Every rule applied to every asset, with its state, by id."""
    wanted = (search or "").lower()
    found = sorted(
        (
            (definition, now)
            for definition, now in context.desk.definitions(normal=state in BOTH)
            if _is(state, definition, now)
            and (rule is None or definition.rule == rule)
            and (not wanted or wanted in _text(definition))
        ),
        key=lambda one: one[0].id,
    )
    shown = [AlarmDefinition.of(*one) for one in found[offset : offset + limit]]
    return AlarmDefinitions(definitions=shown, total=len(found))


@router.get(
    "/{definition_id:path}/transitions",
    summary="The journal of an alarm that can stand",
    responses=problems(401, 404, 422),
)
async def read_transitions(
    definition_id: str,
    context: Context,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Steps:
    """What happened to it, newest first: every transition, of all its alarms and while it was
    normal."""
    _existing(context, definition_id)
    steps = await context.alarms.steps_of(definition_id, limit=limit)
    return Steps(transitions=[Transition.of(step) for step in steps])


@router.post("/{definition_id:path}/shelve", summary="Shelve it", responses=REFUSALS)
async def shelve_definition(
    definition_id: str, caller: Operator, context: Context, body: Shelving
) -> AlarmDefinition:
    """Nobody is called about it for so long; done again, the new time counts. Operators for a
    shift, engineers for longer."""
    await shelve(context, caller, definition_id, body)
    return _existing(context, definition_id)


@router.post("/{definition_id:path}/unshelve", summary="Unshelve it", responses=REFUSALS)
async def unshelve(
    definition_id: str, caller: Operator, context: Context, body: Remark | None = None
) -> AlarmDefinition:
    """Ends shelving before its time; an alarm that still stands is announced. Operators and
    above."""
    action = actions.Unshelve(body.comment if body else None)
    return await _done(context, caller, definition_id, action, "unshelve-alarm")


@router.post(
    "/{definition_id:path}/remove-from-service",
    summary="Take it out of service",
    responses=REFUSALS,
)
async def remove_from_service(
    definition_id: str, caller: Engineer, context: Context, body: Reason
) -> AlarmDefinition:
    """Nobody is called about it until somebody returns it to service; engineers and above."""
    action = actions.RemoveFromService(body.reason)
    return await _done(context, caller, definition_id, action, "remove-alarm-from-service")


@router.post(
    "/{definition_id:path}/return-to-service",
    summary="Return it to service",
    responses=REFUSALS,
)
async def return_to_service(
    definition_id: str, caller: Engineer, context: Context, body: Remark | None = None
) -> AlarmDefinition:
    """People are called about it again, at once when it stands; engineers and above."""
    action = actions.ReturnToService(body.comment if body else None)
    return await _done(context, caller, definition_id, action, "return-alarm-to-service")


@router.post("/{definition_id:path}/comment", summary="Comment on it", responses=REFUSALS)
async def comment(
    definition_id: str, caller: Operator, context: Context, body: Comment
) -> AlarmDefinition:
    """Adds to its journal; comments are never changed. Operators and above."""
    action = actions.Comment(body.text)
    return await _done(context, caller, definition_id, action, "comment-alarm")


async def _done(
    context: ApiContext, caller: Caller, definition_id: str, action: actions.Action, named: str
) -> AlarmDefinition:
    await context.desk.act(definition_id, action, by=caller.user.name)
    await audit(context, caller.user.name, named, [definition_id])
    return _existing(context, definition_id)


def _existing(context: ApiContext, definition_id: str) -> AlarmDefinition:
    return AlarmDefinition.of(*context.desk.definition(definition_id))


def _is(wanted: Standing, definition: domain.AlarmDefinition, state: domain.AlarmState) -> bool:
    match wanted:
        case Standing.ALL:
            return True
        case Standing.OPEN:
            return state.phase is not domain.Phase.NORMAL
        case Standing.HELD:
            return state.held is not None
        case Standing.SHELVED:
            return state.shelved is not None
        case Standing.SUPPRESSED:
            return state.suppressed is not None
        case Standing.OUT_OF_SERVICE:
            return state.out_of_service is not None
        case Standing.SHADOW:
            return definition.handling.shadow
        case Standing.LATCHED:
            return state.phase is domain.Phase.LATCHED


def _text(definition: domain.AlarmDefinition) -> str:
    return f"{definition.id} {definition.message_en} {definition.message_zh}".lower()
