"""The service's vital parts, each asked to do what it is there for, and the heartbeat over them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from service.app.core import Core
from service.app.outside import receiver_of
from service.domain.batch import empty_batch
from service.domain.circuit import may_send
from service.domain.instants import MINUTE_NS, SECOND_NS, to_iso
from service.runtime.heartbeat import Heartbeat, Vital
from service.state.heartbeat import StateHeartbeat

log = logging.getLogger(__name__)

HELD_LOOK_S = 0.5
MOST_BEHIND_NS = 15 * MINUTE_NS
"""How far the judgement of production may be behind what is accounted for."""
STUCK_S = 300.0
"""Real seconds after which a queue in which something is due, and nothing is tried, stands."""


@asynccontextmanager
async def open_heartbeat(core: Core) -> AsyncIterator[Heartbeat | None]:
    """The heartbeat of the core's site; None when it wants none. Its receiver is opened for it
    alone, since a notifier is called by one task at a time."""
    wanted = core.site.heartbeat
    if wanted is None:
        yield None
        return
    kept = StateHeartbeat(core.database)
    lived_ns = await kept.lived_ns()
    if lived_ns is not None:
        log.info(
            "heartbeat the service last proved that it lives at=%s ago_s=%d",
            to_iso(lived_ns), (core.clock.now_ns() - lived_ns) // SECOND_NS,
        )  # fmt: skip
    async with receiver_of(
        wanted.settings, name=wanted.name, clock=core.clock, outbound=core.outbound
    ) as notifier:
        yield Heartbeat(
            CoreVitals(core, kept).all(), notifier, core.name, core.clock, every_s=wanted.every_s
        )


class CoreVitals:
    """What must live for an alarm to come through: journal, watch, state and deliveries."""

    def __init__(self, core: Core, kept: StateHeartbeat) -> None:
        self._core = core
        self._kept = kept
        self._entry: asyncio.Event | None = None
        self._tried: dict[str, tuple[int, float]] = {}

    def all(self) -> Mapping[str, Vital]:
        """Each part by the name under which its reasons are told."""
        return {
            "journal": self.journal,
            "watch": self.watch,
            "state": self.state,
            "deliveries": self.deliveries,
        }

    async def journal(self) -> str | None:
        """Commits an entry without rows; where the one before still waits, no further one comes."""
        if (held := self._held()) is not None:
            return held
        if self._entry is None:
            entry = asyncio.Event()
            await self._core.journal.append(
                empty_batch(received_ns=self._core.clock.now_ns()), entry.set
            )
            self._entry = entry
        while not self._entry.is_set():
            if (held := self._held()) is not None:
                return held
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._entry.wait(), HELD_LOOK_S)
        self._entry = None
        return None

    def _held(self) -> str | None:
        return self._core.journal.held

    async def watch(self) -> str | None:
        """Judges all that the journal holds, and keeps its place in the state."""
        await self._core.watch.caught_up(self._core.journal.last)
        closed_ns, judged_ns = self._core.book.closed_ns, self._core.watch.judged_ns
        if closed_ns is None or judged_ns is None or closed_ns - judged_ns <= MOST_BEHIND_NS:
            return None
        behind_min = (closed_ns - judged_ns) // MINUTE_NS
        return f"production is judged {behind_min} min later than it is accounted for"

    async def state(self) -> str | None:
        """Keeps that the service lives."""
        await self._kept.lives(self._core.clock.now_ns())
        return None

    async def deliveries(self) -> str | None:
        """Looks whether something is tried wherever something is due. A receiver that refuses is
        no reason: dead letters and the other channel tell of it."""
        now_s, now_ns = self._core.clock.monotonic_s(), self._core.clock.now_ns()
        due = await self._kept.due()
        standing = []
        for name, courier in self._core.couriers.items():
            if due.get(name, now_ns) >= now_ns or not may_send(courier.circuit, now_ns):
                self._tried.pop(name, None)
                continue
            tried = sum(courier.counters.values())
            before, since_s = self._tried.get(name, (tried, now_s))
            since_s = since_s if tried == before else now_s
            self._tried[name] = (tried, since_s)
            if now_s - since_s > STUCK_S:
                standing.append(name)
        if not standing:
            return None
        return f"messages to {', '.join(standing)} are due, and none was tried for {STUCK_S:g} s"
