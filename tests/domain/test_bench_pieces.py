"""What the figures of ``anodewatch bench detect`` rest on: quick months, and a rule in blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from connectors.simulator.months.clean import HABITS, PACE, flow_stage
from connectors.simulator.months.line import STAGES, make_line
from connectors.simulator.months.signals import KINDS, draw_troubles, show
from connectors.simulator.process.burden import Burden
from connectors.simulator.process.mass import MassModel
from connectors.simulator.process.reference import METER_SLICES, STAGE
from service.cli.bench.windowed import WindowRule, run_rule
from service.domain.detection.inflow import fit_following
from service.domain.detection.residuals import Residuals
from service.settings import load_site

HOUR_TICKS = 360
SAMPLE = Path("deploy/sites/changzhi")


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


def test_the_quick_line_behaves_as_the_mass_model_does() -> None:
    """The flows' hourly spread, and that what comes in goes out."""
    made = make_line(np.random.default_rng(9), 2, 12)
    hours = {stage: kg.sum(axis=2).reshape(-1, 60, 2).sum(axis=1) for stage, kg in made.kg.items()}
    spread = {
        stage: float((kg.std(axis=0) / kg.mean(axis=0)).mean()) for stage, kg in hours.items()
    }
    assert spread["SC"] == pytest.approx(0.0085, rel=0.35)
    assert spread["DM"] == pytest.approx(0.0053, rel=0.15)
    eq = {stage: STAGE[stage].finished_eq for stage in hours}
    finished = {stage: kg.sum() * eq[stage] for stage, kg in hours.items() if stage != "PK"}
    assert finished["GZ"] == pytest.approx(finished["DM"], rel=0.02)


def test_a_month_shows_every_trouble_once_and_nothing_else() -> None:
    rng = np.random.default_rng(12)
    meters = [m for m in load_site(SAMPLE).line.meters if m.stage in STAGES]
    minutes = 44 * 1_440
    troubles = draw_troubles(rng, meters, minutes, from_minute=14 * 1_440)
    assert sorted({one.kind for one in troubles}) == sorted(KINDS)
    steady = {m.id: np.full(minutes, 12.0 if m.kg_per_unit < 500 else 500 / 14) for m in meters}
    shown = show(rng, meters, steady, troubles, start_ns=0)
    lost = sum(t.lasts for t in troubles if t.kind in ("communication", "reset in a gap"))
    assert all(int((~one.came).sum()) == lost for one in shown.meters.values())
    for one in troubles:
        own = shown.meters.get(one.target)
        if one.kind == "stuck" and own is not None:
            assert len(set(own.value[one.minute - 1 : one.minute + one.lasts].tolist())) == 1
        if one.kind == "reset" and own is not None:
            assert own.value[one.minute] < own.value[one.minute - 1]
        if one.kind == "clock":
            off = (shown.meters["SC-L01"].time_ns - shown.meters["SC-L01"].received_ns) / 1e9
            assert off[one.minute] == pytest.approx(one.offset_s)
    # A second of the last minute before a gap still belongs to what is known.
    assert shown.coverage.gaps(0, minutes * 60 * 10**9)[0][0] % (60 * 10**9) == 10**9
