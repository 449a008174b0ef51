"""Sends messages through a signed DingTalk group robot, as Markdown."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from connectors.bots import PER_MINUTE, calls_people, judge
from connectors.dingtalk.codes import CODES
from connectors.dingtalk.settings import DingTalkSettings
from connectors.markup import LANGUAGES, Markdown, json_size, markdown, told
from connectors.outbound.client import Outbound
from connectors.outbound.target import Target
from connectors.secret import as_it_is, at_hand
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock
from service.runtime.notify import Message, NotifierLimits
from service.runtime.telling import tell

BODY_BYTES = 20_000
DIALECT = Markdown(newline="  \n", heading="### ")


def signature(secret: str, timestamp_ms: int) -> str:
    """Base64 of HMAC-SHA256 over ``timestamp\\nsecret`` with the secret as key
    (open.dingtalk.com/document/orgapp/customize-robot-security-settings); not yet URL-encoded."""
    signed = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def signed_target(target: Target, secret: str | None, *, now_ns: int) -> Target:
    """``target`` with time and signature in its query; itself without a secret."""
    if secret is None:
        return target
    timestamp_ms = now_ns * 1_000 // SECOND_NS
    sign = quote(signature(secret, timestamp_ms), safe="")
    joint = "&" if "?" in target.resource else "?"
    return replace(target, resource=f"{target.resource}{joint}timestamp={timestamp_ms}&sign={sign}")


def body_of(message: Message, settings: DingTalkSettings) -> bytes:
    """The request's body. People are called by a list, and shown where the text names them."""
    languages = LANGUAGES[settings.language]
    body: dict[str, Any] = {
        "msgtype": "markdown",
        "markdown": {"title": tell(message, languages[0]).shortened(0, longest=120).subject},
    }
    mentions = ""
    if calls_people(message, settings):
        named = [*settings.mention_mobiles, *settings.mention_users]
        mentions = " ".join(f"@{one}" for one in named)
        body["at"] = {
            "atMobiles": list(settings.mention_mobiles),
            "atUserIds": list(settings.mention_users),
            "isAtAll": settings.mention_all,
        }
    mentions = f"\n\n{mentions}" if mentions else ""
    body["markdown"]["text"] = ""
    text = told(
        message,
        languages,
        lambda telling: markdown(telling, DIALECT),
        size=json_size,
        most=BODY_BYTES - len(orjson.dumps(body)) - json_size(mentions),
    )
    body["markdown"]["text"] = text + mentions
    return orjson.dumps(body)


class DingTalkNotifier:
    """One group robot."""

    limits = NotifierLimits(per_minute=PER_MINUTE)

    def __init__(
        self, outbound: Outbound, settings: DingTalkSettings, *, name: str, clock: Clock
    ) -> None:
        self._outbound = outbound
        self._settings = settings
        self._name = name
        self._clock = clock

    def preview(self, message: Message) -> str:
        """The body that ``send`` would send."""
        return body_of(message, self._settings).decode()

    async def send(self, message: Message) -> str:
        """POSTs ``message``, signed anew; taken is what is answered with errcode 0."""
        settings = self._settings
        target = await as_it_is(settings.target, name=self._name)
        secret = await as_it_is(settings.signing_secret, name=self._name)
        body = await asyncio.to_thread(body_of, message, settings)
        now_ns = self._clock.now_ns()
        answer = await self._outbound.post(
            signed_target(target, secret, now_ns=now_ns),
            body,
            headers={"content-type": "application/json"},
            timeout_s=settings.timeout_s,
            secrets=() if secret is None else (secret,),  # the signature is in the address
        )
        return judge(answer, name=self._name, keys=("errcode",), codes=CODES, now_ns=now_ns)


@asynccontextmanager
async def open_notifier(
    settings: DingTalkSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[DingTalkNotifier]:
    """The destination of ``settings``; Fatal when its address or secret can't be had."""
    at_hand(settings.key, name=f"dingtalk {name}")
    yield DingTalkNotifier(outbound, settings, name=name, clock=clock)
