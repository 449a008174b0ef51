"""The texts of InfluxQL queries, and their answers as rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from connectors.influxdb.lines import (
    FORM_BITS,
    NEGATIVE_ZERO,
    NULL,
    NUMBERS,
    ORIGIN_BITS,
    TEXT,
    TEXTS,
    Names,
)
from service.domain.batch import Batch, empty_batch, make_batch
from service.domain.precedence import Origins
from service.domain.rows import join, take
from service.runtime.errors import Rejected, Retryable

FIELDS = '"value","q","flags","text"'
MEASUREMENTS = f'"{NUMBERS}","{TEXTS}"'


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its measurement, its tags, and the rows' columns by name."""

    measurement: str
    tags: Mapping[str, str]
    columns: Mapping[str, tuple[Any, ...]]


def tag_is(key: str, names: Iterable[str]) -> str:
    """The condition that tag ``key`` is one of ``names``; a regular expression when there are many:
    its time grows with their number, that of OR with the square."""
    found = sorted(set(names))
    if len(found) == 1:
        return f'"{key}"={literal(found[0])}'
    return f'"{key}"=~/^({"|".join(_pattern(name) for name in found)})$/'


def literal(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def identifier(name: str) -> str:
    """A quoted identifier."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse(body: bytes, *, of: str) -> list[Series]:
    """The series of an answer in JSON. Raises Rejected or Retryable with the server's words."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Retryable(f"{of} answered what is no JSON: {body[:200]!r} ({error})") from error
    series = []
    for result in [answer, *answer.get("results", [])]:
        if "error" in result:
            words = str(result["error"])
            kind = Retryable if "timeout" in words or "interrupted" in words else Rejected
            raise kind(f"{of} refuses the query: {words}")
        for found in result.get("series", []):
            columns = zip(found["columns"], zip(*found["values"], strict=True), strict=True)
            series.append(Series(found["name"], found.get("tags", {}), dict(columns)))
    return series


def to_rows(
    series: Iterable[Series], names: Names, tags: Iterable[int], *, received_ns: int
) -> tuple[Batch, Origins]:
    """Rows sorted by (time, tag), and their origins. ``tags``: the numbers that were asked for.

    A tag that changed between text and number may have both at one instant; its present kind stays.
    """
    numbers = {names.id_of(number): number for number in tags}
    parts, origins, strange = [], [], []
    for found in series:
        batch, origin = _rows_of(found, numbers, received_ns=received_ns)
        homes = {number: names.measurement_of(number) for number in np.unique(batch.tag).tolist()}
        parts.append(batch)
        origins.append(origin)
        strange.append([homes[number] != found.measurement for number in batch.tag.tolist()])
    if not parts:
        return empty_batch(received_ns=received_ns), np.empty(0, np.uint8)
    rows, origin = join(parts, received_ns=received_ns), np.concatenate(origins)
    order = np.lexsort((np.concatenate(strange), rows.tag, rows.time_ns))
    same = (np.diff(rows.time_ns[order]) == 0) & (np.diff(rows.tag[order]) == 0)
    order = order[np.concatenate([[True], ~same])]
    return take(rows, order), origin[order]


def _rows_of(
    series: Series, numbers: Mapping[str, int], *, received_ns: int
) -> tuple[Batch, Origins]:
    columns = series.columns
    flags = np.array([0 if f is None else f for f in columns["flags"]], np.uint8)
    form = flags & FORM_BITS
    value = np.array(columns["value"], np.float64)  # None becomes NaN
    value[(form == NULL) | (form == TEXT)] = np.nan
    value[form == NEGATIVE_ZERO] = -0.0
    words = columns["text"]
    text = {row: words[row] or "" for row in np.flatnonzero(form == TEXT).tolist()}
    if "tag_id" in columns:
        tag = [numbers[name] for name in columns["tag_id"]]
    else:
        tag = [numbers[series.tags["tag_id"]]] * len(flags)
    status = [0 if q is None else q for q in columns["q"]]
    batch = make_batch(tag, columns["time"], value, status, received_ns=received_ns, text=text)
    return batch, np.asarray(flags & ORIGIN_BITS, np.uint8)


def _pattern(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$/])", r"\\\1", text)
