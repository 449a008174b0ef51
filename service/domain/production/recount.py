"""Accounting for a stretch of the past again, from readings that are all at hand now.

It begins at a reading from which an account does not look back, and ends at one after which the
past's own account went on unchanged, or at the present, which then has a new account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.coverage import Coverage
from service.domain.instants import HOUR_NS, MINUTE_NS, seconds
from service.domain.line import Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Minutes, close
from service.domain.production.readings import Readings
from service.domain.production.stuck import Standing, find_stuck, without_stuck

Span = tuple[int, int]
"""[first instant, last instant] that late values or late liveness touch."""

JOIN_NS = 6 * HOUR_NS
MOST_SPANS = 8
VESSEL_CYCLES = 6
NEVER = np.iinfo(np.int64).min


class NotEnough(Exception):
    """The readings don't reach far enough. ``back``: whether earlier ones are needed, else later
    ones are."""

    def __init__(self, *, back: bool) -> None:
        super().__init__("earlier readings are needed" if back else "later readings are needed")
        self.back = back


@dataclass(frozen=True, slots=True)
class Recount:
    """minutes: as they are now known; None when none is closed. account, standing: where it would
    stand at the present, and its value; None when the stretch ends before, and neither is touched.
    """

    minutes: Minutes | None
    account: Account | None
    standing: Standing | None = None


def late_before_ns(meter: Meter, account: Account) -> int:
    """Readings before this instant come too late for ``account``: its minutes are closed, or it
    has passed a later reading."""
    if account.last_ns is None:
        return NEVER
    if meter.kind is MeterKind.BATCH:
        return account.last_ns
    if meter.kind is MeterKind.RATE or account.open is None:
        return account.last_ns + 1
    closed_ns = account.open.first * MINUTE_NS + seconds(meter.sample_s)
    return max(account.last_ns + 1, closed_ns)


def with_span(spans: Iterable[Span], first_ns: int, last_ns: int) -> tuple[Span, ...]:
    """``spans`` and one more; those that are near each other become one, and at most
    ``MOST_SPANS`` are left."""
    joined: list[Span] = []
    for a, b in sorted([*spans, (first_ns, last_ns)]):
        if joined and a - joined[-1][1] <= JOIN_NS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], b))
        else:
            joined.append((a, b))
    while len(joined) > MOST_SPANS:
        gaps = [later[0] - one[1] for one, later in pairwise(joined)]
        at = int(np.argmin(gaps))
        joined[at : at + 2] = [(joined[at][0], joined[at + 1][1])]
    return tuple(joined)


def recount(
    meter: Meter,
    readings: Readings,
    running: Readings,
    coverage: Coverage,
    span: Span,
    *,
    account: Account,
    watermark_ns: int,
    all_before: bool,
    all_after: bool,
) -> Recount | None:
    """What the minutes around ``span`` come to; None when no good reading tells.

    readings: in time order, each instant once. running: of the meter's ``runs_tag``, with the one
    that held at the begin. coverage: over all of them. account: the meter's
    own, at the present. watermark_ns: with which it was last advanced. all_before, all_after:
    whether there are no earlier readings, and none between these and the present. Raises
    NotEnough.
    """
    first_ns, last_ns = span
    readings, standing = believed(meter, readings, running, coverage, watermark_ns)
    good = np.flatnonzero(readings.usable)
    begin = _begin(meter, readings.time_ns[good], readings.value[good], first_ns)
    if begin is None:
        if not all_before:
            raise NotEnough(back=True)
        begin = 0
    if begin >= len(good):
        return None
    end = _end(meter, readings.time_ns[good], readings.value[good], begin, last_ns)
    if end is not None and account.open is not None:
        # Minutes that are still open belong to the account, which would be another one.
        end = end if int(readings.time_ns[good[end]]) // MINUTE_NS <= account.open.first else None
    if end is None and not all_after:
        raise NotEnough(back=False)
    upto = len(readings.time_ns) if end is None else int(good[end]) + 1
    taken = _cut(readings, int(good[begin]), upto)
    if end is None:
        now, closed = advance(meter, Account(), taken, coverage, watermark_ns)
        return Recount(closed, now, standing)
    until_ns = int(taken.time_ns[-1])
    now, closed = advance(meter, Account(), taken, coverage, until_ns)
    if now.open is None:
        return None
    _, rest = close(now.open, until_ns // MINUTE_NS)
    whole = rest if closed is None else _joined(closed, rest)
    return Recount(whole, None) if len(whole) else None


def believed(
    meter: Meter,
    readings: Readings,
    running: Readings,
    coverage: Coverage,
    until_ns: int,
    standing: Standing = Standing(),  # noqa: B008  frozen
) -> tuple[Readings, Standing]:
    """``readings`` without those of a value that is stuck, and how it stands then."""
    if meter.stuck_s is None:
        return readings, standing
    first_ns = standing.since_ns
    if standing.value is None and len(readings.time_ns):
        first_ns = int(readings.time_ns.min())
    gaps = coverage.gaps(first_ns, until_ns) if first_ns else []
    standing, spans = find_stuck(meter, standing, readings, running, gaps=gaps, until_ns=until_ns)
    return without_stuck(readings, spans), standing


def _begin(meter: Meter, time_ns: Int64s, value: Float64s, first_ns: int) -> int | None:
    """The last good reading from which an account can begin as if it had always been: it does not
    look back behind a change of a counter's value; and the minute in which the reading before
    ``first_ns`` lies must be whole."""
    before = int(np.searchsorted(time_ns, first_ns, "left")) - 1
    if before < 0:
        return None
    border_ns = int(time_ns[before]) // MINUTE_NS * MINUTE_NS - _looks_back_ns(meter)
    there = np.flatnonzero(_forgets(meter, value) & (time_ns <= border_ns))
    return int(there[-1]) if len(there) else None


def _end(meter: Meter, time_ns: Int64s, value: Float64s, begin: int, last_ns: int) -> int | None:
    """The first good reading that the span can't reach: an account that begins there is the one
    that went on there."""
    after = int(np.searchsorted(time_ns, last_ns, "right"))
    if meter.kind is MeterKind.BATCH:
        return None  # what a vessel still remembers is not plain from one reading
    if after + 1 >= len(time_ns):
        return None
    border_ns = (int(time_ns[after]) // MINUTE_NS + 1) * MINUTE_NS
    there = np.flatnonzero(_forgets(meter, value) & (time_ns >= border_ns))
    there = there[there > max(after, begin)]
    return int(there[0]) if len(there) else None


def _forgets(meter: Meter, value: Float64s) -> Bools:
    """Good readings from which on it makes no difference what was before."""
    if meter.kind is MeterKind.BATCH or (meter.kind is MeterKind.RATE and meter.stuck_s is None):
        return np.ones(len(value), np.bool_)
    changed = np.zeros(len(value), np.bool_)
    changed[1:] = np.diff(value) != 0
    return changed


def _looks_back_ns(meter: Meter) -> int:
    """How long an account needs until it stands as if it had always been: a vessel must have
    settled at full and at empty."""
    cell = meter.cell
    return 0 if cell is None else VESSEL_CYCLES * seconds(cell.cycle_s + cell.discharge_s)


def _cut(readings: Readings, a: int, b: int) -> Readings:
    return Readings(readings.time_ns[a:b], readings.value[a:b], readings.usable[a:b])


def _joined(first: Minutes, then: Minutes) -> Minutes:
    return Minutes(
        first.first,
        np.concatenate([first.kg, then.kg]),
        np.concatenate([first.grade, then.grade]),
    )
