"""What the API shows: line, production, tags, live values, history, alarms, edges."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.instants import parse
from service.domain.instants import to_ns
from service.domain.quality import BAD_COMMUNICATION_ERROR
from service.runtime.errors import Retryable
from service.runtime.floods import FloodView
from service.runtime.identity import Role
from tests.api_app import Api, open_api
from tests.api_fakes import ALARM, GROUP, NOW_NS
from tests.sites import ZONE

NOW_MS = NOW_NS // 1_000_000
OFFSET = datetime(2026, 3, 1, 12, tzinfo=ZONE).isoformat()[-6:]
TEN_MINUTES = {"start": f"{NOW_MS - 600_000}", "end": f"{NOW_MS}"}
TEMPERATURE, COUNTER = "CB-L07B-TIC112.PV", "CB-L07B-KQ131.TOT"
RUNNING, BATCH = "GR-K01-XS201.RUN", "PK-P1-BATCH.ID"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(api: Api) -> httpx.AsyncClient:
    return await api.logged_in(Role.VIEWER)


async def get(client: httpx.AsyncClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json() if status == 200 else answer.json()["detail"]


async def test_line(client: httpx.AsyncClient) -> None:
    line = await get(client, "line")
    assert line["output_stage"] == "PK"
    assert line["shifts"][1] == {"name": "A", "start": "08:00"}
    assert line["stages"][0]["units"] == [{"id": "P1", "tag": COUNTER}]
    assert set(line["stages"][0]) == {
        *("id", "name_en", "name_zh", "finished_eq", "capacity_t_per_h", "hourly", "feeds", "units")
    }


async def test_floods_of_every_position(api: Api, client: httpx.AsyncClient) -> None:
    api.alarms.floods = [
        FloodView("furnaces", ("CB", "GZ"), NOW_NS, 40, 11),
        FloodView("mill", (), None, 0, 3),
    ]
    assert await get(client, "floods") == {
        "positions": [
            {"position": "furnaces", "stages": ["CB", "GZ"], "since": "2026-03-01T00:00:00.000Z",
             "alarms": 40, "recent": 11},
            {"position": "mill", "stages": [], "since": None, "alarms": 0, "recent": 3},
        ]
    }  # fmt: skip


async def test_who_would_hear_of_an_alarm(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    said = await get(
        engineer, "alarm-definitions/pk-low:PK/told", at=f"2026-03-01T12:00:00{OFFSET}"
    )
    assert (said["shift"], said["day"]) == ("A", "2026-03-01")
    assert said["routes"] == [
        {"name": "packing", "mismatch": None}, {"name": "rest", "mismatch": "taken"},
    ]  # fmt: skip
    (boss,) = said["told"]
    assert (boss["destination"], boss["form"], boss["route"]) == ("boss", "at_once", "packing")

    night = {"at": f"2026-03-01T03:00:00{OFFSET}", "priority": "low", "flood": "true"}
    said = await get(engineer, "alarm-definitions/pk-low:PK/told", **night)
    assert (said["shift"], said["day"]) == ("C", "2026-02-28")
    assert said["routes"][0] == {"name": "packing", "mismatch": "shift"}
    (hook,) = said["told"]
    assert (hook["destination"], hook["form"]) == ("hook", "flood")

    said = await get(engineer, "alarm-definitions/pk-low:PK/told", escalated=1,
                     at=f"2026-03-01T12:00:00{OFFSET}")  # fmt: skip
    assert [one["destination"] for one in said["told"]] == ["hook"]
    assert "at:" in await get(engineer, "alarm-definitions/pk-low:PK/told", 422, at="tomorrow")
    assert "nothing:PK" in await get(engineer, "alarm-definitions/nothing:PK/told", 404)
    viewer = await api.logged_in(Role.OPERATOR)
    await get(viewer, "alarm-definitions/pk-low:PK/told", 403)


async def test_the_forecast_is_in_tonnes_and_says_why_it_changed(client: httpx.AsyncClient) -> None:
    said = await get(client, "forecast")
    assert said["origin"] == "2026-03-01T00:00:00.000Z"
    assert said["year"] == {"reason": "mostly_unknown"}
    assert said["shift"]["change"] is None
    month = said["month"]
    assert month["expected_t"] == pytest.approx(48.0 + 0.95 * 9.0 * 500 - 0.4)
    assert month["bands"][1] == {"share": 0.8, "low_t": 3_800.0, "high_t": 4_200.0}
    assert (month["p_target"], month["change"]["p_target_before"]) == (0.25, 0.5)
    parts = {name: value for name, value in month["change"].items() if name.endswith("_t")}
    assert parts.pop("target_before_t") == 3_900.0
    assert parts.pop("total_t") == pytest.approx(sum(parts.values()))
    assert len(parts) == 5


async def test_before_the_first_forecast_every_period_is_null(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.context.forecast, "view", None)
    said = await get(client, "forecast")
    assert said == dict.fromkeys(("origin", "shift", "month", "year")) | {
        "history_h": 0,
        "needed_h": 336,
    }


async def test_production_is_in_tonnes(client: httpx.AsyncClient) -> None:
    production = await get(client, "production")
    assert production["at"] == "2026-03-01T00:00:00.000Z"
    assert production["closed_through"] == "2026-02-28T23:59:00.000Z"
    assert production["output"]["state"] == "low"
    assert set(production["output"]["windows"]) == {"hour", "shift", "day", "month", "year"}
    hour = production["output"]["windows"]["hour"]
    assert (hour["actual_t"], hour["plan_t"], hour["plan_known_t"]) == (8.0, 9.0, 8.5)
    assert hour["deviation_pct"] == pytest.approx(100 * (8.0 / 8.5 - 1))


@pytest.mark.parametrize(
    ("query", "area", "found"),
    [
        ("", "", 5),
        ("", "CB", 2),
        ("tic112", "", 1),
        ("zone 12", "", 1),
        ("12区", "", 1),
        ("pk batch", "", 1),
        ("zone", "GR", 0),
    ],
)
async def test_tags_are_found(client: httpx.AsyncClient, query: str, area: str, found: int) -> None:
    page = await get(client, "tags", query=query, area=area)
    assert page["total"] == found
    assert len(page["tags"]) == found


async def test_tags_come_in_pages(client: httpx.AsyncClient) -> None:
    page = await get(client, "tags", limit=2, offset=1)
    assert page["total"] == 5
    assert [tag["id"] for tag in page["tags"]] == [TEMPERATURE, RUNNING]
    assert page["tags"][0]["limits"] == {"hh": 3100.0, "h": None, "l": None, "ll": None}
    assert page["tags"][0]["group"] == GROUP


async def test_live_values_of_every_kind(api: Api, client: httpx.AsyncClient) -> None:
    api.live.put(3, 2_812.5)
    api.live.put(4, 70_123.0)
    api.live.put(5, 1.0, status=BAD_COMMUNICATION_ERROR)
    api.live.put(6, math.nan, text="批次7")
    api.live.old[5] = NOW_NS
    tags = f"{BATCH},{RUNNING},{COUNTER},{TEMPERATURE},PK-P1.KG1M"
    values = (await get(client, "live", tags=tags))["values"]
    assert [value["value"] for value in values] == ["批次7", True, 70123, 2812.5, None]
    assert [type(value["value"]) for value in values[1:4]] == [bool, int, float]
    assert [value["quality"] for value in values] == ["good", "bad", "good", "good", "none"]
    assert values[1]["stale_since"] == "2026-03-01T00:00:00.000Z"
    assert values[1]["status"] == BAD_COMMUNICATION_ERROR
    assert values[3]["time"] == "2026-03-01T00:00:00.123456789Z"
    assert values[4]["time"] is None


async def test_history_of_every_kind(client: httpx.AsyncClient) -> None:
    tags = f"{TEMPERATURE},{COUNTER},{RUNNING},{BATCH}"
    answer = await get(client, "history", tags=tags, **TEN_MINUTES)
    assert answer["start"] == "2026-02-28T23:50:00.000Z"
    by_tag = {series["tag"]: series for series in answer["series"]}
    assert list(by_tag) == tags.split(",")
    assert by_tag[TEMPERATURE]["values"] == [2800.25, 2801.25, None, 2803.25, 2804.25]
    assert by_tag[TEMPERATURE]["status"][2] == BAD_COMMUNICATION_ERROR
    assert by_tag[TEMPERATURE]["times_ms"][0] == NOW_MS - 540_000
    assert by_tag[COUNTER]["values"] == [70000, 70001, 70002, 70003, 70004]
    assert type(by_tag[COUNTER]["values"][0]) is int
    assert by_tag[RUNNING]["values"] == [False, True, False, True, False]
    assert by_tag[BATCH]["values"] == [f"批次{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("start_ms", "first_ms", "first"),
    [
        (NOW_MS - 390_000, NOW_MS - 420_000, None),  # between two rows, alive: the null held
        (NOW_MS - 440_000, NOW_MS - 480_000, 2801.25),
        (NOW_MS - 600_000, NOW_MS - 540_000, 2800.25),  # alive, but there was nothing before
        (NOW_MS - 301_000, NOW_MS - 360_000, 2803.25),  # the last second before a gap
        (NOW_MS - 290_000, None, None),  # nobody knows what held in a gap
    ],
)
async def test_a_series_begins_with_the_row_that_held_at_its_start(
    client: httpx.AsyncClient, start_ms: int, first_ms: int | None, first: float | None
) -> None:
    query = {"start": f"{start_ms}", "end": f"{NOW_MS}"}
    (series,) = (await get(client, "history", tags=TEMPERATURE, **query))["series"]
    assert (series["times_ms"] or [None])[0] == first_ms
    assert (series["values"] or [None])[0] == first
    assert len(series["times_ms"]) == len(series["values"]) == len(series["status"])
    assert sorted(set(series["times_ms"])) == series["times_ms"]


async def test_the_row_that_held_comes_with_its_text_and_kind(client: httpx.AsyncClient) -> None:
    query = {"start": f"{NOW_MS - 301_000}", "end": f"{NOW_MS - 300_500}"}
    answer = await get(client, "history", tags=f"{BATCH},{RUNNING}", **query)
    assert [series["values"] for series in answer["series"]] == [["批次3"], [True]]


async def test_a_row_at_the_very_start_is_the_first(client: httpx.AsyncClient) -> None:
    at = "2026-02-28T23:53:00.000000007Z"
    answer = await get(client, "history", tags=TEMPERATURE, start=at, end=f"{NOW_MS}")
    assert answer["series"][0]["times_ms"][0] == NOW_MS - 420_000


async def test_gaps_are_what_is_not_covered_up_to_now(client: httpx.AsyncClient) -> None:
    future = {"start": TEN_MINUTES["start"], "end": f"{NOW_MS + 3_600_000}"}
    gaps = (await get(client, "history", tags=TEMPERATURE, **future))["gaps"]
    # Four seconds without proof until now are on their way; an hour that has not come is no gap.
    assert gaps == [{"group": GROUP, "start_ms": NOW_MS - 300_000, "end_ms": NOW_MS - 180_000}]


async def test_a_dead_source_is_one_gap(api: Api, client: httpx.AsyncClient) -> None:
    api.history.covered = ()
    gaps = (await get(client, "history", tags=TEMPERATURE, **TEN_MINUTES))["gaps"]
    assert gaps == [{"group": GROUP, "start_ms": NOW_MS - 600_000, "end_ms": NOW_MS}]
    derived = await get(client, "history", tags="PK-P1.KG1M", **TEN_MINUTES)
    assert derived["gaps"] == []


async def test_raw_rows_in_pages(client: httpx.AsyncClient) -> None:
    tags, after, rows, pages = f"{BATCH},{TEMPERATURE}", "", [], 0
    while True:
        page = await get(client, "history/raw", tags=tags, limit=3, after=after, **TEN_MINUTES)
        rows += page["rows"]
        pages += 1
        if page["next"] is None:
            break
        after = page["next"]
    assert pages == 4
    assert len(rows) == 10
    assert rows[0] == {
        "tag": TEMPERATURE,
        "time": "2026-02-28T23:51:00.000000007Z",
        "value": 2800.25,
        "status": 0,
    }
    assert rows[1]["value"] == "批次0"
    assert rows[4]["value"] is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "2026-02-28T23:50:00"}, "start: '2026-02-28T23:50:00' has no offset"),
        ({"start": "yesterday"}, "start: expected an instant, came 'yesterday'; give RFC 3339"),
        ({"end": "2026-02-30T00:00:00Z"}, "end: '2026-02-30T00:00:00Z' is no instant"),
        ({"end": "1601-01-01T00:00:00Z"}, "end: expected an instant from 1970 to 2200"),
        ({"end": TEN_MINUTES["start"]}, "end: expected an instant after start"),
        ({"tags": "NO-SUCH.PV"}, "tags: the site has no tag 'NO-SUCH.PV'"),
        ({"tags": ","}, "tags: expected 1 to 20 ids"),
        ({"buckets": "5"}, "buckets: Input should be greater than or equal to 10; came '5'"),
        ({"buckets": "5001"}, "buckets: "),
    ],
)
async def test_wrong_ranges_are_explained(
    client: httpx.AsyncClient, change: dict[str, str], words: str
) -> None:
    query = {"tags": TEMPERATURE, **TEN_MINUTES, **change}
    assert words in await get(client, "history", status=422, **query)


async def test_wrong_cursor_is_explained(client: httpx.AsyncClient) -> None:
    for after in ("!!!", "AAAA", "é"):
        query = {"tags": TEMPERATURE, **TEN_MINUTES, "after": after}
        assert "after: expected `next`" in await get(client, "history/raw", status=422, **query)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01T08:00:00+08:00", "2026-03-01T08:00:00 08:00", "2026-03-01T00:00:00Z"),
        *("2026-02-28T18:30-05:30", "2026-03-01t00:00:00.000000000z", f"{NOW_MS}"),
    ],
)
def test_one_instant_in_many_ways(text: str) -> None:
    assert parse(text, "start") == NOW_NS


def test_nanoseconds_are_kept() -> None:
    assert parse("2026-03-01T00:00:00.123456789Z", "start") == NOW_NS + 123_456_789
    assert to_ns(datetime.fromisoformat("2026-03-01T00:00:00+00:00")) == NOW_NS


async def test_a_store_that_is_away_or_slow(
    api: Api, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.history.error = Retryable("history influxdb at 127.0.0.1:8086: connection refused")
    told = await get(client, "history", status=503, tags=TEMPERATURE, **TEN_MINUTES)
    assert "connection refused" in told
    monkeypatch.setattr("service.api.routes.history.READ_S", 0.01)

    async def never(*_args: object, **_kwargs: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(api.history, "rows", never)
    told = await get(client, "history/raw", status=504, tags=TEMPERATURE, **TEN_MINUTES)
    assert "shorter range" in told


async def test_alarms(api: Api, client: httpx.AsyncClient) -> None:
    (alarm,) = (await get(client, "alarms"))["alarms"]
    assert alarm["state"] == "unacknowledged"
    assert alarm["priority"] == 2
    assert alarm["raised_at"] == "2026-03-01T00:00:00.000Z"
    assert alarm["returned_at"] is None
    life = await get(client, f"alarms/{ALARM}")
    assert {**alarm, "guidance": life["guidance"], "transitions": life["transitions"]} == life
    assert life["transitions"][0]["kind"] == "raised"
    assert "GET /api/v1/alarms/history" in await get(client, "alarms/none", status=404)
    assert "state: " in await get(client, "alarms", status=422, state="some")


async def test_sources(client: httpx.AsyncClient) -> None:
    (source,) = (await get(client, "sources"))["sources"]
    assert source["state"] == "connected"
    assert source["groups"] == [
        {"group": GROUP, "covered_until": "2026-03-01T00:00:00.000Z", "stale": False}
    ]
