"""Rows and coverage as line protocol.

A row is a point of ``aw_number`` or ``aw_text`` with the tags ``area`` and ``tag_id`` and the
fields
``value`` or ``text``, ``q`` (the StatusCode) and ``flags``. InfluxDB merges a point into the one at
the same instant field by field, so ``flags`` says in every point which field is in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from service.domain.arrays import Int64s
from service.domain.batch import Batch
from service.domain.coverage import Cover
from service.domain.precedence import Origins
from service.domain.tag import TagKind
from service.domain.tagtable import TagTable
from service.runtime.errors import Fatal

NUMBERS = "aw_number"
TEXTS = "aw_text"
COVERAGE = "aw_coverage"

ORIGIN_BITS = 0b0011
FORM_BITS = 0b1100
NULL = 0b0100
TEXT = 0b1000
NEGATIVE_ZERO = 0b1100
"""JSON readers take −0 for the integer 0; the flag keeps the sign."""

LINES_PER_BODY = 10_000
_TEXTS_PER_BODY = 200  # a text may have 64 KB


class Names:
    """The tags' names in InfluxDB, and back.

    Raises Fatal for a tag id that line protocol can't carry.
    """

    def __init__(self, table: TagTable) -> None:
        self._table = table
        self._prefixes = {number: self._prefix(number) for number, _ in table}

    def id_of(self, number: int) -> str:
        """The tag's id; ``#<number>`` for a number that is no longer in the table."""
        tag = self._table.get(number)
        return f"#{number}" if tag is None else tag.id

    def measurement_of(self, number: int) -> str:
        """Where the tag's rows go."""
        tag = self._table.get(number)
        return TEXTS if tag is not None and tag.kind is TagKind.TEXT else NUMBERS

    def prefixes(self, numbers: Iterable[int]) -> dict[int, str]:
        """Measurement, tags and the blank after them, by number."""
        return {number: self._prefixes.get(number) or self._prefix(number) for number in numbers}

    def _prefix(self, number: int) -> str:
        tag = self._table.get(number)
        area = "" if tag is None else f",area={escape(tag.area)}"
        return f"{self.measurement_of(number)}{area},tag_id={escape(self.id_of(number))} "


def escape(name: str) -> str:
    """A tag value as line protocol has it. Raises Fatal where there is no way to write it."""
    if not name or "\\" in name or "\n" in name or "\r" in name:
        raise Fatal(
            f"InfluxDB can't hold the name {name!r}; expected one or more characters without "
            "backslash and line break: rename it"
        )
    return re.sub(r"([,= ])", r"\\\1", name)


def row_bodies(rows: Batch, origin: Origins, names: Names) -> Iterator[bytes]:
    """The rows in bodies of a bounded number of lines."""
    forms = _forms(rows)
    prefixes = names.prefixes(np.unique(rows.tag).tolist())
    lines = _lines(rows, origin | forms, prefixes)
    size = _TEXTS_PER_BODY if rows.text else LINES_PER_BODY
    for first in range(0, len(lines), size):
        yield "\n".join(lines[first : first + size]).encode()


def cover_body(covers: Iterable[Cover]) -> bytes:
    """Each cover as a point at its start; a later one with the same start extends it."""
    return "\n".join(
        f"{COVERAGE},item_group={escape(cover.group)} end_ns={cover.end_ns}i {cover.start_ns}"
        for cover in covers
    ).encode()


def _forms(rows: Batch) -> Origins:
    forms = np.zeros(len(rows), np.uint8)
    forms[np.isnan(rows.value)] = NULL
    forms[(rows.value == 0) & np.signbit(rows.value)] = NEGATIVE_ZERO
    forms[list(rows.text)] = TEXT
    return forms


def _lines(rows: Batch, flags: Origins, prefixes: dict[int, str]) -> list[str]:
    """One string per row; a number's repr is its shortest exact form."""
    numbered = (flags & FORM_BITS == 0) | (flags & FORM_BITS == NEGATIVE_ZERO)
    kinds, kind = np.unique(flags.astype(np.int64) << 32 | rows.status, return_inverse=True)
    tails = [f"q={key & 0xFFFF_FFFF}i,flags={key >> 32}i " for key in kinds.tolist()]
    tags, times = rows.tag.tolist(), rows.time_ns.tolist()
    if numbered.all() and len(tails) == 1:
        tail = tails[0]
        return [
            f"{prefixes[tag]}value={value!r},{tail}{time_ns}"
            for tag, value, time_ns in zip(tags, rows.value.tolist(), times, strict=True)
        ]
    fields = _fields(rows, numbered)
    return [
        f"{prefixes[tag]}{field}{tails[at]}{time_ns}"
        for tag, field, at, time_ns in zip(tags, fields, kind.tolist(), times, strict=True)
    ]


def _fields(rows: Batch, numbered: Int64s) -> list[str]:
    fields = [
        f"value={value!r}," if number else ""
        for value, number in zip(rows.value.tolist(), numbered.tolist(), strict=True)
    ]
    for row, words in rows.text.items():
        quoted = words.replace("\\", "\\\\").replace('"', '\\"')
        fields[row] = f'text="{quoted}",'
    return fields
