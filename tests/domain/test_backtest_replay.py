"""A backtest decides as the service does: the same transitions as judging minute by minute."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.alarm import Priority, Transition
from service.domain.backtest.grid import Grid, by_steps
from service.domain.backtest.inputs import Past
from service.domain.backtest.replay import replay
from service.domain.calendar import Calendar, Downtime, Shift
from service.domain.definitions import Definitions, define
from service.domain.instants import HOUR_NS, MINUTE_NS, to_ns
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan, Window, window_start_ns
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.rules import Rule, ShiftShortfallRule, ThroughputRule, Timing
from service.runtime.alarms import AlarmStates
from service.runtime.watch_production import ProductionRules

# The clocks go forward and back in Berlin and in Los Angeles; a production year begins; and one
# plain day at an offset of half an hour.
PLACES = [
    ("Europe/Berlin", "2026-03-28T20:00:00+00:00"),
    ("Europe/Berlin", "2026-10-24T20:00:00+00:00"),
    ("America/Los_Angeles", "2026-11-01T05:00:00+00:00"),
    ("Asia/Kolkata", "2026-06-30T20:30:00+00:00"),
    ("Asia/Shanghai", "2026-12-31T20:00:00+00:00"),
]
STAGES = (
    Stage("CR", "Crushing", "破碎", 0.912, 0.92, 12.8),
    Stage("PK", "Packing", "包装", 1.0, 0.999, 16.0),
)
METERS = tuple(
    Meter(f"{stage}-{n}", stage, f"{stage}-{n}", f"{stage}-{n}.TOT", MeterKind.TOTALISER, "p/m")
    for stage, count in (("CR", 3), ("PK", 2))
    for n in range(count)
)
LINE = Line(STAGES, METERS, "PK")


def plan_in(zone: str, *, down: tuple[Downtime, ...] = ()) -> Plan:
    shifts = (Shift("c", time(0)), Shift("a", time(8)), Shift("b", time(16)))
    return Plan(Calendar(ZoneInfo(zone), time(8), shifts, down), {2026: 70e6, 2027: 84e6})


def live(definitions: Definitions, book: ProductionBook, grid: Grid) -> list[Transition]:
    """As the service does it."""
    states = AlarmStates(definitions.all())
    rules = ProductionRules(definitions, book, states)
    for end_ns in grid.ends_ns.tolist():
        rules.judge(end_ns)
    return [transition for _, transition, _ in states.taken()[1]]


def backtested(definitions: Definitions, book: ProductionBook, grid: Grid) -> list[Transition]:
    past = Past(book, grid)
    return [
        transition
        for alarm in definitions.stages
        for transition in replay(alarm.definition, past.inputs(alarm))[1]
    ]


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    delays = st.sampled_from([0, 30, 60, 90, 300, 1_800])
    shares = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    made: list[Rule] = []
    for at in range(draw(st.integers(1, 3))):
        timing = Timing(draw(delays), draw(delays))
        below = draw(st.sampled_from([1.0, 10.0, 20.0, 50.0]))
        band = draw(st.sampled_from([0.0, 0.5, below * 0.9]))
        made.append(
            ThroughputRule(
                f"low{at}", ("CR", "PK"), draw(st.sampled_from(list(Window))), below, band,
                Priority.HIGH, timing, draw(shares),
            )
        )  # fmt: skip
    short = Timing(draw(delays), draw(delays))
    made.append(
        ShiftShortfallRule(
            "short", ("CR", "PK"), draw(st.sampled_from([1.0, 30.0])), Priority.LOW, short,
            draw(shares),
        )
    )  # fmt: skip
    return tuple(made)


def filled(plan: Plan, first: int, n: int, *, seed: int, pieces: int) -> ProductionBook:
    """A book of random stretches: at plan, exactly at a threshold, slow, stopped, unknown."""
    random = np.random.default_rng(seed)
    book = ProductionBook(LINE, plan, first_minute=first, n_minutes=n)
    due = plan.rate_kg_per_h(2026) / 60.0
    for meter in METERS:
        stage = LINE.stage_by_id[meter.stage]
        share = due / stage.finished_eq / len(LINE.meters_by_stage[stage.id])
        kg = np.empty(n)
        cuts = np.sort(random.integers(0, n, pieces))
        for a, b in zip([0, *cuts], [*cuts, n], strict=True):
            level = random.choice([1.0, 0.9, 0.8, 1.1, 0.5, 0.0, np.nan])
            noise = random.choice([0.0, 0.3])
            kg[a:b] = level * share * (1.0 + noise * random.standard_normal(b - a))
        book.enter(meter.id, Minutes(first, kg, np.zeros(n, np.uint8)))
    book.closed_ns = (first + n) * MINUTE_NS
    return book


@settings(max_examples=25, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    tried=rules(),
    seed=st.integers(0, 2**32 - 1),
    pieces=st.integers(0, 12),
    stop=st.tuples(st.integers(0, 500), st.integers(1, 300)) | st.none(),
)
def test_a_backtest_is_the_live_judgement(
    place: tuple[str, str],
    tried: tuple[Rule, ...],
    seed: int,
    pieces: int,
    stop: tuple[int, int] | None,
) -> None:
    zone, start = place
    start_ns = to_ns(datetime.fromisoformat(start))
    down: tuple[Downtime, ...] = ()
    if stop is not None:
        begin_ns = start_ns + stop[0] * MINUTE_NS
        down = (Downtime(begin_ns, begin_ns + stop[1] * MINUTE_NS, "overhaul"),)
    plan = plan_in(zone, down=down)
    n = 560
    book = filled(plan, start_ns // MINUTE_NS, n, seed=seed, pieces=pieces)
    definitions = define(tried, tags=(), line=LINE)
    grid = Grid(plan, start_ns, start_ns + n * MINUTE_NS)
    expected = live(definitions, book, grid)
    assert sorted(backtested(definitions, book, grid), key=_order) == sorted(expected, key=_order)


def test_the_property_is_about_something() -> None:
    zone, start = PLACES[0]
    plan = plan_in(zone)
    start_ns = to_ns(datetime.fromisoformat(start))
    low = ThroughputRule("low", ("CR", "PK"), Window.HOUR, 20.0, 5.0, Priority.HIGH, Timing(60, 60))
    short = ShiftShortfallRule("short", ("CR", "PK"), 5.0, Priority.HIGH, Timing(60, 60))
    book = filled(plan, start_ns // MINUTE_NS, 1_300, seed=4, pieces=12)
    definitions = define((low, short), tags=(), line=LINE)
    found = live(definitions, book, Grid(plan, start_ns, start_ns + 1_300 * MINUTE_NS))
    assert {one.definition for one in found} >= {"low:CR", "low:PK"}
    assert any(one.definition.startswith("short") for one in found)


@pytest.mark.parametrize(("zone", "start"), PLACES)
@pytest.mark.parametrize("window", list(Window))
def test_window_starts(zone: str, start: str, window: Window) -> None:
    plan = plan_in(zone)
    start_ns = to_ns(datetime.fromisoformat(start)) + 17 * HOUR_NS
    grid = Grid(plan, start_ns, start_ns + 40 * HOUR_NS)
    expected = [window_start_ns(window, plan.calendar, int(end)) for end in grid.ends_ns]
    assert grid.starts_ns(window).tolist() == expected


@given(st.lists(st.integers(0, 50), min_size=1).map(sorted))
def test_steps_are_found_wherever_they_are(values: list[int]) -> None:
    at = np.arange(len(values), dtype=np.int64)
    assert by_steps(at, lambda ns: values[ns]).tolist() == values


def test_what_is_left_of_a_shift_counts_planned_time_only() -> None:
    start_ns = to_ns(datetime.fromisoformat("2026-06-30T22:00:00+00:00"))
    stops = tuple(
        Downtime(start_ns + a * HOUR_NS, start_ns + b * HOUR_NS, "x") for a, b in ((1, 2), (5, 11))
    )
    plan = plan_in("Asia/Kolkata", down=stops)
    grid = Grid(plan, start_ns, start_ns + 24 * HOUR_NS)
    left = grid.shifts[1].tolist()
    for end_ns, found in zip(grid.ends_ns.tolist(), left, strict=True):
        shift = plan.calendar.shift_at(end_ns - 1)
        assert found == plan.calendar.planned_ns(end_ns, shift.end_ns)


def _order(transition: Transition) -> tuple[str, int, str]:
    return transition.definition, transition.at_ns, transition.kind
