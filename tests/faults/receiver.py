"""A receiver that keeps all that comes, in order, and answers what it is told to."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request whose signature is right. steps: ids of the transitions that it lists, in order.
    status: what was answered."""

    at_s: float
    id: str
    body: bytes
    steps: tuple[str, ...]
    status: int

    @property
    def is_digest(self) -> bool:
        return json.loads(self.body)["type"] == "digest"

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


@dataclass
class Logged:
    """status: decides the answer to each request."""

    secret: str
    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    status: Callable[[], int] = lambda: 204

    def taken(self) -> list[Arrival]:
        """What was answered by 2xx, in order."""
        return [one for one in list(self.arrivals) if one.taken]


@contextmanager
def run_logged(port: int = 0, *, secret: str | None = None) -> Iterator[Logged]:
    """Listens on ``port`` of this machine, 0 for a free one."""
    logged = Logged(secret or "whsec_" + base64.b64encode(os.urandom(32)).decode())
    verifier = Webhook(logged.secret)
    writing = threading.Lock()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender was killed while it spoke
            headers = {name.lower(): value for name, value in self.headers.items()}
            verifier.verify(body, headers)
            with writing:
                status = logged.status()
                logged.arrivals.append(
                    Arrival(time.monotonic(), headers["webhook-id"], body, steps_of(body), status)
                )
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    logged.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield logged
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def steps_of(body: bytes) -> tuple[str, ...]:
    """Ids of the transitions that a payload lists, in order; a digest lists all that it counts."""
    data = json.loads(body)["data"]
    listed = data.get("transitions") or data.get("notices", ())  # a heartbeat has none
    assert data.get("totals", {}).get("notices", len(listed)) == len(listed)
    return tuple(step["id"] for step in listed)
