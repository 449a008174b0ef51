"""The journal of alarms as CSV that a spreadsheet opens: UTF-8 with a byte order mark, so that
Chinese survives, and with no cell that a spreadsheet would run as a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from service.api.instants import iso
from service.domain.instants import to_datetime
from service.runtime.alarm_history import JournalLine

BOM = "\ufeff"
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a formula may begin with; the wide ones count in spreadsheets of East Asian languages."""
COLUMNS = (
    "at", "at_local", "recorded_at", "step", "by", "comment", "quiet", "quiet_by", "value",
    "limit", "unit", "priority", "asset", "tag", "stage", "rule", "message_en", "message_zh",
    "state_now", "definition", "alarm", "id",
)  # fmt: skip


def header() -> str:
    """The first line, after the byte order mark."""
    return BOM + _written([COLUMNS])


def rows(lines: Iterable[JournalLine], zone: ZoneInfo) -> str:
    """A line for each step; at_local is in ``zone``."""
    return _written([_cells(line, zone) for line in lines])


def guarded(text: str | None) -> str:
    """``text`` as a cell that stays text: an apostrophe goes before what would be a formula."""
    if text is None:
        return ""
    return f"'{text}" if text.startswith(FORMULA) else text


def _cells(line: JournalLine, zone: ZoneInfo) -> list[str]:
    local = to_datetime(line.at_ns).astimezone(zone)
    return [
        iso(line.at_ns),
        f"{local:%Y-%m-%d %H:%M:%S}",
        iso(line.recorded_ns),
        str(line.kind),
        guarded(line.by),
        guarded(line.comment),
        "" if line.quiet is None else str(line.quiet),
        guarded(line.quiet_by),
        _number(line.value),
        _number(line.limit),
        guarded(line.unit),
        "" if line.priority is None else line.priority.name.lower(),
        guarded(line.asset),
        guarded(line.tag),
        guarded(line.stage),
        guarded(line.rule),
        guarded(line.message_en),
        guarded(line.message_zh),
        "" if line.state is None else str(line.state),
        guarded(line.definition),
        line.alarm or "",
        line.id,
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value!r}"


def _written(table: Iterable[Iterable[str]]) -> str:
    to = io.StringIO()
    csv.writer(to, lineterminator="\r\n").writerows(table)
    return to.getvalue()
