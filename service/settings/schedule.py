"""[calendar] and [plan]: which hours are planned, and what is due in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from service.domain.calendar import Calendar, Downtime, Shift, instant_of
from service.domain.plan import Plan
from service.domain.planversion import PlanVersion, Ramp
from service.settings.document import Document
from service.settings.explain import toml_text
from service.settings.fields import FIRST_YEAR, LAST_YEAR
from service.settings.problems import shown
from service.settings.tables import CalendarTable, DowntimeTable, PlanTable, ShiftEntry


def read_calendar(document: Document, zone: ZoneInfo) -> tuple[Calendar, CalendarTable] | None:
    """The calendar in ``zone``; None with every problem noted."""
    data = document.table("calendar", example='[calendar] with day_start = "08:00" and shifts')
    if data is None:
        return None
    table = document.section(CalendarTable, data, ("calendar",))
    if table is None:
        return None
    noted = len(document.problems)
    _judge_shifts(document, table.shifts)
    downtimes = _downtimes(document, table.downtimes, table.day_start, zone)
    if len(document.problems) > noted:
        return None
    shifts = sorted((Shift(shift.id, shift.start) for shift in table.shifts), key=_by_start)
    return Calendar(zone, table.day_start, tuple(shifts), tuple(downtimes)), table


def read_plan(
    document: Document, calendar: Calendar | None, *, crews: int
) -> tuple[Plan | None, PlanTable | None]:
    """The plan over ``calendar``, and its table; problems are noted. It is the first version, on
    which people build when they change calendar or plan."""
    data = document.table("plan", example="[plan] with year, target_t and output_stage")
    table = document.section(PlanTable, data, ("plan",)) if data is not None else None
    if table is None:
        return None, None
    target_kg = {table.year: table.target_t * 1_000}
    for year, target_t in table.other_years.items():
        where = ("plan", "other_years", year)
        if not (year.isascii() and year.isdigit() and FIRST_YEAR <= int(year[:5]) <= LAST_YEAR):
            document.problem(
                where,
                expected=f"a year from {FIRST_YEAR} to {LAST_YEAR}",
                found=shown(year),
                remedy="write e.g. other_years = { 2027 = 72000 }",
            )
        elif int(year) == table.year:
            document.problem(
                where,
                expected="a year other than plan.year",
                found=year,
                remedy="its target is plan.target_t; remove this one",
            )
        else:
            target_kg[int(year)] = target_t * 1_000
    month_weight = _month_weights(document, table)
    ramps = _ramps(document, table)
    if calendar is None:
        return None, table
    plan = Plan.of([PlanVersion(0, calendar, target_kg, month_weight, ramps, crews)])
    for planned in target_kg:
        if calendar.planned_ns(*calendar.year_bounds_ns(planned)) == 0:
            is_first = planned == table.year
            document.problem(
                ("plan", "year") if is_first else ("plan", "other_years", str(planned)),
                expected="a year with planned hours",
                found=f"{planned} without any",
                remedy="correct calendar.downtimes",
            )
    return plan, table


def _month_weights(document: Document, table: PlanTable) -> dict[int, float]:
    weights = {}
    for month, weight in table.month_weights.items():
        if month.isascii() and month.isdigit() and 1 <= int(month[:3]) <= 12:
            weights[int(month)] = weight
            continue
        document.problem(
            ("plan", "month_weights", month),
            expected="a month from 1 to 12",
            found=shown(month),
            remedy="write e.g. month_weights = { 2 = 0.9 }",
        )
    return weights


def _ramps(document: Document, table: PlanTable) -> tuple[Ramp, ...]:
    """The ramps, sorted; those that end before they start or overlap are noted."""
    rows = sorted(enumerate(table.ramps), key=lambda row: row[1].start)
    for at, one in rows:
        if one.end <= one.start:
            document.problem(
                ("plan", "ramps", at, "end"),
                expected=f"later than start, which is {one.start}",
                found=str(one.end),
                remedy="end is the first day at the full rate",
            )
    for (_, before), (at, after) in pairwise(rows):
        if after.start < before.end:
            document.problem(
                ("plan", "ramps", at, "start"),
                expected=f"not before {before.end}, the end of the ramp before",
                found=str(after.start),
                remedy="ramps must not overlap; move one of them",
            )
    return tuple(Ramp(one.start, one.end, one.start_pct / 100) for _, one in rows)


def _judge_shifts(document: Document, shifts: Sequence[ShiftEntry]) -> None:
    """Notes shifts that do not cover the 24 hours exactly once."""
    order = sorted(range(len(shifts)), key=lambda at: shifts[at].start)
    names = [shift.id for shift in shifts]
    for at, name in enumerate(names):
        if name in names[:at]:
            document.problem(
                ("calendar", "shifts", at, "id"),
                expected="an id that no other shift has",
                found=shown(name),
                remedy="give each shift its own id",
            )
    for place, at in enumerate(order):
        following = shifts[order[(place + 1) % len(order)]]
        end = shifts[at].end
        if end != following.start:
            document.problem(
                ("calendar", "shifts", at, "end"),
                expected=f"{following.start:%H:%M}, the start of {following.id}",
                found=f"{end:%H:%M}, so that the shifts do not cover 24 h once",
                remedy=f"write end = {toml_text(f'{following.start:%H:%M}')}, or add a shift",
            )


def _downtimes(
    document: Document, tables: Sequence[DowntimeTable], day_start: time, zone: ZoneInfo
) -> list[Downtime]:
    """The downtimes, sorted; those that end before they start or overlap are noted."""
    spans: list[tuple[Downtime, int]] = []
    for at, table in enumerate(tables):
        start_ns, end_ns = (edge_ns(edge, day_start, zone) for edge in (table.start, table.end))
        if end_ns <= start_ns:
            document.problem(
                ("calendar", "downtimes", at, "end"),
                expected=f"later than start, which is {table.start}",
                found=str(table.end),
                remedy="end is the first day (or moment) that is worked again",
            )
            continue
        spans.append((Downtime(start_ns, end_ns, table.reason, table.kind), at))
    spans.sort(key=lambda span: span[0].start_ns)
    for (before, first), (after, second) in pairwise(spans):
        if after.start_ns < before.end_ns:
            document.problem(
                ("calendar", "downtimes", second, "start"),
                expected=f"not before {tables[first].end}, the end of {before.reason}",
                found=str(tables[second].start),
                remedy="downtimes must not overlap; move one of them",
            )
    return [downtime for downtime, _ in spans]


def edge_ns(edge: date, day_start: time, zone: ZoneInfo) -> int:
    """The instant of an edge: a local moment, or the begin of a production day."""
    if isinstance(edge, datetime):
        return instant_of(edge.date(), edge.time(), zone)
    return instant_of(edge, day_start, zone)


def _by_start(shift: Shift) -> time:
    return shift.start
