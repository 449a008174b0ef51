"""Bags of a filler whose readings fail and whose counter is reset: no window is off by more than
what is stated with it."""

from __future__ import annotations

import os

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.domain.production.readings import Readings
from service.domain.production.stated import account

EXAMPLES = 5_000 if os.environ.get("ANODEWATCH_TORTURE") else 200
FIRST = 29_600_000
N = 12
EVERY_S = 10
BAG_KG = 500.0
FILLER = Meter("PK-P3", "PK", "PK-P3", "PK-P3-KQ702.TOT", MeterKind.COUNT, "plant/main",
               kg_per_unit=BAG_KG, max_rate_kg_per_h=12_000.0)  # fmt: skip
LINE = Line((Stage("PK", "Packaging", "包装", 1.0, 0.999, 16.0),), (FILLER,), "PK")


def told(full_s: list[int], bad: set[int], reset_s: int | None) -> Minutes:
    """What the filler's first ``N`` minutes are told to be; one reading in ``EVERY_S``."""
    seconds = np.arange(0, (N + 3) * 60, EVERY_S)
    base = np.zeros(len(seconds))
    if reset_s is not None:
        base[seconds >= reset_s] = np.searchsorted(full_s, reset_s, "right") + 40
    shown = np.searchsorted(full_s, seconds, "right") + 40 - base
    readings = Readings(
        FIRST * MINUTE_NS + seconds.astype(np.int64) * SECOND_NS,
        shown.astype(np.float64),
        ~np.isin(np.arange(len(seconds)), list(bad)),
    )
    until_ns = (FIRST + N + 3) * MINUTE_NS
    alive = Coverage([(FIRST * MINUTE_NS, until_ns)])
    _, closed = advance(FILLER, Account(), readings, alive, until_ns)
    kg, grade = np.full(N, np.nan), np.full(N, NOT_CLOSED, np.uint8)
    if closed is not None:
        at = closed.first - FIRST
        kg[at:], grade[at:] = closed.kg[: N - at], closed.grade[: N - at]
    return Minutes(FIRST, kg, grade)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(st.integers(151, 260), min_size=2, max_size=8),
    st.integers(0, 150),
    st.sets(st.integers(1, (N + 1) * 6), max_size=25),
    st.none() | st.integers(1, N * 60),
    st.tuples(st.integers(0, N - 1), st.integers(1, N)),
)
# A reading fails on the border of two minutes, and the window ends there.
@example([151, 151, 151], 146, {30}, None, (0, 5))
# A bag is full between the last reading before a reset and the reset.
@example([151, 151, 151], 2, set(), 157, (0, 12))
# The rest of what a hole hid lies in a minute that a reset makes unknown.
@example([151, 151, 151], 146, {30}, 312, (0, 12))
def test_no_window_is_off_by_more_than_is_stated(
    pause_s: list[int], begin_s: int, bad: set[int], reset_s: int | None, window: tuple[int, int]
) -> None:
    """Seconds from bag to bag, Bad readings by number, second of a reset, first minute and end.

    One reset: a counter that shows next to nothing falls nowhere, and nobody can see it.
    """
    full_s = (begin_s + np.cumsum(pause_s)).tolist()
    minutes = told(full_s, bad, reset_s)
    first, end = min(window[0], window[1] - 1), window[1]
    part = Minutes(FIRST + first, minutes.kg[first:end], minutes.grade[first:end])
    known = np.isfinite(part.kg)
    # A bag counts at the reading that first shows it, which belongs to the minute that it ends.
    of = (np.array(full_s) + EVERY_S - 1) // EVERY_S * EVERY_S - 1
    true_kg = BAG_KG * np.bincount(of // 60, minlength=60)[first:end]
    (stage,) = account(LINE, {FILLER.id: part}, (part.first, len(part)))
    if stage.kg is None or stage.uncertainty_kg is None:
        assert not known.any()
        return
    assert abs(stage.kg - float(true_kg[known].sum())) <= stage.uncertainty_kg + 1e-6
