"""The marks below a backtest's picture stand at the site's own hours, days and months."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from service.domain.backtest.picture import ticks
from service.domain.instants import to_datetime, to_ns


def at(text: str) -> int:
    return to_ns(datetime.fromisoformat(f"{text}+00:00"))


@pytest.mark.parametrize(
    ("zone", "start", "end", "expected"),
    [
        ("Asia/Kolkata", "2026-03-01T00:10", "2026-03-01T03:00",
         "00:30=06:00 01:30=07:00 02:30=08:00"),
        ("Asia/Kolkata", "2026-03-01T00:00", "2026-03-04T00:00",
         "18:30=03-02 18:30=03-03 18:30=03-04"),
        # 02:00 is leapt over; 02:00 comes twice and is marked once.
        ("Europe/Berlin", "2026-03-28T23:30", "2026-03-29T03:00",
         "00:00=01:00 01:00=03:00 02:00=04:00"),
        ("Europe/Berlin", "2026-10-24T23:30", "2026-10-25T03:00",
         "00:00=02:00 02:00=03:00"),
        ("Europe/Berlin", "2026-03-27T23:00", "2026-03-30T23:00",
         "23:00=03-28 23:00=03-29 22:00=03-30 22:00=03-31"),
        ("Europe/Berlin", "2026-01-10T00:00", "2026-05-02T00:00",
         "23:00=2026-02 23:00=2026-03 22:00=2026-04 22:00=2026-05"),
        ("Asia/Shanghai", "2026-03-01T00:00", "2026-03-01T17:00",
         "00:00=08:00 04:00=12:00 08:00=16:00 12:00=20:00 16:00=00:00"),
    ],
)  # fmt: skip
def test_marks_stand_at_local_times(zone: str, start: str, end: str, expected: str) -> None:
    found = ticks(at(start), at(end), ZoneInfo(zone))
    assert " ".join(f"{to_datetime(ns):%H:%M}={text}" for ns, text in found) == expected
