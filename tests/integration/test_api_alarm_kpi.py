"""Alarm system indicators through the API, over a real journal; and signs of life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from service.app.views.alarm_load import alarm_measures
from service.domain.alarm import Priority, Quiet
from service.domain.alarm_kpi import Acknowledging
from service.domain.flood import Flooding, Position
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.runtime.alarm_figures import AlarmFigures
from service.runtime.clock import FakeClock
from service.runtime.identity import Role
from service.runtime.progress import Progress
from service.state.alarm_steps import StateAlarmSteps
from service.state.watched import StateWatched
from tests.alarm_lives import Life, definition, journal, life
from tests.api_app import FIRST_PLAN, Api, open_api
from tests.api_fakes import NOW_NS
from tests.sites import ZONE

H = 3_600
HOT = definition(priority=Priority.MEDIUM)
BAGS = definition("bags", "PK-P1-WT101.PV", priority=Priority.LOW, stage="PK")
OLD = definition("old", "UT-RTO1-TT150.PV", priority=Priority.LOW, stage=None)


def burst(at_s: int, n: int) -> list[Life]:
    return [
        life(definition(f"burst-{k}", "SC-L01", priority=Priority.LOW, stage="SC"), at_s + k * 10,
             seen=(5, "li.na", None), stands_s=120)
        for k in range(n)
    ]  # fmt: skip


LIVES = [
    *(life(HOT, -h * H, seen=(60 + h, "li.na", None), stands_s=1_200) for h in range(1, 11)),
    life(BAGS, -2 * H, stands_s=30, seen=(10, "li.na", None)),
    life(BAGS, -3 * H, stands_s=300, quiet=Quiet.SHADOW),
    *burst(-5 * H, 12),
    life(OLD, -60 * H),
]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        await journal(opened.database, NOW_NS, LIVES)
        spans = StateWatched(opened.database)
        await spans.extend(NOW_NS - 100 * H * 10**9, NOW_NS - 20 * HOUR_NS)
        await spans.extend(NOW_NS - 18 * HOUR_NS, NOW_NS)
        yield opened


async def kpis(api: Api, **asked: Any) -> dict[str, Any]:
    client = await api.logged_in(Role.VIEWER)
    answer = await client.get("/api/v1/alarms/kpi", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ms(hours: float) -> int:
    return NOW_NS // 1_000_000 + round(hours * 3_600_000)


async def test_a_day(api: Api) -> None:
    found = await kpis(api, start=ms(-24))
    (period,) = found["periods"]
    plant = period["plant"]
    assert plant["known_h"] == pytest.approx(22.0)
    assert plant["calls"] == 10 + 1 + 12
    assert plant["per_hour"] == pytest.approx(23 / 22)
    assert plant["per_10_min"] == pytest.approx(23 / 22 / 6)
    assert plant["quiet"] == {"shadow": 1}
    assert plant["most_in_period"] == 13  # twelve, and one that was due at the same time
    assert [flood["alarms"] for flood in plant["floods"]] == [13]
    assert plant["fleeting"] == 1
    assert plant["stale"] == ["old:UT-RTO1-TT150.PV"]
    assert plant["standing"] == 1
    assert plant["priorities"] == {"1": 0, "2": 0, "3": 10, "4": 13}
    assert plant["acknowledging"] == {
        "acknowledged": 23, "open": 0, "median_s": 5.0, "p95_s": 69.0
    }  # fmt: skip
    assert plant["top"][0] == {
        "definition": HOT.id, "calls": 10, "share": pytest.approx(10 / 23)
    }  # fmt: skip
    assert period["names"][HOT.id]["message_zh"] == "12区温度过高"
    assert plant["levels"]["per_hour"] == "good"
    assert plant["levels"]["flood_share"] == "good"
    assert plant["levels"]["most_in_period"] == "bad"
    assert plant["levels"]["critical_share"] == "unjudged"
    targets = {one["indicator"]: (one["good"], one["limit"]) for one in found["targets"]}
    assert targets["per_hour"] == (6.0, 12.0)
    assert set(targets) == set(plant["levels"])
    assert period["positions"]["plant"] == plant


def shifts_of_the_day() -> list[str]:
    """The shifts of the 24 hours before NOW; A begins at 08:00 in the plant, B at 16:00."""
    now_s = NOW_NS / SECOND_NS
    quarters = [datetime.fromtimestamp(now_s - 900 * n, ZONE) for n in range(96, 0, -1)]
    return [name for name, _ in groupby("CAB"[at.hour // 8] for at in quarters)]


async def test_shifts_and_days_add_up(api: Api) -> None:
    whole = (await kpis(api, start=ms(-24)))["periods"][0]["plant"]
    for n, by in enumerate(("shift", "day", "month")):
        client = await api.logged_in(Role.VIEWER, name=f"viewer-{n}")
        answer = await client.get(
            "/api/v1/alarms/kpi", params={"by": by, "start": ms(-24), "end": ms(0)}
        )
        periods = answer.json()["periods"]
        named = shifts_of_the_day() if by == "shift" else [None] * len(periods)
        assert [p["shift"] for p in periods] == named
        assert sum(p["plant"]["calls"] for p in periods) == whole["calls"] + (by == "month")
        assert all(a["end"] == b["start"] for a, b in pairwise(periods))


async def test_a_range_that_means_nothing_is_named(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    for asked in ({"start": ms(1)}, {"start": ms(-2), "end": ms(-3)}, {"start": "0"},
                  {"by": "week"}, {"start": ms(-41 * 24), "by": "shift"}):  # fmt: skip
        answer = await client.get("/api/v1/alarms/kpi", params=asked)
        assert answer.status_code == 422, asked


async def test_each_position_has_its_own_load(api: Api) -> None:
    figures = figures_of(api, Flooding(positions=(
        Position("packing", frozenset({"PK", "SC"})), Position("rest"),
    )))  # fmt: skip
    view = await figures.between(NOW_NS - 24 * HOUR_NS, NOW_NS)
    assert {name: one.calls for name, one in view.positions.items()} == {"packing": 13, "rest": 10}
    assert (view.plant.calls, view.plant.operators) == (23, 2)
    assert len(view.positions["packing"].floods) == 1
    assert view.positions["rest"].floods == ()


def figures_of(api: Api, flooding: Flooding) -> AlarmFigures:
    return AlarmFigures(
        StateAlarmSteps(api.database), StateWatched(api.database), Progress(),
        lambda: FIRST_PLAN.calendar, flooding, api.clock, is_behind=lambda: False,
    )  # fmt: skip


async def test_signs_of_life_make_what_is_known(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        behind = False
        spans = StateWatched(api.database)

        def started() -> AlarmFigures:
            return AlarmFigures(
                StateAlarmSteps(api.database), spans, Progress(), lambda: FIRST_PLAN.calendar,
                Flooding(), api.clock, is_behind=lambda: behind,
            )  # fmt: skip

        figures = started()
        assert figures.hour is None
        await look(figures, api.clock, minutes=30)
        assert figures.hour is not None
        assert figures.hour.known_h == pytest.approx(0.5)
        await api.clock.advance(40)  # since the last sign
        await journal(api.database, api.clock.now_ns(), [life(HOT, -10)])
        view = await figures.between(NOW_NS, api.clock.now_ns())
        assert view.plant.per_hour == pytest.approx(60 / (30 + 40 / 60))
        await api.clock.advance(20)
        behind = True  # what happens now is not journaled yet
        await look(figures, api.clock, minutes=10)
        behind = False
        await look(figures, api.clock, minutes=5)
        known = await spans.between(0, api.clock.now_ns())
        assert [(a - NOW_NS) / MINUTE_NS for one in known for a in one] == [0, 30, 41, 46]
        figures = started()  # a new run begins a span of its own
        await api.clock.advance(60)
        await look(figures, api.clock, minutes=1)
        known = await spans.between(0, api.clock.now_ns())
        assert [(a - NOW_NS) / MINUTE_NS for one in known for a in one] == [0, 30, 41, 46, 47, 48]


async def look(figures: AlarmFigures, clock: FakeClock, *, minutes: int) -> None:
    await figures.look()
    for _ in range(minutes):
        await clock.advance(60)
        await figures.look()


async def test_gauges_of_the_last_hour(api: Api) -> None:
    await journal(api.database, NOW_NS, burst(-150, 12))
    figures = figures_of(api, Flooding())
    assert list(alarm_measures(figures.hour)) == []
    await figures.look()
    found = {
        (one.name.removeprefix("anodewatch_alarms_"), *one.labels.values()): one.value
        for one in alarm_measures(figures.hour)
    }
    assert found[("per_operator_hour",)] == pytest.approx(13.0)
    assert found[("per_operator_10min",)] == 12.0
    assert found[("flood",)] == 1.0
    assert found[("hour_known",)] == pytest.approx(1.0)
    assert found[("calls", "medium")] == 1
    assert found[("calls", "low")] == 12
    assert found[("stale",)] == 1
    assert found[("fleeting",)] == 0
    assert found[("crowded_share",)] == pytest.approx(1 / 6)
    assert found[("top_share",)] == pytest.approx(10 / 13)
    assert found[("priority_share", "medium")] == pytest.approx(1 / 13)
    assert found[("priority_share", "critical")] == 0.0
    assert found[("acknowledge_seconds", "0.5")] == 5.0
    assert found[("acknowledge_seconds", "0.95")] == 61.0
    assert found[("unacknowledged",)] == 0
    assert not any(one.counter for one in alarm_measures(figures.hour))


async def test_no_gauge_of_what_is_not_known(api: Api) -> None:
    figures = figures_of(api, Flooding())
    await figures.look()
    assert figures.hour is not None
    calm = replace(
        figures.hour, calls=0, top_share=None, crowded_share=None,
        acknowledging=Acknowledging(0, 0, None, None),
    )  # fmt: skip
    names = {one.name.removeprefix("anodewatch_alarms_") for one in alarm_measures(calm)}
    unknown = {"top_share", "crowded_share", "priority_share", "acknowledge_seconds"}
    assert unknown & names == set()
    assert {"fleeting", "unacknowledged"} <= names
