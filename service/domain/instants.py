"""Instants as int64 nanoseconds since 1970-01-01 UTC, and the way to and from aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

EARLIEST_NS = 0
"""1970-01-01: earlier times are refused (OPC UA's null time is 1601)."""
LATEST_NS = 7_258_118_400 * SECOND_NS
"""2200-01-01: later times are refused."""


def to_ns(instant: datetime) -> int:
    """Nanoseconds UTC of an aware datetime; exact to the microsecond. ValueError when naive."""
    if instant.tzinfo is None:
        raise ValueError(f"instant {instant!r} has no time zone; give one, e.g. +00:00")
    return ((instant - _EPOCH) // _MICROSECOND) * 1_000


def to_datetime(time_ns: int) -> datetime:
    """Aware UTC datetime of ``time_ns``, cut to the microsecond."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


def to_iso(time_ns: int) -> str:
    """RFC 3339 in UTC with all nine digits of the nanosecond, e.g.
    2026-03-01T00:00:00.000000000Z."""
    whole, rest = divmod(time_ns, SECOND_NS)
    return f"{(_EPOCH + timedelta(seconds=whole)):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def seconds(value_s: float) -> int:
    """``value_s`` seconds in nanoseconds, rounded to the nearest."""
    return round(value_s * SECOND_NS)
