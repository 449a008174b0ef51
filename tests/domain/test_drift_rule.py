"""Drift rules: limits from the stage's own history, or a named reason why there are none; the same
judgement live, after a restart, and when replayed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from service.domain.alarm import Priority, TransitionKind
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.backtest.replay import replay
from service.domain.backtest.run import needed_from_ns
from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.definitions import define
from service.domain.detection.drift import Drift, suppliers_of
from service.domain.detection.limits import Limits, NoLimits
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.judge import FALSE, TRUE, UNKNOWN
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.rules import ChartKind, DriftRule, Timing
from service.domain.stage_alarms import StageAlarm
from service.runtime.alarms import AlarmStates
from service.runtime.watch_production import ProductionRules

STAGE = Stage("CR", "Crushing", "破碎", 0.912, 0.92, 12.8)
FURNACES = Stage("GZ", "Graphitization", "石墨化", 0.969, 0.95, 9.7, hourly=False)
METERS = tuple(
    Meter(s, s, s, f"{s}.TOT", MeterKind.TOTALISER, "p/m") for s in ("CR", "GZ")
)  # fmt: skip
LINE = Line((STAGE, FURNACES), METERS, "CR")
ZONE = "Asia/Kolkata"  # the production day begins on half an hour of UTC
START_NS = to_ns(datetime.fromisoformat("2026-05-29T02:30:00+00:00"))
DAYS = 50 if os.environ.get("ANODEWATCH_TORTURE") else 36
QUARTER_NS = to_ns(datetime.fromisoformat("2026-07-01T02:30:00+00:00"))
STOP = Downtime(START_NS + 20 * DAY_NS, START_NS + 22 * DAY_NS, "overhaul")
LOSS_FROM_NS = START_NS + 30 * DAY_NS
LOSS = 0.12


def plan() -> Plan:
    shifts = (Shift("c", time(0)), Shift("a", time(8)), Shift("b", time(16)))
    return Plan(Calendar(ZoneInfo(ZONE), time(8), shifts, (STOP,)), {2026: 70e6})


def rule(chart: ChartKind = ChartKind.CUSUM, *, min_days: float = 8.0) -> DriftRule:
    return DriftRule(
        "drift", ("CR", "GZ"), chart, 0.33, Priority.LOW, Timing(),
        history_days=20.0, min_days=min_days,
    )  # fmt: skip


def alarm(chart: ChartKind = ChartKind.CUSUM, stage: str = "CR", **other: float) -> StageAlarm:
    stages = define((rule(chart, **other),), tags=(), line=LINE).stages
    return next(one for one in stages if one.stage.id == stage)


@pytest.fixture(scope="module")
def book() -> ProductionBook:
    """Hours that are alike in twos, a stop, a lost day, and a loss that stays."""
    made = ProductionBook(LINE, plan(), first_minute=START_NS // MINUTE_NS, n_minutes=DAYS * 1440)
    random = np.random.default_rng(5)
    due = plan().rate_kg_per_h(2026) / 60.0
    noise = np.repeat(random.standard_normal((DAYS + 1) * 12) * 0.05, 120)[30 : 30 + DAYS * 1440]
    at_ns = START_NS + np.arange(DAYS * 1440) * MINUTE_NS
    kg = due * (1.02 + noise) * np.where(at_ns >= LOSS_FROM_NS, 1.0 - LOSS, 1.0)
    kg[(at_ns >= STOP.start_ns) & (at_ns < STOP.end_ns)] = 0.0
    kg[25 * 1440 : 26 * 1440] = np.nan
    for stage in (STAGE, FURNACES):
        grade = np.zeros(len(kg), np.uint8)
        made.enter(stage.id, Minutes(START_NS // MINUTE_NS, kg / stage.finished_eq, grade))
    made.closed_ns = START_NS + DAYS * DAY_NS
    return made


def drift(book: ProductionBook, chart: ChartKind = ChartKind.CUSUM, **other: float) -> Drift:
    return Drift(rule(chart, **other), STAGE, plan().calendar, book.many)


@pytest.mark.parametrize("chart", list(ChartKind))
def test_a_replay_is_the_live_judgement(book: ProductionBook, chart: ChartKind) -> None:
    definitions = define((rule(chart),), tags=(), line=LINE)
    start_ns = START_NS + 29 * DAY_NS
    grid = Grid(plan(), start_ns, START_NS + DAYS * DAY_NS)
    assert needed_from_ns([definitions], plan(), start_ns) < START_NS
    states = AlarmStates(definitions.all())
    live = ProductionRules(definitions, book, states)
    for end_ns in grid.ends_ns.tolist():
        live.judge(end_ns)
    lived = states.taken()[1]
    past = Past(book, grid)
    for of in (alarm(chart, "CR"), alarm(chart, "GZ")):
        expected = [one for d, one, _ in lived if d.id == of.definition.id]
        found = replay(of.definition, past.inputs(of))[1]
        assert list(found) == expected
        assert TransitionKind.RAISED in {one.kind for one in found}


def test_a_restart_and_kept_limits_change_nothing(book: ProductionBook) -> None:
    grid = Grid(plan(), START_NS, START_NS + DAYS * DAY_NS)
    whole = drift(book)
    limits: list[Limits] = []
    seen = []
    for end_ns in grid.ends_ns[::30].tolist():
        limits += [new for new in (whole.prepare(end_ns),) if new is not None]
        seen.append(whole.judge(end_ns))
    assert [one.from_ns for one in limits] == [START_NS + 9 * DAY_NS, QUARTER_NS]
    for at in (500, 1_400, 1_500, 1_700):
        again = Drift(rule(), STAGE, plan().calendar, book.many, limits)
        assert again.prepare(int(grid.ends_ns[::30][at])) is None
        assert again.judge(int(grid.ends_ns[::30][at])) == pytest.approx(seen[at], nan_ok=True)
    raised = [end_ns for end_ns, (code, _) in zip(grid.ends_ns[::30], seen, strict=True)
              if code == TRUE]  # fmt: skip
    assert LOSS_FROM_NS < raised[0] < LOSS_FROM_NS + 4 * DAY_NS
    of = alarm()
    past = Past(book, grid, {of.definition.version: limits})
    assert (past.inputs(of).clear[29::30] == Past(book, grid).inputs(of).clear[29::30]).all()


def test_kept_limits_are_taken_as_they_are(book: ProductionBook) -> None:
    own = drift(book)
    own.prepare(START_NS + 10 * DAY_NS)
    assert isinstance(own.limits, Limits)
    wide = Limits(**{n: getattr(own.limits, n) for n in Limits.__slots__} | {"limits": (1e9,) * 6})
    blind = Drift(rule(), STAGE, plan().calendar, book.many, [wide])
    at_ns = QUARTER_NS - HOUR_NS
    own.prepare(at_ns)
    assert own.judge(at_ns)[0] == TRUE
    assert blind.judge(at_ns)[0] == FALSE


def test_the_shift_is_told_in_percent(book: ProductionBook) -> None:
    judged = drift(book)
    code, value = judged.judge(QUARTER_NS - HOUR_NS)
    assert code == TRUE
    assert value == pytest.approx(-100.0 * LOSS * 1.02, abs=2.0)


def test_too_little_history_is_unknown_and_named(book: ProductionBook) -> None:
    young = drift(book)
    assert young.judge(START_NS + 5 * DAY_NS)[0] == UNKNOWN
    assert isinstance(young.limits, NoLimits)
    assert str(young.limits) == "too little history: 4.0 of 8 days are known"
    assert young.judge(START_NS + 10 * DAY_NS)[0] == FALSE


def test_an_unknown_or_unplanned_hour_is_unknown(book: ProductionBook) -> None:
    judged = drift(book)
    known_ns, stopped_ns, lost_ns = (
        START_NS + days * DAY_NS + 6 * HOUR_NS for days in (19, 21, 25)
    )
    assert [judged.judge(at)[0] for at in (known_ns, stopped_ns, lost_ns)] == [
        FALSE, UNKNOWN, UNKNOWN,
    ]  # fmt: skip


def test_limits_state_their_false_alarms_and_how_sure_that_is(book: ProductionBook) -> None:
    judged = drift(book)
    judged.prepare(START_NS + 15 * DAY_NS)
    assert isinstance(judged.limits, Limits)
    assert judged.limits.low <= judged.limits.false_per_month <= judged.limits.high
    assert 0.0 < judged.limits.false_per_month < 1.0
    many = Drift(replace(rule(), false_per_month=6.0), STAGE, plan().calendar, book.many)
    many.prepare(START_NS + 15 * DAY_NS)
    assert isinstance(many.limits, Limits)
    assert many.limits.false_per_month > judged.limits.false_per_month
    assert sum(many.limits.limits) < sum(judged.limits.limits)


def followed_book() -> ProductionBook:
    """Furnaces that unload at their own times, and a stage that makes what its stock hands on."""
    furnaces = replace(FURNACES, feeds=("SC",))
    screens = Stage("SC", "Screening", "筛分", 0.994, 0.975, 10.8)
    meters = (METERS[1], Meter("SC", "SC", "SC", "SC.TOT", MeterKind.TOTALISER, "p/m"))
    line = Line((furnaces, screens), meters, "SC")
    made = ProductionBook(line, plan(), first_minute=START_NS // MINUTE_NS, n_minutes=DAYS * 1440)
    random = np.random.default_rng(8)
    hours = DAYS * 24
    due = plan().rate_kg_per_h(2026)
    came = due * random.choice([0.0, 0.5, 1.5, 2.0], (hours + 5) // 6).repeat(6)[:hours]
    level, handed = due, np.empty(hours)
    for hour in range(hours):
        level += (came[hour] - level) / 24.0
        handed[hour] = level * (1.0 + 0.01 * random.standard_normal())
    for stage, kg in ((furnaces, came), (screens, handed)):
        minutes = np.repeat(kg / 60.0 / stage.finished_eq, 60)
        made.enter(
            stage.id, Minutes(START_NS // MINUTE_NS, minutes, np.zeros(DAYS * 1440, np.uint8))
        )
    made.closed_ns = START_NS + DAYS * DAY_NS
    return made


def test_a_stage_behind_furnaces_is_judged_on_what_it_was_given() -> None:
    of = followed_book()
    wanted = replace(rule(), stages=("SC",))
    definitions = define((wanted,), tags=(), line=of.line)
    (one,) = definitions.stages
    grid = Grid(plan(), START_NS + 30 * DAY_NS, START_NS + DAYS * DAY_NS)
    inputs = Past(of, grid).inputs(one)
    live = Drift(wanted, one.stage, plan().calendar, of.many, (), suppliers_of(of.line, one.stage))
    for at in range(0, len(grid), 59):  # as the service does it, hour by hour
        code, value = live.judge(int(grid.ends_ns[at]))
        assert code == inputs.clear[at]
        assert value == pytest.approx(inputs.value[at], nan_ok=True, abs=0.0)
    assert isinstance(live.limits, Limits)
    assert live.limits.lag_blocks is not None
    assert 12.0 < live.limits.lag_blocks < 48.0
    blind = Drift(wanted, one.stage, plan().calendar, of.many)
    blind.prepare(int(grid.ends_ns[-1]))
    assert isinstance(blind.limits, Limits)
    assert live.limits.spread < blind.limits.spread / 3.0
