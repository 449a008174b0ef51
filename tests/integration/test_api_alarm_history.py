"""The history of alarms through the API: filters, pages, and the journal as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.domain.alarm import Priority, Quiet
from service.runtime.identity import Role
from tests.alarm_lives import definition, journal, life, shelving
from tests.api_app import Api, open_api
from tests.api_fakes import NOW_NS
from tests.sites import ZONE

HOT = definition()
LOW = definition(
    "low", "PK-P1-WT101.PV", priority=Priority.LOW, stage="PK", message_en="100 %_full \\ now",
    message_zh="料位低",
)  # fmt: skip
TRIP = definition("trip", "UT-RTO1-TT150.PV", priority=Priority.CRITICAL, stage=None)
LIVES = [
    life(HOT, -7_200, seen=(60, "li.na", "=HYPERLINK(1)"), stands_s=600),
    life(HOT, -3_600, seen=(30, "wang.lei", "热电偶, 已换"), stands_s=300),
    life(LOW, -3_600, quiet=Quiet.SHELVED, stands_s=20),
    life(TRIP, -1_800),
    life(LOW, -60, stands_s=30),
    shelving(LOW, -5_000, by="li.na", why="scale is being cleaned"),
]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        await journal(opened.database, NOW_NS, LIVES)
        yield opened


async def page(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/alarms/history", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def when(seconds: int) -> int:
    return NOW_NS // 1_000_000 + seconds * 1_000


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["low", "trip", "low", "hh", "hh"]),
    ({"stage": "PK"}, ["low", "low"]),
    ({"stage": ["PK", "CB"], "priority": 2}, ["hh", "hh"]),
    ({"rule": ["trip", "low"]}, ["low", "trip", "low"]),
    ({"priority": [1, 4]}, ["low", "trip", "low"]),
    ({"state": "unacknowledged"}, ["trip"]),
    ({"state": ["unacknowledged", "returned"]}, ["low", "trip"]),
    ({"text": "zone 12"}, ["trip", "hh", "hh"]),
    ({"text": "料位"}, ["low", "low"]),
    ({"text": "%_f"}, ["low", "low"]),
    ({"text": "%"}, ["low", "low"]),
    ({"text": "\\"}, ["low", "low"]),
    ({"text": "rto1"}, ["trip"]),
    ({"person": "li.na"}, ["hh"]),
    ({"person": "nobody"}, []),
    ({"quiet": "shelved"}, ["low"]),
    ({"quiet": ["shadow", "inhibited"]}, []),
    ({"start": when(-3_600), "end": when(-60)}, ["trip", "low", "hh"]),
    ({"end": when(-3_600)}, ["hh"]),
]


async def test_filters(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    for asked, expected in FILTERS:
        found = await page(client, **asked)
        assert [one["rule"] for one in found["alarms"]] == expected, asked
        assert found["next"] is None


async def test_new_alarms_move_no_page(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    whole = [one["id"] for one in (await page(client))["alarms"]]
    first = await page(client, limit=2)
    await journal(api.database, NOW_NS, [life(HOT, -1), life(TRIP, 5)])
    second = await page(client, limit=2, after=first["next"])
    third = await page(client, limit=2, after=second["next"])
    pages = [one["id"] for part in (first, second, third) for one in part["alarms"]]
    assert pages == whole  # two of them were raised in the same second
    assert third["next"] is None


NOTHING: list[tuple[dict[str, Any], str]] = [
    ({"start": "yesterday"}, "start"),
    ({"start": when(0), "end": when(-1)}, "end"),
    ({"after": "!"}, "after"),
    ({"after": "eDox"}, "after"),
    ({"priority": 5}, "priority"),
    ({"state": "gone"}, "state"),
    ({"quiet": "asleep"}, "quiet"),
]


async def test_what_means_nothing_is_named(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    for asked, word in NOTHING:
        answer = await client.get("/api/v1/alarms/history", params=asked)
        assert answer.status_code == 422, asked
        assert word in answer.text


async def test_the_journal_as_csv(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    answer = await client.get("/api/v1/alarms/history.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="alarms-2026-03-01.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfat,at_local,")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["at"] for row in table] == sorted(row["at"] for row in table)
    steps = [(row["rule"], row["step"], row["by"]) for row in table]
    assert sorted(steps) == sorted(
        [
            *[("hh", "raised", ""), ("hh", "returned", ""), ("hh", "cleared", "")] * 2,
            ("hh", "acknowledged", "li.na"), ("hh", "acknowledged", "wang.lei"),
            ("low", "raised", ""), ("low", "returned", ""), ("low", "cleared", ""),
            ("low", "raised", ""), ("low", "returned", ""),
            ("trip", "raised", ""), ("", "shelved", "li.na"),
        ]
    )  # fmt: skip
    seen = next(row for row in table if row["by"] == "wang.lei")
    assert seen["comment"] == "热电偶, 已换"
    at = datetime(2026, 2, 28, 23, 0, 30, tzinfo=UTC)
    local = at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    assert (seen["at"], seen["at_local"]) == ("2026-02-28T23:00:30.000Z", local)
    assert (seen["priority"], seen["message_zh"], seen["unit"]) == ("high", "12区温度过高", "°C")
    formula = next(row for row in table if row["by"] == "li.na" and row["step"] != "shelved")
    assert formula["comment"] == "'=HYPERLINK(1)"
    shelved = next(row for row in table if row["step"] == "shelved")
    assert (shelved["quiet"], shelved["comment"]) == ("shelved", "scale is being cleaned")


EXPORTED: list[tuple[dict[str, Any], list[str]]] = [
    ({"person": "wang.lei"}, ["raised", "acknowledged", "returned", "cleared"]),
    ({"quiet": "shelved"}, ["shelved", "raised", "returned", "cleared"]),
    ({"stage": "PK", "start": when(-100)}, ["raised", "returned"]),
    ({"state": "unacknowledged"}, ["raised"]),
    ({"start": when(-3_579), "end": when(-3_300)}, ["acknowledged"]),
    ({"start": when(-3_579), "end": when(-3_299)}, ["acknowledged", "cleared", "returned"]),
]


async def test_the_export_takes_the_same_filters(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    for asked, steps in EXPORTED:
        answer = await client.get("/api/v1/alarms/history.csv", params=asked)
        table = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
        assert sorted(row["step"] for row in table) == sorted(steps), asked


async def test_the_export_is_in_pieces(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await api.logged_in(Role.VIEWER)
    whole = (await client.get("/api/v1/alarms/history.csv")).content
    for pieces in (1, 2, 5, 14):
        monkeypatch.setattr("service.state.alarm_history.STEPS_AT_ONCE", pieces)
        assert (await client.get("/api/v1/alarms/history.csv")).content == whole


async def test_only_who_is_known_reads_it(api: Api) -> None:
    for path in ("history", "history.csv", "kpi"):
        assert (await api.client().get(f"/api/v1/alarms/{path}")).status_code == 401
