"""Off-curve rules: a run that lacks power is found, a cut and a good run are none, what nobody saw
is unknown."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from service.domain.alarm import Priority, TransitionKind
from service.domain.arrays import Float64s
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.backtest.replay import replay
from service.domain.calendar import Downtime
from service.domain.definitions import define
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.losses.curve import CurveState, judge_energy
from service.domain.losses.off_curve import CurvedRuns, curve_of
from service.domain.losses.run_rules import judge
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.rules import OffCurveRule, Timing
from service.settings import load_site
from tests.domain.test_missed_run_rule import (
    KWH,
    LINE,
    RUN_MIN,
    START_NS,
    SWITCH_MIN,
    N,
    book,
    starts_at,
)
from tests.replayed import replayed
from tests.sites import SAMPLE

POINTS = ((0.0, 10.0), (10.0, 12.0), (40.0, 15.0))
RULE = OffCurveRule("off", ("GZ",), POINTS, 2.0, 5.0, Priority.HIGH, Timing())
WINDOW = 120
CURVE = curve_of(RULE)
GOOD = np.diff(CURVE.kwh)
FIRST, SECOND, THIRD = starts_at(0, 0, 0)
CODE = {CurveState.ON_CURVE: FALSE, CurveState.UNKNOWN: UNKNOWN,
        CurveState.ABOVE: TRUE, CurveState.BELOW: TRUE}  # fmt: skip


def runs() -> Float64s:
    """A rectifier's energy: off for 10 h, then one good run after the other."""
    cycle = np.concatenate((GOOD, np.zeros(SWITCH_MIN)))
    return np.concatenate((np.zeros(600), np.tile(cycle, N // len(cycle) + 1)))[:N]


def said(kwh: Float64s, *down: Downtime, rule: OffCurveRule = RULE) -> tuple[np.ndarray, ...]:
    of = book(kwh, *down)
    (alarm,) = define((rule,), tags=(), line=LINE).stages
    found = Past(of, Grid(of.plan, START_NS, START_NS + N * MINUTE_NS)).inputs(alarm)
    return found.clear, found.value


def test_one_alarm_for_each_energy_meter() -> None:
    (alarm,) = define((replace(RULE, priority=None),), tags=(), line=LINE).stages
    assert (alarm.definition.id, alarm.definition.asset) == ("off:GZ-G1", "GZ-G1")
    assert (alarm.definition.kind, alarm.definition.unit) == ("off_curve", "%")
    assert alarm.definition.message_en.endswith("more than 5 % off its curve")
    assert alarm.definition.priority is Priority.CRITICAL  # a rectifier's day: 28 t


def test_a_good_run_is_quiet_and_a_young_one_unknown() -> None:
    code, value = said(runs())
    assert (code[:FIRST] == UNKNOWN).all()
    for start in (FIRST, SECOND, THIRD):
        assert (code[start : start + WINDOW - 1] == UNKNOWN).all()
        assert (code[start + WINDOW - 1 : start + RUN_MIN] == FALSE).all()
        assert np.abs(value[start + WINDOW : start + RUN_MIN]).max() < 0.01
        # Once a run is over nothing is off its curve.
        assert (code[start + RUN_MIN + 30 : start + RUN_MIN + SWITCH_MIN] == FALSE).all()


@pytest.mark.parametrize(("factor", "sign"), [(0.7, -1), (0.9, -1), (1.2, 1)])
def test_energy_off_the_curve_is_told_until_it_is_back(factor: float, sign: int) -> None:
    kwh = runs()
    a, b = FIRST + 600, FIRST + 960
    kwh[a:b] *= factor
    code, value = said(kwh)
    off = np.flatnonzero(code == TRUE)
    # A window of 120 minutes is 5 % off after so many of them.
    assert off[0] - a == pytest.approx(WINDOW * 0.05 / abs(1.0 - factor), abs=3)
    assert b < off[-1] < b + WINDOW
    assert (np.diff(off) == 1).all()
    assert np.sign(value[off]).tolist() == [sign] * len(off)
    assert value[b - 1] == pytest.approx(100.0 * (factor - 1.0), abs=0.01)


def test_a_power_cut_is_not_off_the_curve() -> None:
    kwh = runs()
    whole = kwh[FIRST : FIRST + RUN_MIN]
    cut = np.concatenate((whole[:700], np.zeros(150), whole[700:]))
    kwh[FIRST : FIRST + len(cut)] = cut
    code, _ = said(kwh)
    assert (code[FIRST + WINDOW : SECOND] == FALSE).all()
    assert not (code == TRUE).any()


def test_a_run_that_stops_off_its_curve_stays_so_until_it_is_over() -> None:
    kwh = runs()
    kwh[FIRST + 600 : FIRST + 800] *= 0.5
    kwh[FIRST + 800 :] = 0.0
    code, value = said(kwh)
    # Without power for two days it is given up.
    ended = FIRST + 800 + 2_880
    assert (code[FIRST + 700 : ended] == TRUE).all()
    assert (code[ended:] == FALSE).all()
    assert value[ended - 1] == value[FIRST + 799]


def test_what_follows_a_whole_run_without_a_pause_is_unknown() -> None:
    kwh = runs()
    kwh[FIRST : FIRST + 2 * RUN_MIN] = np.tile(GOOD, 2)
    code, _ = said(kwh)
    after = FIRST + RUN_MIN
    assert not (code == TRUE).any()
    assert (code[after + 5 : after + RUN_MIN] == UNKNOWN).all()


def test_power_in_planned_downtime_does_not_count() -> None:
    kwh = runs()
    a, b = FIRST + 600, FIRST + 900
    kwh[a:b] *= 0.5  # a curtailment reserve is used
    down = Downtime(START_NS + a * MINUTE_NS, START_NS + b * MINUTE_NS, "reserve")
    assert (said(kwh)[0] == TRUE).any()
    code, _ = said(kwh, down)
    assert not (code == TRUE).any()
    assert (code[a + 60 : b] == UNKNOWN).all()
    assert (code[b + WINDOW : FIRST + RUN_MIN] == FALSE).all()


def test_a_run_whose_place_on_the_curve_nobody_saw_is_unknown() -> None:
    kwh = runs()
    kwh[SECOND - SWITCH_MIN - 5 : SECOND + 600] = np.nan
    code, _ = said(kwh)
    assert (code[SECOND - 5 : THIRD - SWITCH_MIN] == UNKNOWN).all()
    assert (code[THIRD + WINDOW : THIRD + RUN_MIN] == FALSE).all()


def test_a_few_unseen_minutes_leave_little_open() -> None:
    kwh = runs()
    kwh[FIRST + 700 : FIRST + 703] = np.nan
    kwh[SECOND + 700 : SECOND + 760] = np.nan
    code, _ = said(kwh)
    assert (code[FIRST + WINDOW : SECOND] == FALSE).all()
    # An hour of two may have had anything.
    assert (code[SECOND + 720 : SECOND + 770] == UNKNOWN).all()
    kwh[FIRST + 600 : FIRST + 1_200] *= 0.5
    assert (said(kwh)[0][FIRST + 700 : FIRST + 1_200] == TRUE).all()


def test_the_verdict_is_that_of_judge_energy() -> None:
    random = np.random.default_rng(3)
    kwh = runs()
    kwh[FIRST : FIRST + RUN_MIN] *= np.repeat(random.uniform(0.85, 1.15, 40), 60)
    code, value = said(kwh)
    for n in range(WINDOW, RUN_MIN, 37):
        of = np.float32(kwh[FIRST : FIRST + n]).astype(np.float64)  # as the book keeps it
        told = judge_energy(CURVE, of, last_min=WINDOW, tolerance=0.05)
        assert code[FIRST + n - 1] == CODE[told.state], n
        assert told.deviation is not None
        assert value[FIRST + n - 1] == pytest.approx(100.0 * told.deviation, abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(
    weak=st.lists(st.tuples(st.integers(0, N), st.integers(1, 900)), max_size=4),
    gaps=st.lists(st.tuples(st.integers(0, N), st.integers(1, 900)), max_size=4),
    cuts=st.lists(st.tuples(st.integers(0, N), st.integers(1, 300)), max_size=3),
    pieces=st.lists(st.integers(11 * 1440, N - 1), max_size=6),
)
def test_a_day_at_once_and_minute_by_minute_are_alike(
    weak: list[tuple[int, int]],
    gaps: list[tuple[int, int]],
    cuts: list[tuple[int, int]],
    pieces: list[int],
) -> None:
    kwh = runs()
    for at, n in weak:
        kwh[at : at + n] *= 0.8
    for at, n in cuts:
        kwh[at : at + n] = 0.0
    for at, n in gaps:
        kwh[at : at + n] = np.nan
    of = book(kwh)
    code, value = said(kwh)
    again = CurvedRuns(RULE, of.plan.calendar, lambda a, b: of.energy.between(KWH.id, a, b))
    for minute in sorted({at for piece in pieces for at in range(piece, min(piece + 50, N))}):
        found, percent = judge(again, START_NS + (minute + 1) * MINUTE_NS)
        assert found == code[minute]
        assert percent == pytest.approx(value[minute], nan_ok=True, abs=0.0)


def test_a_replay_is_the_live_judgement() -> None:
    kwh = runs()
    for at in (5_000, 7_000, 15_700):  # the last goes on into the next month
        kwh[at : at + 400] *= 0.7
    kwh[9_000:9_400] = np.nan
    of = book(kwh)
    rule = replace(RULE, timing=Timing(600.0, 1_800.0))
    definitions = define((rule,), tags=(), line=LINE)
    grid = Grid(of.plan, START_NS + 2 * DAY_NS, START_NS + 12 * DAY_NS)
    found = replayed(definitions, of, grid)
    assert [one.kind for one in found].count(TransitionKind.RAISED) == 3


FAULTS = (("GZ-G3", 1.9, 0.1), ("GZ-G5", 1.5, 0.3), ("GZ-G8", 2.3, 0.7))
"""Rectifier, day of the onset within a run, share of the power that is missing."""
SIM_DAYS = 4.5 if not os.environ.get("ANODEWATCH_TORTURE") else 40


def test_the_simulators_abnormal_runs_are_found_and_good_ones_are_not() -> None:
    site = load_site(SAMPLE)
    (rule,) = (one for one in site.rules if isinstance(one, OffCurveRule))
    meters = site.line.energy
    plant = Plant.of_tags(
        [tag for tag in site.tags if tag.id in {one.tag for one in meters}],
        seed=4, start_ns=START_NS,
    )  # fmt: skip
    for unit, day, size in FAULTS:
        at_ns = START_NS + round(day * DAY_NS)
        plant.plan("gz_run_abnormal", unit, at_ns=at_ns, size=size)
    # It prolongs a run so that the next one follows without a pause.
    plant.plan("power_curtailment", "GZ-G1", at_ns=START_NS + 2 * DAY_NS)
    panel = Panel(plant, [tag for tag in site.tags if tag.id in {one.tag for one in meters}])
    minutes = round(SIM_DAYS * 1440)
    counts = np.array([
        panel.read(START_NS + minute * MINUTE_NS).value for minute in range(minutes + 1)
    ])  # fmt: skip
    labels = {one.target: one for one in plant.labels() if one.fault == "gz_run_abnormal"}
    assert labels.keys() == {unit for unit, _, _ in FAULTS}

    columns = {tag.id: n for n, tag in enumerate(panel.tags)}
    of = ProductionBook(site.line, site.plan, first_minute=START_NS // MINUTE_NS, n_minutes=minutes)
    for meter in meters:
        kwh = np.diff(counts[:, columns[meter.tag]])
        grade = np.zeros(len(kwh), np.uint8)
        of.enter(meter.id, Minutes(START_NS // MINUTE_NS, kwh, grade))
    definitions = define((rule,), tags=(), line=site.line)
    past = Past(of, Grid(site.plan, START_NS, START_NS + minutes * MINUTE_NS))
    for alarm in definitions.stages:
        raised = [
            one.at_ns
            for one in replay(alarm.definition, past.inputs(alarm))[1]
            if one.kind is TransitionKind.RAISED
        ]
        label = labels.get(alarm.definition.asset)
        if label is None:
            assert raised == [], alarm.definition.id
        else:
            assert len(raised) == 1
            assert 0 < raised[0] - label.injected_ns < 2 * HOUR_NS
