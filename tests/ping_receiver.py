"""A monitor for tests that waits for heartbeats, and keeps when and how they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Ping:
    """One request. at_s: monotonic."""

    at_s: float
    method: str
    path: str
    body: bytes


@dataclass
class Monitor:
    url: str = ""
    pings: list[Ping] = field(default_factory=list)
    status: int = 200
    """What it answers."""


@contextmanager
def run_monitor() -> Iterator[Monitor]:
    """Listens on a free port of this machine."""
    monitor = Monitor()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            monitor.pings.append(Ping(time.monotonic(), self.command, self.path, body))
            self.send_response(monitor.status)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    monitor.url = f"http://127.0.0.1:{server.server_address[1]}/ping/uuid?from=anodewatch"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield monitor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
