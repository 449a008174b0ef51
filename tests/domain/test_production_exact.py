"""Minutes come out equal to the last bit, however the readings are cut into calls."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.coverage import Coverage
from service.domain.instants import SECOND_NS
from service.domain.line import Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Minutes
from service.domain.production.readings import Readings
from tests.domain.test_production import T0, meter

EXAMPLES = 5_000 if os.environ.get("ANODEWATCH_TORTURE") else 150
LAST_S = 1_500
LATENESS_S = 2.0
METERS = [
    meter(),
    meter(rollover=50.0, kg_per_unit=1.7),
    meter(MeterKind.COUNT, kg_per_unit=7.6),
    meter(MeterKind.RATE, kg_per_unit=1_000.0),
]

Row = tuple[float, float | None]
Span = tuple[float, float]


@st.composite
def pasts(draw: st.DrawFn) -> tuple[list[Row], list[Span], list[float]]:
    """Rows of (second, value), covered spans, and the instants at which calls are made."""
    at = draw(st.lists(st.integers(0, 10 * LAST_S), min_size=2, max_size=80, unique=True))
    values = st.one_of(st.none(), st.integers(0, 60).map(float), st.floats(0, 50))
    rows = [(s / 10, draw(values)) for s in sorted(at)]
    edges = draw(st.lists(st.integers(1, LAST_S), max_size=6, unique=True).map(sorted))
    bounds = [0.0, *map(float, edges), LAST_S + 600.0]
    spans = [(a, b) for n, (a, b) in enumerate(pairwise(bounds)) if n % 2 == 0]
    calls = draw(st.lists(st.integers(1, LAST_S), max_size=6, unique=True).map(sorted))
    return rows, spans, [*map(float, calls), LAST_S + 300.0]


def readings(rows: list[Row]) -> Readings:
    return Readings(
        np.array([T0 + round(s * SECOND_NS) for s, _ in rows], np.int64),
        np.array([np.nan if v is None else v for _, v in rows], np.float64),
        np.array([v is not None for _, v in rows], np.bool_),
    )


def told(
    of: Meter, rows: list[Row], spans: list[Span], calls: list[float]
) -> tuple[Account, dict[int, tuple[float, int]]]:
    """The account after the last call, and every closed minute."""
    account = Account()
    closed: dict[int, tuple[float, int]] = {}
    before = -1.0
    for call in calls:
        alive = [(a, min(b, call)) for a, b in spans if a < call]
        # Rows come as they happen, a call's newest ones ahead of the watermark.
        now = [row for row in rows if before < row[0] <= call]
        coverage = Coverage((T0 + round(a * 1e9), T0 + round(b * 1e9)) for a, b in alive)
        mark = max((b for _, b in alive), default=0.0) - LATENESS_S
        account, minutes = advance(
            of, account, readings(now), coverage, T0 + round(mark * SECOND_NS)
        )
        for minute, value in table(minutes):
            assert minute not in closed, "a minute is closed once"
            closed[minute] = value
        before = call
    return account, closed


def table(minutes: Minutes | None) -> list[tuple[int, tuple[float, int]]]:
    if minutes is None:
        return []
    kg = np.where(np.isnan(minutes.kg), -1.0, minutes.kg)
    rows = zip(kg.tolist(), minutes.grade.tolist(), strict=True)
    return [(minutes.first + n, row) for n, row in enumerate(rows)]


@given(past=pasts(), of=st.sampled_from(METERS))
@settings(max_examples=EXAMPLES, deadline=None)
def test_in_whatever_calls(past: tuple[list[Row], list[Span], list[float]], of: Meter) -> None:
    rows, spans, calls = past
    whole, at_once = told(of, rows, spans, calls[-1:])
    pieces, in_pieces = told(of, rows, spans, calls)
    assert in_pieces == at_once
    assert (pieces.last_ns, pieces.last_value) == (whole.last_ns, whole.last_value)
    assert pieces.held_ns == whole.held_ns
