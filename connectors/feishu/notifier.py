"""Sends messages through a signed Feishu or Lark custom bot, as an interactive card."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from connectors.bots import calls_people, judge, worst_priority
from connectors.feishu.codes import CODES
from connectors.feishu.settings import FeishuSettings
from connectors.markup import LANGUAGES, Markdown, json_size, markdown, told
from connectors.outbound.client import Outbound
from connectors.secret import as_it_is, at_hand
from service.domain.alarm import Priority
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock
from service.runtime.notify import Message, NotifierLimits
from service.runtime.telling import tell

BODY_BYTES = 20_000
"""Of the 20 KB that a request may have, whichever way they count them."""
SIGNED_BYTES = 100
"""What time and signature add to the body."""
DIALECT = Markdown(newline="\n", heading="")
COLOURS = {
    None: "blue",
    Priority.CRITICAL: "red",
    Priority.HIGH: "orange",
    Priority.MEDIUM: "yellow",
    Priority.LOW: "grey",
}
"""Of the card's header, besides the sign and word that its title begins with."""


def signature(secret: str, timestamp_s: int) -> str:
    """Base64 of HMAC-SHA256 over nothing, with ``timestamp\\nsecret`` as key
    (open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, "Signature verification")."""
    key = f"{timestamp_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def content_of(message: Message, settings: FeishuSettings) -> dict[str, Any]:
    """The request's body without its signature."""
    languages = LANGUAGES[settings.language]
    mentions = ""
    if calls_people(message, settings):
        called = [*settings.mention_users, *(["all"] if settings.mention_all else [])]
        mentions = "".join(f"<at id={one}></at>" for one in called)
    mentions = f"\n\n{mentions}" if mentions else ""
    element = {"tag": "markdown", "content": ""}
    title = tell(message, languages[0]).shortened(0, longest=120).subject
    card = {
        "config": {"wide_screen_mode": True},
        "header": {
            "template": COLOURS[worst_priority(message)],
            "title": {"tag": "plain_text", "content": title},
        },
        "elements": [element],
    }
    body = {"msg_type": "interactive", "card": card}
    room = BODY_BYTES - SIGNED_BYTES - len(orjson.dumps(body)) - json_size(mentions)
    text = told(
        message,
        languages,
        lambda telling: markdown(telling, DIALECT),
        size=json_size,
        most=room,
    )
    element["content"] = text + mentions
    return body


class FeishuNotifier:
    """One custom bot."""

    limits = NotifierLimits(per_minute=90, apart_s=0.25)
    """Of the 100 a minute and 5 a second that it takes, since its time and ours differ by the
    network's delays."""

    def __init__(
        self, outbound: Outbound, settings: FeishuSettings, *, name: str, clock: Clock
    ) -> None:
        self._outbound = outbound
        self._settings = settings
        self._name = name
        self._clock = clock

    def preview(self, message: Message) -> str:
        """The body that ``send`` would send, without time and signature."""
        return orjson.dumps(content_of(message, self._settings)).decode()

    async def send(self, message: Message) -> str:
        """POSTs ``message``, signed anew; taken is what is answered with code 0."""
        settings = self._settings
        target = await as_it_is(settings.target, name=self._name)
        secret = await as_it_is(settings.signing_secret, name=self._name)
        now_ns = self._clock.now_ns()
        body = await asyncio.to_thread(content_of, message, settings)
        secrets: tuple[str, ...] = ()
        if secret is not None:
            timestamp_s = now_ns // SECOND_NS
            sign = signature(secret, timestamp_s)
            body = {"timestamp": str(timestamp_s), "sign": sign, **body}
            secrets = (secret, sign)
        answer = await self._outbound.post(
            target,
            orjson.dumps(body),
            headers={"content-type": "application/json"},
            timeout_s=settings.timeout_s,
            secrets=secrets,
        )
        keys = ("code", "StatusCode")
        return judge(answer, name=self._name, keys=keys, codes=CODES, now_ns=now_ns)


@asynccontextmanager
async def open_notifier(
    settings: FeishuSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[FeishuNotifier]:
    """The destination of ``settings``; Fatal when its address or secret can't be had."""
    at_hand(settings.key, name=f"feishu {name}")
    yield FeishuNotifier(outbound, settings, name=name, clock=clock)
