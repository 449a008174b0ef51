"""A webhook receiver for tests: keeps what it gets, judged by the reference verifier."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """messages: payload and headers of each delivery whose signature is right, in order."""

    url: str
    secret: str
    messages: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    status: int = 204
    """What it answers."""

    def ids(self) -> list[str]:
        """The webhook-id of every delivery."""
        return [headers["webhook-id"] for _, headers in list(self.messages)]

    def transitions(self) -> list[str]:
        """Ids of the transitions that the deliveries list, in order; repeats as often as they
        came."""
        listed = [body["data"].get("transitions", ()) for body, _ in list(self.messages)]
        return [step["id"] for steps in listed for step in steps]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of one type, e.g. ``alarm.raised``."""
        return [body for body, _ in list(self.messages) if body["type"] == kind]


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    """Listens on a free port of this machine."""
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    receiver = Receiver("", secret)
    verifier = Webhook(secret)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                payload = verifier.verify(body, headers)
            except WebhookVerificationError as error:
                receiver.refused.append(str(error))
                self.send_response(401)
            else:
                receiver.messages.append((payload, headers))
                self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
