"""A receiver that answers with what it was sent: no secret of ours is in what is kept of that."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from connectors.registry import Port, kinds
from service.runtime.clock import FakeClock
from service.runtime.errors import Rejected, Retryable
from tests.http_servers import Server, serving
from tests.notices import AT_NS, message
from tests.ways_out import to_loopback

TOKEN = "tok/en+0123=="
KEY = "b7c1e9a0-5d1f-4b8e"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BOT_SECRET = "SEC0f8c552a52f6deb9"

KINDS: dict[str, dict[str, Any]] = {
    "template": {"template": "{}", "header": "Authorization", "header_value": f"Bearer {TOKEN}"},
    "webhook": {"secret": WEBHOOK_SECRET},
    "wecom": {},
    "dingtalk": {"secret": BOT_SECRET},
    "feishu": {"secret": BOT_SECRET},
    "ping": {},
}


def raw(head: str, body: bytes) -> str:
    return f"{head}\n{body.decode()}"


def as_php(head: str, body: bytes) -> str:
    """JSON with a backslash before each slash, in a field that bots show."""
    return orjson.dumps({"errcode": 1, "code": 1, "msg": raw(head, body)}).decode().replace(
        "/", r"\/"
    )  # fmt: skip


def secrets_in(head: str, body: bytes) -> set[str]:
    """What was sent and is secret: the address's key, a header's value, signatures."""
    found = {KEY, TOKEN, WEBHOOK_SECRET, BOT_SECRET}
    for line in head.splitlines():
        name, _, value = line.partition(": ")
        if name.lower() == "webhook-signature":
            found |= {value, value.removeprefix("v1,")}
        if "&sign=" in line:
            found.add(line.split("&sign=")[1].split()[0])
    if b'"sign"' in body:
        found.add(orjson.loads(body)["sign"])
    return found


def before_the_head(head: str, body: bytes) -> bytes:
    """No HTTP at all: the very bytes that came."""
    return f"{head}\r\n\r\n".encode() + body


def answered(status: int, told: Callable[[str, bytes], str]) -> Callable[[str, bytes], bytes]:
    def say(head: str, body: bytes) -> bytes:
        text = told(head, body).encode()
        return b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text)

    return say


ANSWERS = {
    "200": answered(200, raw),
    "400": answered(400, raw),
    "503": answered(503, raw),
    "json": answered(400, as_php),
    "no http": before_the_head,
}


@pytest.mark.parametrize("how", ANSWERS)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_secret_is_in_what_is_kept(kind: str, how: str) -> None:
    server: Server

    async def echo(writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWERS[how](*server.requests[-1]))

    async with serving(echo) as server:
        connector = (kinds(Port.NOTIFIER) | kinds(Port.HEARTBEAT))[kind]
        given = {"kind": kind, "url": f"{server.url}send?key={KEY}", **KINDS[kind]}
        settings = connector.settings.model_validate(given)
        opener = connector.load()
        async with opener(
            settings, name="m", clock=FakeClock(AT_NS), outbound=to_loopback()
        ) as one:
            try:
                kept = await one.send(message())
            except (Rejected, Retryable) as error:
                kept = str(error)
        (sent,) = server.requests
    secret = secrets_in(*sent)
    assert any(one in raw(*sent) for one in secret)
    plain = kept.replace("\\", "")
    assert [one for one in secret if one in plain] == []
