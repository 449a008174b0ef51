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
    planned time (of all its time where none is planned), 0 to 1. hidden_kg: what pieces that fell
    into unknown minutes may hold beyond the share of these minutes.
    """

    actual_kg: Float64s
    plan_kg: Float64s
    plan_known_kg: Float64s
    known_share: Float64s
    hidden_kg: Float64s

    @property
    def deviation_pct(self) -> Float64s:
        """Actual against the plan of the same known minutes, in %; NaN where that plan is
        nothing."""
        return self._against_plan(self.actual_kg)

    @property
    def best_deviation_pct(self) -> Float64s:
        """``deviation_pct`` if all that may be hidden is there."""
        return self._against_plan(self.actual_kg + self.hidden_kg)

    def _against_plan(self, kg: Float64s) -> Float64s:
        plan = np.where(self.plan_known_kg > 0, self.plan_known_kg, np.nan)
        return np.asarray(100.0 * (kg / plan - 1.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over the minutes of n windows, all of shape (n,).

    made: units made. known: minutes × meters that are known. due: finished units due inside the
    book. due_known: finished units due × meters that are known. outside_kg: finished kg due outside
    the book, where all is unknown. minutes: length of the window. gaps: how often a meter's minutes
    become unknown, or begin so; 0 where no pieces are counted.
    """

    made: Int64s
    known: Int64s
    due: Int64s
    due_known: Int64s
    outside_kg: Float64s
    minutes: Int64s
    gaps: Int64s

    def windows(self, *, meters: int, finished_eq: float, piece_kg: float) -> StageWindows:
        """As windows of a stage with so many ``meters``, which count pieces of ``piece_kg`` (0 for
        none)."""
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
            hidden_pieces(self.gaps) * piece_kg,
        )


@dataclass(frozen=True, slots=True)
class RunningSums:
    """Sums of the minutes before each minute of the book from ``first`` on, int64, shape (n + 1,)
    for n minutes.

    lapses: how many meters became unknown, None where no pieces are counted that could hide.
    unknown: meters that are unknown in the minute itself; None with lapses.
    """

    made: Int64s
    known: Int64s
    due: Int64s
    due_known: Int64s
    lapses: Int64s | None
    unknown: Int64s | None
    first: int = 0

    @classmethod
    def of(
        cls,
        made: Int64s,
        known: UInt16s,
        due: Int64s,
        *,
        meters: int,
        has_pieces: bool,
        first: int = 0,
    ) -> RunningSums:
        """Of a stage's minutes: units made, of its ``meters`` those known, and finished units
        due."""
        return cls(
            running(made),
            running(known),
            running(due),
            running(due * known),
            running(lapses(known)) if has_pieces else None,
            np.append(meters - known.astype(np.int64), 0) if has_pieces else None,
            first,
        )

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
            self._gaps(a, b),
        )

    def _gaps(self, a: Int64s, b: Int64s) -> Int64s:
        if self.lapses is None or self.unknown is None:
            return np.zeros(len(a), np.int64)
        # The first minute's own step is not from within the window.
        inside = self.lapses[b] - self.lapses[np.minimum(a + 1, b)]
        return np.where(b > a, self.unknown[a] + inside, 0)


def lapses(known: UInt16s) -> Int64s:
    """How many meters become unknown with each minute, of those known in it; shape (n,), 0 at the
    first. Where one comes back in the same minute the two can't be told apart."""
    steps = np.diff(known.astype(np.int64), prepend=known[:1].astype(np.int64))
    return np.maximum(-steps, 0)


def hidden_pieces(gaps: Int64s) -> Float64s:
    """How many pieces more than their share may have fallen into ``gaps`` stretches of a counter;
    shape (n,).

    One each at most. Whether one does is a chance f of at most 1, with variance f (1 - f) <= 1/4,
    so that of many stretches not all do: three standard deviations of the sum are the bound.
    """
    n = gaps.astype(np.float64)
    return np.minimum(n, 1.5 * np.sqrt(n))


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
