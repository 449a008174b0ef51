"""Tags and their newest values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.api.access import Context, at_least
from service.api.asked import MOST_LIVE_TAGS, tag_numbers
from service.api.models.values import Tag, Tags, Value, Values, value_fields
from service.api.problems import problems
from service.domain import tag as domain
from service.runtime.identity import Role

router = APIRouter(tags=["tags"], dependencies=[Depends(at_least(Role.VIEWER))])


@router.get("/tags", summary="Find tags", responses=problems(401, 422))
async def find_tags(
    context: Context,
    query: Annotated[
        str, Query(max_length=100, description="words that id or name contain, all of them")
    ] = "",
    area: Annotated[str, Query(max_length=40, description="the id's first part, e.g. CB")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Tags:
    """The site's tags by id, those that match."""
    words = query.casefold().split()
    found = sorted(
        (tag for _, tag in context.table if _matches(tag, words, area)), key=lambda tag: tag.id
    )
    return Tags(total=len(found), tags=[Tag.of(tag) for tag in found[offset : offset + limit]])


@router.get("/live", summary="Newest values", responses=problems(401, 422))
async def read_live(
    context: Context,
    tags: Annotated[str, Query(description=f"up to {MOST_LIVE_TAGS} tag ids, comma between")],
) -> Values:
    """The newest value of each tag with its quality, and since when it is stale."""
    numbers = tag_numbers(context.table, tags, most=MOST_LIVE_TAGS)
    found = context.live.values(numbers, context.clock.now_ns())
    return Values(
        values=[Value(**value_fields(context.table.tag(one.number), one)) for one in found]
    )


def _matches(tag: domain.Tag, words: list[str], area: str) -> bool:
    if area and tag.area != area:
        return False
    if not words:
        return True
    text = f"{tag.id} {tag.name_en} {tag.name_zh}".casefold()
    return all(word in text for word in words)
