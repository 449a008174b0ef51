"""The whole service: core and web server in one task group, from start to an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from service.api.app import create_api
from service.app.core import Core, open_core
from service.app.heartbeat import open_heartbeat
from service.app.reports import open_reports
from service.app.run import run_core
from service.app.views import api_context
from service.app.views.production import CoreProduction
from service.runtime.clock import Clock
from service.runtime.errors import Fatal
from service.runtime.source import OpenSource
from service.settings import Site
from service.state.identity import StateIdentity

log = logging.getLogger(__name__)

HTTP_END_S = 5
TAKES_NOTHING_MS = 30_000
"""How long sent bytes may stay unacknowledged until the kernel gives a connection up."""
MOST_MESSAGE_BYTES = 1 << 20
"""Of one WebSocket message; the longest subscription has far less."""


@dataclass(frozen=True, slots=True)
class Started:
    """What is told once the service can be reached. password: the first administrator's, on the
    first run only."""

    url: str
    password: str | None
    core: Core


class WebServer(uvicorn.Server):
    """uvicorn without its own signal handling: the service decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the service."""
        yield


async def serve(
    site: Site,
    clock: Clock,
    *,
    stop: asyncio.Event,
    started: Callable[[Started], None],
    sources: Mapping[str, OpenSource] | None = None,
) -> None:
    """Runs the service until ``stop`` is set. Raises ConnectorError when it can't start: the port
    is taken, or
    state or history can't be opened."""
    with listening(site.service.bind, site.service.port) as listener:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        url = site.service.public_url or f"http://{shown}:{port}"
        async with (
            open_core(site, clock, sources=sources, url=url) as core,
            open_heartbeat(core) as heartbeat,
        ):
            identity = StateIdentity(core.database, clock)
            production, reports = CoreProduction(core), open_reports(core)
            password = await identity.ensure_first_administrator()
            context = api_context(core, identity, production, reports, heartbeat)
            server = WebServer(web_config(create_api(context)))
            try:
                async with asyncio.TaskGroup() as group:
                    web = group.create_task(server.serve(sockets=[listener]), name="web")
                    group.create_task(_announce(server, Started(url, password, core), started))
                    running = group.create_task(run_core(core, stop), name="core")
                    told = [
                        group.create_task(production.run(), name="figures"),
                        group.create_task(reports.run(), name="reports"),
                    ]
                    if heartbeat is not None:
                        told.append(group.create_task(heartbeat.run(), name="heartbeat"))
                    await asyncio.wait((web, running), return_when=asyncio.FIRST_COMPLETED)
                    stop.set()
                    await asyncio.wait((running,))
                    for task in told:
                        task.cancel()
                    server.should_exit = True
            finally:
                log.info("stopped")


def web_config(api: FastAPI) -> uvicorn.Config:
    """How the web server runs ``api``."""
    return uvicorn.Config(
        api,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=HTTP_END_S,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_BYTES,
    )


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM end the service in order; a second SIGINT at once."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)


async def _announce(
    server: uvicorn.Server, what: Started, started: Callable[[Started], None]
) -> None:
    while not server.started:
        await asyncio.sleep(0.01)
        if server.should_exit:
            return
    started(what)


@contextlib.contextmanager
def listening(bind: str, port: int) -> Iterator[socket.socket]:
    """A bound socket, whose options its connections inherit; Fatal names the address when it can't
    be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a page that was left asleep holds its buffer
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKES_NOTHING_MS)
        try:
            listener.bind((bind, port))
        except OSError as error:
            raise Fatal(
                f"service.bind {bind}, service.port {port}: can't listen there ({error}); "
                f"end what uses the port, or choose another (0 takes a free one)"
            ) from error
        yield listener
    finally:
        listener.close()
