"""The running service forecasts what its ledger has, and tells it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.api.models.forecast import ForecastNow, PeriodForecast
from service.app.core import open_core
from service.app.run import run_core
from service.domain.forecast.outlook import Outlook
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.plan import Window
from service.domain.production.minutes import Grade, Minutes
from service.runtime.clock import FakeClock
from service.runtime.ledger import AccountingState, Step
from service.settings import load_site
from service.state.database import open_database
from service.state.ledger import StateLedger
from tests.sites import SAMPLE

NOW_NS = to_ns(datetime(2026, 3, 20, 3, tzinfo=UTC))
DAYS = 50
KG_PER_H = 9_000.0


async def test_a_started_service_tells_a_forecast_of_its_past(tmp_path: Path) -> None:
    site = load_site(SAMPLE)
    site = replace(site, service=replace(site.service, data=tmp_path), destinations=())
    meters = [meter.id for meter in site.line.meters_by_stage[site.line.output_stage]]
    first = NOW_NS // MINUTE_NS - DAYS * 1440
    kg = KG_PER_H / 60 / len(meters) * np.random.default_rng(1).normal(1.0, 0.1, DAYS * 1440)
    minutes = Minutes(first, kg, np.full(len(kg), Grade.MEASURED, np.uint8))
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        closed = [(meter, minutes) for meter in meters]
        await StateLedger(database).commit(AccountingState(closed_ns=NOW_NS), Step(closed))
    async with open_core(site, FakeClock(NOW_NS), sources={}) as core:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(run_core(core, stop))
            async with asyncio.timeout(60):
                await core.forecasts.made.until(1)
            stop.set()
        view = core.forecasts.now()
        assert view is not None
        assert view.forecast.origin_ns == NOW_NS
        year = view.forecast.outlooks[Window.YEAR]
        assert isinstance(year, Outlook)
        told = ForecastNow.of(view)
        assert isinstance(told.year, PeriodForecast)
        left_h = site.calendar.planned_ns(NOW_NS, year.period.end_ns) / HOUR_NS
        assert told.year.left_h == left_h
        assert told.year.produced_t == year.period.produced_kg / 1_000.0
        start_ns = site.calendar.year_bounds_ns(2026)[0]
        unknown_h = (NOW_NS - DAYS * DAY_NS - start_ns) / HOUR_NS
        assert told.year.unknown_h == pytest.approx(unknown_h)
        expected_kg = KG_PER_H * (left_h + told.year.unknown_h + DAYS * 24)
        assert abs(year.median_kg / expected_kg - 1.0) < 0.01
        assert core.forecasts.p_target(Window.YEAR, NOW_NS) == year.p_target
