"""Tells a monitor that the service lives: one request, whose arrival is all that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from connectors.outbound.client import Outbound
from connectors.outbound.target import Target
from connectors.ping.settings import PingSettings
from service.domain.instants import to_iso
from service.runtime.clock import Clock
from service.runtime.errors import Fatal
from service.runtime.notify import Message, NotifierLimits


class PingNotifier:
    """One monitor. It hears nothing but that the service lives."""

    limits = NotifierLimits()

    def __init__(
        self, outbound: Outbound, target: Target, *, method: str, clock: Clock, timeout_s: float
    ) -> None:
        self._outbound = outbound
        self._target = target
        self._method = method
        self._clock = clock
        self._timeout_s = timeout_s

    def preview(self, message: Message) -> str:
        """The body that ``send`` would send; none where the monitor wants a GET."""
        if self._method == "get":
            return ""
        said = {
            "type": str(message.kind),
            "site": message.site.id,
            "timestamp": to_iso(message.at_ns),
        }
        return orjson.dumps(said).decode()

    async def send(self, message: Message) -> str:
        """Requests the address once; 2xx is heard. Raises as the way out does."""
        if self._method == "get":
            answer = await self._outbound.get(self._target, timeout_s=self._timeout_s)
        else:
            answer = await self._outbound.post(
                self._target,
                self.preview(message).encode(),
                headers={"content-type": "application/json"},
                timeout_s=self._timeout_s,
            )
        answer.require_success(self._clock.now_ns())
        return answer.said


@asynccontextmanager
async def open_notifier(
    settings: PingSettings, *, name: str, clock: Clock, outbound: Outbound
) -> AsyncIterator[PingNotifier]:
    """The monitor of ``settings``; Fatal when its address can't be had."""
    try:
        target = settings.target()
    except ValueError as error:
        raise Fatal(f"{name}: {error}") from error
    yield PingNotifier(
        outbound, target, method=settings.method, clock=clock, timeout_s=settings.timeout_s
    )
