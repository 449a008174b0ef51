"""The history in InfluxDB: what the server holds, buckets, credentials, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from connectors.influxdb.coverage import missing
from connectors.influxdb.settings import InfluxDbSettings
from service.domain.batch import Origin
from service.domain.coverage import Cover
from service.domain.instants import DAY_NS, SECOND_NS
from service.domain.quality import BAD
from service.domain.tag import Tag, TagKind
from service.domain.tagtable import TagTable
from service.runtime.errors import Fatal, Rejected
from service.runtime.history import Written
from tests.contract.history_cases import NOW_NS, WORDS, Row, batch_of, everything, same
from tests.contract.influxdb_cases import opened, settings_for
from tests.influxdb_server import InfluxDbServer, run_influxdb


async def test_what_the_server_holds(server: InfluxDbServer, table: TagTable) -> None:
    """The shape that dashboards over InfluxDB rely on."""
    settings = settings_for(server)
    rows = [
        Row(1, NOW_NS, 1150.25, 0x480),
        Row(2, NOW_NS, None, BAD),
        Row(WORDS, NOW_NS, None, 0, "运行"),
    ]
    covers = (Cover("plant/main", NOW_NS, NOW_NS + SECOND_NS),)
    async with opened(settings, table) as history:
        await history.write([batch_of(rows, covers=covers)])
    found = {
        name: [dict(zip(series["columns"], row, strict=True)) for row in series["values"]]
        for name in ("aw_number", "aw_text", "aw_coverage")
        for series in server.query(f"SELECT * FROM {name}", db=settings.database)
    }
    common = {"time": NOW_NS, "area": "CB"}
    assert found == {
        "aw_number": [
            common | {"tag_id": table.tag(1).id, "value": 1150.25, "q": 0x480, "flags": 0},
            common | {"tag_id": table.tag(2).id, "value": None, "q": BAD, "flags": 4},
        ],
        "aw_text": [
            {"time": NOW_NS, "area": "GZ", "tag_id": table.tag(WORDS).id, "text": "运行"}
            | {"q": 0, "flags": 8}
        ],
        "aw_coverage": [{"time": NOW_NS, "item_group": "plant/main", "end_ns": NOW_NS + SECOND_NS}],
    }


async def test_a_bucket_that_was_dropped_is_made_again(server: InfluxDbServer) -> None:
    settings = settings_for(server)
    batch = batch_of([Row(1, NOW_NS, 1.0)])
    async with opened(settings) as history:
        await history.write([batch])
        server.query(f'DROP DATABASE "{settings.database}"')
        with pytest.raises(Rejected, match="database not found"):
            await history.write([batch])
        assert await history.write([batch]) == Written(stored=1)


async def test_a_type_conflict_is_rejected_in_the_servers_words(server: InfluxDbServer) -> None:
    settings = settings_for(server)
    other = TagTable({1: Tag("A-1.PV", "plant", "x", kind=TagKind.TEXT)})
    async with opened(settings, other) as history:
        await history.write([batch_of([Row(2, NOW_NS, 1.0)])])
        line = f"aw_text,area=A,tag_id=A-1.PV text=5 {NOW_NS}"
        server.write(line, db=settings.database)
        with pytest.raises(Rejected, match="partial write: field type conflict") as caught:
            await history.write([batch_of([Row(1, NOW_NS + 1, None, 0, "word")])])
        assert "the other lines of the request are stored" in str(caught.value)


async def test_points_beyond_the_retention_are_refused_and_counted(server: InfluxDbServer) -> None:
    settings = settings_for(server, bucket="short/day")
    server.query('CREATE DATABASE "short"')
    server.query('CREATE RETENTION POLICY "day" ON "short" DURATION 1d REPLICATION 1')
    rows = [Row(1, 5, 1.0), Row(1, 7, 2.0), Row(1, 7_000_000_000 * SECOND_NS, 3.0)]
    async with opened(settings) as history:
        assert await history.write([batch_of(rows)]) == Written(stored=1, refused=2)
        assert same(await everything(history, [1]), rows[2:])


async def test_a_retention_policy_is_made(server: InfluxDbServer) -> None:
    settings = settings_for(server, bucket="made/forever")
    async with opened(settings) as history:
        await history.write([batch_of([Row(1, NOW_NS, 1.0)])])
        assert same(await everything(history, [1]), [Row(1, NOW_NS, 1.0)])
    policies = server.query('SHOW RETENTION POLICIES ON "made"')[0]["values"]
    assert [row[0] for row in policies] == ["autogen", "forever"]


async def test_name_and_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_influxdb(tmp_path / "influxdb", auth=True) as server:
        server.query("CREATE USER plant WITH PASSWORD 'geheim' WITH ALL PRIVILEGES")
        monkeypatch.setenv("AW_TEST_PASSWORD", "geheim")
        right = settings_for(server, username="plant", password_env="AW_TEST_PASSWORD")
        row = Row(1, NOW_NS, 1.0)
        async with opened(right) as history:
            await history.write([batch_of([row])])
            assert same(await everything(history, [1]), [row])
        for wrong in (
            settings_for(server, username="plant", password="wrong"),
            settings_for(server, token="nobody"),
            settings_for(server),
        ):
            async with opened(wrong) as history:
                with pytest.raises(Rejected, match="answered 401") as caught:
                    await history.write([batch_of([row])])
                assert "check the token, or username and password" in str(caught.value)
                assert "wrong" not in str(caught.value)


@asynccontextmanager
async def fake_v2(*, may_list: bool) -> AsyncIterator[tuple[str, list[tuple[str, str, Any]]]]:
    """The parts of the 2.x API that make a bucket; it yields its address and what was asked."""
    asked: list[tuple[str, str, Any]] = []

    async def serve(request: web.Request) -> web.Response:
        body = await request.json() if request.content_type == "application/json" else None
        asked.append((request.method, request.path_qs, body))
        assert request.headers["Authorization"] == "Token secret"
        if request.path == "/ping":
            return web.Response(status=204, headers={"X-Influxdb-Version": "v2.7.1"})
        if request.path.startswith("/api/v2/buckets") and not may_list:
            return web.json_response({"message": "forbidden"}, status=403)
        answers = {"/api/v2/buckets": {"buckets": []}, "/api/v2/orgs": {"orgs": [{"id": "0a"}]}}
        if request.path in answers:
            status = 201 if request.method == "POST" else 200
            return web.json_response(answers[request.path], status=status)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("may_list", [True, False])
async def test_the_bucket_of_2x_is_made_when_the_token_allows(
    tmp_path: Path, *, may_list: bool
) -> None:
    (tmp_path / "token").write_text("secret\n")
    async with fake_v2(may_list=may_list) as (url, asked):
        settings = InfluxDbSettings.model_validate(
            {"kind": "influxdb", "url": url, "bucket": "plant", "org": "anode works"}
            | {"token_file": tmp_path / "token"}
        )
        async with opened(settings) as history:
            for at in range(2):
                await history.write([batch_of([Row(1, NOW_NS + at, 1.0)])])
    write = ("POST", "/api/v2/write?org=anode%20works&bucket=plant&precision=ns", None)
    made = [
        ("GET", "/api/v2/orgs?org=anode%20works", None),
        ("POST", "/api/v2/buckets", {"orgID": "0a", "name": "plant", "retentionRules": []}),
    ]
    assert [(m, p.replace("+", "%20"), b) for m, p, b in asked] == [
        ("GET", "/ping", None),
        ("GET", "/api/v2/buckets?name=plant&org=anode%20works", None),
        *(made if may_list else []),
        write,
        write,
    ]


@pytest.mark.parametrize("name", ["back\\slash", "line\nbreak", ""])
async def test_a_name_that_can_not_be_written_is_told_at_once(
    server: InfluxDbServer, name: str
) -> None:
    with pytest.raises(Fatal, match="rename it"):
        async with opened(settings_for(server), TagTable({1: Tag(name, "plant", "x")})):
            pass


async def test_a_missing_secret_is_named(server: InfluxDbServer, tmp_path: Path) -> None:
    for source, named in [
        ({"token_env": "AW_NOT_SET"}, "environment variable AW_NOT_SET is not set"),
        ({"token_file": tmp_path / "none"}, "token file .* can't be read"),
    ]:
        with pytest.raises(Fatal, match=named):
            async with opened(settings_for(server, **source)):
                pass


@pytest.mark.parametrize(
    "settings",
    [
        {"bucket": "a/b/c"},
        {"bucket": ""},
        {"token": "a", "token_env": "B"},
        {"token": "a", "username": "b", "password": "c"},
        {"username": "b"},
        {"password": "c"},
        {"url": "file:///etc"},
        {"colour": "red"},
    ],
)
def test_settings_are_checked(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        InfluxDbSettings.model_validate(
            {"kind": "influxdb", "url": "http://127.0.0.1:8086", **settings}
        )


@pytest.mark.parametrize(
    ("there", "new", "pieces"),
    [
        ([], (10, 20), [(10, 20)]),
        ([(0, 5)], (10, 20), [(10, 20)]),
        ([(0, 10)], (10, 20), [(0, 20)]),
        ([(0, 15)], (10, 20), [(0, 20)]),
        ([(0, 30)], (10, 20), []),
        ([(10, 20)], (10, 20), []),
        ([(15, 17)], (10, 20), [(10, 15), (15, 20)]),
        ([(0, 12), (15, 17), (19, 25)], (10, 20), [(0, 15), (15, 19)]),
        ([(20, 30)], (10, 20), [(10, 20)]),
        # a fragment that began on another day is not extended
        ([(0, DAY_NS)], (DAY_NS, DAY_NS + 5), [(DAY_NS, DAY_NS + 5)]),
        ([(0, DAY_NS - 1)], (DAY_NS - 1, DAY_NS + 5), [(0, DAY_NS + 5)]),
    ],
)
def test_the_missing_pieces_of_coverage(
    there: list[tuple[int, int]], new: tuple[int, int], pieces: list[tuple[int, int]]
) -> None:
    assert missing(there, *new) == pieces


async def test_backfill_asks_for_what_is_there_and_live_good_does_not(
    server: InfluxDbServer,
) -> None:
    async with opened(settings_for(server)) as history:
        await history.write([batch_of([Row(1, NOW_NS, 1.0)])])
        before = server.requests["/query"]
        await history.write([batch_of([Row(1, NOW_NS + at, 1.0) for at in range(5)])])
        assert server.requests["/query"] == before
        await history.write([batch_of([Row(1, NOW_NS, 2.0)], origin=Origin.BACKFILL)])
        assert server.requests["/query"] == before + 1
