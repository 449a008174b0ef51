"""Manual entries: what people enter, and take back with a reason; nothing is ever deleted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response

from service.api.access import Context, Operator, at_least, demand
from service.api.instants import parse
from service.api.models.entries import Cancelling, Entries, Entry, Lots, NewEntry
from service.api.problems import problems
from service.domain.entries.entry import Draft, EntryKind
from service.domain.entries.quality import lots
from service.runtime.entries import LEAST_ROLE, Asked
from service.runtime.identity import Role

router = APIRouter(tags=["entries"], dependencies=[Depends(at_least(Role.VIEWER))])

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=8,
        max_length=80,
        description="the same key enters once, however often it is sent; a new one for each entry",
    ),
]


@router.get("/entries", summary="List manual entries", responses=problems(401, 422))
async def list_entries(
    context: Context,
    kind: EntryKind | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Entries:
    """Entries with who, when and why, the newest first; cancelled ones too."""
    found = await context.entries.page(kind, limit=limit, offset=offset)
    return Entries(entries=[Entry.of(entry) for entry in found])


@router.post(
    "/entries",
    summary="Enter something",
    status_code=201,
    responses={
        200: {"model": Entry, "description": "This Idempotency-Key entered it before"},
        **problems(401, 403, 409, 422),
    },
)
async def enter(
    body: NewEntry,
    caller: Operator,
    context: Context,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Entry:
    """Keeps a weight, scrap, a stock-taking, a laboratory decision, a note (operators and above) or
    a correction of a meter (engineers and above)."""
    demand(caller, LEAST_ROLE[body.kind])
    asked = Asked(caller.user.name, idempotency_key)
    entry, is_new = await context.entries.enter(_draft(body), asked)
    if not is_new:
        response.status_code = 200
    return Entry.of(entry)


@router.get("/entries/{entry_id}", summary="One manual entry", responses=problems(401, 404, 422))
async def read_entry(entry_id: str, context: Context) -> Entry:
    """The entry, cancelled or not."""
    return Entry.of(await context.entries.entry(entry_id))


@router.post(
    "/entries/{entry_id}/cancel",
    summary="Take an entry back",
    responses=problems(401, 403, 404, 409, 422),
)
async def cancel(entry_id: str, body: Cancelling, caller: Operator, context: Context) -> Entry:
    """Cancels an entry with a reason; it stays readable. Needs the role that enters its kind."""
    found = await context.entries.entry(entry_id)
    demand(caller, LEAST_ROLE[found.draft.kind])
    gone = await context.entries.cancel(entry_id, by=caller.user.name, reason=body.reason)
    return Entry.of(gone)


@router.get("/lots", summary="Bags on hold and released", responses=problems(401))
async def list_lots(context: Context) -> Lots:
    """The stock that quality holds, by lot, from what the laboratory entered."""
    return Lots.of(lots(context.entries.standing))


def _draft(body: NewEntry) -> Draft:
    """422 for an instant that is none."""
    try:
        start_ns = parse(body.start, "start")
        end_ns = start_ns if body.end is None else parse(body.end, "end")
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return Draft(
        body.kind, body.subject, start_ns, end_ns, body.amount, body.reason, body.reference
    )
