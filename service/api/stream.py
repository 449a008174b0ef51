"""The live stream: one WebSocket for each open page.

Nothing is queued for a client. Each second it is told what changed since it was last told, so
that a slow one skips what is outdated; one that takes nothing for a while is disconnected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError
from starlette.websockets import WebSocketState

from service.api.access import Caller, caller_of, context_of, same_origin
from service.api.asked import MOST_LIVE_TAGS
from service.api.context import ApiContext
from service.api.instants import to_ms
from service.api.models.alarms import Alarm
from service.api.models.common import Request
from service.api.models.events import Source
from service.api.models.floods import Flood
from service.api.models.line import Production
from service.api.models.values import streamed_fields
from service.runtime.errors import Retryable
from service.runtime.views import Measure, Showing

log = logging.getLogger(__name__)
router = APIRouter()

POLICY_VIOLATION = 1008
MOST_ALARMS = 1_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a page is told. patience_s: how long one message may take until it is given up."""

    beat_s: float = 1.0
    slow_s: float = 5.0
    session_s: float = 30.0
    patience_s: float = 10.0


@dataclass(slots=True)
class StreamCounts:
    """What became of streams; shown among the service's metrics."""

    open: int = 0
    opened: int = 0
    too_slow: int = 0

    def __call__(self) -> Sequence[Measure]:
        return (
            Measure("anodewatch_streams", "Pages that listen now.", self.open, counter=False),
            Measure("anodewatch_streams_opened", "Streams opened.", self.opened),
            Measure(
                "anodewatch_streams_too_slow", "Streams closed that took nothing.", self.too_slow
            ),
        )


class Subscribe(Request):
    """What a page may say: from now on exactly these tags."""

    type: Literal["subscribe"]
    tags: list[str] = Field(max_length=MOST_LIVE_TAGS)


@dataclass(slots=True)
class Page:
    """What one page wants and what it was told. stale: since when, by tag number."""

    numbers: list[int] = field(default_factory=list)
    revision: int = 0
    stale: list[int | None] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)


@router.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    """Values, production, alarms, sources and a beat, until the page leaves."""
    context = context_of(socket)
    if not same_origin(socket):
        await _deny(socket, 403, "Origin: this page does not belong to the service")
        return
    caller = await caller_of(socket)
    if caller is None:
        await _deny(socket, 401, "not logged in, or the session or token is over; log in again")
        return
    await socket.accept()
    counts: StreamCounts = socket.app.state.streams
    counts.open += 1
    counts.opened += 1
    try:
        await _serve(socket, context, caller, socket.app.state.pace, counts)
    finally:
        counts.open -= 1


async def _serve(
    socket: WebSocket, context: ApiContext, caller: Caller, pace: Pace, counts: StreamCounts
) -> None:
    """Listens and tells at once; the end of one is the end of both."""
    page = Page()
    async with asyncio.TaskGroup() as group:
        both = (
            group.create_task(_listen(socket, context, page), name="stream-listen"),
            group.create_task(
                _Teller(socket, context, caller, page, pace, counts).run(), name="stream-tell"
            ),
        )
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()


async def _listen(socket: WebSocket, context: ApiContext, page: Page) -> None:
    """Takes subscriptions until the page, or the server, closes the connection."""
    while socket.application_state is WebSocketState.CONNECTED:
        try:
            said = Subscribe.model_validate_json(await socket.receive_text())
        except WebSocketDisconnect:
            return
        except (ValidationError, KeyError):  # KeyError: bytes, not text
            await _close(
                socket,
                POLICY_VIOLATION,
                f'expected {{"type":"subscribe","tags":[…]}}, at most {MOST_LIVE_TAGS}',
            )
            return
        wanted = dict.fromkeys(tag for tag in said.tags if tag in context.table)
        page.numbers = context.table.numbers(wanted)
        page.asked.set()


