"""The book: stage windows against the plan over the minutes that are known."""

from __future__ import annotations

from datetime import time

import numpy as np
import pytest

from service.domain.alarm import Input, Priority
from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.judge import shift_outlook_kg, shortfall_input, throughput_input
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan, Window
from service.domain.production.book import ProductionBook, StageWindow, book_span
from service.domain.production.minutes import Minutes
from service.domain.rules import ShiftShortfallRule, ThroughputRule, Timing
from tests.sites import ZONE

FIRST = 29_600_000 - 29_600_000 % 1440  # a midnight UTC, 08:00 in Shanghai
UNITS = 12
STAGE = Stage("SC", "Screening", "筛分", 0.5, 0.97, 40.0)
METERS = tuple(
    Meter(f"SC-L{n:02d}", "SC", f"SC-L{n:02d}", f"SC-L{n:02d}-WQ503.TOT",
          MeterKind.TOTALISER, "plant/main")
    for n in range(UNITS)
)  # fmt: skip


def book(*, down: tuple[Downtime, ...] = ()) -> ProductionBook:
    shifts = (Shift("day", time(8)), Shift("night", time(20)))
    calendar = Calendar(ZONE, time(8), shifts, down)
    plan = Plan(calendar, {2026: 87_600_000.0})  # 10,000 kg an hour, 20,000 of this stage
    made = ProductionBook(
        Line((STAGE,), METERS, "SC"), plan, first_minute=FIRST, n_minutes=10 * 1440
    )
    made.closed_ns = FIRST * MINUTE_NS
    return made


def enter(to: ProductionBook, minutes: int, kg: float, *, units: int = UNITS, at: int = 0) -> None:
    for meter in METERS[:units]:
        column = np.full(minutes, kg / UNITS)
        to.enter(meter.id, Minutes(FIRST + at, column, np.zeros(minutes, np.uint8)))
    to.closed_ns = (FIRST + at + minutes) * MINUTE_NS


def hour(of: ProductionBook) -> StageWindow:
    window = of.window("SC", Window.HOUR)
    assert window is not None
    return window


def test_production_at_the_required_rate_deviates_by_nothing() -> None:
    made = book()
    enter(made, 90, 20_000 / 60)
    window = hour(made)
    assert window.actual_kg == pytest.approx(20_000)
    assert window.plan_kg == pytest.approx(20_000)
    assert window.known_share == 1.0
    assert window.deviation_pct == pytest.approx(0, abs=1e-6)  # minutes are counted to 0.06 mg


def test_unknown_units_are_compared_with_their_share_of_the_plan() -> None:
    made = book()
    enter(made, 60, 20_000 / 60 * 0.9, units=9)
    window = hour(made)
    assert window.known_share == pytest.approx(0.75)
    assert window.deviation_pct == pytest.approx(-10)


def test_nothing_known_is_unknown_and_not_zero() -> None:
    made = book()
    made.closed_ns = (FIRST + 60) * MINUTE_NS
    window = hour(made)
    assert window.actual_kg is None
    assert window.deviation_pct is None
    assert window.known_share == 0


def test_minutes_are_entered_once() -> None:
    made = book()
    enter(made, 60, 100)
    enter(made, 30, 100, at=30)
    enter(made, 60, 100, at=30)
    made.closed_ns = (FIRST + 90) * MINUTE_NS
    whole = made.between("SC", FIRST * MINUTE_NS, (FIRST + 90) * MINUTE_NS)
    assert whole.actual_kg == pytest.approx(9_000)


def test_a_planned_stop_is_no_deviation() -> None:
    start_ns = FIRST * MINUTE_NS
    made = book(down=(Downtime(start_ns, start_ns + HOUR_NS, "overhaul"),))
    enter(made, 60, 0.0)
    assert hour(made).plan_kg == 0
    assert hour(made).deviation_pct is None


def test_the_book_goes_on_in_the_new_year() -> None:
    calendar = book().plan.calendar
    plan = Plan(calendar, {2026: 87_600_000.0, 2027: 2 * 87_600_000.0})
    new_year_ns = calendar.year_bounds_ns(2027)[0]
    first, n_minutes = book_span(plan, new_year_ns - 1)
    made = ProductionBook(
        Line((STAGE,), METERS, "SC"), plan, first_minute=first, n_minutes=n_minutes
    )
    day = 1440
    start = new_year_ns // MINUTE_NS - 2 * day
    for at in range(start, start + 22 * day, day):  # to 20 days after new year
        for meter in METERS:
            made.enter(meter.id, Minutes(at, np.full(day, 10.0), np.zeros(day, np.uint8)))
        made.closed_ns = (at + day) * MINUTE_NS
    for window, days in ((Window.DAY, 1), (Window.WEEK, 7), (Window.YEAR, 20)):
        found = made.window("SC", window)
        assert found is not None
        assert found.known_share == 1.0
        assert found.actual_kg == pytest.approx(days * day * 10.0 * UNITS)
        assert found.plan_kg == pytest.approx(days * 24 * 40_000)
    before = made.between("SC", new_year_ns - 2 * DAY_NS, new_year_ns)
    assert before.actual_kg == pytest.approx(2 * day * 10.0 * UNITS)


RULE = ThroughputRule("low", ("SC",), Window.HOUR, 20.0, 5.0, Priority.HIGH, Timing())
CASES = [
    ("at plan", 1.0, 12, False, Input.FALSE),
    ("just above the limit", 0.81, 12, False, Input.FALSE),
    ("just below the limit", 0.79, 12, False, Input.TRUE),
    ("in the deadband while standing", 0.83, 12, True, Input.TRUE),
    ("beyond the deadband while standing", 0.86, 12, True, Input.FALSE),
    ("too much unknown", 0.5, 9, False, Input.UNKNOWN),
    ("enough known", 0.5, 10, False, Input.TRUE),
]


@pytest.mark.parametrize(("share", "units", "standing", "expected"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_throughput(share: float, units: int, standing: bool, expected: Input) -> None:
    made = book()
    enter(made, 60, 20_000 / 60 * share, units=units)
    assert throughput_input(RULE, hour(made), standing=standing) is expected


SHORT = ShiftShortfallRule("short", ("SC",), 5.0, Priority.MEDIUM, Timing())
SHIFT_PLAN_KG = 240_000.0


@pytest.mark.parametrize(
    ("hours", "share", "expected"),
    [(2, 0.0, Input.FALSE), (6, 0.0, Input.FALSE), (7, 0.0, Input.TRUE), (11, 0.9, Input.FALSE),
     (11, 0.6, Input.TRUE), (11, 1.0, Input.FALSE)],
)  # fmt: skip
def test_a_shift_is_short_once_capacity_cannot_make_up_for_it(
    hours: int, share: float, expected: Input
) -> None:
    made = book()
    enter(made, hours * 60, 20_000 / 60 * share)
    start_ns = FIRST * MINUTE_NS
    so_far = made.between("SC", start_ns, start_ns + hours * HOUR_NS)
    outlook = shift_outlook_kg(STAGE, so_far, hour(made), planned_left_ns=(12 - hours) * HOUR_NS)
    got = shortfall_input(SHORT, so_far, outlook_kg=outlook, shift_plan_kg=SHIFT_PLAN_KG)
    assert got is expected
