"""Production and plan by shifts, days and months of a site in any zone, through the change of the
clocks, against an account that looks at each minute's own wall clock."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app.views.production import figures
from service.domain.arrays import Float64s
from service.domain.calendar import Calendar, Downtime, Shift, instant_of
from service.domain.instants import HOUR_NS, MINUTE_NS, to_datetime, to_ns
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan, Window
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from tests.sites import ZONES

STAGE = Stage("PK", "Packaging", "包装", 1.0, 0.999, 16.0)
METER = Meter("PK-P1", "PK", "PK-P1", "PK-P1-KQ702.TOT", MeterKind.COUNT, "plant/main")
LINE = Line((STAGE,), (METER,), "PK")
SHIFTS = (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16)))
DAYS = 4
CHANGES = {
    "spring": date(2026, 3, 27),
    "autumn": date(2026, 10, 23),
    "year's end": date(2026, 12, 30),
}
"""The first of DAYS production days, within which the clocks change in Berlin, or the year."""


def calendar(zone: str, *down: Downtime) -> Calendar:
    return Calendar(ZoneInfo(zone), time(8), SHIFTS, down)


def book(zone: str, first: date) -> tuple[ProductionBook, int, Float64s]:
    """A book of DAYS production days from ``first`` with random minutes, a fifth of them unknown;
    its first minute and what was entered, (minutes,)."""
    of = calendar(zone)
    plan = Plan(of, {2026: 70e6, 2027: 70e6})
    start = of.start_of(first) // MINUTE_NS
    n = of.start_of(first + timedelta(days=DAYS)) // MINUTE_NS - start
    random = np.random.default_rng(first.toordinal())
    kg = random.integers(1, 300, n).astype(np.float64)
    kg[random.random(n) < 0.2] = np.nan
    made = ProductionBook(LINE, plan, first_minute=start, n_minutes=n)
    made.enter(METER.id, Minutes(start, kg, np.zeros(n, np.uint8)))
    made.closed_ns = (start + n) * MINUTE_NS
    return made, start, kg


def periods(zone: str, minute: int) -> dict[Window, str]:
    """What a minute belongs to, by what a clock on the wall shows in it."""
    wall = to_datetime(minute * MINUTE_NS).astimezone(ZoneInfo(zone))
    day = wall.date() - timedelta(days=0 if wall.hour >= 8 else 1)
    return {
        Window.SHIFT: f"{wall.date()} {('night', 'day', 'evening')[wall.hour // 8]}",
        Window.DAY: f"{day}",
        Window.MONTH: f"{day:%Y-%m}",
        Window.YEAR: f"{day:%Y}",
    }


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", CHANGES.values(), ids=CHANGES)
def test_a_window_holds_the_minutes_that_the_wall_clock_gives_it(zone: str, first: date) -> None:
    made, start, kg = book(zone, first)
    so_far: dict[tuple[Window, str], list[float]] = defaultdict(list)
    for at, one in enumerate(kg.tolist()):
        end_ns = (start + at + 1) * MINUTE_NS
        for window, period in periods(zone, start + at).items():
            minutes = so_far[window, period]
            minutes.append(one)
            if at % 15 and at % 60 != 59:
                continue
            found = made.window(STAGE.id, window, end_ns=end_ns)
            assert found is not None
            assert found.actual_kg == pytest.approx(np.nansum(minutes), abs=1e-3) or np.isnan(one)
            if window in (Window.SHIFT, Window.DAY):
                assert found.end_ns - found.start_ns == len(minutes) * MINUTE_NS, period


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", CHANGES.values(), ids=CHANGES)
def test_the_line_is_told_in_the_sites_days(zone: str, first: date) -> None:
    made, _, _ = book(zone, first)
    spans = made.plan.calendar.shifts_between(made.first_ns, made.closed_ns or 0)
    assert len(spans) == 3 * DAYS
    for span in spans:
        made.closed_ns = span.end_ns
        told = figures(made)
        assert told is not None
        view = told.stages[STAGE.id].windows
        wall = to_datetime(span.start_ns).astimezone(ZoneInfo(zone))
        eight = datetime.combine(
            wall.date() - timedelta(days=wall.hour < 8), time(8), ZoneInfo(zone)
        )
        assert view[Window.SHIFT].start_ns == span.start_ns
        assert view[Window.MONTH].start_ns == to_ns(eight.replace(day=1))
        rate = made.plan.rate_kg_per_h(eight.year)
        hours = (span.end_ns - span.start_ns) / HOUR_NS
        assert view[Window.SHIFT].plan_kg == pytest.approx(rate * hours, abs=0.01)
        assert told.stages[STAGE.id].required_t_per_h == pytest.approx(rate / 1_000)


@pytest.mark.parametrize(
    ("zone", "change", "night_h", "day_h"),
    [
        ("Asia/Shanghai", "spring", 8, 24),
        ("Asia/Kolkata", "autumn", 8, 24),
        ("Europe/Berlin", "spring", 7, 23),
        ("Europe/Berlin", "autumn", 9, 25),
        ("Europe/Berlin", "year's end", 8, 24),
    ],
)
def test_the_night_of_the_change(zone: str, change: str, night_h: int, day_h: int) -> None:
    made, start, kg = book(zone, CHANGES[change])
    of = made.plan.calendar
    day = CHANGES[change] + timedelta(days=1)
    a, b = of.start_of(day), of.start_of(day + timedelta(days=1))
    assert b - a == day_h * HOUR_NS
    night = of.shift_at(b - 1)
    assert (night.shift.id, night.end_ns - night.start_ns) == ("night", night_h * HOUR_NS)
    rate = made.plan.rate_kg_per_h(2026)
    for begin_ns, hours in ((a, day_h), (night.start_ns, night_h)):
        found = made.between(STAGE.id, begin_ns, b)
        minutes = kg[begin_ns // MINUTE_NS - start : b // MINUTE_NS - start]
        assert len(minutes) == hours * 60
        assert found.actual_kg == pytest.approx(np.nansum(minutes), abs=1e-3)
        assert found.plan_kg == pytest.approx(rate * hours, abs=0.01)
        assert found.known_share == pytest.approx(np.mean(~np.isnan(minutes)))


ELSEWHERE = (
    *ZONES,
    *(
        "America/New_York",
        "America/Havana",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Cairo",
    ),
)
LOCAL = st.sampled_from(
    [time(0), time(1, 30), time(2), time(2, 30), time(3), time(8), time(23, 30)]
)
AROUND = st.sampled_from(
    [date(2026, *at) for at in ((3, 7), (3, 28), (4, 4), (4, 23), (10, 3), (10, 24), (10, 31))]
)


@given(
    zone=st.sampled_from(ELSEWHERE),
    day_start=LOCAL,
    starts=st.sets(LOCAL, min_size=1, max_size=4),
    around=AROUND,
    after_min=st.integers(0, 3 * 1440),
)
def test_every_instant_has_one_day_and_one_shift(
    zone: str, day_start: time, starts: set[time], around: date, after_min: int
) -> None:
    """Even where a shift begins at a local time that does not exist, or comes twice."""
    of = Calendar(ZoneInfo(zone), day_start, tuple(Shift(f"{s}", s) for s in sorted(starts)))
    midnight_ns = to_ns(datetime.combine(around, time(0), ZoneInfo("UTC")))
    at_ns = midnight_ns + after_min * MINUTE_NS
    shift = of.shift_at(at_ns)
    assert shift.start_ns <= at_ns < shift.end_ns
    day = of.local_day(at_ns)
    assert of.start_of(day) <= at_ns < of.start_of(day + timedelta(days=1))
    spans = of.shifts_between(midnight_ns, midnight_ns + 3 * 24 * HOUR_NS)
    assert all(a.end_ns == b.start_ns for a, b in pairwise(spans))


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(1, 59), "2026-03-29T00:59"),
        ("Europe/Berlin", date(2026, 3, 29), time(2), "2026-03-29T01:00"),
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00"),
        ("Europe/Berlin", date(2026, 3, 29), time(3), "2026-03-29T01:00"),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),
        ("Europe/Berlin", date(2026, 10, 25), time(3), "2026-10-25T02:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30"),
        ("America/Havana", date(2026, 3, 8), time(0), "2026-03-08T05:00"),
        ("Asia/Kolkata", date(2026, 3, 29), time(2, 30), "2026-03-28T21:00"),
    ],
)
def test_a_time_that_the_clocks_leap_over_is_the_leap(
    zone: str, day: date, at: time, utc: str
) -> None:
    assert instant_of(day, at, ZoneInfo(zone)) == to_ns(datetime.fromisoformat(f"{utc}+00:00"))
