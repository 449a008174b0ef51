"""The history in InfluxDB while the server is away, busy, hangs, or its answers get lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from service.domain.coverage import Cover
from service.runtime.errors import Retryable
from service.runtime.history import Written
from tests.contract.history_cases import NOW_NS, Row, batch_of, everything, same
from tests.contract.influxdb_cases import opened, settings_for
from tests.influxdb_server import Fault, InfluxDbServer

Answer = TypeVar("Answer")


@pytest.mark.parametrize(
    ("fault", "words", "retry_after_s"),
    [
        (Fault.REFUSE, "can't be reached", None),
        (Fault.ERROR_500, "answered 500", None),
        (Fault.BUSY_429, "answered 429", 7.0),
        (Fault.HANG, r"no answer within 0\.5 s", None),
        (Fault.LOSE_ANSWER, "can't be reached", None),
    ],
)
@pytest.mark.parametrize("began", [False, True])
async def test_a_server_that_is_away_is_retryable_and_comes_back(
    server: InfluxDbServer, fault: Fault, words: str, retry_after_s: float | None, *, began: bool
) -> None:
    rows = [Row(1, NOW_NS + at, float(at)) for at in range(10)]
    covers = (Cover("plant/main", NOW_NS, NOW_NS + 10),)
    batch = batch_of(rows, covers=covers)
    timeout_s = 0.5 if fault is Fault.HANG else 10
    async with opened(settings_for(server, timeout_s=timeout_s)) as history:
        if began:
            await patiently(lambda: history.write([batch_of(rows[:3])]))
        server.fail(fault)
        with pytest.raises(Retryable, match=words) as caught:
            await history.write([batch])
        assert caught.value.retry_after_s == retry_after_s
        assert server.url in str(caught.value)
        with pytest.raises(Retryable, match=words):
            await everything(history, [1])
        with pytest.raises(Retryable, match=words):
            await history.covers(["plant/main"], NOW_NS, NOW_NS + 10)
        server.heal()
        assert await patiently(lambda: history.write([batch])) == Written(stored=10)
        assert same(await patiently(lambda: everything(history, [1])), rows)
        found = await patiently(lambda: history.covers(["plant/main"], 0, 2 * NOW_NS))
        assert found == covers


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Asks again for a while: a time-out of the test may be too short for a busy machine."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await ask()
            except Retryable:
                await asyncio.sleep(0.05)


async def test_an_answer_that_is_lost_between_values_and_coverage(server: InfluxDbServer) -> None:
    """Written, but not known to be: written again, and still there once."""
    async with opened(settings_for(server)) as history:
        first = batch_of([Row(1, NOW_NS, 1.0)], covers=(Cover("p/m", NOW_NS, NOW_NS + 5),))
        await history.write([first])
        server.fail(Fault.LOSE_ANSWER, path="/api/v2/write")
        second = batch_of([Row(1, NOW_NS, 2.0)], covers=(Cover("p/m", NOW_NS, NOW_NS + 9),))
        with pytest.raises(Retryable):
            await history.write([second])
        server.heal()
        await history.write([second])
        assert same(await everything(history, [1]), [Row(1, NOW_NS, 2.0)])
        expected = (Cover("p/m", NOW_NS, NOW_NS + 9),)
        assert await history.covers(["p/m"], NOW_NS, 2 * NOW_NS) == expected
