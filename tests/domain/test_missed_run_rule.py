"""Missed-run rules: a late start is found, a power cut is none, what nobody saw is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.alarm import Priority, TransitionKind
from service.domain.arrays import Float64s
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.definitions import define
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.losses.awaited import AwaitedRuns, schedule_of
from service.domain.losses.run_rules import judge
from service.domain.losses.runs import find_runs
from service.domain.losses.schedule import StartState, judge_starts
from service.domain.plan import Plan, Window
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.rules import MissedRunRule, Rule, ThroughputRule, Timing
from service.settings import load_site
from tests.replayed import replayed
from tests.sites import SAMPLE, ZONE

STAGE = Stage("GZ", "Graphitization", "石墨化", 0.969, 0.95, 9.7, hourly=False)
MASS = Meter("GZ-G1", "GZ", "GZ-G1", "GZ-G1-WQ404.TOT", MeterKind.TOTALISER, "p/m")
KWH = Meter("GZ-G1-JQ402", "GZ", "GZ-G1", "GZ-G1-JQ402.TOT", MeterKind.ENERGY, "p/m")
LINE = Line((STAGE,), (MASS,), "GZ", (KWH,))
RULE = MissedRunRule("late", ("GZ",), 43.2, 4.0, 549.0, Priority.HIGH, Timing())
LOW = ThroughputRule("low", ("GZ", "CB"), Window.DAY_24H, 20.0, 1.0, None, Timing())
START_NS = to_ns(datetime.fromisoformat("2026-04-20T00:00:00+00:00"))  # a month begins on day 11
DAYS = 24
N = DAYS * 1440
RUN_MIN, SWITCH_MIN = 2_400, 192
CODE = {
    StartState.PENDING: FALSE, StartState.UNKNOWN: UNKNOWN,
    StartState.LATE: TRUE, StartState.MISSED: TRUE,
}  # fmt: skip


def plan(*down: Downtime) -> Plan:
    shifts = (Shift("c", time(0)), Shift("a", time(8)), Shift("b", time(16)))
    return Plan(Calendar(ZONE, time(8), shifts, down), {2026: 70e6})


def runs(*late_min: int) -> Float64s:
    """A rectifier's energy: off for 10 h, then a run after each pause, later by ``late_min``."""
    parts = [np.zeros(600)]
    for late in (*late_min, *([0] * 20)):
        parts += [np.zeros(late), np.full(RUN_MIN, 549_000.0 / RUN_MIN), np.zeros(SWITCH_MIN)]
    return np.concatenate(parts)[:N]


def starts_at(*late_min: int) -> list[int]:
    """Minutes of the starts."""
    found, at = [], 600
    for late in late_min:
        found.append(at + late)
        at += late + RUN_MIN + SWITCH_MIN
    return found


