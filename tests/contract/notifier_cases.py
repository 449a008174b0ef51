"""Every kind of destination, with a receiver that answers as its service does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from typing import Any

import orjson
from aiosmtpd import smtp

from connectors.outbound.client import Outbound, open_outbound
from connectors.outbound.settings import OutboundSettings
from connectors.registry import Port, kinds
from service.runtime.clock import FakeClock
from service.runtime.notify import Notifier
from tests.notices import AT_NS

KEY = "b7c1e9a0-5d1f-4b8e-9f51-secretsecret"
"""In the address of a bot."""
SECRET = "SEC0f8c552a52f6deb9d5d0e2faac0c9030"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
WEBHOOK_SECRET_2 = "whsec_" + base64.b64encode(b"l" * 32).decode()
SECRETS = (KEY, SECRET, WEBHOOK_SECRET)
TEMPLATE = '{"title": {{ subject | tojson }}, "text": {{ text | tojson }}}'

TAKEN, BUSY, TOO_FAST, REFUSED, GONE = "taken", "busy", "too fast", "refused", "gone"
SILENT, DRIPPING, CUT_OFF, ODD = "silent", "dripping", "cut off", "odd"


@cache
def way_out(networks: tuple[str, ...]) -> Outbound:
    """Loads the system's certificates, so one serves all tests."""
    return open_outbound(OutboundSettings(networks=networks))


@dataclass
class Receiver:
    """port: where it listens. answer: how it answers. taken: path and body of each request, or
    address and mail."""

    port: int = 0
    answer: str = TAKEN
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    whole: list[tuple[str, bytes]] = field(default_factory=list)
    """Head and body of each request over HTTP."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """The test is."""


@dataclass(frozen=True)
class Adapter:
    """One kind of destination.

    settings: for a receiver on this port. answers: what its service says in each case, as raw HTTP.
    most: bytes of a body. text: what people read of a body. languages: whether it speaks one.
    """

    kind: str
    settings: Callable[[int], dict[str, Any]]
    answers: dict[str, bytes]
    most: int
    text: Callable[[bytes], str]
    speaks: bool = True
    after_s: float | None = 7.0
    """What is asked for when it was too fast."""

    @asynccontextmanager
    async def open(
        self, port: int, *, networks: tuple[str, ...] = ("127.0.0.0/8",), **more: Any
    ) -> AsyncIterator[Notifier]:
        connector = kinds(Port.NOTIFIER)[self.kind]
        settings = connector.settings.model_validate(
            {"kind": self.kind, **self.settings(port), **more}
        )
        opener = connector.load()
        async with opener(
            settings, name="crew", clock=FakeClock(AT_NS), outbound=way_out(networks)
        ) as notifier:
            yield notifier


def http(status: str, body: object = b"", *headers: str) -> bytes:
    """A raw answer."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode() + content


BUSY_HTTP = http("503 x", b"later")
SHARED = {
    BUSY: BUSY_HTTP,
    TOO_FAST: http("429 x", b"slow down", "retry-after: 7"),
    GONE: http("410 x", b"no more"),
    REFUSED: http("400 x", b"bad"),
    CUT_OFF: b"HTTP/1.1 2",
}


def _code(key: str, code: int, said: str) -> bytes:
    return http("200 OK", {key: code, "errmsg" if key == "errcode" else "msg": said})


def _wecom_text(body: bytes) -> str:
    content = orjson.loads(body)
    found: str = content[content["msgtype"]]["content"]
    return found


def _mail_text(body: bytes) -> str:
    mail = message_from_bytes(body, policy=default)
    assert isinstance(mail, EmailMessage)
    part = mail.get_body(("plain",))
    assert part is not None
    return f"{mail['Subject']}\n{part.get_content()}"


def _card_text(body: bytes) -> str:
    card = orjson.loads(body)["card"]
    return f"{card['header']['title']['content']}\n{card['elements'][0]['content']}"


