"""How the report writes numbers, instants and texts: the same in both languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar
from zoneinfo import ZoneInfo

from service.domain.instants import to_datetime
from service.domain.report.content import Figures

KG_PER_T = 1_000.0
UNKNOWN = "—"
MINUS = "−"
SPACE = "\u00a0"
"""Between a number and its unit: they stay in one line."""
EVEN_PCT = 0.5
"""Nearer to the plan is neither above nor below it."""
LOW_PCT = -10.0

T = TypeVar("T")


def number(value: float | None, digits: int = 1) -> str:
    """``value`` with a true minus sign and commas; a dash where it is unknown."""
    if value is None:
        return UNKNOWN
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float | None, digits: int = 1) -> str:
    """``number`` with its sign, also when it is above zero."""
    text = number(value, digits)
    above = value is not None and text[0] != MINUS and text.strip("0.,")
    return f"+{text}" if above else text


def tonnes(kg: float | None, digits: int = 1) -> str:
    """``kg`` in t."""
    return number(None if kg is None else kg / KG_PER_T, digits)


def share(value: float | None, digits: int = 0) -> str:
    """A share of 1 in percent; almost all of it is never 100 %, and a little of it never 0 %."""
    if value is None:
        return UNKNOWN
    text = number(100.0 * value, digits)
    if value > 0.0 and not text.strip("0."):
        return f"<{number(1.0, digits)}{SPACE}%"
    if value < 1.0 and float(text.replace(",", "").replace(MINUS, "-")) >= 100.0:
        return f">{number(99.0, digits)}{SPACE}%"
    return f"{text}{SPACE}%"


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds is None:
        return UNKNOWN
    for unit, length in (("s", 1.0), ("min", 60.0)):
        if round(seconds / length) < 100:
            return f"{number(seconds / length, 0)}{SPACE}{unit}"
    return f"{number(seconds / 3600.0, 1)}{SPACE}h"


def mark(figures: Figures) -> str:
    """A sign for the deviation that needs no colour."""
    deviation = figures.deviation_pct
    if deviation is None or abs(deviation) < EVEN_PCT:
        return ""
    if deviation > 0.0:
        return "▲"
    return "▼▼" if round(deviation, 1) < LOW_PCT else "▼"  # as it is printed


def clock(time_ns: int | None, zone: ZoneInfo, *, within: tuple[int, int]) -> str:
    """Local time of day; with its date when it lies outside ``within``."""
    if time_ns is None:
        return UNKNOWN
    local = to_datetime(time_ns).astimezone(zone)
    inside = within[0] <= time_ns <= within[1]
    return f"{local:%H:%M}" if inside else f"{local:%m-%d %H:%M}"


def day_and_time(time_ns: int, zone: ZoneInfo) -> str:
    """Local day and time of day."""
    return f"{to_datetime(time_ns).astimezone(zone):%Y-%m-%d %H:%M}"


def width(text: str) -> int:
    """Cells that ``text`` takes: two for a wide character, one for another."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shortened(text: str, cells: int) -> str:
    """``text`` in one line of at most ``cells``, with an ellipsis where it was longer."""
    text = " ".join(text.split())
    if width(text) <= cells:
        return text
    taken, used = "", 1
    for character in text:
        used += width(character)
        if used > cells:
            break
        taken += character
    return taken.rstrip() + "…"


def fitting(items: Iterable[T], lines_of: Callable[[T], int], *, lines: int) -> list[T]:
    """The first of ``items`` that fit into so many ``lines``."""
    taken: list[T] = []
    for item in items:
        lines -= lines_of(item)
        if lines < 0:
            break
        taken.append(item)
    return taken
