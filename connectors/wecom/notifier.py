"""Sends messages through a WeCom group robot, as Markdown, or as text where numbers are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from connectors.bots import PER_MINUTE, calls_people, judge
from connectors.markup import LANGUAGES, Markdown, markdown, plain_text, told, utf8_size
from connectors.outbound.client import Outbound
from connectors.secret import as_it_is, at_hand
from connectors.wecom.codes import CODES
from connectors.wecom.settings import WeComSettings
from service.runtime.clock import Clock
from service.runtime.notify import Message, NotifierLimits

MARKDOWN_BYTES = 4_096
TEXT_BYTES = 2_048
DIALECT = Markdown(newline="\n", heading="### ")


def body_of(message: Message, settings: WeComSettings) -> bytes:
    """The request's body. Markdown calls people as ``<@userid>`` within the text; numbers are a
    list beside a plain text."""
    languages = LANGUAGES[settings.language]
    called = calls_people(message, settings)
    if called and settings.mention_mobiles:
        text = told(message, languages, plain_text, size=utf8_size, most=TEXT_BYTES)
        return orjson.dumps(
            {
                "msgtype": "text",
                "text": {
                    "content": text,
                    "mentioned_list": list(settings.mention_users),
                    "mentioned_mobile_list": list(settings.mention_mobiles),
                },
            }
        )
    mentions = "".join(f"<@{user}>" for user in settings.mention_users) if called else ""
    mentions = f"\n\n{mentions}" if mentions else ""
    text = told(
        message,
        languages,
        lambda telling: markdown(telling, DIALECT),
        size=utf8_size,
        most=MARKDOWN_BYTES - utf8_size(mentions),
    )
    return orjson.dumps({"msgtype": "markdown", "markdown": {"content": text + mentions}})


class WeComNotifier:
    """One group robot."""

    limits = NotifierLimits(per_minute=PER_MINUTE)

    def __init__(
        self, outbound: Outbound, settings: WeComSettings, *, name: str, clock: Clock
    ) -> None:
        self._outbound = outbound
        self._settings = settings
        self._name = name
        self._clock = clock

    def preview(self, message: Message) -> str:
        """The body that ``send`` would send."""
        return body_of(message, self._settings).decode()

    async def send(self, message: Message) -> str:
        """POSTs ``message``; taken is what is answered with errcode 0."""
        target = await as_it_is(self._settings.target, name=self._name)
        body = await asyncio.to_thread(body_of, message, self._settings)
        answer = await self._outbound.post(
            target,
            body,
            headers={"content-type": "application/json"},
            timeout_s=self._settings.timeout_s,
        )
        return judge(
            answer, name=self._name, keys=("errcode",), codes=CODES, now_ns=self._clock.now_ns()
        )


@asynccontextmanager
async def open_notifier(
    settings: WeComSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[WeComNotifier]:
    """The destination of ``settings``; Fatal when its address can't be had."""
    at_hand(settings.key, name=f"wecom {name}")
    yield WeComNotifier(outbound, settings, name=name, clock=clock)
