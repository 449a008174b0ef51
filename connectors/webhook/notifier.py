"""Sends notifications as signed webhooks (Standard Webhooks 1.0)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.outbound.client import Outbound
from connectors.outbound.target import Target
from connectors.webhook.payload import body_of
from connectors.webhook.settings import WebhookSettings
from connectors.webhook.signing import secrets_of, signed_headers
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock
from service.runtime.errors import Fatal, Retryable
from service.runtime.notify import Message, NotifierLimits


class WebhookNotifier:
    """One destination."""

    limits = NotifierLimits(notices=500)  # receivers know repeats by the transitions listed

    def __init__(
        self, outbound: Outbound, target: Target, settings: WebhookSettings, *, clock: Clock
    ) -> None:
        self._outbound = outbound
        self._target = target
        self._settings = settings
        self._clock = clock

    def preview(self, message: Message) -> str:
        """The body that ``send`` would send."""
        return body_of(message).decode()

    async def send(self, message: Message) -> str:
        """POSTs ``message``, signed with the secrets as they are now; 2xx is delivered. Raises as
        ``Outbound.post`` and ``Answer.require_success`` do, and Retryable without its secrets."""
        try:
            keys = await asyncio.to_thread(self._settings.keys)
        except ValueError as error:
            raise Retryable(f"{self._target}: not sent, for it can't be signed: {error}") from error
        body = body_of(message)
        timestamp_s = self._clock.now_ns() // SECOND_NS
        headers = signed_headers(keys, message_id=message.id, timestamp_s=timestamp_s, body=body)
        answer = await self._outbound.post(
            self._target,
            body,
            headers={"content-type": "application/json", **headers},
            timeout_s=self._settings.timeout_s,
            secrets=secrets_of(keys, headers),
        )
        answer.require_success(self._clock.now_ns())
        return answer.said


@asynccontextmanager
async def open_notifier(
    settings: WebhookSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[WebhookNotifier]:
    """The destination of ``settings``; Fatal when its address or secret
    can't be had."""
    try:
        settings.key()
        target = settings.target()
    except ValueError as error:
        raise Fatal(f"webhook {name}: {error}") from error
    yield WebhookNotifier(outbound, target, settings, clock=clock)
