"""A correction: what of a meter's closed minutes was changed afterwards, why, and when it was
learnt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from service.domain.arrays import Bools
from service.domain.instants import MINUTE_NS
from service.domain.production.minutes import NOT_CLOSED, Grade, Minutes
from service.domain.production.windows import units


class Cause(StrEnum):
    """Why a meter's past changed."""

    LATE_VALUES = "late-values"
    """Values or proven liveness came for minutes that were closed."""
    ENTRY = "entry"
    """A person stated what the meter made, or took that back."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a span of minutes amounts to. kg: of the known minutes, None when none is known; the
    others count minutes. unknown: not closed, or closed as unknown."""

    kg: float | None
    measured: int
    estimated: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Correction:
    """One change of the minutes of ``meter`` in [start_ns, end_ns), which are whole minutes.

    learnt_ns: when the service found out. entry: id of the manual entry behind it, if any.
    """

    id: str
    meter: str
    start_ns: int
    end_ns: int
    before: Tally
    after: Tally
    cause: Cause
    learnt_ns: int
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction with the minutes themselves. before: as they stood, with grade NOT_CLOSED where
    nothing was closed. after: as they stand now, over the very same span."""

    correction: Correction
    before: Minutes
    after: Minutes


@dataclass(frozen=True, slots=True)
class KnownUntil:
    """What was known of some minutes of ``meter`` while windows that end by ``until_ns`` were
    judged. correction: what changed it; None when the meter's own next reading closed them, late.
    """

    meter: str
    minutes: Minutes
    until_ns: int
    correction: str | None = None


def closed_late(meter: str, closed: Minutes, judged_ns: int | None) -> KnownUntil | None:
    """That nothing was known of those of the ``closed`` minutes that end by ``judged_ns``; None
    when there are none."""
    n = min((judged_ns or 0) // MINUTE_NS - closed.first, len(closed))
    if n <= 0 or judged_ns is None:
        return None
    nothing = Minutes(closed.first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
    return KnownUntil(meter, nothing, judged_ns)


def corrected(
    meter: str,
    before: Minutes,
    after: Minutes,
    *,
    cause: Cause,
    learnt_ns: int,
    entry: str | None = None,
) -> Corrected | None:
    """What ``after`` changes of ``before`` (one span), cut to the minutes that differ; None when
    there is none. ValueError when the spans differ."""
    if before.first != after.first or len(before) != len(after):
        raise ValueError(
            f"{meter}: a correction needs one span; came {len(before)} minutes from "
            f"{before.first} and {len(after)} from {after.first}"
        )
    changed = np.flatnonzero(_differ(before, after))
    if not len(changed):
        return None
    cut = slice(int(changed[0]), int(changed[-1]) + 1)
    was, now = _part(before, cut), _part(after, cut)
    start_ns, end_ns = was.first * MINUTE_NS, (was.first + len(was)) * MINUTE_NS
    named = (meter, start_ns, end_ns, cause, learnt_ns, entry)
    correction = Correction(
        hashlib.sha256("\x1f".join(map(str, named)).encode()).hexdigest()[:32],
        meter,
        start_ns,
        end_ns,
        tally(was),
        tally(now),
        cause,
        learnt_ns,
        entry,
    )
    return Corrected(correction, was, now)


def tally(minutes: Minutes) -> Tally:
    """What ``minutes`` amount to."""
    known = ~np.isnan(minutes.kg)
    return Tally(
        float(minutes.kg[known].sum()) if known.any() else None,
        int((minutes.grade == Grade.MEASURED).sum()),
        int((minutes.grade == Grade.ESTIMATED).sum()),
        int(((minutes.grade == Grade.UNKNOWN) | (minutes.grade == NOT_CLOSED)).sum()),
    )


def _differ(before: Minutes, after: Minutes) -> Bools:
    """Minutes that the book of production would count differently, or of another grade."""
    differ = units(before.kg) != units(after.kg)
    differ |= np.isnan(before.kg) != np.isnan(after.kg)
    return np.asarray(differ | (before.grade != after.grade), dtype=np.bool_)


def _part(minutes: Minutes, cut: slice) -> Minutes:
    return Minutes(minutes.first + cut.start, minutes.kg[cut], minutes.grade[cut])
