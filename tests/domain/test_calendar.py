"""Days, shifts, windows and the plan, in zones with and without daylight saving."""

from __future__ import annotations

import itertools
from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.plan import Plan, Window, window_start_ns

SHIFTS = (Shift("day", time(8)), Shift("evening", time(16)), Shift("night", time(0)))
ZONES = ["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/New_York"]


def at(text: str, zone: str = "UTC") -> int:
    return to_ns(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def calendar(zone: str = "Asia/Shanghai", *, down: tuple[Downtime, ...] = ()) -> Calendar:
    shifts = tuple(sorted(SHIFTS, key=lambda s: s.start))
    return Calendar(ZoneInfo(zone), time(8), shifts, down)


@pytest.mark.parametrize("zone", ZONES)
def test_the_production_day_begins_at_eight_local(zone: str) -> None:
    of = calendar(zone)
    assert of.day_start_ns(at("2026-05-02T07:59", zone)) == at("2026-05-01T08:00", zone)
    assert of.day_start_ns(at("2026-05-02T08:00", zone)) == at("2026-05-02T08:00", zone)
    assert of.month_start_ns(at("2026-05-01T07:59", zone)) == at("2026-04-01T08:00", zone)
    assert of.year_of(at("2026-01-01T07:59", zone)) == 2025


@pytest.mark.parametrize(
    ("local", "shift", "start"),
    [
        ("2026-05-02T07:59", "night", "2026-05-02T00:00"),
        ("2026-05-02T08:00", "day", "2026-05-02T08:00"),
        ("2026-05-02T23:59", "evening", "2026-05-02T16:00"),
        ("2026-05-03T00:00", "night", "2026-05-03T00:00"),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_the_shift_that_is_on(zone: str, local: str, shift: str, start: str) -> None:
    span = calendar(zone).shift_at(at(local, zone))
    assert (span.shift.id, span.start_ns) == (shift, at(start, zone))


def test_a_night_shift_through_the_change_of_the_clocks_is_an_hour_shorter_or_longer() -> None:
    of = calendar("Europe/Berlin")
    spring = of.shift_at(at("2026-03-29T04:00", "Europe/Berlin"))
    autumn = of.shift_at(at("2026-10-25T04:00", "Europe/Berlin"))
    assert (spring.end_ns - spring.start_ns) == 7 * HOUR_NS
    assert (autumn.end_ns - autumn.start_ns) == 9 * HOUR_NS


@pytest.mark.parametrize("zone", ZONES)
def test_shifts_follow_each_other_without_a_hole(zone: str) -> None:
    spans = calendar(zone).shifts_between(at("2026-01-01T00:00"), at("2027-01-01T00:00"))
    assert all(a.end_ns == b.start_ns for a, b in itertools.pairwise(spans))
    assert len(spans) in (1095, 1096, 1097)


DOWN = (
    Downtime(at("2026-02-16T00:00"), at("2026-02-23T00:00"), "Spring Festival"),
    Downtime(at("2026-07-01T00:00"), at("2026-07-22T00:00"), "overhaul"),
    Downtime(at("2026-12-01T00:00"), at("2026-12-08T00:00"), "curtailment reserve"),
)


@pytest.mark.parametrize("zone", ZONES)
def test_the_reference_year_has_7920_planned_hours(zone: str) -> None:
    of = calendar(zone, down=DOWN)
    assert of.planned_ns(*of.year_bounds_ns(2026)) == 7_920 * HOUR_NS


def test_the_plan_is_the_domain_tables() -> None:
    plan = Plan(calendar(down=DOWN), {2026: 70_000_000.0})
    assert plan.rate_kg_per_h(2026) == pytest.approx(8_838.4, abs=0.1)
    assert plan.due_kg(*plan.calendar.year_bounds_ns(2026)) == pytest.approx(70_000_000)
    assert plan.due_kg(at("2026-07-02T00:00"), at("2026-07-20T00:00")) == 0
    shift = plan.calendar.shift_at(at("2026-05-02T01:00"))
    assert plan.due_kg(shift.start_ns, shift.end_ns) == pytest.approx(70_707, abs=1)


def test_catching_up_is_what_remains_over_the_hours_that_remain() -> None:
    plan = Plan(calendar(down=DOWN), {2026: 70_000_000.0})
    start_ns, end_ns = plan.calendar.year_bounds_ns(2026)
    assert plan.catch_up_kg_per_h(0, start_ns) == pytest.approx(plan.rate_kg_per_h(2026))
    late = plan.catch_up_kg_per_h(69_000_000, end_ns - 100 * HOUR_NS)
    assert late == pytest.approx(10_000)
    assert plan.catch_up_kg_per_h(70_500_000, end_ns - HOUR_NS) == 0
    assert plan.catch_up_kg_per_h(0, end_ns - 1) is None


@given(
    cuts=st.lists(st.integers(0, 500 * 1440), min_size=2, max_size=20, unique=True),
    zone=st.sampled_from(ZONES),
)
def test_the_plan_adds_up_however_it_is_cut(cuts: list[int], zone: str) -> None:
    plan = Plan(calendar(zone, down=DOWN), {2026: 70_000_000.0, 2027: 71_000_000.0})
    edges = [at("2025-12-20T00:00") + c * MINUTE_NS for c in sorted(cuts)]
    parts = [plan.due_kg(a, b) for a, b in itertools.pairwise(edges)]
    assert sum(parts) == pytest.approx(plan.due_kg(edges[0], edges[-1]))


@given(start=st.integers(0, 300 * 1440), n=st.integers(1, 3_000), step=st.integers(1, 90))
def test_planned_fractions_are_the_planned_time(start: int, n: int, step: int) -> None:
    of = calendar(down=DOWN)
    first = at("2026-01-20T00:00") + start * MINUTE_NS
    edges = first + np.arange(n + 1, dtype=np.int64) * step * MINUTE_NS
    fractions = of.planned_fraction(edges)
    assert float(fractions.sum()) * step * MINUTE_NS == pytest.approx(
        of.planned_ns(int(edges[0]), int(edges[-1])), rel=1e-12
    )
    assert fractions.min() >= -1e-12
    assert fractions.max() <= 1


@pytest.mark.parametrize(
    ("window", "start"),
    [
        (Window.HOUR, "2026-05-02T07:00"),
        (Window.SHIFT, "2026-05-02T00:00"),
        (Window.DAY, "2026-05-01T08:00"),
        (Window.DAY_24H, "2026-05-01T08:00"),
        (Window.WEEK, "2026-04-25T08:00"),
        (Window.MONTH, "2026-05-01T08:00"),
        (Window.YEAR, "2026-01-01T08:00"),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata"])
def test_a_window_that_ends_with_the_shift_belongs_to_it(
    zone: str, window: Window, start: str
) -> None:
    end_ns = at("2026-05-02T08:00", zone)
    assert window_start_ns(window, calendar(zone), end_ns) == at(start, zone)


def test_planned_time_is_told_at_an_instant() -> None:
    of = calendar(down=DOWN)
    assert of.is_planned(DOWN[0].start_ns - 1)
    assert not of.is_planned(DOWN[0].start_ns)
    assert not of.is_planned(DOWN[0].end_ns - 1)
    assert of.is_planned(DOWN[0].end_ns)
    assert of.planned_ns(at("2026-02-20T00:00"), at("2026-02-24T00:00")) == DAY_NS
