"""Names of shifts, as people and addresses say them: the production day and the shift's id."""

from __future__ import annotations

from datetime import date, timedelta

from service.domain.calendar import Calendar, ShiftSpan

DAY_LENGTH = len("2026-03-01")


def shift_id(calendar: Calendar, span: ShiftSpan) -> str:
    """Production day in which ``span`` begins, and its shift's id: ``2026-03-01-A``."""
    return f"{calendar.local_day(span.start_ns)}-{span.shift.id}"


def shift_named(calendar: Calendar, name: str) -> ShiftSpan | None:
    """The shift that ``shift_id`` names so; None when there is none."""
    try:
        day = date.fromisoformat(name[:DAY_LENGTH])
        start_ns, end_ns = (calendar.start_of(day + timedelta(days=n)) for n in (0, 1))
    except (ValueError, OverflowError):
        return None
    for span in calendar.shifts_between(start_ns, end_ns):
        if start_ns <= span.start_ns < end_ns and shift_id(calendar, span) == name:
            return span
    return None


def shift_before(calendar: Calendar, span: ShiftSpan) -> ShiftSpan:
    """The shift that ended when ``span`` began."""
    return calendar.shift_at(span.start_ns - 1)
