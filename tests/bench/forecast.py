"""Forecast: how well its bands and probabilities hold over simulated years, and what one costs."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from service.domain.forecast.outlook import BANDS, PERIODS
from service.domain.plan import Window
from tests.bench.measure import rounded, spent
from tests.forecast_years import Campaign, Unforeseen, campaign

YEARS = 2_400
YEARS_BEYOND = 1_200
BEYOND = {"wanders_3_pct_a_year": Unforeseen(wander=0.03), "steps_5_pct": Unforeseen(step=0.05)}


async def forecast(folder: Path) -> dict[str, Any]:
    """Years of plants that nobody has seen before, each forecast once at a random hour.

    coverage: share of the truths inside each band. reliability: by tenths of P(≥ target of the
    year), how many forecasts, their mean P, and the share that came so. beyond: coverage of the
    year where its level moves in a way that no past tells of.
    """
    seed = secrets.randbits(63)
    with spent() as spending:
        found = campaign(seed, YEARS)
    return {
        "years": YEARS,
        "seed": seed,
        "without_forecast": found.refused,
        "coverage": {str(window): _coverage(found, window) for window in PERIODS},
        "reliability": found.reliability(Window.YEAR),
        "beyond": {
            name: _coverage(campaign(seed, YEARS_BEYOND, how), Window.YEAR)
            for name, how in BEYOND.items()
        },
        **spending.figures(),
    }


def _coverage(found: Campaign, window: Window) -> dict[str, float]:
    """In percent, by band."""
    return {f"{share:.0%}": rounded(100 * found.coverage(window, share)) for share in BANDS}
