"""Sends notifications as signed webhooks (Standard Webhooks 1.0: headers and HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.outbound.client import Outbound
from connectors.outbound.target import Target
from connectors.webhook.payload import body_of
from connectors.webhook.settings import WebhookSettings
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock
from service.runtime.errors import Fatal
from service.runtime.notify import Message, NotifierLimits


def signature(key: bytes, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body`` (Standard Webhooks, "Signature
    scheme")."""
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class WebhookNotifier:
    """One destination."""

    limits = NotifierLimits()

    def __init__(
        self, outbound: Outbound, target: Target, key: bytes, *, clock: Clock, timeout_s: float
    ) -> None:
        self._outbound = outbound
        self._target = target
        self._key = key
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> str:
        """POSTs ``message``; 2xx is delivered. Raises as ``Outbound.post`` and
        ``Answer.require_success`` do."""
        body = body_of(message)
        timestamp_s = self._clock.now_ns() // SECOND_NS
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(
                self._key, message_id=message.id, timestamp_s=timestamp_s, body=body
            ),
        }
        answer = await self._outbound.post(
            self._target, body, headers=headers, timeout_s=self._timeout_s
        )
        answer.require_success(self._clock.now_ns())
        return answer.said


@asynccontextmanager
async def open_notifier(
    settings: WebhookSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[WebhookNotifier]:
    """The destination of ``settings``; Fatal when its secret can't be had."""
    try:
        key = settings.key()
    except ValueError as error:
        raise Fatal(f"webhook {name}: {error}") from error
    yield WebhookNotifier(outbound, settings.url, key, clock=clock, timeout_s=settings.timeout_s)
