"""Forecasts are made once an hour, kept for a while, explained by the day before, judged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from service.domain.alarm import Phase, Priority
from service.domain.definitions import define
from service.domain.forecast.outlook import Forecast, Outlook, Reason
from service.domain.instants import DAY_NS, MINUTE_NS
from service.domain.plan import Window
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Grade, Minutes
from service.domain.rules import ForecastMissRule, Timing
from service.runtime.alarms import AlarmStates
from service.runtime.clock import FakeClock
from service.runtime.forecast import CURRENT_NS, KEPT_NS, Forecasts
from service.runtime.ledger import AccountingState, Step
from service.runtime.progress import Progress
from service.runtime.watch_production import ProductionRules
from service.state.database import Database, open_database
from service.state.forecasts import StateForecasts
from service.state.ledger import StateLedger
from tests.forecast_plant import KG_PER_H, METERS, YEAR, book_of, line, make, plan, whole_hour

PLAN = plan()
YEAR_NS = PLAN.calendar.year_bounds_ns(YEAR)[0]
START_NS = whole_hour(YEAR_NS) + 100 * DAY_NS
"""The first of the plant's closed minutes is 60 days earlier."""


@dataclass
class Closed:
    """Implements ``service.runtime.losses.Closing`` over a book."""

    book: ProductionBook
    commits: Progress = field(default_factory=Progress)

    @property
    def closed_ns(self) -> int | None:
        return self.book.closed_ns


@dataclass
class Rig:
    """A plant with a past and what forecasts it."""

    database: Database
    book: ProductionBook
    forecasts: Forecasts

    async def goes_on(self, hours: int, kg_per_h: float = KG_PER_H) -> Forecast:
        """The plant makes this for so many hours; the forecast after the last of them."""
        assert self.book.closed_ns is not None
        for _ in range(hours):
            make(self.book, self.book.closed_ns, np.full(1, kg_per_h))
            await self.forecasts.catch_up()
        return self.newest()

    def newest(self) -> Forecast:
        view = self.forecasts.now()
        assert view is not None
        return view.forecast

    async def started_again(self) -> Forecasts:
        again = forecasts_of(self.book, self.database)
        await again.load()
        return again


def forecasts_of(book: ProductionBook, database: Database) -> Forecasts:
    clock = FakeClock(START_NS)
    return Forecasts(book, Closed(book), StateForecasts(database), clock, site="here")


def wandering(hours: int) -> np.ndarray:
    return KG_PER_H * np.random.default_rng(4).normal(1.0, 0.1, hours)


@asynccontextmanager
async def rig(tmp_path: Path, *, past_days: int = 60) -> AsyncIterator[Rig]:
    book = book_of(PLAN, START_NS)
    make(book, START_NS - past_days * DAY_NS, wandering(past_days * 24))
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        yield Rig(database, book, forecasts_of(book, database))


def outlook(made: Forecast, window: Window) -> Outlook:
    found = made.outlooks[window]
    assert isinstance(found, Outlook)
    return found


