"""Instants on the wire: RFC 3339 in UTC, or epoch milliseconds where there are many."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import Field

from service.domain.instants import EARLIEST_NS, LATEST_NS, SECOND_NS, to_datetime, to_iso, to_ns

MILLISECOND_NS = 1_000_000

Instant = Annotated[
    str,
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-01T00:00:00.000Z"]),
]
"""How an answer's instants are described."""

# A plus sign that was not escaped in an address arrives as a space.
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?([Zz]|[+\- ]\d\d:\d\d)?"
)
_REMEDY = "give RFC 3339 with an offset such as 2026-03-01T08:00:00+08:00, or epoch milliseconds"


def iso(time_ns: int) -> str:
    """RFC 3339 in UTC to the millisecond."""
    return f"{to_datetime(time_ns):%Y-%m-%dT%H:%M:%S}.{time_ns % SECOND_NS // MILLISECOND_NS:03d}Z"


def iso_or_none(time_ns: int | None) -> str | None:
    """``iso``, None for None."""
    return None if time_ns is None else iso(time_ns)


def exact_or_none(time_ns: int | None) -> str | None:
    """RFC 3339 with all nine digits, None for None."""
    return None if time_ns is None else to_iso(time_ns)


def to_ms(time_ns: int) -> int:
    """Epoch milliseconds, cut."""
    return time_ns // MILLISECOND_NS


def parse(text: str, field: str) -> int:
    """Nanoseconds of an instant that came as RFC 3339 or as epoch milliseconds; ValueError names
    ``field``."""
    if re.fullmatch(r"-?\d{1,15}", text):
        time_ns = int(text) * MILLISECOND_NS
    else:
        time_ns = _parse_rfc3339(text, field)
    if not EARLIEST_NS <= time_ns < LATEST_NS:
        raise ValueError(f"{field}: expected an instant from 1970 to 2200, came {text!r}")
    return time_ns


def _parse_rfc3339(text: str, field: str) -> int:
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{field}: expected an instant, came {text[:60]!r}; {_REMEDY}")
    day, time, fraction, offset = found.groups()
    if offset is None:
        raise ValueError(f"{field}: {text!r} has no offset, so that it means no instant; {_REMEDY}")
    offset = "+00:00" if offset in "Zz" else offset.replace(" ", "+")
    try:
        whole = datetime.fromisoformat(f"{day}T{time}{offset}")
    except ValueError as error:
        raise ValueError(f"{field}: {text!r} is no instant ({error}); {_REMEDY}") from error
    return to_ns(whole) + int((fraction or "0").ljust(9, "0"))
