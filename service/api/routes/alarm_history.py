"""The history of alarms: filtered, page by page, and as CSV with every step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import StreamingResponse

from service.api.access import Context, at_least
from service.api.alarm_csv import header, rows
from service.api.asked import read_alarm_cursor, write_alarm_cursor
from service.api.instants import parse
from service.api.models.alarms import Alarm, AlarmPage
from service.api.problems import problems
from service.domain.alarm import Phase, Priority, Quiet
from service.domain.instants import to_iso
from service.runtime.alarm_history import AlarmFilter, JournalLine
from service.runtime.identity import Role

MOST = 50
"""Of the values of one filter."""
Several = Query(max_length=MOST, description="any of them; may be given several times")

router = APIRouter(prefix="/alarms", tags=["alarms"], dependencies=[Depends(at_least(Role.VIEWER))])


async def asked_for(
    start: Annotated[
        str | None,
        Query(description="RFC 3339 with an offset, or epoch milliseconds; default: the first"),
    ] = None,
    end: Annotated[str | None, Query(description="the same, after start; default: now")] = None,
    stage: Annotated[list[str] | None, Several] = None,
    rule: Annotated[list[str] | None, Several] = None,
    priority: Annotated[list[Priority] | None, Several] = None,
    state: Annotated[list[Phase] | None, Several] = None,
    text: Annotated[str, Query(max_length=200, description="in message, asset, tag or rule")] = "",
    person: Annotated[
        str, Query(max_length=80, description="who did something about the alarm")
    ] = "",
    quiet: Annotated[list[Quiet] | None, Several] = None,
) -> AlarmFilter:
    """What a request's parameters mean; 422 names the one that means nothing."""
    try:
        start_ns = None if start is None else parse(start, "start")
        end_ns = None if end is None else parse(end, "end")
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise HTTPException(422, f"end: expected an instant after start, came {to_iso(end_ns)}")
    return AlarmFilter(
        start_ns,
        end_ns,
        tuple(stage or ()),
        tuple(rule or ()),
        tuple(priority or ()),
        tuple(state or ()),
        text.strip(),
        person.strip(),
        tuple(quiet or ()),
    )


Asked = Annotated[AlarmFilter, Depends(asked_for)]


@router.get("/history", summary="Alarms of the past", responses=problems(401, 422))
async def read_history(
    context: Context,
    which: Asked,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
) -> AlarmPage:
    """Alarms that were raised in [start, end), the newest first; page on with `next`, which new
    alarms don't move."""
    place = read_alarm_cursor(after) if after else None
    found = await context.alarm_history.page(which, limit=limit, after=place)
    last = found[-1] if len(found) == limit else None
    return AlarmPage(
        alarms=[Alarm.of(one) for one in found],
        next=None if last is None else write_alarm_cursor(last.raised_ns, last.id),
    )


@router.get(
    "/history.csv",
    summary="Every step of alarms as CSV",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/csv": {"schema": {"type": "string"}}},
            "description": "UTF-8 with a byte order mark, one line for each step",
        },
        **problems(401, 422),
    },
)
async def export_history(context: Context, which: Asked) -> StreamingResponse:
    """Every step that happened in [start, end) of the alarms that the filters mean, in order: who,
    when, why, with comments. Text that a spreadsheet would take for a formula gets an apostrophe
    before it."""
    parts = context.alarm_history.steps(which)
    first = await anext(parts, ())  # what can fail fails before the answer begins
    day = to_iso(context.clock.now_ns())[:10]
    return StreamingResponse(
        _lines(first, parts, ZoneInfo(context.site.time_zone)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="alarms-{day}.csv"'},
    )


async def _lines(
    first: Sequence[JournalLine], rest: AsyncIterator[Sequence[JournalLine]], zone: ZoneInfo
) -> AsyncIterator[str]:
    yield header() + await asyncio.to_thread(rows, first, zone)
    async for some in rest:
        yield await asyncio.to_thread(rows, some, zone)