async def test_one_is_made_for_each_closed_hour(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        assert r.forecasts.now() is None
        await r.forecasts.catch_up()
        await r.forecasts.catch_up()
        assert r.forecasts.made.value == 1
        assert r.newest().origin_ns == START_NS
        assert r.book.closed_ns is not None
        r.book.closed_ns += 59 * MINUTE_NS
        await r.forecasts.catch_up()
        assert r.forecasts.made.value == 1


async def test_what_was_kept_is_there_after_a_restart_and_comes_out_the_same(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path) as r:
        await r.forecasts.catch_up()
        again = await r.started_again()
        assert again.now() == r.forecasts.now()
        await again.catch_up()
        assert again.made.value == 0
        fresh = forecasts_of(r.book, r.database)
        await fresh.catch_up()
        assert fresh.now() == r.forecasts.now()


async def test_a_bad_day_is_explained(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.forecasts.catch_up()
        before = outlook(r.newest(), Window.MONTH)
        await r.goes_on(24, 0.0)
        view = r.forecasts.now()
        assert view is not None
        after = outlook(view.forecast, Window.MONTH)
        assert set(view.explained) == {Window.MONTH, Window.YEAR}  # the shift is another one
        month = view.explained[Window.MONTH]
        assert month.since_ns == START_NS
        assert month.p_before == before.p_target
        moved = after.basis.expected_kg - before.basis.expected_kg
        assert month.change.total_kg == pytest.approx(moved, abs=1e-3)
        assert month.change.produced_kg == pytest.approx(-24 * KG_PER_H, rel=0.05)
        assert month.change.availability_kg < 0.0
        assert month.change.now_kg < 0.0
        assert month.change.calendar_kg == pytest.approx(0.0, abs=1e-3)
        assert after.p_target < before.p_target


async def test_a_longer_overhaul_is_told_as_the_calendar(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.forecasts.catch_up()
        await r.goes_on(12)
        r.book.replan(plan(down_days=20))  # ten days more than before
        await r.goes_on(12)
        view = r.forecasts.now()
        assert view is not None
        year, month = view.explained[Window.YEAR], view.explained[Window.MONTH]
        assert year.change.calendar_kg == pytest.approx(-10 * 24 * KG_PER_H, rel=0.03)
        assert month.change.calendar_kg == pytest.approx(0.0, abs=1e-3)
        others = year.change.total_kg - year.change.calendar_kg
        assert abs(others) < 0.1 * abs(year.change.calendar_kg)


async def test_without_one_of_a_day_before_nothing_is_explained(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.forecasts.catch_up()
        await r.goes_on(23)
        view = r.forecasts.now()
        assert view is not None
        assert view.explained == {}


async def test_old_ones_are_forgotten(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        store = StateForecasts(r.database)
        for days in (0, 1, 41, 42):
            at_ns = START_NS + days * DAY_NS
            made = Forecast(at_ns, 5, {Window.YEAR: Reason.SHORT_HISTORY})
            await store.keep(made, forget_before_ns=at_ns - KEPT_NS)
        left = await store.since(0)
        assert [(one.origin_ns - START_NS) // DAY_NS for one in left] == [41, 42]
        assert left[0].outlooks == {Window.YEAR: Reason.SHORT_HISTORY}


async def test_the_year_before_is_read_from_the_state(tmp_path: Path) -> None:
    """Ten days of this year are too few; with the stored weeks before the book they are enough."""
    async with rig(tmp_path, past_days=10) as r:
        await r.forecasts.catch_up()
        assert r.newest().outlooks[Window.MONTH] is Reason.SHORT_HISTORY
        before = whole_hour(r.book.first_ns) - 20 * DAY_NS
        kg = np.full(20 * 1440, KG_PER_H / 60 / len(METERS))
        kg[:60] = np.nan
        grade = np.where(np.isnan(kg), Grade.UNKNOWN, Grade.MEASURED).astype(np.uint8)
        closed = [(meter, Minutes(before // MINUTE_NS, kg, grade)) for meter in METERS]
        await StateLedger(r.database).commit(AccountingState(), Step(closed))
        again = forecasts_of(r.book, r.database)
        make(r.book, START_NS, wandering(1))
        await again.catch_up()
        view = again.now()
        assert view is not None
        assert view.forecast.history_h == (10 + 20) * 24 + 1 - 1
        assert outlook(view.forecast, Window.MONTH).median_kg > 0.0


RULE = ForecastMissRule("miss", Window.MONTH, 20.0, 10.0, Priority.HIGH, Timing(7_200, 7_200))


async def test_a_chance_is_told_only_while_it_is_current(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        assert r.forecasts.p_target(Window.YEAR, START_NS) is None
        await r.forecasts.catch_up()
        known = outlook(r.newest(), Window.YEAR).p_target
        assert r.forecasts.p_target(Window.YEAR, START_NS - MINUTE_NS) is None
        assert r.forecasts.p_target(Window.YEAR, START_NS) == known
        assert r.forecasts.p_target(Window.YEAR, START_NS + CURRENT_NS) == known
        assert r.forecasts.p_target(Window.YEAR, START_NS + CURRENT_NS + MINUTE_NS) is None


@dataclass
class Told:
    """Implements ``service.runtime.watch_production.Chances``."""

    chance: float | None = None

    def p_target(self, period: Window, end_ns: int) -> float | None:
        assert period is Window.MONTH
        return self.chance


def test_the_rule_waits_holds_inside_its_deadband_and_holds_what_it_cannot_know() -> None:
    definitions = define([RULE], tags=[], line=line())
    (alarm,) = definitions.forecasts
    states, told = AlarmStates(definitions.all()), Told()
    rules = ProductionRules(definitions, book_of(PLAN, START_NS), states, None, told)
    seen = []
    at_ns = START_NS
    for chance, hours in (
        (0.25, 1), (0.19, 1), (0.19, 2), (None, 3), (0.25, 3), (0.31, 1), (0.31, 2),
    ):  # fmt: skip
        told.chance = chance
        for _ in range(hours * 60):
            at_ns += MINUTE_NS
            rules.judge(at_ns)
        seen.append(states[alarm.definition.id].phase is not Phase.NORMAL)
        states.taken()
    assert seen == [False, False, True, True, True, True, True]
    assert states[alarm.definition.id].phase is Phase.RETURNED
    assert alarm.definition.message_en.endswith("plan of this month is below 20 %")
    assert alarm.definition.limit == 20.0
