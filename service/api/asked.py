"""What requests ask for, checked: tags, ranges, cursors. Every complaint names its field."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from fastapi import HTTPException

from service.api.instants import parse
from service.domain.instants import EARLIEST_NS, LATEST_NS, to_iso
from service.domain.tagtable import TagTable

MOST_LIVE_TAGS = 2_000
MOST_HISTORY_TAGS = 20


@dataclass(frozen=True, slots=True)
class Range:
    """[start_ns, end_ns), not empty."""

    start_ns: int
    end_ns: int


def tag_numbers(table: TagTable, tags: str, *, most: int) -> list[int]:
    """Registry numbers of tag ids with commas between, each once, in order; 422 else."""
    ids = list(dict.fromkeys(part.strip() for part in tags.split(",") if part.strip()))
    if not 1 <= len(ids) <= most:
        raise HTTPException(422, f"tags: expected 1 to {most} ids, comma between; came {len(ids)}")
    unknown = [one for one in ids if one not in table]
    if unknown:
        raise HTTPException(
            422,
            f"tags: the site has no tag {unknown[0][:80]!r}; GET /api/v1/tags finds those it has",
        )
    return table.numbers(ids)


def time_range(start: str, end: str) -> Range:
    """The range of two instants, start before end; 422 else."""
    try:
        asked = Range(parse(start, "start"), parse(end, "end"))
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    if asked.start_ns >= asked.end_ns:
        raise HTTPException(
            422,
            f"end: expected an instant after start {to_iso(asked.start_ns)}, "
            f"came {to_iso(asked.end_ns)}; swap or widen them",
        )
    return asked


def write_cursor(time_ns: int, number: int) -> str:
    """An opaque name of a row's place."""
    return base64.urlsafe_b64encode(f"{time_ns}:{number}".encode()).decode().rstrip("=")


def read_cursor(after: str) -> tuple[int, int]:
    """(time_ns, tag number) of ``write_cursor``; 422 else."""
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii")
        time_ns, number = (int(part) for part in text.split(":"))
        # Larger numbers are none of ours and fit into no column.
        if not (EARLIEST_NS <= time_ns < LATEST_NS and 0 <= number < 2**31):
            raise ValueError(f"no row is at {text[:60]}")
        return time_ns, number
    except (binascii.Error, ValueError) as error:
        raise HTTPException(
            422, f"after: expected `next` of the page before, came {after[:60]!r}"
        ) from error


def write_alarm_cursor(raised_ns: int, alarm: str) -> str:
    """An opaque name of an alarm's place in the history."""
    return base64.urlsafe_b64encode(f"{raised_ns}:{alarm}".encode()).decode().rstrip("=")


def read_alarm_cursor(after: str) -> tuple[int, str]:
    """(raised_ns, id) of ``write_alarm_cursor``; 422 else."""
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode("ascii")
        raised_ns, _, alarm = text.partition(":")
        if not EARLIEST_NS <= int(raised_ns) < LATEST_NS:
            raise ValueError(f"no alarm is at {raised_ns[:60]}")
        return int(raised_ns), alarm
    except (binascii.Error, ValueError) as error:
        raise HTTPException(
            422, f"after: expected `next` of the page before, came {after[:60]!r}"
        ) from error
