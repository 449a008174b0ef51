"""What was told to whom, how destinations stand, and what people do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from service.api.access import Administrator, Context, Operator, at_least
from service.api.models.deliveries import (
    ChangedDeliveries,
    ChosenDeliveries,
    Deliveries,
    Delivery,
    DeliveryAttempt,
    DeliveryLife,
    DeliveryLog,
    Destinations,
    NotifiedDestination,
    Preview,
    TestOutcome,
)
from service.api.problems import problems
from service.runtime.deliver import RowState
from service.runtime.deliveries import Chosen, Wanted
from service.runtime.errors import Rejected
from service.runtime.identity import Role
from service.runtime.samples import Sample

router = APIRouter(tags=["deliveries"], dependencies=[Depends(at_least(Role.VIEWER))])

Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[int | None, Query(ge=1, le=2**53, description="only those with an id below")]
Named = Annotated[str | None, Query(max_length=80)]


@router.get("/deliveries", summary="Notifications and their fate", responses=problems(401, 422))
async def list_deliveries(
    context: Context,
    state: RowState | None = None,
    destination: Named = None,
    alarm: Named = None,
    before: Before = None,
    limit: Limit = 100,
) -> Deliveries:
    """What was told to whom, newest first; dead letters among them."""
    found = await context.deliveries.deliveries(
        Wanted(state, destination, alarm, before), limit=limit
    )
    return Deliveries(deliveries=[Delivery.of(one) for one in found])


@router.get("/deliveries/log", summary="The delivery log", responses=problems(401, 422))
async def delivery_log(
    context: Context, destination: Named = None, before: Before = None, limit: Limit = 100
) -> DeliveryLog:
    """Every attempt with what the receiver answered, newest first."""
    found = await context.deliveries.attempts(destination=destination, before=before, limit=limit)
    return DeliveryLog(attempts=[DeliveryAttempt.of(one) for one in found])


@router.post(
    "/deliveries/replay", summary="Try dead letters anew", responses=problems(401, 403, 404, 422)
)
async def replay(body: ChosenDeliveries, caller: Operator, context: Context) -> ChangedDeliveries:
    """Puts dead letters back into their queues, for three more days; operators and above. A message
    that tells an old transition ends with the newest that its receiver knows."""
    done = await context.delivery_desk.replay(_chosen(body), by=caller.user.name)
    return ChangedDeliveries(deliveries=done)


@router.post(
    "/deliveries/dismiss", summary="Put dead letters aside", responses=problems(401, 403, 422)
)
async def dismiss(body: ChosenDeliveries, caller: Operator, context: Context) -> ChangedDeliveries:
    """Marks dead letters as seen: they stay visible, and count no more; operators and above."""
    done = await context.delivery_desk.dismiss(_chosen(body), by=caller.user.name)
    return ChangedDeliveries(deliveries=done)


@router.get("/deliveries/{delivery_id}", summary="One delivery", responses=problems(401, 404, 422))
async def read_delivery(
    delivery_id: Annotated[int, Path(ge=1, le=2**53)], context: Context
) -> DeliveryLife:
    """A delivery with the attempts that told it."""
    found = await context.deliveries.delivery(delivery_id)
    if found is None:
        raise HTTPException(
            404, f"there is no delivery {delivery_id}; GET /api/v1/deliveries lists them"
        )
    return DeliveryLife(
        delivery=Delivery.of(found[0]), attempts=[DeliveryAttempt.of(one) for one in found[1]]
    )


@router.get("/destinations", summary="How destinations stand", responses=problems(401))
async def list_destinations(context: Context) -> Destinations:
    """Each destination's circuit, queue and last error."""
    found = context.delivery_desk.destinations()
    return Destinations(destinations=[NotifiedDestination.of(one) for one in found])


@router.post(
    "/destinations/{name}/test",
    summary="Send a test message",
    responses=problems(401, 403, 404, 422, 503),
)
async def test_destination(name: str, caller: Operator, context: Context) -> TestOutcome:
    """Sends a test message at once, past queue and circuit, and tells what the receiver answered;
    operators and above. It counts for the receiver's limit."""
    attempt = await context.delivery_desk.test(name, by=caller.user.name)
    return TestOutcome(
        message=attempt.message,
        outcome=attempt.outcome,
        answer=attempt.answer,
        took_ms=attempt.took_ms,
    )


@router.get(
    "/destinations/{name}/preview",
    summary="What a destination would be told",
    responses=problems(401, 403, 404, 422),
)
async def preview(
    name: str, caller: Operator, context: Context, sample: Sample = Sample.RAISED
) -> Preview:
    """A sample message as the destination would get it, without secrets and without sending it;
    operators and above."""
    try:
        return Preview(body=context.delivery_desk.preview(name, sample))
    except Rejected as error:
        raise HTTPException(422, str(error)) from None


@router.post(
    "/destinations/{name}/enable",
    summary="Enable a destination",
    responses=problems(401, 403, 404, 422),
)
async def enable(name: str, caller: Administrator, context: Context) -> NotifiedDestination:
    """Lets a destination be tried at once that said it is gone, or that is down; administrators."""
    view = await context.delivery_desk.enable(name, by=caller.user.name)
    return NotifiedDestination.of(view)


def _chosen(body: ChosenDeliveries) -> Chosen:
    """422 unless exactly one way of choosing is given."""
    given = [body.ids is not None, body.destination is not None, body.all]
    if sum(given) != 1:
        raise HTTPException(422, "ids, destination, all: expected exactly one of them")
    return Chosen(None if body.ids is None else tuple(body.ids), body.destination)
