"""What a forecast is given comes out of the book: what was made, what is open, and the past."""

from __future__ import annotations

import numpy as np
import pytest

from service.domain.forecast.hours import Hours
from service.domain.forecast.outlook import PERIODS, Outlook, period_bounds_ns
from service.domain.forecast.standing import forecast_of, output_hours, standing
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.plan import Window
from tests.forecast_plant import KG_PER_H, YEAR, book_of, make, plan, whole_hour
from tests.sites import ZONES

NONE = Hours(np.zeros(0, np.int64), np.zeros(0))


@pytest.mark.parametrize("zone", ZONES)
def test_made_and_open_hours_add_up_to_the_period(zone: str) -> None:
    made = plan(zone)
    year_ns = made.calendar.year_bounds_ns(YEAR)[0]
    start_ns = -(-(year_ns + 4 * DAY_NS) // HOUR_NS) * HOUR_NS  # forecasts are made on whole hours
    origin_ns = start_ns + 255 * DAY_NS + 5 * HOUR_NS
    book = book_of(made, origin_ns)
    hours = (origin_ns - start_ns) // HOUR_NS
    output = np.full(hours, KG_PER_H)
    output[100:124] = np.nan
    output[-2:] = 0.5 * KG_PER_H
    make(book, start_ns, output)
    found = standing(book, NONE, origin_ns)
    assert list(found.periods) == list(PERIODS)
    for window, one in found.periods.items():
        assert (one.start_ns, one.end_ns) == period_bounds_ns(window, made.calendar, origin_ns)
        planned_h = made.calendar.planned_ns(one.start_ns, one.end_ns) / HOUR_NS
        assert one.known_h + one.unknown_h + one.left_h == pytest.approx(planned_h)
        assert one.target_kg == pytest.approx(KG_PER_H * planned_h)
        assert one.start_ns <= origin_ns < one.end_ns
    year, shift = found.periods[Window.YEAR], found.periods[Window.SHIFT]
    assert year.unknown_h == pytest.approx(24 + (start_ns - year_ns) / HOUR_NS)
    assert year.produced_kg == pytest.approx(KG_PER_H * (hours - 24 - 1), abs=1.0)
    assert shift.produced_kg < KG_PER_H * shift.known_h
    assert found.present is not None
    assert found.present.tolist() == pytest.approx([KG_PER_H, KG_PER_H / 2, KG_PER_H / 2])
    assert found.past.plan_kg_per_h == pytest.approx(KG_PER_H)


def test_hours_that_are_unknown_or_not_planned_are_left_out() -> None:
    made = plan()
    down = made.calendar.downtimes[0]
    start_ns = whole_hour(down.start_ns) - 10 * HOUR_NS
    book = book_of(made, start_ns)
    hours = 10 + 10 * 24 + 10
    output = np.full(hours, KG_PER_H)
    output[3] = np.nan
    make(book, start_ns, output, unknown=slice(300, 320))  # a third of hour 5 is unknown
    found = output_hours(book, start_ns + hours * HOUR_NS)
    first = start_ns // HOUR_NS
    edges = start_ns + np.arange(hours + 1, dtype=np.int64) * HOUR_NS
    worked = np.flatnonzero(made.calendar.planned_fraction(edges) == 1.0).tolist()
    assert len(worked) == (20 if start_ns == down.start_ns - 10 * HOUR_NS else 19)
    expected = [n for n in worked if n != 3]
    assert (found.hour - first).tolist() == expected
    assert found.kg_per_h == pytest.approx(np.full(len(expected), KG_PER_H))
    at_the_hole = standing(book, NONE, start_ns + 5 * HOUR_NS)
    assert at_the_hole.present is None


def test_the_year_before_is_joined_and_what_is_older_forgotten() -> None:
    made = plan()
    year_ns = whole_hour(made.calendar.year_bounds_ns(YEAR)[0])
    origin_ns = year_ns + 30 * DAY_NS
    book = book_of(made, origin_ns)
    make(book, year_ns, np.full(30 * 24, KG_PER_H))
    first = year_ns // HOUR_NS
    old = np.arange(first - 500 * 24, first + 5, dtype=np.int64)
    earlier = Hours(old, np.ones(len(old)))
    past = standing(book, earlier, origin_ns).past
    assert len(past.hours) == 400 * 24
    assert past.year_first == first
    assert (past.hours.kg_per_h[past.hours.hour < first] == 1.0).all()


def test_stages_tell_in_their_own_tonnes() -> None:
    made = plan(down_days=0)
    year_ns = made.calendar.year_bounds_ns(YEAR)[0]
    origin_ns = year_ns + 40 * DAY_NS
    book = book_of(made, origin_ns, finished_eq=0.5)
    make(book, year_ns, np.full(40 * 24, 2 * KG_PER_H))
    outlook = forecast_of(book, NONE, origin_ns, site="here").outlooks[Window.YEAR]
    assert isinstance(outlook, Outlook)
    assert outlook.median_kg == pytest.approx(2 * KG_PER_H * 8_760, rel=1e-3)
    assert outlook.period.target_kg == pytest.approx(2 * KG_PER_H * 8_760)
