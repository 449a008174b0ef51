"""Tags, live values and history on the wire."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from service.api.instants import Instant, exact_or_none, iso_or_none, to_ms
from service.api.models.common import Answer
from service.domain import tag as domain
from service.domain.quality import quality_of
from service.domain.tag import TagKind
from service.runtime.views import LiveValue

Reading = bool | int | float | str | None
"""true and false of boolean tags, whole numbers of counters and states, text, null."""
QualityName = Literal["good", "uncertain", "bad", "none"]

_WHOLE = (TagKind.COUNTER, TagKind.STATE)


class TagLimits(Answer):
    """Process limits in the tag's unit; null where there is none."""

    hh: float | None
    h: float | None
    l: float | None  # noqa: E741  the standard's own name
    ll: float | None


class Tag(Answer):
    """One signal of the plant. group: its item group, ``connector/group``, as in gaps."""

    id: str
    connector: str
    group: str
    unit: str
    kind: TagKind
    name_en: str
    name_zh: str
    low: float | None
    high: float | None
    limits: TagLimits
    asset: str
    area: str

    @classmethod
    def of(cls, tag: domain.Tag) -> Tag:
        of = tag.limits
        return cls(
            id=tag.id,
            connector=tag.connector,
            group=tag.item_group,
            unit=tag.unit,
            kind=tag.kind,
            name_en=tag.name_en,
            name_zh=tag.name_zh,
            low=tag.low,
            high=tag.high,
            limits=TagLimits(hh=of.hh, h=of.h, l=of.l, ll=of.ll),
            asset=tag.asset,
            area=tag.area,
        )


class Tags(Answer):
    """One page of the tags that were found; ``total`` counts all of them."""

    total: int
    tags: list[Tag]


class Value(Answer):
    """The newest value of a tag. status: OPC UA StatusCode; quality "none": there never was a
    value."""

    tag: str
    value: Reading
    time: Instant | None
    received: Instant | None
    status: int
    quality: QualityName
    stale: bool
    stale_since: Instant | None


class Values(Answer):
    """Newest values in the order asked for."""

    values: list[Value]


class Series(Answer):
    """Rows of one tag for drawing: of each time bucket the first, last, least and greatest."""

    tag: str
    unit: str
    kind: TagKind
    times_ms: list[int]
    values: list[Reading]
    status: list[int]


class Gap(Answer):
    """An interval in which the item group was not provably alive: values in it are unknown."""

    group: str
    start_ms: int
    end_ms: int


class History(Answer):
    """Series over [start, end), each begun by the row that held at start where its source was alive
    then, and the gaps of their sources in it."""

    start: Instant
    end: Instant
    series: list[Series]
    gaps: list[Gap]


class Row(Answer):
    """One row as it is kept; ``time`` has all nine digits."""

    tag: str
    time: Instant
    value: Reading
    status: int


class Rows(Answer):
    """Rows by time; ``next`` is what ``after`` takes for the next page, null after the last."""

    rows: list[Row]
    next: str | None = Field(description="give it back as `after`")


def reading(kind: TagKind, value: float, text: str | None) -> Reading:
    """How a value is written: columns hold floats, whatever the tag's kind."""
    if text is not None:
        return text
    if not math.isfinite(value):
        return None
    if kind is TagKind.BOOLEAN:
        return value != 0.0
    if kind in _WHOLE and value.is_integer():
        return int(value)
    return value


def value_fields(tag: domain.Tag, live: LiveValue) -> dict[str, Any]:
    """The fields of ``Value``, with ``time`` in all its digits."""
    return {"time": exact_or_none(live.time_ns), **_common_fields(tag, live)}


def streamed_fields(tag: domain.Tag, live: LiveValue) -> dict[str, Any]:
    """The fields of ``Value``, with ``time_ms`` instead of ``time``."""
    return {
        "time_ms": None if live.time_ns is None else to_ms(live.time_ns),
        **_common_fields(tag, live),
    }


def _common_fields(tag: domain.Tag, live: LiveValue) -> dict[str, Any]:
    known = live.time_ns is not None
    return {
        "tag": tag.id,
        "value": reading(tag.kind, live.value, live.text) if known else None,
        "received": iso_or_none(live.received_ns),
        "status": live.status,
        "quality": quality_of(live.status).name.lower() if known else "none",
        "stale": live.stale_since_ns is not None,
        "stale_since": iso_or_none(live.stale_since_ns),
    }
