"""The clocks: what a fast one says, and that a fast plant and a fast clock agree."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.simulator.plant import Plant
from connectors.simulator.server import PlantServer
from service.app.core import open_core
from service.domain.instants import SECOND_NS
from service.runtime.clock import FakeClock, SystemClock
from service.runtime.source import SourceReport
from service.settings import load_site
from tests.sites import SAMPLE

T0 = 1_780_000_000 * SECOND_NS


def test_the_system_clock_is_real_unless_it_is_told_otherwise() -> None:
    assert SystemClock().speed == FakeClock(T0).speed == 1.0
    epoch_ns = SystemClock().now_ns() - 100 * SECOND_NS
    fast = SystemClock(speed=10, epoch_ns=epoch_ns)
    assert fast.speed == 10
    assert fast.now_ns() - epoch_ns >= 1_000 * SECOND_NS
    with pytest.raises(ValueError, match="above 0"):
        SystemClock(speed=0)


async def test_a_fast_clock_sleeps_less() -> None:
    async with asyncio.timeout(5):
        await SystemClock(speed=1e6).sleep(3_600)


@pytest.mark.parametrize("ahead_s", [-3_600, 0, 90])
@pytest.mark.parametrize("speed", [0.5, 1.0, 10.0])
async def test_a_clock_from_the_plants_epoch_on_tells_plant_time(
    ahead_s: int, speed: float
) -> None:
    clock = FakeClock(T0)
    plant = Plant(seed=1, start_ns=T0 + ahead_s * SECOND_NS)
    server = PlantServer(plant, (), endpoint="opc.tcp://127.0.0.1:0/", clock=clock, speed=speed)
    if speed == 1.0 and ahead_s > 0:
        assert server.plant_ns() > clock.now_ns()
        return  # they never agree
    for _ in range(3):
        epoch_ns = server.epoch_ns
        told_ns = epoch_ns + round((clock.now_ns() - epoch_ns) * speed)
        assert abs(told_ns - server.plant_ns()) < 100
        await clock.advance(77)


@pytest.mark.parametrize("speed", [1.0, 10.0])
async def test_a_source_may_be_silent_for_so_many_real_seconds(
    speed: float, tmp_path: Path
) -> None:
    clock = SystemClock(speed=speed, epoch_ns=SystemClock().now_ns())
    sample = load_site(SAMPLE)
    site = replace(sample, service=replace(sample.service, data=tmp_path), destinations=())
    async with open_core(site, clock, sources={}) as core:
        group = "plant/main"
        assert core.absence.patience_ns(group) == 20 * speed * SECOND_NS  # it has not told yet
        core.statuses["plant"].report = SourceReport(keep_alive_s={group: 3.0})
        assert core.absence.patience_ns(group) == 6 * speed * SECOND_NS
