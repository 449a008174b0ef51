"""A real InfluxDB for tests: Debian's influxd in a folder of its own, behind a small proxy.

influxd 1.6 has no ``/api/v2/write``; the proxy maps it to ``/write``, as 1.8 does itself, and lets
a test take the server away, make it busy, or lose its answers. Both end with the context.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

_START_TIMEOUT_S = 30.0


class Fault(Enum):
    """What the proxy does to requests."""

    NONE = "none"
    REFUSE = "refuse"
    """Nobody listens: connection refused."""
    ERROR_500 = "500"
    BUSY_429 = "429"
    """Too many requests, with ``Retry-After: 7``."""
    HANG = "hang"
    """No answer before ``heal``."""
    LOSE_ANSWER = "lose answer"
    """The request is served, and the connection breaks before the answer."""


class InfluxDbServer:
    """A running server. ``url`` is the proxy's address, ``direct_url`` influxd's own."""

    def __init__(self, direct_url: str, proxy: Proxy) -> None:
        self.direct_url = direct_url
        self._proxy = proxy

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._proxy.port}"

    @property
    def requests(self) -> Counter[str]:
        """Requests that came, by path."""
        return self._proxy.requests

    def fail(self, fault: Fault, *, path: str | None = None) -> None:
        """Lets every request, or those to ``path``, meet ``fault`` until ``heal``."""
        self._proxy.fail(fault, path)

    def heal(self) -> None:
        """Serves again."""
        self._proxy.fail(Fault.NONE, None)

    def query(
        self, statement: str, *, db: str = "", user: tuple[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """The series of an InfluxQL query, asked past the proxy; times in ns."""
        asked = urllib.parse.urlencode({"db": db, "epoch": "ns"})
        request = urllib.request.Request(
            f"{self.direct_url}/query?{asked}",
            data=urllib.parse.urlencode({"q": statement}).encode(),
        )
        if user is not None:
            pair = base64.b64encode(":".join(user).encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            result = json.load(answer)["results"][0]
        if "error" in result:
            raise AssertionError(f"influxd refuses {statement!r}: {result['error']}")
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def write(self, lines: str, *, db: str) -> None:
        """Writes line protocol past the proxy, times in ns."""
        request = urllib.request.Request(
            f"{self.direct_url}/write?{urllib.parse.urlencode({'db': db})}", data=lines.encode()
        )
        with urllib.request.urlopen(request, timeout=30):
            return


@contextmanager
def run_influxdb(folder: Path, *, auth: bool = False) -> Iterator[InfluxDbServer]:
    """Starts influxd with everything it writes in ``folder``, and the proxy before it."""
    binary = shutil.which("influxd") or "/usr/bin/influxd"
    if not Path(binary).exists():
        raise AssertionError("influxd is missing; install it with: apt-get install influxdb")
    process, direct_url = _start(binary, folder, auth=auth)
    try:
        with Proxy(direct_url) as proxy:
            yield InfluxDbServer(direct_url, proxy)
    finally:
        _end(process)


def _start(binary: str, folder: Path, *, auth: bool) -> tuple[subprocess.Popen[bytes], str]:
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(5):  # a free port may be taken by another before influxd binds it
        http, rpc = _free_ports(2)
        config = folder / "influxdb.conf"
        config.write_text(_config(folder, http, rpc, auth=auth), encoding="utf-8")
        with (folder / "influxd.log").open("ab") as log:
            process = subprocess.Popen([binary, "run", "-config", config], stdout=log, stderr=log)
        url = f"http://127.0.0.1:{http}"
        if _answers(url, process):
            return process, url
        _end(process)
    raise AssertionError(f"influxd does not start; its log is {folder / 'influxd.log'}")


def _config(folder: Path, http: int, rpc: int, *, auth: bool) -> str:
    return f"""
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
auth-enabled = {str(auth).lower()}
[monitor]
store-enabled = false
"""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=1):
                return True
        except OSError:
            time.sleep(0.02)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Proxy:
    """Forwards to influxd. Runs in a thread with a loop of its own, so that any test can use it."""

    def __init__(self, upstream: str) -> None:
        self.port = 0
        self.requests: Counter[str] = Counter()
        self._upstream = upstream
        self._fault, self._path = Fault.NONE, None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="influxdb-proxy")

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fail(self, fault: Fault, path: str | None) -> None:
        self._run(self._switch(fault, path))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        self._healed = asyncio.Event()
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        self._healed.set()
        await self._runner.cleanup()
        await self._session.close()

    async def _switch(self, fault: Fault, path: str | None) -> None:
        was, self._fault, self._path = self._fault, fault, path
        self._healed.set()
        self._healed = asyncio.Event()
        if fault is Fault.REFUSE and was is not Fault.REFUSE:
            await self._site.stop()
        elif was is Fault.REFUSE and fault is not Fault.REFUSE:
            await self._listen()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests[request.path] += 1
        fault = self._fault if self._path in (None, request.path) else Fault.NONE
        if fault is Fault.ERROR_500:
            return web.Response(status=500, text='{"error":"out of order"}')
        if fault is Fault.BUSY_429:
            return web.Response(status=429, headers={"Retry-After": "7"}, text='{"error":"busy"}')
        if fault is Fault.HANG:
            await self._healed.wait()
            return web.Response(status=503)
        if fault is not Fault.REFUSE:
            answer = await self._forward(request)
            if fault is Fault.NONE:
                return answer
        if request.transport is not None:  # a kept connection breaks
            request.transport.abort()
        return web.Response(status=503)

    async def _forward(self, request: web.Request) -> web.Response:
        path, query = request.path, dict(request.query)
        if path == "/api/v2/write":
            db, _, rp = query["bucket"].partition("/")
            path, query = "/write", {"db": db, "precision": query["precision"]}
            if rp:
                query["rp"] = rp
        headers = {
            name: request.headers[name]
            for name in ("Authorization", "Content-Type", "Content-Encoding", "Accept")
            if name in request.headers
        }
        scheme, _, pair = headers.get("Authorization", "").partition(" ")
        if scheme == "Token" and ":" in pair:  # as 1.8 has it
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        async with self._session.request(
            request.method,
            self._upstream + path,
            params=query,
            data=await request.read(),
            headers=headers,
        ) as answer:
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name.lower().startswith("x-influxdb") or name.lower().startswith("content-")
            }
            kept.pop("Content-Length", None)
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)
