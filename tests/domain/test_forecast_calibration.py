"""The bands hold what they promise over simulated years, each of another plant."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from service.domain.forecast.outlook import PERIODS
from service.domain.plan import Window
from tests.forecast_years import campaign

YEARS, YEARS_IN_FULL = 600, 2_400
WITHIN = 0.03
BINS = 5


@pytest.mark.timeout(1_200)
def test_bands_cover_and_probabilities_come_true(torture: bool) -> None:
    """Within 3 points in full. A smaller campaign's share strays by chance, so it is allowed three
    standard deviations of the binomial besides."""
    seed = secrets.randbits(63)
    found = campaign(seed, YEARS_IN_FULL if torture else YEARS)
    year = found.of(Window.YEAR)
    assert found.refused < 0.05 * found.years
    assert len(year) + found.refused == found.years

    def noise(share: float, count: float) -> float:
        return 0.0 if torture else 3.0 * float(np.sqrt(share * (1.0 - share) / count))

    for share in (0.8, 0.9):
        covered = found.coverage(Window.YEAR, share)
        assert abs(covered - share) <= WITHIN + noise(share, len(year)), (seed, share, covered)
    for window in PERIODS:  # the shorter ones are not promised as closely
        covered = found.coverage(window, 0.8)
        assert abs(covered - 0.8) <= 0.08 + noise(0.8, len(year)), (seed, window, covered)
    for row in found.reliability(Window.YEAR, BINS):
        strays = 3.0 * float(np.sqrt(row["said"] * (1.0 - row["said"]) / row["count"]))
        assert abs(row["came"] - row["said"]) <= WITHIN + strays, (seed, row)


def test_years_differ_in_what_the_forecaster_cannot_know() -> None:
    """A campaign of plants that are all alike, or all on plan, would prove nothing."""
    year = campaign(7, 60).of(Window.YEAR)
    totals = np.array([one.truth_kg / one.outlook.period.target_kg for one in year])
    assert 0.015 < totals.std() < 0.10
    said = np.array([one.outlook.p_target for one in year])
    assert (said < 0.2).any()
    assert (said > 0.8).any()
    widths = [one.outlook.bands[1].high_kg - one.outlook.bands[1].low_kg for one in year]
    assert max(widths) > 5 * min(widths)
