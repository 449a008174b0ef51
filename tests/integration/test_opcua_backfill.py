"""Gaps that a server's history can't fill, and that none stands in the way of the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua

from connectors.opcua.backfill import NODES_AT_ONCE, backfill
from connectors.opcua.inbox import Inbox
from connectors.opcua.kept import Kept
from connectors.opcua.pki import Pki
from service.domain.instants import SECOND_NS
from service.domain.tag import Tag
from service.runtime.clock import FakeClock

T0 = 1_780_000_000 * SECOND_NS
TAGS = {n: Tag(f"T{n}", "plant", f"ns=0;i={n}") for n in range(1, NODES_AT_ONCE + 2)}


class _Server:
    """Answers every history read with its next word: an error of the whole call, or no values for
    each node with that status."""

    def __init__(self, *answers: Exception | int) -> None:
        self._answers = list(answers)
        self.services = self
        self.asked: list[int] = []

    async def read(self, _parameters: Any) -> Sequence[ua.DataValue]:
        return [
            ua.DataValue(ua.Variant(["http://opcfoundation.org/UA/"])),
            ua.DataValue(ua.Variant(0)),
        ]

    async def history(self, parameters: ua.HistoryReadParameters) -> bytes:
        self.asked.append(len(parameters.NodesToRead))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = ua.HistoryReadResponse()
        response.Results = [
            ua.HistoryReadResult(StatusCode=ua.StatusCode(ua.UInt32(answer)))
            for _ in parameters.NodesToRead
        ]
        return bytes(ua.ua_binary.struct_to_binary(response))


async def filled(server: _Server, gaps: int) -> Kept:
    """After all of ``gaps`` of ten seconds were asked about."""
    kept = Kept("plant", TAGS, Inbox("plant"), Pki(Path("unused")))
    for n in range(gaps):
        start_ns = T0 + n * 60 * SECOND_NS
        kept.note_gap("plant/main", start_ns, start_ns + 10 * SECOND_NS, "subscription lost")
    session: Any = server
    running = asyncio.create_task(backfill(session, kept, FakeClock(T0)))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while kept.unread and not running.done():
                await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return kept


async def test_a_server_without_the_service_leaves_every_gap_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = _Server(*[ua.uaerrors.BadServiceUnsupported()] * 2 * 2)
    kept = await filled(server, gaps=2)
    assert not kept.unread
    assert kept.counts["gaps_backfilled"] == 0
    assert server.asked == [NODES_AT_ONCE, 1] * 2
    reason = f"BadServiceUnsupported of {NODES_AT_ONCE + 1} items"
    assert caplog.text.count(reason) == 2


async def test_a_server_that_takes_fewer_nodes_is_asked_for_fewer() -> None:
    good = 0
    too_many = ua.uaerrors.BadTooManyOperations()
    server = _Server(too_many, good, good, good)
    kept = await filled(server, gaps=1)
    assert server.asked == [50, 25, 25, 1]
    assert kept.counts["gaps_backfilled"] == 1


async def test_a_session_that_is_lost_meanwhile_leaves_the_gap_to_the_next() -> None:
    kept = await filled(_Server(ua.uaerrors.BadSessionIdInvalid()), gaps=1)
    assert len(kept.unread) == 1
    assert kept.counts["gaps_backfilled"] == 0
