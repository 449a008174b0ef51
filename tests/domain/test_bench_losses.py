"""Sustained losses in clean months: how soon they are found, and how often nothing is."""

from __future__ import annotations

import os

import numpy as np
import pytest

from connectors.simulator.months.clean import HABITS, PACE, flow_stage
from connectors.simulator.process.burden import Burden
from connectors.simulator.process.mass import MassModel
from connectors.simulator.process.reference import METER_SLICES
from service.cli.bench.losses import detect_campaign
from service.cli.bench.windowed import WindowRule, run_rule
from service.domain.detection.inflow import fit_following
from service.domain.detection.residuals import Residuals

HOUR_TICKS = 360


@pytest.fixture
def seed() -> int:
    given = os.environ.get("ANODEWATCH_SEED")
    return int.from_bytes(os.urandom(4), "big") if given is None else int(given)


@pytest.mark.timeout(1_200)
def test_sustained_losses_are_found_at_a_stated_rate_of_false_alarms(
    torture: bool, seed: int
) -> None:
    months, plants = (200, 5) if torture else (20, 2)
    print(f"\nseed {seed}")
    found = detect_campaign(months, np.random.default_rng(seed), plants=plants)
    for row in found.false_alarms:
        if row.detector == "cusum":
            assert row.low <= 1.0, row
    for one in found.detections:
        if one.detector == "cusum" and one.loss >= 0.1:
            assert one.found >= 0.95, one


def test_a_windowed_rule_waits_for_its_delays_and_holds_through_the_unknown() -> None:
    ratio = np.r_[np.zeros(4), np.full(5, -0.3), np.full(3, np.nan), np.zeros(6)][np.newaxis]
    share = np.where(np.isnan(ratio), 0.0, 1.0)
    rule = WindowRule(1, below=0.2, deadband=0.05, on_blocks=2, off_blocks=1)
    standing = run_rule(rule, Residuals(ratio, share))[0]
    assert np.flatnonzero(standing).tolist() == list(range(6, 13))


def test_the_quick_months_behave_as_the_mass_model_does(torture: bool) -> None:
    """Both flow stages follow the furnaces with the same lag and leave the same noise."""
    days = 60 if torture else 10
    model, made, fed = MassModel(5), [], []
    for _ in range(days * 24):
        for _ in range(HOUR_TICKS):
            model.tick(Burden())
        made.append(float(model.amount[METER_SLICES["SC"]].sum()))
        fed.append(float(model.amount[METER_SLICES["GZ"]].sum()))
    feed = np.diff(np.array(fed)) / (fed[-1] / len(fed)) - 1.0
    hours = np.diff(np.array(made))
    whole = Residuals(hours / hours.mean() - 1.0, np.ones(hours.size))
    slow = following_of(whole, feed, skip=24 * (days // 3))

    watched = flow_stage(np.random.default_rng(5), np.zeros((1, HABITS)), days)[0]
    assert watched.inflow is not None
    own = Residuals((1.0 + watched.residuals.ratio) / PACE - 1.0, watched.residuals.share)
    quick = following_of(own, (1.0 + watched.inflow) / PACE - 1.0, skip=0)
    print(f"lag h and spread: mass model {slow}, quick {quick}")
    assert quick[0] == pytest.approx(slow[0], rel=0.6)
    assert quick[1] == pytest.approx(slow[1], rel=0.15)


def following_of(residuals: Residuals, feed: np.ndarray, *, skip: int) -> tuple[float, float]:
    """Lag and what is left of the residuals, after ``skip`` blocks."""
    kept = Residuals(residuals.ratio[skip:], residuals.share[skip:])
    following = fit_following(kept, feed)
    assert following is not None
    return following.lag_blocks, float(np.nanstd(following.against(kept, feed).ratio))
