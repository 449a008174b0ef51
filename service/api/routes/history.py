"""History: pictures for drawing, and rows as they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from service.api.access import Context, at_least
from service.api.asked import (
    MOST_HISTORY_TAGS,
    Range,
    read_cursor,
    tag_numbers,
    time_range,
    write_cursor,
)
from service.api.context import ApiContext
from service.api.instants import MILLISECOND_NS, iso, to_ms
from service.api.models.values import History, Rows, reading
from service.api.problems import problems
from service.domain.batch import Batch, empty_batch
from service.domain.coverage import Coverage
from service.domain.instants import SECOND_NS, to_iso
from service.domain.rows import join
from service.domain.tag import TagKind
from service.domain.tagtable import TagTable
from service.runtime.derived import CONNECTOR as DERIVED
from service.runtime.identity import Role

router = APIRouter(
    prefix="/history", tags=["history"], dependencies=[Depends(at_least(Role.VIEWER))]
)

READ_S = 30.0
ON_ITS_WAY_NS = 15 * SECOND_NS
"""Liveness of the last seconds is not in the store yet: that is no gap."""

TagIds = Annotated[str, Query(description=f"up to {MOST_HISTORY_TAGS} tag ids, comma between")]
Start = Annotated[str, Query(description="RFC 3339 with an offset, or epoch milliseconds")]
End = Annotated[str, Query(description="the same, after start")]


@router.get(
    "",
    summary="Series for drawing",
    response_model=History,
    responses=problems(401, 422, 504),
)
async def read_history(
    context: Context,
    tags: TagIds,
    start: Start,
    end: End,
    buckets: Annotated[int, Query(ge=10, le=5000, description="time buckets, one a pixel")] = 1000,
) -> Response:
    """Of each tag and time bucket the first, last, least and greatest row (M4), and the gaps in
    which its source was not provably alive. A series begins with the row that held at `start`,
    which
    is older than that, where its source was alive then."""
    numbers = tag_numbers(context.table, tags, most=MOST_HISTORY_TAGS)
    asked = time_range(start, end)
    async with asyncio.timeout(READ_S):
        picture = await context.history.picture(
            numbers, asked.start_ns, asked.end_ns, buckets=buckets
        )
        covers = await _covers(context, numbers, asked)
        begun = set(picture.tag[picture.time_ns == asked.start_ns].tolist())
        held = await _held(context, [n for n in numbers if n not in begun], asked, covers)
        gaps = _gaps(context, asked, covers)
    whole = join([held, picture], received_ns=picture.received_ns)
    return await _json(_picture_body, context.table, numbers, asked, whole, gaps)


@router.get(
    "/raw",
    summary="Rows as they are kept",
    response_model=Rows,
    responses=problems(401, 422, 504),
)
async def read_rows(
    context: Context,
    tags: TagIds,
    start: Start,
    end: End,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
) -> Response:
    """Every row by time, with source time to the nanosecond and StatusCode; page on with
    `next`."""
    numbers = tag_numbers(context.table, tags, most=MOST_HISTORY_TAGS)
    asked = time_range(start, end)
    place = read_cursor(after) if after else None
    async with asyncio.timeout(READ_S):
        rows = await context.history.rows(
            numbers, asked.start_ns, asked.end_ns, limit=limit, after=place
        )
    return await _json(_rows_body, context.table, rows, limit)


async def _covers(context: ApiContext, numbers: Sequence[int], asked: Range) -> dict[str, Coverage]:
    """By item group, when it was provably alive within ``asked``, up to now."""
    end_ns = min(asked.end_ns, context.clock.now_ns())
    tags = [context.table.tag(number) for number in numbers]
    # What the service computes itself says with each row whether it is known.
    groups = sorted({tag.item_group for tag in tags if tag.connector != DERIVED})
    if not groups or end_ns <= asked.start_ns:
        return {}
    covers = await context.history.covers(groups, asked.start_ns, end_ns)
    return {
        group: Coverage((c.start_ns, c.end_ns) for c in covers if c.group == group)
        for group in groups
    }


async def _held(
    context: ApiContext, numbers: Sequence[int], asked: Range, covers: Mapping[str, Coverage]
) -> Batch:
    """The row of each tag that held at the start: the last one before it, if its group was
    alive."""
    alive = {group for group, coverage in covers.items() if coverage.covers(asked.start_ns)}
    steady = [n for n in numbers if context.table.tag(n).item_group in alive]
    if not steady:
        return empty_batch(received_ns=context.clock.now_ns())
    return await context.history.latest(steady, before_ns=asked.start_ns)


def _gaps(
    context: ApiContext, asked: Range, covers: Mapping[str, Coverage]
) -> list[tuple[str, int, int]]:
    """(group, start_ns, end_ns) of what no liveness was proven for, up to now."""
    now_ns = context.clock.now_ns()
    end_ns = min(asked.end_ns, now_ns)
    gaps = []
    for group, coverage in covers.items():
        for start_ns, stop_ns in coverage.gaps(asked.start_ns, end_ns):
            if stop_ns < end_ns or now_ns - start_ns > ON_ITS_WAY_NS:
                gaps.append((group, start_ns, stop_ns))
    return gaps


def _picture_body(
    table: TagTable,
    numbers: Sequence[int],
    asked: Range,
    picture: Batch,
    gaps: Sequence[tuple[str, int, int]],
) -> dict[str, Any]:
    return {
        "start": iso(asked.start_ns),
        "end": iso(asked.end_ns),
        "series": [_series(table, number, picture) for number in numbers],
        "gaps": [{"group": g, "start_ms": to_ms(a), "end_ms": to_ms(b)} for g, a, b in gaps],
    }


def _series(table: TagTable, number: int, picture: Batch) -> dict[str, Any]:
    tag = table.tag(number)
    mine = np.flatnonzero(picture.tag == number)
    values: Any = picture.value[mine]  # orjson writes NaN as null
    if tag.kind is not TagKind.ANALOG:
        rows = zip(mine.tolist(), values.tolist(), strict=True)
        values = [reading(tag.kind, value, picture.text.get(row)) for row, value in rows]
    return {
        "tag": tag.id,
        "unit": tag.unit,
        "kind": tag.kind,
        "times_ms": picture.time_ns[mine] // MILLISECOND_NS,
        "values": values,
        "status": picture.status[mine],
    }


def _rows_body(table: TagTable, batch: Batch, limit: int) -> dict[str, Any]:
    columns = zip(
        batch.tag.tolist(),
        batch.time_ns.tolist(),
        batch.value.tolist(),
        batch.status.tolist(),
        strict=True,
    )
    rows = []
    for row, (number, time_ns, value, status) in enumerate(columns):
        tag = table.tag(number)
        rows.append(
            {
                "tag": tag.id,
                "time": to_iso(time_ns),
                "value": reading(tag.kind, value, batch.text.get(row)),
                "status": status,
            }
        )
    full = len(batch) == limit
    cursor = write_cursor(int(batch.time_ns[-1]), int(batch.tag[-1])) if full else None
    return {"rows": rows, "next": cursor}


async def _json(build: Any, *parts: Any) -> Response:
    """The answer that ``build`` makes of ``parts``, built and written off the event loop."""

    def write() -> bytes:
        return orjson.dumps(build(*parts), option=orjson.OPT_SERIALIZE_NUMPY)

    return Response(await asyncio.to_thread(write), media_type="application/json")