class _Teller:
    """Tells one page what it wants to know."""

    def __init__(
        self,
        socket: WebSocket,
        context: ApiContext,
        caller: Caller,
        page: Page,
        pace: Pace,
        counts: StreamCounts,
    ) -> None:
        self._socket = socket
        self._context = context
        self._caller = caller
        self._page = page
        self._pace = pace
        self._counts = counts
        self._alarms_seen: int | None = None
        self._floods_told: list[dict[str, Any]] | None = None

    async def run(self) -> None:
        """Tells until the page leaves, takes nothing any more, or its session is over."""
        try:
            await self._tell()
        except TimeoutError:
            self._counts.too_slow += 1
            log.info("stream closed: too slow user=%s", self._caller.user.name)
        except WebSocketDisconnect:
            return

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        slow_s = session_s = beat_s = loop.time()
        session_s += self._pace.session_s
        await self._send({"type": "hello", "server_time_ms": self._now_ms()})
        while True:
            now_s = loop.time()
            if now_s >= session_s:
                if await self._is_over():
                    await _close(self._socket, POLICY_VIOLATION, "the session is over")
                    return
                session_s = now_s + self._pace.session_s
            if now_s >= beat_s:
                await self._send({"type": "beat", "server_time_ms": self._now_ms()})
                await self._send_changes()
                await self._send_alarms()
                await self._send_floods()
                beat_s = max(beat_s + self._pace.beat_s, now_s)
            if now_s >= slow_s:
                await self._send_slow()
                slow_s = now_s + self._pace.slow_s
            await self._until(beat_s)

    async def _until(self, deadline_s: float) -> None:
        """Waits for the next beat; what the page asks for meanwhile it gets at once."""
        asked = self._page.asked
        try:
            async with asyncio.timeout_at(deadline_s):
                await asked.wait()
        except TimeoutError:
            return
        asked.clear()
        await self._send_snapshot()

    async def _send_snapshot(self) -> None:
        page, now_ns = self._page, self._context.clock.now_ns()
        page.revision = self._context.live.revision
        page.stale = list(self._context.live.stale_since(page.numbers, now_ns))
        await self._send_values(page.numbers, now_ns)

    async def _send_changes(self) -> None:
        page, live, now_ns = self._page, self._context.live, self._context.clock.now_ns()
        if not page.numbers or page.asked.is_set():
            return
        revision = live.revision
        changed = set(live.changed_since(page.revision, page.numbers))
        stale = list(live.stale_since(page.numbers, now_ns))
        before = zip(page.numbers, page.stale, stale, strict=True)
        changed |= {number for number, was, now in before if was != now}
        page.revision, page.stale = revision, stale
        if changed:
            await self._send_values([n for n in page.numbers if n in changed], now_ns)

    async def _send_values(self, numbers: Sequence[int], now_ns: int) -> None:
        table = self._context.table
        values = self._context.live.values(numbers, now_ns)
        told = [streamed_fields(table.tag(value.number), value) for value in values]
        await self._send({"type": "values", "values": told})

    async def _send_alarms(self) -> None:
        seen = self._context.alarms.changes.value
        if seen == self._alarms_seen:
            return
        try:
            active = await self._context.alarms.alarms(Showing.ACTIVE, limit=MOST_ALARMS)
        except Retryable:
            return  # the next beat tries again
        self._alarms_seen = seen
        told = [Alarm.of(alarm).model_dump() for alarm in active]
        now = self._context.desk.definitions(normal=False)
        held = sum(state.held is not None for _, state in now)
        await self._send({"type": "alarms", "active": told, "held": held})

    async def _send_floods(self) -> None:
        told = [Flood.of(one).model_dump() for one in self._context.floods()]
        if told == self._floods_told:
            return
        self._floods_told = told
        await self._send({"type": "floods", "positions": told})

    async def _send_slow(self) -> None:
        production = Production.of(self._context.production.now())
        await self._send({"type": "production", **production.model_dump()})
        sources = [Source.of(one).model_dump() for one in self._context.sources.sources()]
        await self._send({"type": "sources", "sources": sources})

    async def _is_over(self) -> bool:
        try:
            return await caller_of(self._socket) is None
        except Retryable:
            return False  # a busy state is no reason to send people away

    async def _send(self, message: dict[str, Any]) -> None:
        """TimeoutError when the page does not take it, WebSocketDisconnect when it is gone."""
        if self._socket.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnect(POLICY_VIOLATION)  # the listener closed it
        async with asyncio.timeout(self._pace.patience_s):
            await self._socket.send_text(orjson.dumps(message).decode())

    def _now_ms(self) -> int:
        return to_ms(self._context.clock.now_ns())


async def _deny(socket: WebSocket, status: int, detail: str) -> None:
    await socket.send_denial_response(JSONResponse({"detail": detail}, status))


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    async with asyncio.timeout(1.0):
        await socket.close(code, reason)