def book(kwh: Float64s, *down: Downtime) -> ProductionBook:
    made = ProductionBook(LINE, plan(*down), first_minute=START_NS // MINUTE_NS, n_minutes=N)
    made.enter(KWH.id, Minutes(START_NS // MINUTE_NS, kwh, np.zeros(N, np.uint8)))
    made.closed_ns = START_NS + N * MINUTE_NS
    return made


def codes(of: ProductionBook) -> tuple[np.ndarray, np.ndarray]:
    (alarm,) = define((RULE,), tags=(), line=LINE).stages
    inputs = Past(of, Grid(of.plan, START_NS, START_NS + N * MINUTE_NS)).inputs(alarm)
    return inputs.clear, inputs.value


def test_one_alarm_for_each_energy_meter() -> None:
    (alarm,) = define((RULE,), tags=(), line=LINE).stages
    assert (alarm.definition.id, alarm.definition.asset) == ("late:GZ-G1", "GZ-G1")
    assert (alarm.definition.kind, alarm.definition.unit) == ("missed_run", "h")


@pytest.mark.parametrize(
    ("rule", "target", "priority"),
    [
        (replace(RULE, priority=None), "GZ-G1", Priority.CRITICAL),  # 1.21 t/h x 24 h x 0.969
        (replace(LOW, below_pct=20.0), "GZ", Priority.CRITICAL),
        (replace(LOW, below_pct=3.0), "GZ", Priority.HIGH),  # 9.68 t/h x 24 h x 0.969 x 3 %
        (replace(LOW, below_pct=10.0), "CB", Priority.LOW),  # spare kilns take over
        (replace(LOW, below_pct=50.0), "CB", Priority.CRITICAL),
    ],
)
def test_severity_follows_the_bottleneck(rule: Rule, target: str, priority: Priority) -> None:
    line = load_site(SAMPLE).line
    found = {one.definition.id: one for one in define((rule,), tags=(), line=line).stages}
    assert found[f"{rule.id}:{target}"].definition.priority is priority


def test_runs_in_time_are_quiet() -> None:
    code, _ = codes(book(runs()))
    assert (code[:600] == UNKNOWN).all()  # no start was seen yet
    assert (code[600:] == FALSE).all()


def test_a_late_start_is_overdue_until_it_comes() -> None:
    code, value = codes(book(runs(0, 0, 600)))
    due = starts_at(0, 0)[1] + 2_592
    came = starts_at(0, 0, 600)[2]
    assert came == due + 600
    late = np.flatnonzero(code == TRUE)
    # The minute that ends 4 h after it was due is in time; that in which power comes ends it.
    assert (late[0], late[-1]) == (due + 240, came - 1)
    assert value[late[0]] == pytest.approx(4 + 1 / 60)


def test_a_power_cut_is_no_start() -> None:
    kwh = runs()
    kwh[1_200:1_320] = 0.0  # two hours within the first run, whose energy it lacks
    kwh[3_000:3_120] = 549_000.0 / RUN_MIN  # it is made up for before the next
    code, _ = codes(book(kwh))
    assert not (code == TRUE).any()


def test_planned_downtime_does_not_count() -> None:
    kwh = runs(0, 0, 4_000)
    due_ns = START_NS + (starts_at(0, 0)[1] + 2_592) * MINUTE_NS
    stop = Downtime(due_ns - 6 * HOUR_NS, due_ns + 4_000 * MINUTE_NS, "overhaul")
    assert (codes(book(kwh))[0] == TRUE).any()
    assert not (codes(book(kwh, stop))[0] == TRUE).any()


def test_a_start_that_nobody_may_have_seen_is_unknown() -> None:
    kwh = runs()
    second = starts_at(0, 0)[1]
    kwh[second - SWITCH_MIN : second + 300] = np.nan
    code, value = codes(book(kwh))
    assert (code[second + 300 : second + 2_592] == UNKNOWN).all()
    assert np.isnan(value[second + 400])
    third = starts_at(0, 0, 0)[2]
    assert (code[third:] == FALSE).all()


def test_what_is_overdue_when_a_gap_begins_stays_overdue() -> None:
    kwh = runs(0, 0, 3_000)
    due = starts_at(0, 0)[1] + 2_592
    kwh[due + 100 : due + 500] = np.nan
    kwh[due + 1_000 : due + 1_100] = np.nan
    code, _ = codes(book(kwh))
    assert (code[due + 241 : due + 500] == UNKNOWN).all()
    assert (code[due + 500 : due + 3_000] == TRUE).all()


def test_verdicts_are_those_of_judge_starts() -> None:
    kwh = runs(0, 50, 700, 0, 300)
    code, _ = codes(book(kwh))
    found = find_runs(kwh)
    for minute in range(700, N, 97):
        starts = [one.as_start(START_NS // MINUTE_NS) for one in found if one.start <= minute]
        now_ns = START_NS + (minute + 1) * MINUTE_NS
        last = judge_starts(
            starts, schedule_of(RULE), plan().calendar, until_ns=now_ns, seen_until_ns=now_ns
        )[-1]
        assert code[minute] == CODE[last.state], minute


@settings(max_examples=15, deadline=None)
@given(
    late=st.lists(st.integers(0, 900), min_size=2, max_size=8),
    gaps=st.lists(st.tuples(st.integers(0, N), st.integers(1, 900)), max_size=4),
    cuts=st.lists(st.tuples(st.integers(0, N), st.integers(1, 300)), max_size=3),
    pieces=st.lists(st.integers(11 * 1440, N), max_size=6),
)
def test_a_day_at_once_and_minute_by_minute_are_alike(
    late: list[int],
    gaps: list[tuple[int, int]],
    cuts: list[tuple[int, int]],
    pieces: list[int],
) -> None:
    kwh = runs(*late)
    for at, n in cuts:
        kwh[at : at + n] = 0.0
    for at, n in gaps:
        kwh[at : at + n] = np.nan
    of = book(kwh)
    code, value = codes(of)
    again = AwaitedRuns(RULE, of.plan.calendar, lambda a, b: of.energy.between(KWH.id, a, b))
    for minute in sorted(set(pieces)):
        found, hours = judge(again, START_NS + (minute + 1) * MINUTE_NS) if minute < N else (0, 0.0)
        if minute < N:
            assert found == code[minute]
            assert hours == pytest.approx(value[minute], nan_ok=True)


def test_a_replay_is_the_live_judgement() -> None:
    kwh = runs(0, 0, 600, 0, 0, 900)
    kwh[15_000:15_400] = np.nan
    of = book(kwh)
    definitions = define((RULE,), tags=(), line=LINE)
    grid = Grid(of.plan, START_NS + 2 * DAY_NS, START_NS + DAYS * DAY_NS)
    found = replayed(definitions, of, grid)
    assert [one.kind for one in found].count(TransitionKind.RAISED) == 2
