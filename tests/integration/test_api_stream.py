"""The live stream over a real web server on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from service.api.stream import Pace
from service.runtime.floods import FloodView
from service.runtime.identity import Role
from tests.api_app import PASSWORD, Api, open_api
from tests.api_fakes import NOW_NS

QUICK = Pace(beat_s=0.05, slow_s=0.2, session_s=0.15, patience_s=0.3)
TEMPERATURE, COUNTER = "CB-L07B-TIC112.PV", "CB-L07B-KQ131.TOT"


@dataclass
class Served:
    api: Api
    server: uvicorn.Server
    port: int
    session: str

    def connect(self, **headers: str) -> connect:
        """A page with the session's cookie, unless ``headers`` say otherwise."""
        sent = headers or {"Cookie": f"anodewatch_session={self.session}"}
        url = f"ws://127.0.0.1:{self.port}/api/v1/stream"
        return connect(url, additional_headers=sent, proxy=None)


@asynccontextmanager
async def serving(api: Api, session: str) -> AsyncIterator[Served]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(
                api.app, log_config=None, lifespan="off", ws="websockets-sansio",
                timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]  pytest's
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(5):
                while not server.started:
                    await asyncio.sleep(0.005)
            yield Served(api, server, listener.getsockname()[1], session)
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with open_api(tmp_path, pace=QUICK) as api:
        await api.identity.add_user("li.wei", password=PASSWORD, role=Role.VIEWER, by="test")
        session, _ = await api.identity.log_in("li.wei", PASSWORD, address="x")
        async with serving(api, session) as running:
            yield running


async def hear(page: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of this kind."""
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Any] = json.loads(await page.recv())
            if message["type"] == kind:
                return message


async def subscribe(page: ClientConnection, *tags: str) -> None:
    await page.send(json.dumps({"type": "subscribe", "tags": tags}))


async def test_a_page_is_told_all_at_the_start(served: Served) -> None:
    async with served.connect() as page:
        kinds = {}
        while len(kinds) < 6:
            message = json.loads(await page.recv())
            kinds.setdefault(message["type"], message)
        assert next(iter(kinds)) == "hello"
        assert kinds["hello"]["server_time_ms"] == NOW_NS // 1_000_000
        assert set(kinds) == {"hello", "beat", "alarms", "floods", "production", "sources"}
        assert kinds["alarms"]["active"][0]["state"] == "unacknowledged"
        assert kinds["alarms"]["held"] == 0
        assert kinds["production"]["output"]["windows"]["hour"]["actual_t"] == 8.0
        assert kinds["sources"]["sources"][0]["name"] == "plant"


async def test_beats_and_production_keep_coming(served: Served) -> None:
    async with served.connect() as page:
        for kind in ("beat", "beat", "production", "beat", "production", "sources"):
            await hear(page, kind)


async def test_a_subscription_gives_all_then_what_changes(served: Served) -> None:
    live = served.api.live
    live.put(3, 2_800.5)
    async with served.connect() as page:
        await subscribe(page, TEMPERATURE, COUNTER, "NO-SUCH.PV")
        first = (await hear(page, "values"))["values"]
        assert [(v["tag"], v["value"], v["quality"]) for v in first] == [
            (TEMPERATURE, 2800.5, "good"),
            (COUNTER, None, "none"),
        ]
        assert first[0]["time_ms"] == NOW_NS // 1_000_000 + 123
        assert "time" not in first[0]

        live.put(4, 12.0)
        live.put(5, 1.0)  # not subscribed
        changed = (await hear(page, "values"))["values"]
        assert [(v["tag"], v["value"]) for v in changed] == [(COUNTER, 12)]

        live.old[3] = NOW_NS  # without a new value
        stale = (await hear(page, "values"))["values"]
        assert [(v["tag"], v["stale"]) for v in stale] == [(TEMPERATURE, True)]

        await subscribe(page, "GR-K01-XS201.RUN")
        (only,) = (await hear(page, "values"))["values"]
        assert only["value"] is True
        live.put(3, 1.0)
        live.put(5, 0.0)
        (changed_only,) = (await hear(page, "values"))["values"]
        assert changed_only["value"] is False


async def test_alarms_are_told_when_they_change(served: Served) -> None:
    alarms = served.api.alarms
    async with served.connect() as page:
        await hear(page, "alarms")
        await alarms.desk.acknowledge([alarms.view.id], by="li.wei", comment=None)
        (alarm,) = (await hear(page, "alarms"))["active"]
        assert alarm["acknowledged_by"] == "li.wei"


async def test_floods_are_told_when_they_change(served: Served) -> None:
    async with served.connect() as page:
        (calm,) = (await hear(page, "floods"))["positions"]
        assert (calm["since"], calm["alarms"]) == (None, 0)
        served.api.alarms.floods = [FloodView("plant", (), NOW_NS, 12, 11)]
        (flood,) = (await hear(page, "floods"))["positions"]
        assert (flood["since"], flood["alarms"]) == ("2026-03-01T00:00:00.000Z", 12)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": "anodewatch_session=wrong"}, 401),
        ({"X": "nothing"}, 401),
        ({"Authorization": "Bearer aw_wrong"}, 401),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_strangers_are_not_let_in(
    served: Served, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with served.connect(**headers):
            pass
    assert refused.value.response.status_code == status


async def test_tokens_and_the_own_page_are_let_in(served: Served) -> None:
    owner = await served.api.identity.of_session(served.session)
    assert owner is not None
    secret, _ = await served.api.identity.add_token(owner, name="wall", role=Role.VIEWER)
    async with served.connect(Authorization=f"Bearer {secret}") as page:
        await hear(page, "beat")
    cookie = f"anodewatch_session={served.session}"
    own = f"http://127.0.0.1:{served.port}"
    async with served.connect(Cookie=cookie, Origin=own) as page:
        await hear(page, "beat")


@pytest.mark.parametrize(
    "said", ["no json", '{"type":"shout"}', json.dumps({"type": "subscribe", "tags": ["x"] * 2001})]
)
async def test_nonsense_closes_the_connection(served: Served, said: str) -> None:
    async with served.connect() as page:
        await page.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(page, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_bytes_close_the_connection(served: Served) -> None:
    async with served.connect() as page:
        await page.send(b"\x00")
        with pytest.raises(ConnectionClosed):
            await hear(page, "never")


async def test_the_stream_ends_with_the_session(served: Served) -> None:
    async with served.connect() as page:
        await hear(page, "beat")
        await served.api.identity.log_out(served.session)
        with pytest.raises(ConnectionClosed) as closed:
            await hear(page, "never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.reason == "the session is over"


async def test_a_page_that_takes_nothing_is_dropped(served: Served) -> None:
    counts = served.api.app.state.streams
    async with served.connect() as page:
        await hear(page, "beat")
        page.transport.pause_reading()
        long = os.urandom(1_500_000).hex()  # more than the system's buffers hold
        served.api.alarms.view = replace(served.api.alarms.view, message_en=long)
        async with asyncio.timeout(10):
            while not counts.too_slow or counts.open:
                served.api.alarms.changes.step()
                await asyncio.sleep(0.05)
        page.transport.abort()


async def test_streams_end_when_the_server_does(served: Served) -> None:
    counts = served.api.app.state.streams
    async with served.connect() as one, served.connect() as other:
        await hear(one, "beat")
        await hear(other, "beat")
        assert counts.open == 2
        served.server.should_exit = True
        for page in (one, other):
            with pytest.raises(ConnectionClosed) as closed:
                await hear(page, "never")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        async with asyncio.timeout(2):
            while counts.open:
                await asyncio.sleep(0.01)
