"""The plant under its clock: counters, truth, and sampling that changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import METER_INDEX, METER_SLICES, METERS
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS

START_NS = 1_772_323_200 * SECOND_NS
"""2026-03-01T00:00Z"""
MILL = "CR-L03-WQ101.TOT"


def plant(**given: object) -> Plant:
    return Plant(**{"seed": 1, "start_ns": START_NS, **given})  # type: ignore[arg-type]


def readings(of: Plant, after_s: float) -> np.ndarray:
    time_ns = START_NS + round(after_s * SECOND_NS)
    of.advance_to(time_ns)
    return of.readings(time_ns)


def shown(of: Plant, tag: str, after_s: float) -> float:
    return float(readings(of, after_s)[METER_INDEX[tag]])


def test_sampling_changes_nothing() -> None:
    often, once = plant(), plant()
    for after_s in range(0, 601, 1):
        last = readings(often, after_s)
    np.testing.assert_array_equal(last, readings(once, 600))


def test_counters_rise_between_two_ticks() -> None:
    of = plant()
    seen = [shown(of, "CT-M01-WQ302.TOT", after_s) for after_s in range(60)]
    steps = np.diff(seen)
    assert (steps >= 0).all()
    assert len(np.flatnonzero(steps)) > 10


def test_counters_show_whole_units_and_wrap() -> None:
    of = plant(rollover={MILL: 65_536.0}, preset={MILL: 65_000.0})
    assert shown(of, MILL, 0) == 65_000.0
    seen = [shown(of, MILL, after_s) for after_s in range(0, 7_201, 10)]
    assert all(value == int(value) and 0 <= value < 65_536 for value in seen)
    falls = np.flatnonzero(np.diff(seen) < 0)
    assert len(falls) == 1
    true_kg = of.truth.kg(MILL).sum()
    counted = seen[-1] - seen[0] + 65_536
    assert counted == pytest.approx(true_kg, abs=10)


def test_a_reset_begins_anew_where_the_plant_stands() -> None:
    of = plant()
    before = shown(of, MILL, 600)
    of.inject("totaliser_reset", MILL, at_ns=START_NS + 600 * SECOND_NS)
    assert before > 1_000
    assert shown(of, MILL, 600) == 0.0
    of.advance_to(START_NS + HOUR_NS)
    since_kg = of.truth.kg(MILL)[10:].sum()
    assert shown(of, MILL, 3_600) == pytest.approx(since_kg, abs=1)


def test_truth_is_what_the_meters_measured() -> None:
    of = plant()
    of.advance_to(START_NS + 6 * HOUR_NS)
    assert of.truth.first_minute == START_NS // MINUTE_NS
    assert of.truth.minutes == 360
    every = of.truth.all_kg()
    assert every.shape == (360, len(METERS))
    for stage, where in METER_SLICES.items():
        of_stage = of.truth.stage_kg(stage)
        np.testing.assert_allclose(of_stage, every[:, where].sum(axis=1), atol=1e-6)
        assert of_stage.sum() / 1_000 == pytest.approx(of.true_t(stage), rel=1e-9)
    np.testing.assert_allclose(of.truth.kg(MILL), every[:, METER_INDEX[MILL]])


def test_truth_needs_no_memory_where_nobody_asks_for_minutes() -> None:
    of = plant(keep_minutes=False)
    of.advance_to(START_NS + HOUR_NS)
    assert of.truth.minutes == 0
    assert of.true_t("CR") > 8.0


def test_a_start_within_a_minute_is_cut() -> None:
    assert plant(start_ns=START_NS + 59 * SECOND_NS).start_ns == START_NS


def test_only_meters_are_preset() -> None:
    with pytest.raises(ValueError, match=r"CR-L03-II110\.PV is no meter"):
        plant(preset={"CR-L03-II110.PV": 1.0})
