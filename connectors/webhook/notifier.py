"""Sends notifications as signed webhooks (Standard Webhooks 1.0: headers and HMAC-SHA256)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from connectors.retryafter import retry_after_s
from connectors.webhook.payload import body_of
from connectors.webhook.settings import WebhookSettings
from service.domain.instants import SECOND_NS
from service.runtime.clock import Clock
from service.runtime.errors import Fatal, Rejected, Retryable
from service.runtime.notify import Gone, Message, NotifierLimits

ANSWER_BYTES = 2_000
RETRYABLE = frozenset({408, 425, 429})
GONE = 410


def signature(key: bytes, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body`` (Standard Webhooks, "Signature
    scheme")."""
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


class WebhookNotifier:
    """One destination. Redirects are not followed; time and the answer's size are bounded."""

    limits = NotifierLimits()

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        key: bytes,
        *,
        name: str,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._client = client
        self._url = url
        self._key = key
        self._name = name
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> str:
        """POSTs ``message``; 2xx is delivered. Time-outs, 408, 425, 429 and 5xx are Retryable, 410
        is Gone, the rest Rejected."""
        body = body_of(message)
        timestamp_s = self._clock.now_ns() // SECOND_NS
        headers = {
            "content-type": "application/json",
            "user-agent": "anodewatch",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signature(
                self._key, message_id=message.id, timestamp_s=timestamp_s, body=body
            ),
        }
        try:
            async with (
                asyncio.timeout(self._timeout_s),  # of the whole attempt: a dripping answer counts
                self._client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                answer = await _start_of(response)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Retryable(f"webhook {self._name}: no answer in time ({error!r})") from error
        except httpx.HTTPError as error:
            raise Retryable(f"webhook {self._name}: {error!r}") from error
        said = f"HTTP {response.status_code} {answer}".strip()
        if response.is_success:
            return said
        asked = response.headers.get("retry-after", "")
        asked_s = retry_after_s(asked, now_ns=self._clock.now_ns())
        if response.status_code in RETRYABLE or response.is_server_error:
            raise Retryable(f"webhook {self._name}: {said}", retry_after_s=asked_s)
        if response.status_code == GONE:
            raise Gone(f"webhook {self._name}: the receiver is gone: {said}")
        raise Rejected(f"webhook {self._name}: the receiver refuses the message: {said}")


async def _start_of(response: httpx.Response) -> str:
    """The first bytes of the answer as text; the rest is not read."""
    taken = b""
    async for part in response.aiter_bytes():
        taken += part
        if len(taken) >= ANSWER_BYTES:
            break
    return taken[:ANSWER_BYTES].decode("utf-8", "replace")


@asynccontextmanager
async def open_notifier(
    settings: WebhookSettings, *, name: str, clock: Clock
) -> AsyncIterator[WebhookNotifier]:
    """The destination of ``settings``; Fatal when its secret can't be had."""
    try:
        key = settings.key()
    except ValueError as error:
        raise Fatal(f"webhook {name}: {error}") from error
    async with httpx.AsyncClient(
        timeout=settings.timeout_s, follow_redirects=False, verify=settings.verify_tls
    ) as client:
        yield WebhookNotifier(
            client,
            str(settings.url),
            key,
            name=name,
            clock=clock,
            timeout_s=settings.timeout_s,
        )
