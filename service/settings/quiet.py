"""[[quiet_hours]]: when a destination is spared what can wait."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from service.domain.alarm import Priority
from service.domain.calendar import Calendar
from service.domain.quiet_hours import LONGEST_NS, QuietHours, quiet_until
from service.settings.document import Document
from service.settings.names import judge_names, sound_tables
from service.settings.routetables import QuietHoursTable, weekday_numbers

EXAMPLE = '[[quiet_hours]] with destinations, start = "22:00" and end = "06:00"'


def read_quiet_hours(
    document: Document, calendar: Calendar, destinations: Collection[str]
) -> tuple[QuietHours, ...]:
    """The quiet hours of ``destinations``; problems are noted."""
    tables = sound_tables(document, "quiet_hours", QuietHoursTable, EXAMPLE)
    for at, table in tables:
        where = ("quiet_hours", at, "destinations")
        judge_names(
            document, table.destinations, destinations, where, "the name of a [[notifications]]"
        )
    hours = tuple(
        QuietHours(
            frozenset(table.destinations),
            table.start,
            table.end,
            weekday_numbers(table.weekdays),
            table.passes,
        )
        for _, table in tables
    )
    _judge_ends(document, calendar, [at for at, _ in tables], hours)
    return hours


def _judge_ends(
    document: Document, calendar: Calendar, places: Sequence[int], hours: Sequence[QuietHours]
) -> None:
    """Notes hours that, alone or with others, never end for a destination."""
    any_ns = calendar.start_of(calendar.local_day(0) + timedelta(days=14))
    for at, one in zip(places, hours, strict=True):
        for name in sorted(one.destinations):
            until_ns = quiet_until(hours, name, Priority.LOW, any_ns, calendar.zone)
            if until_ns is not None and until_ns - any_ns >= LONGEST_NS:
                document.problem(
                    ("quiet_hours", at),
                    expected=f"hours after which {name} is told what was quiet",
                    found="quiet without an end",
                    remedy="leave it out of the routes, or give it a min_priority instead",
                )
