"""Windows of a stage as columns: what the book's minutes amount to, over one window or millions.

The book counts in whole units of ``UNIT_KG``, so that sums are exact in whatever order they are
made: a window that is summed alone and one that is the difference of two running sums are equal to
the last bit, and a rule that is tried on the past decides as it did live.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s, Int64s, UInt16s
from service.domain.instants import MINUTE_NS

UNIT_KG = 2.0**-24
"""0.06 mg; a power of two, so that whole kilograms stay whole."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class StageWindows:
    """A stage over n windows, in kg of the stage's own output; all columns of shape (n,).

    actual_kg: what is known to have been made; NaN where nothing is known. plan_kg: due over the
    whole window. plan_known_kg: due over its known minutes only. known_share: of the window's
    planned time (of all its time where none is planned), 0 to 1.
    """

    actual_kg: Float64s
    plan_kg: Float64s
    plan_known_kg: Float64s
    known_share: Float64s

    @property
    def deviation_pct(self) -> Float64s:
        """Actual against the plan of the same known minutes, in %; NaN where that plan is
        nothing."""
        plan = np.where(self.plan_known_kg > 0, self.plan_known_kg, np.nan)
        return np.asarray(100.0 * (self.actual_kg / plan - 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over the minutes of n windows, all of shape (n,).

    made: units made. known: minutes × meters that are known. due: finished units due inside the
    book. due_known: finished units due × meters that are known. outside_kg: finished kg due outside
    the book, where all is unknown. minutes: length of the window.
    """

    made: Int64s
    known: Int64s
    due: Int64s
    due_known: Int64s
    outside_kg: Float64s
    minutes: Int64s

    def windows(self, *, meters: int, finished_eq: float) -> StageWindows:
        """As windows of a stage with so many ``meters``."""
        plan = (self.due * UNIT_KG + self.outside_kg) / finished_eq
        plan_known = self.due_known * UNIT_KG / meters / finished_eq
        of_plan = plan_known / np.where(plan > 0, plan, 1.0)
        of_time = self.known / meters / np.maximum(self.minutes, 1)
        share = np.where(plan > 0, of_plan, of_time)
        return StageWindows(
            np.where(self.known > 0, self.made * UNIT_KG, np.nan),
            plan,
            plan_known,
            np.where(share > 1.0 - ROUNDING, 1.0, share),
        )


@dataclass(frozen=True, slots=True)
class RunningSums:
    """Sums of the minutes before each minute of the book from ``first`` on, int64, shape (n + 1,)
    for n minutes."""

    made: Int64s
    known: Int64s
    due: Int64s
    due_known: Int64s
    first: int = 0

    @classmethod
    def of(cls, made: Int64s, known: UInt16s, due: Int64s, *, first: int = 0) -> RunningSums:
        """Of a stage's minutes: units made, meters known and finished units due."""
        return cls(running(made), running(known), running(due), running(due * known), first)

    def between(self, a: Int64s, b: Int64s, *, outside_kg: Float64s, minutes: Int64s) -> Counts:
        """Over the minutes ``a`` to ``b`` (exclusive) of the book, each of shape (n,)."""
        a, b = a - self.first, b - self.first
        return Counts(
            self.made[b] - self.made[a],
            self.known[b] - self.known[a],
            self.due[b] - self.due[a],
            self.due_known[b] - self.due_known[a],
            outside_kg,
            minutes,
        )


def running(column: Int64s | UInt16s) -> Int64s:
    """0 and the sums up to each element; shape (n + 1,)."""
    sums = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=sums[1:])
    return sums


def units(kg: Float64s) -> Int64s:
    """Whole units of ``UNIT_KG``; NaN is none."""
    return np.rint(np.nan_to_num(kg, nan=0.0) / UNIT_KG).astype(np.int64)


def minute_of(time_ns: Int64s) -> Int64s:
    """Numbers of the minutes since 1970 that begin at ``time_ns``."""
    return time_ns // MINUTE_NS
