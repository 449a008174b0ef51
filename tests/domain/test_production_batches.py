"""Batches by the weight of a vessel, and energy: tables of cases, and laws for any kettle."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import LoadCell, Meter, MeterKind
from service.domain.production.meter import Account, advance
from service.domain.production.minutes import Grade
from service.domain.production.readings import Readings
from service.runtime.ledger import AccountingState
from service.state.ledger import state_as, state_from

T0 = 29_000_000
CELL = LoadCell(1_900.0, 1_200.0, 30.0, settle_s=300.0, discharge_s=2_400.0, cycle_s=14_400.0)
KETTLE = Meter("GR-K01", "GR", "GR-K01", "GR-K01-WT201.PV", MeterKind.BATCH, "plant/main",
               kg_per_unit=0.93, max_rate_kg_per_h=10_000.0, cell=CELL)  # fmt: skip
M, E, U = Grade.MEASURED, Grade.ESTIMATED, Grade.UNKNOWN
Weight = Callable[[float], float]
"""kg at a minute."""

CHARGED, DISCHARGED, EMPTIED, AGAIN = 30.0, 200.0, 230.0, 260.0


def kettle(at: float) -> float:
    """Empty for half an hour, 3,000 kg for 170 minutes, discharged within 30 minutes, and again."""
    if at < CHARGED:
        return 0.0
    if at < DISCHARGED:
        return 3_000.0
    if at < EMPTIED:
        return 3_000.0 * (1.0 - (at - DISCHARGED) / (EMPTIED - DISCHARGED))
    return 0.0 if at < AGAIN else 3_000.0


def account(
    weight: Weight,
    until: int,
    *,
    hole: tuple[float, float] = (0.0, 0.0),
    bad: tuple[float, float] = (0.0, 0.0),
    cuts: tuple[int, ...] = (),
    meter: Meter = KETTLE,
    every_s: int = 10,
) -> dict[int, tuple[float | None, int]]:
    """Minute -> (kg, grade); fed in pieces that end at ``cuts``, and kept between them."""
    coverage = Coverage([(T0 * MINUTE_NS, (T0 + until) * MINUTE_NS)])
    if hole[1] > hole[0]:
        coverage = Coverage(
            ((T0 * 60 + round(a * 60)) * SECOND_NS, (T0 * 60 + round(b * 60)) * SECOND_NS)
            for a, b in ((0.0, hole[0]), (hole[1], float(until)))
        )
    seconds = [s for s in range(0, until * 60, every_s) if not hole[0] * 60 < s < hole[1] * 60]
    time_ns = np.array([(T0 * 60 + s) * SECOND_NS for s in seconds], np.int64)
    value = np.array([weight(s / 60) for s in seconds])
    usable = np.array([not bad[0] * 60 <= s < bad[1] * 60 for s in seconds], np.bool_)
    state, done, closed = Account(), 0, {}
    for cut in (*cuts, until):
        upto = int(np.searchsorted(time_ns, (T0 + cut) * MINUTE_NS))
        part = slice(done, upto)
        readings = Readings(time_ns[part], value[part], usable[part])
        state, minutes = advance(meter, state, readings, coverage, (T0 + cut) * MINUTE_NS)
        done = max(upto, done)
        for n in range(0 if minutes is None else len(minutes)):
            assert minutes is not None
            kg = float(minutes.kg[n])
            at = minutes.first - T0 + n
            assert at not in closed
            closed[at] = (None if math.isnan(kg) else round(kg, 6), int(minutes.grade[n]))
        kept = orjson.loads(orjson.dumps(state_as(AccountingState(accounts={"k": state}))))
        state = state_from(kept).accounts["k"]
    return closed


def total(closed: dict[int, tuple[float | None, int]]) -> float:
    return sum(kg for kg, _ in closed.values() if kg is not None)


def test_a_batch_is_settled_at_full_and_then_at_empty() -> None:
    got = account(kettle, 400)
    assert total(got) == pytest.approx(0.93 * 3_000.0, rel=1e-6)
    made = {at: kg for at, (kg, _) in got.items() if kg}
    assert (min(made), max(made)) == (200, 229)
    assert {grade for _, grade in got.values()} == {M}
    assert sorted(got) == list(range(min(got), max(got) + 1))
    assert max(got) == 400 - 40 - 5 - 1  # told as late as a discharge and its settling may take


def test_what_is_in_the_kettle_is_not_made_yet() -> None:
    assert total(account(kettle, 200)) == 0.0
    waiting = account(kettle, 231)
    assert max(waiting) < 231 - 45
    stuck = account(lambda at: kettle(min(at, 215.0)), 600)
    assert max(stuck) == 199  # half discharged, and nobody knows when it goes on
    assert total(stuck) == 0.0


@pytest.mark.parametrize("at", [10.0, 100.0, 300.0])
def test_a_step_that_decays_is_no_batch_and_changes_none(at: float) -> None:
    def disturbed(t: float) -> float:
        return kettle(t) + (600.0 * (1.0 + math.exp(-(t - at) / 15.0)) if t >= at else 0.0)

    got = account(disturbed, 400)
    # By the time of the discharge the step at 100 has decayed to 1 kg.
    assert total(got) == pytest.approx(0.93 * 3_000.0, abs=2.0)


def test_a_load_cell_that_jumps_down_tells_nothing() -> None:
    got = account(lambda at: 3_000.0 if at < 100 else 0.0, 300)
    assert {at for at, (kg, _) in got.items() if kg is None} == {100}
    assert total(got) == 0.0


def test_a_jump_amid_a_discharge_is_an_estimate() -> None:
    got = account(lambda at: kettle(at) + (400.0 if at >= 201 else 0.0), 400)
    assert total(got) == pytest.approx(0.93 * 2_600.0)
    assert {grade for kg, grade in got.values() if kg} == {E}


def test_a_short_hole_hides_at_most_one_batch() -> None:
    got = account(kettle, 500, hole=(190.0, 250.0))
    assert total(got) == pytest.approx(0.93 * 3_000.0)
    assert {grade for kg, grade in got.values() if kg} == {E}
    same = account(kettle, 400, hole=(60.0, 160.0))
    assert same == account(kettle, 400)


@pytest.mark.parametrize("kind", ["hole", "bad"])
def test_a_hole_as_long_as_a_batch_is_unknown(kind: str) -> None:
    spans = {kind: (100.0, 345.0)}
    got = account(kettle, 600, **spans)  # type: ignore[arg-type]
    unknown = [at for at, (kg, _) in got.items() if kg is None]
    assert unknown == list(range(100, 346 if kind == "bad" else 345))
    assert total(got) == 0.0


def test_rising_and_falling_short_of_full_is_no_batch() -> None:
    assert total(account(lambda at: 1_500.0 if 50 < at < 150 else 0.0, 400)) == 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(2_000, 3_500), st.integers(20, 34), st.integers(12, 90), st.integers(12, 60)
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(-100, 900),
    st.sets(st.integers(1, 800), max_size=6),
)
@example(batches=[(2_000.0, 20, 12, 12)], offset=0.0, cuts={3})  # before it can have settled once
def test_batches_are_weighed_in_whatever_pieces_readings_come(
    batches: list[tuple[float, int, int, int]], offset: float, cuts: set[int]
) -> None:
    """Mass, discharge, time at full and time at empty of each batch; the offset falls out."""
    points = [(0.0, 0.0), (20.0, 0.0)]
    for mass, discharge, full, empty in batches:
        at = points[-1][0]
        points += [(at + 5, mass), (at + 5 + full, mass), (at + 5 + full + discharge, 0.0)]
        points.append((points[-1][0] + empty, 0.0))
    x, y = np.array(points).T
    until = int(x[-1]) + 60

    def weight(at: float) -> float:
        return offset + float(np.interp(at, x, y))

    whole = account(weight, until, every_s=30)
    tonnes = 0.93 * sum(mass for mass, *_ in batches)
    assert total(whole) == pytest.approx(tonnes, abs=30.0 * len(batches))
    pieces = account(weight, until, cuts=tuple(sorted(c for c in cuts if c < until)), every_s=30)
    assert pieces == whole


def test_energy_is_counted_in_kwh_like_any_totaliser() -> None:
    meter = Meter("GZ-G1-JQ402", "GZ", "GZ-G1", "GZ-G1-JQ402.TOT", MeterKind.ENERGY, "plant/main",
                  rollover=2.0**32, max_rate_kg_per_h=20_000.0)  # fmt: skip
    got = account(lambda at: (2.0**32 - 1_000.0 + 240.0 * at) % 2**32, 10, meter=meter)
    assert set(got.values()) == {(240.0, M)}
