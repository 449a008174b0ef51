"""What people entered about a shift."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.calendar import ShiftSpan
from service.domain.entries.entry import Entry
from service.domain.report.content import NoteLine, NotePart

MOST_LINES = 500


def notes_of(standing: Iterable[Entry], span: ShiftSpan) -> NotePart:
    """The standing entries about an instant of ``span``, or about a time that begins in it."""
    found = sorted(
        (e for e in standing if span.start_ns <= e.draft.start_ns < span.end_ns),
        key=lambda e: (e.draft.start_ns, e.at_ns, e.id),
    )
    lines = (
        NoteLine(
            e.id, e.draft.kind, e.draft.subject, e.draft.start_ns, e.draft.amount, e.draft.reason,
            e.by,
        )
        for e in found[:MOST_LINES]
    )  # fmt: skip
    return NotePart(tuple(lines), len(found))
