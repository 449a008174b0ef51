"""Readings that count at another instant than the one they came with.

When a source resumes it says again what its tags hold, with source times that may be months old:
such a value holds from when the source resumed. What a wrong clock dates into the future holds from
when it was received. The history keeps the times that rows came with; to account from it again, one
must know which rows counted when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from service.domain.coverage import Coverage
from service.domain.production.readings import Readings, in_order


class Stays(IntEnum):
    """Whether a moved reading counts at its own time too."""

    NEVER = 0
    """Its time is wrong."""
    IF_COVERED = 1
    """It came for a time of which nobody knew anything: only if that is known by now."""
    ALWAYS = 2
    """It had been told before."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A reading of ``meter`` that says ``said_ns`` and counts at ``held_ns``. value: NaN for
    none."""

    meter: str
    said_ns: int
    held_ns: int
    value: float
    usable: bool
    stays: Stays


def with_moved(kept: Readings, moved: Sequence[Moved], coverage: Coverage) -> Readings:
    """The readings that count, in time order, of one meter: those ``kept`` in the history under
    their own times, with the ``moved`` ones (in order of arrival) where they counted."""
    if not moved:
        return in_order(kept, after_ns=None)
    gone = {
        one.said_ns
        for one in moved
        if one.stays is Stays.NEVER
        or (one.stays is Stays.IF_COVERED and not coverage.covers(one.said_ns))
    }
    stay = ~np.isin(kept.time_ns, np.array(sorted(gone), np.int64))
    # At one instant the last counts: what was told for that very instant.
    return in_order(
        Readings(
            np.concatenate([np.array([m.held_ns for m in moved], np.int64), kept.time_ns[stay]]),
            np.concatenate([np.array([m.value for m in moved], np.float64), kept.value[stay]]),
            np.concatenate([np.array([m.usable for m in moved], np.bool_), kept.usable[stay]]),
        ),
        after_ns=None,
    )
