"""A drifting scale told from a real loss, and furnaces whose runs are the observations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from service.domain.detection.balance import (
    Cause,
    Node,
    cause_of,
    cumulated,
    mismatches,
    scale_errors,
    unmeasured_stock_sd_kg,
)
from service.domain.detection.furnace_runs import find_unloads, in_order, run_residuals

MADE_KG = 2_000_000.0


def line(made: dict[str, float]) -> list[Node]:
    """Four stages one after another, ten days, each with a yield of 100 %."""
    stock_sd_kg = unmeasured_stock_sd_kg(20_000.0)
    return [
        Node(stage, MADE_KG * made.get(stage, 1.0), 1.0, 0.002, 0.003, 0.0, stock_sd_kg)
        for stage in ("CT", "CB", "SC", "DM")
    ]


def test_a_scale_that_reads_low_opens_two_opposite_gaps() -> None:
    nodes = line({"CB": 0.95})
    before, after, rest = mismatches(nodes)
    assert (before.upstream, before.downstream) == ("CT", "CB")
    assert before.difference_kg == pytest.approx(0.05 * MADE_KG)
    assert after.difference_kg == pytest.approx(-0.05 * MADE_KG)
    assert rest.difference_kg == pytest.approx(0.0)
    assert before.z > 5.0
    worst = max(scale_errors(nodes), key=lambda error: error.score)
    assert worst.stage == "CB"
    assert worst.error == pytest.approx(-0.05, abs=2.0 * worst.sd)


@pytest.mark.parametrize(
    ("made", "stage", "deviation", "cause"),
    [
        ({"CB": 0.95}, "CB", -0.05, Cause.SCALE),
        (dict.fromkeys(("CT", "CB", "SC", "DM"), 0.95), "CB", -0.05, Cause.LOSS),
        ({"CB": 0.999}, "CB", -0.002, Cause.UNDECIDED),
        ({"SC": 0.95}, "CB", -0.05, Cause.UNDECIDED),
    ],
)
def test_the_cause_of_a_deviation(
    made: dict[str, float], stage: str, deviation: float, cause: Cause
) -> None:
    found, probability = cause_of(line(made), stage, deviation)
    assert found is cause
    assert 0.0 <= probability <= 1.0


def test_a_measured_stock_explains_what_went_into_it() -> None:
    nodes = line({"SC": 0.97, "DM": 0.97})
    kept = replace(nodes[1], stock_kg=0.03 * MADE_KG, stock_sd_kg=500.0)
    assert abs(mismatches([nodes[0], kept, *nodes[2:]])[1].z) < 0.1


def test_a_balance_needs_two_stages() -> None:
    with pytest.raises(ValueError, match="two neighbouring stages, not 1"):
        mismatches(line({})[:1])


def test_cumulated_differences_leave_out_what_is_unknown() -> None:
    made = np.array([10.0, np.nan, 10.0])
    difference, sd = cumulated(made, np.array([9.0, 9.0, 9.0]), stock_sd_kg=3.0, relative_sd=0.2)
    assert difference.tolist() == [1.0, 1.0, 2.0]
    assert sd.tolist() == pytest.approx([np.hypot(3, 2), np.hypot(3, 2), 5.0])


def furnace(minutes: int, unloads: dict[int, float]) -> np.ndarray:
    """52 t over three hours, from each of the minutes on."""
    kg = np.zeros(minutes)
    for at, mass_kg in unloads.items():
        kg[at : at + 180] = mass_kg / 180
    return kg


def test_each_unload_is_one_observation_of_its_rectifier() -> None:
    kg = furnace(9_000, {100: 52_000.0, 2_692: 52_000.0, 5_284: 46_800.0, 8_900: 52_000.0})
    unloads = find_unloads(kg)
    assert unloads.end_minute.tolist() == [280, 2_872, 5_464]  # the last has not ended
    assert unloads.kg.tolist() == pytest.approx([52_000.0, 52_000.0, 46_800.0])
    ends, residuals = run_residuals(unloads, rate_kg_per_min=52_000.0 / 2_592)
    assert ends.tolist() == [2_872, 5_464]
    assert residuals.ratio.tolist() == pytest.approx([0.0, -0.1])
    hidden = kg.copy()
    hidden[2_750:2_760] = np.nan
    _, unknown = run_residuals(find_unloads(hidden), rate_kg_per_min=20.0)
    assert np.isnan(unknown.ratio).all()
    merged, all_of_them = in_order([(ends, residuals), (ends + 50, residuals)])
    assert merged.tolist() == [2_872, 2_922, 5_464, 5_514]
    assert all_of_them.ratio.tolist() == pytest.approx([0.0, 0.0, -0.1, -0.1])
    assert not len(find_unloads(np.zeros(100)).kg)
