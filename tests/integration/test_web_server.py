"""The web server as the service sets it up: its socket, its limits, and what it logs."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from service.app.logs import set_up_logging
from service.app.serve import TAKES_NOTHING_MS, WebServer, listening, web_config
from service.runtime.errors import Fatal
from service.runtime.identity import Role
from tests.api_app import PASSWORD, Api, open_api

USER_TIMEOUT = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """The service's own way of logging, for the time of a test; gives what is written."""
    names = [None, *(n for n in logging.root.manager.loggerDict if n.startswith("uvicorn"))]
    before = {name: logging.getLogger(name).level for name in names}
    handlers, filters = logging.root.handlers[:], logging.getLogger("uvicorn.error").filters[:]
    set_up_logging("info")
    yield capsys
    logging.root.handlers[:] = handlers
    logging.getLogger("uvicorn.error").filters[:] = filters
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
async def stream(api: Api) -> AsyncIterator[str]:
    """Where the live stream of a running server is."""
    with listening("127.0.0.1", 0) as listener:
        server = WebServer(web_config(api.app))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(5):
                while not server.started:
                    await asyncio.sleep(0.005)
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}/api/v1/stream"
        finally:
            server.should_exit = True
            await task


def test_a_connection_that_takes_nothing_is_given_up_by_the_kernel() -> None:
    with listening("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname(), timeout=5):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(*USER_TIMEOUT) == TAKES_NOTHING_MS == 30_000


def test_a_taken_port_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Fatal, match=f"port {port}: can't listen"), listening("127.0.0.1", port):
            pass


async def test_a_message_of_more_than_a_mebibyte_is_refused(api: Api, stream: str) -> None:
    await api.identity.add_user("li.wei", password=PASSWORD, role=Role.VIEWER, by="test")
    session, _ = await api.identity.log_in("li.wei", PASSWORD, address="x")
    headers = {"Cookie": f"anodewatch_session={session}"}
    async with connect(stream, additional_headers=headers, proxy=None) as page:
        await page.send("x" * (1 << 20) + "x")
        async with asyncio.timeout(5):
            await page.wait_closed()
        assert page.close_code == 1009


async def test_a_refused_page_is_no_error_in_the_log(
    logged: pytest.CaptureFixture[str], stream: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(stream, proxy=None):
            pass
    assert refused.value.response.status_code == 401
    logging.getLogger("uvicorn.error").error("a real one")
    await asyncio.sleep(0.1)  # the server speaks after it has answered
    said = logged.readouterr().err
    assert "a real one" in said
    assert "handshake" not in said
