"""The wall clock is set while the watch runs: it neither blinds it nor makes alarms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from service.domain.instants import HOUR_NS
from service.runtime.clock import FakeClock, SystemClock
from service.runtime.steady import Steady
from tests.watch_rig import HH, HOT, RULES, SLOW, STALE, T0, H, Rig, alive, rig, rows

HOUR_S = 3_600.0
COMMS = "comms:plant/main"
STEPS = pytest.mark.parametrize("step_s", [-HOUR_S, HOUR_S])


@pytest.mark.parametrize("step_s", [-HOUR_S, -30.0])
async def test_a_delay_runs_on_when_the_clock_is_put_back(step_s: float, tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((96, HOT, 1190, 0), cover=(90, 100)))
        await r.feed(alive(100 + step_s, 105 + step_s))
        assert await r.alarms() == []
        await r.feed(alive(105 + step_s, 115 + step_s))
        assert (HH, "unacknowledged") in await r.alarms()


async def test_a_clock_that_is_set_on_lets_no_delay_run_out(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=RULES + STALE) as r:
        values = ((96, HOT, 1190, 0), (96, SLOW, 800, 0))
        await r.feed(rows(*values, cover=(90, 100)))
        r.clock.step(HOUR_NS)
        await r.feed(alive(100 + HOUR_S, 105 + HOUR_S))
        assert await r.alarms() == []
        await r.feed(alive(105 + HOUR_S, 108 + HOUR_S))  # 10 s, and what two looks may differ by
        assert await r.alarms() == [(H, "unacknowledged"), (HH, "unacknowledged")]


async def test_what_comes_after_the_clock_was_put_back_is_judged(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(alive(0, 50), alive(60, 100))  # the group resumed shortly before
        await r.feed(rows((-3_500, HOT, 1190, 0), cover=(-3_505, -3_500)))
        await r.feed(alive(-3_500, -3_491))
        assert await r.alarms() == []
        await r.feed(alive(-3_491, -3_489))
        assert set(await r.transitions()) == {("raised", -3_490.0)}
        assert r.live.latest([HOT])[0].value == 1190
        await r.feed(rows((-3_480, HOT, 1100, 0), cover=(-3_489, -3_460)))
        assert (HH, "returned") in await r.alarms()
        assert r.live.latest([HOT])[0].value == 1100


async def test_a_restart_with_the_clock_put_back_is_no_different(tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.feed(rows((96, HOT, 1190, 0), cover=(90, 100)))
    async with rig(tmp_path) as r:
        await r.feed(alive(-3_500, -3_495))
        assert await r.alarms() == []
        await r.feed(alive(-3_495, -3_485))
        assert (HH, "unacknowledged") in await r.alarms()


async def test_a_silent_tag_is_found_after_the_clock_was_put_back(tmp_path: Path) -> None:
    async with rig(tmp_path, rules=STALE) as r:
        await r.feed(rows((96, SLOW, 800, 0), cover=(90, 100)), alive(-3_500, -3_480))
        assert await r.alarms() == []
        await r.feed(alive(-3_480, -3_460))
        assert await r.alarms() == [("stale:UT-RTO1-TT150.PV", "unacknowledged")]


async def _each_second(
    r: Rig, n: int, then: Callable[[int], Awaitable[None]] | None = None
) -> None:
    for second in range(n):
        await r.clock.advance(1)
        if then is not None:
            await then(second)
        await r.watch.look_around()


@STEPS
async def test_silence_after_a_step_is_found_in_its_time(step_s: float, tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.clock.advance(5)
        await r.feed(alive(0, 5))
        await r.watch.look_around()
        r.clock.step(round(step_s) * 1_000_000_000)
        await _each_second(r, 14)  # patience 10 s and on-delay 5 s are not over yet
        assert await r.alarms() == []
        await _each_second(r, 3)
        assert await r.alarms() == [(COMMS, "unacknowledged")]
        assert await r.transitions() == [("raised", 20.0 + step_s)]


@STEPS
async def test_a_delay_of_silence_outlives_a_step(step_s: float, tmp_path: Path) -> None:
    async with rig(tmp_path) as r:
        await r.clock.advance(5)
        await r.feed(alive(0, 5))
        await _each_second(r, 12)  # lost for 2 s of 5
        r.clock.step(round(step_s) * 1_000_000_000)
        await _each_second(r, 2)
        assert await r.alarms() == []
        await _each_second(r, 2)
        assert await r.alarms() == [(COMMS, "unacknowledged")]


@STEPS
async def test_a_source_that_lives_on_through_a_step_is_never_lost(
    step_s: float, tmp_path: Path
) -> None:
    async with rig(tmp_path) as r:
        await r.clock.advance(5)
        await r.feed(alive(0, 5))
        await r.watch.look_around()
        r.clock.step(round(step_s) * 1_000_000_000)

        async def lives(second: int) -> None:
            now_s = (r.clock.now_ns() - T0) / 1e9
            if second % 5 == 4:
                await r.feed(alive(now_s - 5, now_s))

        await _each_second(r, 60, lives)
        assert await r.transitions() == []
        await _each_second(r, 17)
        assert await r.alarms() == [(COMMS, "unacknowledged")]


async def test_a_step_is_noticed_once_with_its_size() -> None:
    clock = FakeClock(T0)
    steady = Steady(clock)
    await clock.advance(10_000)
    assert steady.look() == 0
    clock.step(-HOUR_NS)
    await clock.advance(1)
    assert (steady.look(), steady.look(), steady.steps) == (-HOUR_NS, 0, 1)
    assert steady.passed_ns() == 10_001 * 1_000_000_000


async def test_a_step_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with rig(tmp_path) as r:
        r.clock.step(-HOUR_NS)
        await _each_second(r, 3)
    told = [one.getMessage() for one in caplog.records if "clock" in one.getMessage()]
    assert told == ["clock.stepped by_s=-3600.0 steps=1"]


def test_a_fast_clock_is_no_step() -> None:
    steady = Steady(SystemClock(speed=1_000.0))
    assert [steady.look() for _ in range(100)] == [0] * 100