ADAPTERS = (
    Adapter(
        "webhook",
        lambda port: {"url": f"http://127.0.0.1:{port}/hook", "secret": WEBHOOK_SECRET},
        {**SHARED, TAKEN: http("204 x")},
        most=1_000_000,
        text=lambda body: body.decode(),
        speaks=False,
    ),
    Adapter(
        "wecom",
        lambda port: {"url": f"http://127.0.0.1:{port}/cgi-bin/webhook/send?key={KEY}"},
        {
            **SHARED,
            TAKEN: _code("errcode", 0, "ok"),
            BUSY: _code("errcode", -1, "system busy"),
            TOO_FAST: _code("errcode", 45009, "api freq out of limit"),
            REFUSED: _code("errcode", 40058, f"invalid Request Parameter {KEY}"),
            GONE: _code("errcode", 93000, f"invalid webhook url {KEY}"),
            ODD: http("200 OK", b"<html>please log in</html>"),
        },
        most=4_096 + 500,  # of content, in some JSON
        text=_wecom_text,
        after_s=60.0,
    ),
    Adapter(
        "dingtalk",
        lambda port: {
            "url": f"http://127.0.0.1:{port}/robot/send?access_token={KEY}", "secret": SECRET,
        },
        {
            **SHARED,
            TAKEN: _code("errcode", 0, "ok"),
            BUSY: _code("errcode", -1, "系统繁忙"),
            TOO_FAST: _code("errcode", 130101, "send too fast, exceed 20 times per minute"),
            REFUSED: _code("errcode", 460101, "message too long, exceed 20000 bytes"),
            GONE: _code("errcode", 400013, "群已被解散"),
            ODD: http("200 OK", {"ok": True}),
        },
        most=20_000,
        text=lambda body: str(orjson.loads(body)["markdown"]["text"]),
        after_s=600.0,
    ),
    Adapter(
        "feishu",
        lambda port: {
            "url": f"http://127.0.0.1:{port}/open-apis/bot/v2/hook/{KEY}", "secret": SECRET,
        },
        {
            **SHARED,
            TAKEN: http("200 OK", {"StatusCode": 0, "StatusMessage": "success", "code": 0}),
            BUSY: http("200 OK", {"code": 11232, "msg": "frequency limited psm[x]"}),
            TOO_FAST: http("400 x", {"code": 99991400, "msg": "request trigger frequency limit"}),
            REFUSED: http("200 OK", {"code": 9499, "msg": f"Bad Request {KEY}"}),
            ODD: http("200 OK", [0]),
        },
        most=20_000,
        text=_card_text,
        after_s=60.0,
    ),
    Adapter(
        "template",
        lambda port: {
            "url": f"http://127.0.0.1:{port}/services/{KEY}", "template": TEMPLATE,
            "header": "Authorization", "header_value": SECRET, "expect": "ok",
        },
        {**SHARED, TAKEN: http("200 OK", b"ok"), ODD: http("200 OK", b"no_service")},
        most=100_000,
        text=lambda body: "\n".join(orjson.loads(body).values()),
    ),
    Adapter(
        "email",
        lambda port: {
            "host": "127.0.0.1", "port": port, "tls": "none",
            "sender": "anodewatch@plant.example", "to": ["crew@plant.example"],
        },
        {
            TAKEN: b"250 OK queued as 4711",
            BUSY: b"451 4.3.0 try again later",
            TOO_FAST: b"452 4.5.3 too much mail",
            REFUSED: b"550 5.7.1 not wanted here",
            CUT_OFF: b"",
        },
        most=600_000,
        text=_mail_text,
        after_s=None,
    ),
)  # fmt: skip


@asynccontextmanager
async def receiving(adapter: Adapter) -> AsyncIterator[Receiver]:
    """A receiver of this adapter's messages, on a free port of this machine."""
    receiver = Receiver()
    links: list[asyncio.BaseTransport] = []

    class Mailing(smtp.SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            links.append(transport)
            super().connection_made(transport)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links.append(writer.transport)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _answer(receiver, adapter, reader, writer)
        writer.close()

    if adapter.kind == "email":
        loop = asyncio.get_running_loop()
        mailbox = _Mailbox(receiver, adapter)
        server = await loop.create_server(lambda: Mailing(mailbox, hostname="mail"), "127.0.0.1", 0)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        receiver.over.set()
        for link in links:
            link.close()
        for _ in range(5):  # the loop tells protocols that their links are gone
            await asyncio.sleep(0)


async def _answer(
    receiver: Receiver, adapter: Adapter, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        int(line.split(":")[1])
        for line in head.splitlines()
        if line.lower().startswith("content-length")
    )
    body = await reader.readexactly(length)
    receiver.taken.append((head.split(" ")[1], body))
    receiver.whole.append((head, body))
    if receiver.answer == SILENT:
        await receiver.over.wait()
        return
    if receiver.answer == DRIPPING:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not receiver.over.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)
        return
    writer.write(adapter.answers[receiver.answer])
    await writer.drain()


class _Mailbox:
    """What a mail server does with a mail."""

    def __init__(self, receiver: Receiver, adapter: Adapter) -> None:
        self._receiver = receiver
        self._adapter = adapter

    async def handle_DATA(  # noqa: N802  the library's name
        self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self._receiver.taken.append((",".join(envelope.rcpt_tos), envelope.content))
        if self._receiver.answer in (SILENT, DRIPPING):
            await self._receiver.over.wait()
            return ""
        if self._receiver.answer == CUT_OFF:
            server.transport.close()
            return ""
        return self._adapter.answers[self._receiver.answer].decode()
