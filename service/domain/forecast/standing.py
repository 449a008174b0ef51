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
    plan, calendar = book.plan, book.plan.calendar
    end = origin_ns // HOUR_NS
    hours = earlier.followed_by(output_hours(book, origin_ns)).between(end - PAST_H, end)
    year_ns, year_end_ns = calendar.year_bounds_ns(calendar.year_of(origin_ns))
    periods = {window: _open(book, window, origin_ns) for window in PERIODS}
    left_h = periods[Window.YEAR].left_h
    eq = book.line.stage_by_id[book.line.output_stage].finished_eq
    rate = plan.rate_kg_per_h(calendar.year_of(origin_ns)) / eq
    if left_h > 0.0:
        rate = plan.due_kg(origin_ns, year_end_ns) / eq / left_h
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
        target_kg=book.plan.due_kg(start_ns, end_ns) / book.line.stage_by_id[stage].finished_eq,
    )
