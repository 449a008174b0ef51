"""How things stand in the book of production, for a forecast of the plant's output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s
from service.domain.forecast.bootstrap import ALIKE_H
from service.domain.forecast.forecast import Past, forecast, seed_of
from service.domain.forecast.hours import Hours, planned_hours
from service.domain.forecast.outlook import PERIODS, Forecast, Open, period_bounds_ns
from service.domain.instants import HOUR_NS
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.domain.production.due import own_due_kg

PAST_H = 400 * 24
"""Older hours are of another plant."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a forecast is given; ``present`` is None when the newest hours are not all known."""

    past: Past
    periods: dict[Window, Open]
    present: Float64s | None


def forecast_of(book: ProductionBook, earlier: Hours, origin_ns: int, *, site: str) -> Forecast:
    """The forecast of ``site``'s output at ``origin_ns``, a whole hour, from ``book`` and from the
    hours ``earlier`` than it. In kg of the output stage."""
    now = standing(book, earlier, origin_ns)
    return forecast(
        origin_ns, now.past, now.periods, seed=seed_of(site, origin_ns), present=now.present
    )


def standing(book: ProductionBook, earlier: Hours, origin_ns: int) -> Standing:
    """How things stood at ``origin_ns``; hours behind it are left out."""
    calendar, stage = book.plan.calendar, book.line.output_stage
    end = origin_ns // HOUR_NS
    hours = earlier.followed_by(output_hours(book, origin_ns)).between(end - PAST_H, end)
    year_ns, year_end_ns = calendar.year_bounds_ns(calendar.year_of(origin_ns))
    periods = {window: _open(book, window, origin_ns) for window in PERIODS}
    # What the plan asks of the hours that are left; of the whole year when there are none.
    left_h, from_ns = periods[Window.YEAR].left_h, origin_ns
    if left_h <= 0.0:
        left_h, from_ns = calendar.planned_ns(year_ns, year_end_ns) / HOUR_NS, year_ns
    due_kg = own_due_kg(book.line, book.plan, stage, from_ns, year_end_ns)
    rate = due_kg / left_h if left_h else 0.0
    newest = hours.between(end - ALIKE_H, end).kg_per_h
    return Standing(
        Past(hours, -(-year_ns // HOUR_NS), rate),
        periods,
        newest if len(newest) == ALIKE_H else None,
    )


def output_hours(book: ProductionBook, end_ns: int) -> Hours:
    """The plant's output as ``book`` has it, up to the last whole hour before ``end_ns``."""
    first, end = -(-book.first_ns // HOUR_NS), end_ns // HOUR_NS
    if end <= first:
        return Hours(np.zeros(0, np.int64), np.zeros(0))
    stage = book.line.output_stage
    starts = np.arange(first, end, dtype=np.int64) * HOUR_NS
    windows = book.many(stage, starts, starts + HOUR_NS)
    return planned_hours(first, windows.actual_kg, windows.known_share, book.plan.calendar)


def _open(book: ProductionBook, window: Window, origin_ns: int) -> Open:
    calendar = book.plan.calendar
    start_ns, end_ns = period_bounds_ns(window, calendar, origin_ns)
    stage = book.line.output_stage
    made = book.between(stage, start_ns, origin_ns)
    planned_h = calendar.planned_ns(start_ns, origin_ns) / HOUR_NS
    return Open(
        start_ns,
        end_ns,
        produced_kg=made.actual_kg or 0.0,
        known_h=planned_h * made.known_share,
        unknown_h=planned_h * (1.0 - made.known_share),
        left_h=calendar.planned_ns(origin_ns, end_ns) / HOUR_NS,
        target_kg=own_due_kg(book.line, book.plan, stage, start_ns, end_ns),
    )
