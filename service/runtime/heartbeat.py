"""Heartbeat: tells somebody outside, again and again, that the service really lives, so that its
death is noticed by the silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.instants import to_iso
from service.runtime.clock import Clock
from service.runtime.errors import ConnectorError
from service.runtime.notify import Message, MessageKind, Notifier, SiteName
from service.runtime.retry import backoff_s

log = logging.getLogger(__name__)

CHECK_S = 20.0
"""Real seconds within which a vital part has to prove itself."""
SEND_S = 150.0
"""Real seconds after which a receiver that still holds us up counts as gone."""
FIRST_RETRY_S = 5.0

Vital = Callable[[], Awaitable[str | None]]
"""Asks one vital part to do its work; why it can't, or None when it did. Called by one task at a
time; may raise ConnectorError instead."""


class Pulse(StrEnum):
    """How the last beat went."""

    STARTING = "starting"
    SENT = "sent"
    PAUSED = "paused"
    """A vital part doesn't live, so nothing is sent."""
    FAILED = "failed"
    """All parts live, but the receiver didn't take it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """reasons: why nothing was sent, or what the receiver said. sent_ns: of the newest beat that
    the receiver took in this run; None before the first. sent: how many it took."""

    pulse: Pulse = Pulse.STARTING
    reasons: tuple[str, ...] = ()
    sent_ns: int | None = None
    sent: int = 0


class Heartbeat:
    """Beats every ``every_s`` real seconds while every one of ``vitals`` proves that it lives.

    Waiting counts on the monotonic clock: a stepped wall clock neither stops nor hurries it. What
    failed is tried again soon, so that one lost request is no death.
    """

    def __init__(
        self,
        vitals: Mapping[str, Vital],
        notifier: Notifier,
        site: SiteName,
        clock: Clock,
        *,
        every_s: float,
        check_s: float = CHECK_S,
    ) -> None:
        self._vitals = vitals
        self._notifier = notifier
        self._site = site
        self._clock = clock
        self._every_s = every_s
        self._check_s = check_s
        self._failures = 0
        self.last = Beat()

    async def run(self) -> None:
        """Beats, for ever."""
        while True:
            began_s = self._clock.monotonic_s()
            await self.beat()
            took_s = self._clock.monotonic_s() - began_s
            wait_s = max(self._wait_s() - took_s, min(1.0, self._every_s))
            await self._clock.sleep(wait_s * self._clock.speed)

    async def beat(self) -> None:
        """One beat: every vital part is asked; if all live, the receiver is told."""
        reasons = await self.reasons()
        if reasons:
            self._note(Pulse.PAUSED, reasons)
            return
        now_ns = self._clock.now_ns()
        message = Message(f"heartbeat_{now_ns}", MessageKind.HEARTBEAT, self._site, now_ns)
        try:
            async with asyncio.timeout(SEND_S):
                await self._notifier.send(message)
        except ConnectorError as error:
            self._note(Pulse.FAILED, (str(error),))
        except TimeoutError:
            self._note(Pulse.FAILED, (f"no answer within {SEND_S:g} s",))
        else:
            self._note(Pulse.SENT, (), sent_ns=now_ns)

    async def reasons(self) -> tuple[str, ...]:
        """Why the service can't be said to live, one for each part that fails; all are asked at
        once."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._ask(*vital)) for vital in self._vitals.items()]
        return tuple(reason for task in asked if (reason := task.result()) is not None)

    async def _ask(self, name: str, ask: Vital) -> str | None:
        try:
            async with asyncio.timeout(self._check_s):
                reason = await ask()
        except TimeoutError:
            reason = f"gave no sign of life within {self._check_s:g} s"
        except ConnectorError as error:
            reason = str(error)
        return None if reason is None else f"{name}: {reason}"

    def _wait_s(self) -> float:
        if not self._failures:
            return self._every_s
        return backoff_s(
            self._failures, first_s=min(FIRST_RETRY_S, self._every_s), cap_s=self._every_s
        )

    def _note(self, pulse: Pulse, reasons: tuple[str, ...], *, sent_ns: int | None = None) -> None:
        before = self.last
        if pulse is Pulse.SENT:
            self._failures = 0
            self.last = Beat(pulse, (), sent_ns, before.sent + 1)
            if before.pulse is not Pulse.SENT:
                log.info("heartbeat beats")
            return
        self._failures += 1
        self.last = Beat(pulse, reasons, before.sent_ns, before.sent)
        if before.pulse is not pulse:
            since = "never" if before.sent_ns is None else to_iso(before.sent_ns)
            log.error("heartbeat %s last_sent=%s reasons=%s", pulse, since, "; ".join(reasons))
