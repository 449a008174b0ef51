"""Loss totals and the time model: they add up exactly, whatever happened."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.instants import MINUTE_NS
from service.domain.kpi import KPIS
from service.domain.losses.entries import ReasonEntry
from service.domain.losses.events import StageLosses, find_losses
from service.domain.losses.reasons import Reason
from service.domain.losses.states import State
from service.domain.losses.timemodel import TimeModel, quantities, time_model
from service.domain.losses.totals import LossTotals, longest, loss_totals, reliability
from tests.losses_line import FEEDS, FIRST, kg, stage


def entry(a: int, b: int, reason: Reason | None, *, unit: str = "A1") -> ReasonEntry:
    a_ns, b_ns = (FIRST + a) * MINUTE_NS, (FIRST + b) * MINUTE_NS
    return ReasonEntry(unit, a_ns, b_ns, reason, "", "li", b_ns, 1)


def one(pattern: str, *entries: ReasonEntry, **more: object) -> StageLosses:
    return find_losses([stage("A", [kg(pattern)], **more)], FEEDS, entries=entries)["A"]  # type: ignore[arg-type]


def test_totals_by_hand() -> None:
    # 100 min at 10 kg due. Known: 90 min -> plan 900 kg.
    # 20 min stopped (5 of them PM): 150 + 50 kg lost. 10 min unknown. 50 min at full: 0 lost.
    # 20 min at 11 kg: a gain of 20 kg. Actual: 50 × 10 + 20 × 11 = 720. 900 − 720 = 180 = 200 − 20.
    row = np.concatenate([kg("+*25 0*20 +*25 ?*10"), np.full(20, 11.0)])
    found = find_losses([stage("A", [row])], FEEDS, entries=[entry(30, 35, Reason.PM)])["A"]
    got = loss_totals(found)
    assert (got.plan_kg, got.actual_kg, got.lost_kg) == (900.0, 720.0, 180.0)
    assert got.by_reason == {Reason.UN: 150.0, Reason.PM: 50.0}
    assert got.speed_kg == pytest.approx(-20.0)
    assert (got.unknown_min, got.unknown_due_kg) == (10, 100.0)
    assert got.finished_kg(180.0) == 180.0


def test_what_is_made_outside_the_plan_is_a_gain_of_its_own() -> None:
    planned = np.ones(40)
    planned[20:] = 0.0
    got = loss_totals(one("+*40", planned=planned))
    assert (got.plan_kg, got.speed_kg, got.off_plan_kg) == (200.0, 0.0, -200.0)


def test_what_was_due_without_an_order_is_told_apart() -> None:
    idle = np.zeros((1, 40), np.bool_)
    idle[0, 20:] = True
    got = loss_totals(one("+*20 0*20", idle=idle))
    assert (got.idle_kg, got.by_reason, got.speed_kg) == (200.0, {}, 0.0)


def test_totals_of_some_units() -> None:
    found = find_losses([stage("A", [kg("+*40"), kg("+*20 0*20")])], FEEDS)["A"]
    assert loss_totals(found, units=["A1"]).lost_kg == 0.0
    assert loss_totals(found, units=["A2"]).by_reason == {Reason.UN: 200.0}
    assert loss_totals(found).lost_kg == 200.0


@st.composite
def lines(draw: st.DrawFn) -> dict[str, StageLosses]:
    """Two stages of two units with anything happening: stops, unknown, plan, orders, reasons."""
    n = draw(st.integers(20, 150))

    def row() -> np.ndarray:
        parts = draw(
            st.lists(
                st.tuples(st.sampled_from("++++00?59"), st.integers(1, 40)), min_size=8, max_size=8
            )
        )
        pattern = " ".join(f"{sign}*{times}" for sign, times in parts) + f" +*{n}"
        return kg(pattern)[:n] * draw(st.floats(0.8, 1.2))

    planned = np.repeat(
        draw(st.lists(st.sampled_from([0.0, 0.3, 1.0, 1.0, 1.0]), min_size=8, max_size=8)), 20
    )[:n]
    planned = np.concatenate([planned, np.ones(max(n - len(planned), 0))])
    cut = draw(st.integers(0, n))
    idle = np.zeros((2, n), np.bool_)
    idle[draw(st.integers(0, 1)), cut:] = draw(st.booleans())
    spare = np.zeros((2, n), np.bool_)
    spare[1, draw(st.integers(0, n)) :] = True
    entries = [
        entry(a, a + length, reason, unit=unit)
        for a, length, reason, unit in draw(
            st.lists(
                st.tuples(
                    st.integers(0, n), st.integers(1, 60), st.sampled_from([*Reason, None]),
                    st.sampled_from(["A1", "A2", "B1"]),
                ),
                max_size=5,
            )
        )
    ]  # fmt: skip
    a = stage("A", [row(), row()], planned=planned, idle=idle, standing_by=spare, eq=0.9)
    b = stage("B", [row(), row()], planned=planned, cycle_min=draw(st.sampled_from([0.0, 7.0])))
    return find_losses([a, b], FEEDS, entries=entries)


@given(found=lines())
@settings(max_examples=60, deadline=None)
def test_losses_add_up_to_plan_less_actual_over_the_known_minutes(
    found: dict[str, StageLosses],
) -> None:
    for losses in found.values():
        minutes = losses.minutes
        got = loss_totals(losses)
        known = minutes.known
        assert got.plan_kg == pytest.approx(float(minutes.due_kg[known].sum()))
        assert got.actual_kg == pytest.approx(float(np.nansum(minutes.kg)))
        assert got.parts_kg == pytest.approx(got.lost_kg, abs=1e-7)
        assert got.off_plan_kg <= 0.0
        by_unit = [loss_totals(losses, units=[unit.id]) for unit in minutes.units]
        assert sum(t.lost_kg for t in by_unit) == pytest.approx(got.lost_kg, abs=1e-7)
        assert _merged(by_unit) == pytest.approx(dict(got.by_reason), abs=1e-7)


def _merged(totals: list[LossTotals]) -> dict[Reason, float]:
    reasons = {reason for t in totals for reason in t.by_reason}
    return {r: sum(t.by_reason.get(r, 0.0) for t in totals) for r in reasons}


@given(found=lines())
@settings(max_examples=40, deadline=None)
def test_the_speed_class_is_what_no_event_explains(found: dict[str, StageLosses]) -> None:
    for losses in found.values():
        minutes = losses.minutes
        free = minutes.known & (losses.attributed.state == State.RUNNING)
        for event in losses.events:
            row = [unit.id for unit in minutes.units].index(event.unit)
            assert not free[row, event.minutes_in(minutes)].any()
        speed = float((minutes.due_kg - np.nan_to_num(minutes.kg))[free].sum())
        assert loss_totals(losses).speed_kg == pytest.approx(speed, abs=1e-7)


@given(found=lines())
@settings(max_examples=40, deadline=None)
def test_every_minute_is_somewhere_in_the_time_model(found: dict[str, StageLosses]) -> None:
    for losses in found.values():
        time = time_model(losses)
        n_units, n = losses.attributed.state.shape
        assert time.calendar == n_units * n
        assert time.planned == pytest.approx(n_units * float(losses.minutes.planned.sum()))
        assert time.production == pytest.approx(time.running, abs=1e-9)
        assert min(time.busy, time.seen, time.production) >= -1e-9
        parts = [time_model(losses, units=[unit.id]) for unit in losses.minutes.units]
        assert sum(p.running for p in parts) == pytest.approx(time.running)


def test_the_time_model_by_hand() -> None:
    # 480 min: 60 not planned, 420 planned; 30 without an order: 390 busy; 20 unknown: 370 seen;
    # 50 stopped, 20 of them curtailed (EN): busy 370, seen 350, down 30; running 320.
    # 320 min × 10 kg at a capacity of 12 kg a minute: net 266.67 min; 98 % good: 261.33 min.
    planned = np.ones(480)
    planned[:60] = 0.0
    idle = np.zeros((1, 480), np.bool_)
    idle[0, 60:90] = True
    found = one(
        "0*90 +*100 0*50 +*20 ?*20 +*200", entry(220, 240, Reason.EN_CURTAIL),
        planned=planned, idle=idle,
    )  # fmt: skip
    time = time_model(found, good_kg=3_136.0)
    assert (time.calendar, time.planned, time.busy, time.seen) == (480.0, 420.0, 370.0, 350.0)
    assert (time.down, time.starved, time.blocked, time.production) == (30.0, 0.0, 0.0, 320.0)
    assert time.net == pytest.approx(320 * 10 / 12)
    assert time.good == pytest.approx(320 * 10 / 12 * 0.98)
    assert time.known_share == pytest.approx(350 / 370)


def test_starved_and_blocked_are_told_apart_from_down() -> None:
    line = [
        stage("A", [kg("+*10 0*50 +*40")]),
        stage("B", [kg("+*20 0*40 +*40")]),
        stage("C", [kg("+*100")]),
    ]
    time = time_model(find_losses(line, FEEDS)["B"])
    assert (time.down, time.starved, time.running) == (0.0, 40.0, 60.0)


def test_indicators_from_the_time_model_by_hand() -> None:
    # 100 min seen, 20 starved, 10 down with EQ: APT 70, ADET 10, AUBT 80, PBT 100 min.
    # 700 kg at 12 kg a minute: PRI × PQ = 58.33 min; E = 58.33 / 70 = 0.8333. Q = 0.99.
    # OEE = 0.7 × 0.8333 × 0.99 = 0.5775. Allocation 0.8, utilization = technical = 0.875.
    line = [stage("A", [kg("+*10 0*20 +*70")]), stage("B", [kg("+*20 0*20 +*30 0*10 +*20")])]
    losses = find_losses(line, FEEDS, entries=[entry(70, 80, Reason.EQ_MECH, unit="B1")])["B"]
    made = quantities(
        time_model(losses), pq_kg=700.0, gq_kg=693.0, cm_kg=735.0, energy_kwh=70.0,
        events=losses.events,
    )  # fmt: skip
    got = {k.id: k.of(made) for k in KPIS}
    assert got == pytest.approx(
        {
            "availability": 0.7,
            "effectiveness": 0.833333,
            "quality_ratio": 0.99,
            "oee_index": 0.5775,
            "throughput_rate": 0.42,  # 0.7 t in 100 min
            "allocation_efficiency": 0.8,
            "utilization_efficiency": 0.875,
            "technical_efficiency": 0.875,
            "production_loss_ratio": 35 / 735,
            "corrective_maintenance_ratio": 1.0,
            "energy_per_tonne": 100.0,
        },
        abs=1e-6,
    )


def test_a_window_that_nobody_saw_has_no_indicators() -> None:
    time = time_model(one("?*60"))
    made = quantities(time, pq_kg=None)
    assert (time.busy, time.seen, time.known_share) == (60.0, 0.0, 0.0)
    assert [k.of(made) for k in KPIS] == [None] * len(KPIS)


def test_failures_are_counted_once() -> None:
    losses = one(
        "0*10 +*20 0*20 +*20 0*10 +*20 0*10 +*20",
        entry(0, 10, Reason.EQ_MECH),  # went on from before
        entry(30, 40, Reason.EQ_MECH),
        entry(40, 50, Reason.EQ_ELEC),  # the same stop, found to be electrical
        entry(70, 80, Reason.PM),
    )  # the last stop is not explained
    got = reliability(losses.events, production_h=4.0)
    assert (got.failures, got.mtbf_h) == (1, 4.0)
    assert got.corrective_h == pytest.approx(30 / 60)
    assert got.mttr_h == pytest.approx(20 / 60)  # the one from before has its time elsewhere
    assert got.planned_h == pytest.approx(10 / 60)
    none = reliability([], production_h=4.0)
    assert (none.failures, none.mtbf_h, none.mttr_h) == (0, None, None)


def test_the_costliest_come_first() -> None:
    losses = one("+*10 0*5 +*10 0*30 +*10 ?*90 +*10 0*20 +*10")
    assert [e.lost_kg for e in longest(losses.events, n=3)] == [300.0, 200.0, 50.0]
    assert [e.lost_kg for e in longest(losses.events, n=9)][-1] is None


def test_time_models_of_nobody() -> None:
    time = time_model(one("+*10"), units=[])
    assert isinstance(time, TimeModel)
    assert (time.calendar, time.net, time.good) == (0.0, None, None)
