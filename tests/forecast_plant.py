"""A plant of one packing stage whose output is written by hand, for the tests of the forecast."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.instants import HOUR_NS, MINUTE_NS, to_ns
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook, book_span
from service.domain.production.minutes import Grade, Minutes
from tests.sites import SITE_ZONE

YEAR = 2026
KG_PER_H = 10_000.0
METERS = ("PK-P1", "PK-P2")


def line(finished_eq: float = 1.0) -> Line:
    """Two packers, each with a meter."""
    return Line(
        (Stage("PK", "Packing", "包装", finished_eq, 1.0, 20.0),),
        tuple(Meter(m, "PK", m[3:], f"{m}.TOT", MeterKind.COUNT, "plant/main") for m in METERS),
        "PK",
    )


def plan(zone: str = SITE_ZONE, *, down_days: int = 10) -> Plan:
    """Of KG_PER_H; ``down_days`` from the first of July on are not worked."""
    where = ZoneInfo(zone)
    shifts = (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16)))
    bare = Calendar(where, time(8), shifts)
    july = to_ns(datetime(YEAR, 7, 1, 8, tzinfo=where))
    downs = (Downtime(july, july + down_days * 24 * HOUR_NS, "Overhaul"),) if down_days else ()
    calendar = Calendar(where, time(8), shifts, downs)
    hours = calendar.planned_ns(*bare.year_bounds_ns(YEAR)) / HOUR_NS
    return Plan(calendar, {YEAR: KG_PER_H * hours})


def book_of(made: Plan, now_ns: int, *, finished_eq: float = 1.0) -> ProductionBook:
    """An empty book of the production year of ``now_ns``."""
    first, n = book_span(made, now_ns)
    return ProductionBook(line(finished_eq), made, first_minute=first, n_minutes=n)


def whole_hour(time_ns: int) -> int:
    """The first full hour from ``time_ns`` on: forecasts are made at these, days may begin between
    two."""
    return -(-time_ns // HOUR_NS) * HOUR_NS


def make(
    book: ProductionBook, start_ns: int, kg_per_h: np.ndarray, *, unknown: slice | None = None
) -> None:
    """Enters hours of output from ``start_ns`` on, shared by the meters; NaN is unknown."""
    kg = np.repeat(kg_per_h / 60.0 / len(METERS), 60)
    if unknown is not None:
        kg[unknown] = np.nan
    grade = np.where(np.isnan(kg), Grade.UNKNOWN, Grade.MEASURED).astype(np.uint8)
    for meter in METERS:
        book.enter(meter, Minutes(start_ns // MINUTE_NS, kg, grade))
    book.closed_ns = start_ns + len(kg) * MINUTE_NS
