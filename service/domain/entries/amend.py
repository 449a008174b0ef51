"""How entries change Production: a stated mass in place of what the meter measured.

A stated mass is spread evenly over the minutes of its span, so that each minute's kilograms depend
on the entry alone: whenever and in whatever pieces minutes are accounted for, or accounted for
again from the history, the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from service.domain.entries.entry import METERED, Entry, EntryKind, EntryRefused
from service.domain.instants import HOUR_NS, MINUTE_NS, to_iso
from service.domain.production.minutes import NOT_CLOSED, Grade, Minutes
from service.domain.production.windows import UNIT_KG

NEAR_NS = 12 * HOUR_NS
"""So far from the stated time an unload is looked for."""
PAUSE_MINUTES = 30
"""A pause within an unload: a crane waits, a big bag is changed."""
LONGEST_UNLOAD_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Stated:
    """What a meter truly made in the minutes [first, end): ``kg`` in all, entered as ``entry``."""

    meter: str
    first: int
    end: int
    kg: float
    grade: Grade
    entry: str


def stated(entries: Iterable[Entry]) -> tuple[Stated, ...]:
    """What of ``entries`` stands and says what a meter made. A weighed mass is measured; one that a
    person concludes is an estimate."""
    return tuple(
        Stated(
            entry.draft.subject,
            entry.draft.start_ns // MINUTE_NS,
            entry.draft.end_ns // MINUTE_NS,
            entry.draft.amount,
            Grade.MEASURED if entry.draft.kind is EntryKind.WEIGHBRIDGE else Grade.ESTIMATED,
            entry.id,
        )
        for entry in entries
        if entry.stands and entry.draft.kind in METERED and entry.draft.amount is not None
    )


def amended(meter: str, minutes: Minutes, said: Iterable[Stated]) -> Minutes:
    """``minutes`` of ``meter`` with what was ``said`` in place of what was measured; the very same
    object where nothing was. Minutes that are not closed stay so."""
    kg, grade = minutes.kg, minutes.grade
    closed = grade != NOT_CLOSED
    for one in said:
        first = max(one.first, minutes.first)
        end = min(one.end, minutes.first + len(minutes))
        if one.meter != meter or first >= end:
            continue
        if kg is minutes.kg:
            kg, grade = kg.copy(), grade.copy()
        edges = np.arange(first - one.first, end - one.first + 1) / (one.end - one.first)
        made = np.diff(np.rint(one.kg / UNIT_KG * edges)) * UNIT_KG  # adds up to the last unit
        there = slice(first - minutes.first, end - minutes.first)
        kg[there] = np.where(closed[there], made, kg[there])
        grade[there] = np.where(closed[there], one.grade, grade[there])
    return minutes if kg is minutes.kg else Minutes(minutes.first, kg, grade)


def measured_beneath(meter: str, measured: Minutes, said: Iterable[Stated]) -> list[Minutes]:
    """The parts of ``measured`` over which something is ``said``: what returns when it is taken
    back."""
    parts = []
    for one in said:
        first = max(one.first, measured.first)
        end = min(one.end, measured.first + len(measured))
        if one.meter == meter and first < end:
            there = slice(first - measured.first, end - measured.first)
            parts.append(Minutes(first, measured.kg[there], measured.grade[there]))
    return parts


def closed_stretches(minutes: Minutes) -> list[Minutes]:
    """The stretches of ``minutes`` that are closed, in order."""
    closed = np.flatnonzero(minutes.grade != NOT_CLOSED)
    return [
        Minutes(minutes.first + int(run[0]), minutes.kg[run], minutes.grade[run])
        for run in np.split(closed, np.flatnonzero(np.diff(closed) > 1) + 1)
        if len(run)
    ]


def unload_at(meter: str, measured: Minutes, at_ns: int) -> tuple[int, int]:
    """[start_ns, end_ns) of the measured unload that ``at_ns`` falls into, or that is the nearest
    within ``NEAR_NS``.

    measured: the minutes around ``at_ns``, of which the closed ones count; unknown ones next to the
    unload belong to it. Raises EntryRefused when there is none, when it has not ended, or when it
    can't be told from others.
    """
    measured = _from_first_to_last_closed(measured)
    busy = np.flatnonzero(np.isnan(measured.kg) | (measured.kg > 0))
    at = at_ns // MINUTE_NS - measured.first
    runs = [
        run
        for run in np.split(busy, np.flatnonzero(np.diff(busy) > PAUSE_MINUTES) + 1)
        if len(run) and np.nansum(measured.kg[run]) > 0
    ]
    away = [max(int(run[0]) - at, at - int(run[-1]), 0) for run in runs]
    if not runs or min(away) > NEAR_NS // MINUTE_NS:
        raise EntryRefused(
            f"at: {meter} measured no unload within {NEAR_NS // HOUR_NS} h of {to_iso(at_ns)}; "
            f"give its time as the trend shows it, or enter a correction of the meter"
        )
    run = runs[int(np.argmin(away))]
    if run[-1] + PAUSE_MINUTES >= len(measured):
        raise EntryRefused(
            f"at: the unload of {meter} at {to_iso(at_ns)} may not have ended; enter its weight "
            f"{PAUSE_MINUTES} minutes after its end"
        )
    first, end = int(run[0]), int(run[-1]) + 1
    if first == 0 or end - first > LONGEST_UNLOAD_MINUTES:
        raise EntryRefused(
            f"at: the unload of {meter} at {to_iso(at_ns)} can't be told from those beside it; "
            f"enter a correction of the meter with start and end"
        )
    return (measured.first + first) * MINUTE_NS, (measured.first + end) * MINUTE_NS


def _from_first_to_last_closed(minutes: Minutes) -> Minutes:
    closed = np.flatnonzero(minutes.grade != NOT_CLOSED)
    if not len(closed):
        return Minutes(minutes.first, np.zeros(0), np.zeros(0, np.uint8))
    there = slice(int(closed[0]), int(closed[-1]) + 1)
    return Minutes(minutes.first + there.start, minutes.kg[there], minutes.grade[there])
