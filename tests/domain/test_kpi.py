"""The indicators of ISO 22400-2 against worked examples, with the arithmetic shown."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import kpi
from service.domain.kpi import KPIS, Quantities

# One shift of crushing line CR-L01, by hand.
# Shift 8 h = 480 min. No order for 30 min           -> PBT  = 450 min = 7.5 h
# Jam 36 min (own fault)                             -> ADET =  36 min = 0.6 h
# Starved 24 min                                     -> APT  = 450 - 36 - 24 = 390 min = 6.5 h
# In use: APT + ADET = 6.5 + 0.6                     -> AUBT = 7.1 h
# Made 9.75 t, of it 9.555 t good, out of 10.5 t in; capacity 1.6 t/h -> PRI = 0.625 h/t
# Corrective maintenance 0.6 h, planned 0.2 h; 780 kWh.
SHIFT = Quantities(
    apt_h=6.5,
    pbt_h=7.5,
    aubt_h=7.1,
    adet_h=0.6,
    aoet_h=7.5,
    cmt_h=0.6,
    pmt_h=0.2,
    pri_h_per_t=0.625,
    pq_t=9.75,
    gq_t=9.555,
    cm_t=10.5,
    pl_t=0.75,
    energy_kwh=780.0,
)
BY_HAND = {
    "availability": 0.866667,  # 6.5 / 7.5
    "effectiveness": 0.9375,  # 0.625 × 9.75 / 6.5 = 6.09375 / 6.5
    "quality_ratio": 0.98,  # 9.555 / 9.75
    "oee_index": 0.79625,  # 0.866667 × 0.9375 × 0.98 = 0.8125 × 0.98
    "throughput_rate": 1.3,  # 9.75 t / 7.5 h
    "allocation_efficiency": 0.946667,  # 7.1 / 7.5
    "utilization_efficiency": 0.915493,  # 6.5 / 7.1
    "technical_efficiency": 0.915493,  # 6.5 / (6.5 + 0.6)
    "production_loss_ratio": 0.071429,  # 0.75 / 10.5
    "corrective_maintenance_ratio": 0.75,  # 0.6 / (0.6 + 0.2)
    "energy_per_tonne": 80.0,  # 780 / 9.75
}


@pytest.mark.parametrize("indicator", KPIS, ids=lambda k: k.id)
def test_each_indicator_by_hand(indicator: kpi.Kpi) -> None:
    assert indicator.of(SHIFT) == pytest.approx(BY_HAND[indicator.id], abs=5e-7)


def test_every_indicator_of_the_table_is_there_once() -> None:
    assert [k.id for k in KPIS] == list(BY_HAND)
    assert all(k.name_en and k.name_zh and k.unit for k in KPIS)


@pytest.mark.parametrize("indicator", KPIS, ids=lambda k: k.id)
def test_what_is_not_known_is_none_and_never_zero(indicator: kpi.Kpi) -> None:
    assert indicator.of(Quantities()) is None


FUNCTIONS: list[tuple[Callable[..., float | None], dict[str, float]]] = [
    (kpi.availability, {"apt_h": 1, "pbt_h": 0}),
    (kpi.effectiveness, {"pri_h": 1, "pq": 1, "apt_h": 0}),
    (kpi.quality_ratio, {"gq": 0, "pq": 0}),
    (kpi.throughput_rate, {"pq": 1, "aoet_h": 0}),
    (kpi.allocation_efficiency, {"aubt_h": 1, "pbt_h": 0}),
    (kpi.utilization_efficiency, {"apt_h": 0, "aubt_h": 0}),
    (kpi.technical_efficiency, {"apt_h": 0, "adet_h": 0}),
    (kpi.production_loss_ratio, {"pl": 0, "cm": 0}),
    (kpi.corrective_maintenance_ratio, {"cmt_h": 0, "pmt_h": 0}),
    (kpi.energy_per_tonne, {"energy_kwh": 900, "pq_t": 0}),
    (kpi.mean_time_between_failures, {"apt_h": 100, "failures": 0}),
    (kpi.mean_time_to_restoration, {"restoring_h": 0, "failures": 0}),
]


@pytest.mark.parametrize(
    ("function", "quantities"), FUNCTIONS, ids=lambda x: getattr(x, "__name__", str(x))
)
def test_a_denominator_of_nothing_gives_none(
    function: Callable[..., float | None], quantities: dict[str, float]
) -> None:
    assert function(**quantities) is None


def test_nothing_made_in_a_known_time_is_zero() -> None:
    assert kpi.availability(apt_h=0.0, pbt_h=8.0) == 0.0
    assert kpi.throughput_rate(pq=0.0, aoet_h=8.0) == 0.0


@pytest.mark.parametrize("unknown", [math.nan, math.inf, None])
def test_nan_is_unknown_too(unknown: float | None) -> None:
    assert kpi.availability(apt_h=unknown, pbt_h=8.0) is None
    assert kpi.availability(apt_h=8.0, pbt_h=unknown) is None
    assert kpi.oee_index(availability=1.0, effectiveness=unknown, quality_ratio=1.0) is None
    assert kpi.technical_efficiency(apt_h=1.0, adet_h=unknown) is None


def test_kiln_by_hand() -> None:
    # 8 h shift, 30 min jam: A = 7.5 / 8 = 0.9375.
    # 100 rows in 7.5 h = 27,000 s: 270 s a row; E = 263 / 270 = 0.974074.
    # 400 saggers out, 396 passed: Q = 0.99. OEE = 0.9375 × 0.974074 × 0.99 = 0.904063.
    oee = kpi.kiln_oee(advancing_h=7.5, busy_h=8.0, rows=100.0, saggers=400.0, saggers_passed=396.0)
    assert oee.availability == pytest.approx(0.9375)
    assert oee.effectiveness == pytest.approx(0.974074, abs=5e-7)
    assert oee.quality_ratio == pytest.approx(0.99)
    assert oee.index == pytest.approx(0.904063, abs=5e-7)


def test_a_kilns_planned_interval_is_its_ten_tonnes_a_day() -> None:
    # 10,000 kg/d / 7.6 kg = 1,315.8 saggers/d = 54.8 /h; 4 wide: 13.7 rows/h, one per 262.7 s.
    rows_per_h = 10_000.0 / 7.6 / 24.0 / 4.0
    assert round(3_600.0 / rows_per_h) == kpi.ROW_S


def test_rectifier_by_hand() -> None:
    # 432 h planned busy, 9 runs (one missed of 10), 40 h each but 4 h of a slow one:
    # energised 9 × 40 + 4 = 364 h: A = 364 / 432 = 0.842593.
    # E = 40 × 9 / 364 = 0.989011. 470.25 t unloaded, 465.5475 t good: Q = 0.99.
    # OEE = 0.842593 × 0.989011 × 0.99 = 0.833333 × 0.99 = 0.825.
    oee = kpi.rectifier_oee(
        energised_h=364.0, busy_h=432.0, runs=9.0, unloaded_kg=470_250.0, good_kg=465_547.5
    )
    assert oee.availability == pytest.approx(0.842593, abs=5e-7)
    assert oee.effectiveness == pytest.approx(0.989011, abs=5e-7)
    assert oee.index == pytest.approx(0.825)


def test_a_rectifier_on_schedule_is_switching_for_the_rest() -> None:
    oee = kpi.rectifier_oee(
        energised_h=400.0, busy_h=432.0, runs=10.0, unloaded_kg=1.0, good_kg=1.0
    )
    assert oee.index == pytest.approx(40.0 / 43.2)


def test_a_kiln_without_rows_has_no_effectiveness() -> None:
    oee = kpi.kiln_oee(advancing_h=0.0, busy_h=8.0, rows=0.0, saggers=0.0, saggers_passed=0.0)
    assert (oee.availability, oee.effectiveness, oee.index) == (0.0, None, None)


@pytest.mark.parametrize(
    ("starts_h", "expected"),
    [
        ([[0.0, 432.0, 864.0], [43.2, 475.2]], 432.0),  # ten furnaces in turn: 18 d
        ([[0.0, 432.0], [43.2, 518.4]], (432.0 + 475.2) / 2),  # one run late by 43.2 h
        ([[0.0], []], None),
        ([], None),
    ],
)
def test_furnace_turn(starts_h: list[list[float]], expected: float | None) -> None:
    got = kpi.furnace_turn_h(starts_h)
    assert got == (None if expected is None else pytest.approx(expected))


def test_reliability_by_hand() -> None:
    # 390 h in production, 3 failures of 2 + 4 + 6 h.
    assert kpi.mean_time_between_failures(apt_h=390.0, failures=3) == pytest.approx(130.0)
    assert kpi.mean_time_to_restoration(restoring_h=12.0, failures=3) == pytest.approx(4.0)


hours = st.floats(0.01, 1e4)


@given(apt=hours, adet=hours, idle=hours, pq=hours, scrap=st.floats(0.0, 0.99), pri=hours)
def test_oee_is_the_time_that_good_items_need_over_planned_busy_time(
    apt: float, adet: float, idle: float, pq: float, scrap: float, pri: float
) -> None:
    pbt, gq = apt + adet + idle, pq * (1.0 - scrap)
    made = Quantities(
        apt_h=apt, pbt_h=pbt, aubt_h=apt + adet, adet_h=adet, pri_h_per_t=pri, pq_t=pq, gq_t=gq
    )
    assert made.oee.index == pytest.approx(pri * gq / pbt)
    allocation = kpi.allocation_efficiency(aubt_h=made.aubt_h, pbt_h=pbt)
    utilization = kpi.utilization_efficiency(apt_h=apt, aubt_h=made.aubt_h)
    assert allocation is not None
    assert utilization is not None
    assert allocation * utilization == pytest.approx(made.oee.availability)
    assert utilization == pytest.approx(kpi.technical_efficiency(apt_h=apt, adet_h=adet))
