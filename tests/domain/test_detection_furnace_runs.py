"""Furnaces whose runs are the observations."""

from __future__ import annotations

import numpy as np
import pytest

from service.domain.detection.furnace_runs import find_unloads, in_order, run_residuals


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
