"""What a network and a server can do to a connection, and that no value is lost by it.

node-opcua, which we did not write, moves 43 variables at 10 Hz and logs what it sets; a proxy
stands in between. What was received is compared with that log: nothing missing, nothing double, or,
where samples are truly gone, a gap that holds every one of them.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.opcua.settings import OpcUaSettings
from service.domain.batch import Origin
from service.domain.tag import Tag
from tests.collected import Collected, collecting, compare
from tests.opcua_server import NodeOpcuaServer, free_port, node_opcua_server
from tests.tcp_proxy import TcpProxy, tcp_proxy

GROUP = "plant/main"
RATE = 10.0


def _settings(port: int, **given: Any) -> OpcUaSettings:
    """A proxy at ``port``; queues that hold a minute at 10 Hz."""
    fast = {
        "kind": "opcua",
        "endpoint": f"opc.tcp://127.0.0.1:{port}/test",
        "publishing_interval_ms": 100,
        "sampling_interval_ms": 0,
        "queue_size": 600,
        "keep_alive_s": 0.5,
        "timeout_s": 3,
    }
    return OpcUaSettings.model_validate(fast | given)


@pytest.fixture(autouse=True)
def what_an_integrator_reads(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "connectors.opcua")


@asynccontextmanager
async def _plant(
    folder: Path, *, history: bool = False
) -> AsyncIterator[tuple[NodeOpcuaServer, TcpProxy]]:
    async with (
        node_opcua_server(folder, rate=RATE, few=True, history=history) as server,
        tcp_proxy(urlsplit(server.endpoint).port or 0) as proxy,
    ):
        yield server, proxy


def _tags(server: NodeOpcuaServer) -> dict[int, Tag]:
    """Without the one that never moves and the one that is always Bad."""
    return {n: tag for n, tag in server.tags().items() if not tag.id.startswith(("Slow", "Bad"))}


def _is_whole(found: Collected, server: NodeOpcuaServer) -> None:
    """Every value came once, and coverage has no hole."""
    difference = compare(found, server.log())
    assert difference.missing_ns == []
    assert (difference.doubled, difference.invented) == (0, 0)
    assert len(found.coverage(GROUP).intervals) == 1
    assert found.counters["gaps"] == found.counters["lost_messages"] == 0


async def test_a_reset_connection_takes_up_its_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _plant(tmp_path) as (server, proxy):
        async with collecting(_settings(proxy.port), _tags(server)) as found:
            await found.more()
            for _ in range(3):
                proxy.reset()
                await found.more()
        _is_whole(found, server)
    assert found.counters["sessions_resumed"] == found.counters["reconnects"] >= 3
    assert found.counters["subscriptions_made"] == 1
    assert "opcua.reconnected source=plant session=resumed kept=1 made=0" in caplog.text


async def test_an_outage_longer_than_the_session_transfers_the_subscription(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _plant(tmp_path) as (server, proxy):
        async with collecting(_settings(proxy.port), _tags(server)) as found:
            await found.more()
            proxy.refusing = True
            proxy.reset()
            await asyncio.sleep(0.5)
            server.process.send_signal(signal.SIGUSR2)
            await asyncio.sleep(2.0)
            proxy.refusing = False
            await found.more(1_500)
        _is_whole(found, server)
    assert found.counters["subscriptions_transferred"] == 1
    assert found.counters["sessions_resumed"] == 0
    assert found.counters["subscriptions_made"] == 1
    assert "session=new kept=1 made=0" in caplog.text


async def test_a_killed_server_leaves_a_gap_that_holds_all_that_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    async with node_opcua_server(tmp_path, rate=RATE, few=True, port=port) as server:
        tags = _tags(server)
        async with collecting(_settings(port), tags) as found:
            await found.more()
            server.process.kill()
            await asyncio.to_thread(server.process.wait)
            changed = {"namespaces_before": 3, "without": "Int16-00"}
            async with node_opcua_server(tmp_path, rate=RATE, few=True, port=port, **changed):
                await found.until(lambda: found.counters["subscriptions_made"] == 2)
                await found.more(1_000)
    # The namespace stands elsewhere now, and one node is gone: the others go on.
    assert found.counters["rejected_items"] == 1
    assert found.values().keys() == {tag.id for tag in tags.values()}
    difference = compare(found, server.log())  # both wrote into one file
    assert (difference.doubled, difference.invented) == (0, 0)
    (before, after) = found.coverage(GROUP).intervals
    gone = [at for at in difference.missing_ns if not before[1] <= at <= after[0]]
    assert gone == []
    assert found.counters["gaps"] == 1
    assert "reason='subscription lost'" in caplog.text
    assert "opcua.items_rejected source=plant reason='BadNodeIdUnknown' items=1" in caplog.text


async def test_a_server_that_is_stopped_goes_on_where_it_stood(
    tmp_path: Path, torture: bool
) -> None:
    async with _plant(tmp_path) as (server, proxy):
        async with collecting(_settings(proxy.port), _tags(server)) as found:
            await found.more()
            server.process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(20.0 if torture else 6.0)
            finally:
                server.process.send_signal(signal.SIGCONT)
            await found.more(1_000)
        _is_whole(found, server)


async def test_a_steady_delay_is_no_death(tmp_path: Path) -> None:
    async with _plant(tmp_path) as (server, proxy):
        proxy.delay_s = 0.6  # each way
        async with collecting(_settings(proxy.port), _tags(server)) as found:
            await found.more(2_500)
        _is_whole(found, server)
    assert found.counters["reconnects"] == 0
    assert proxy.connections == 1


async def test_a_connection_that_is_half_open_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _plant(tmp_path) as (server, proxy):
        async with collecting(_settings(proxy.port), _tags(server)) as found:
            await found.more()
            proxy.frozen = True
            await found.until(lambda: "went quiet" in (found.status.error or ""))
            proxy.reset()
            proxy.frozen = False
            await found.more(1_000)
        _is_whole(found, server)
    assert found.counters["sessions_resumed"] == 1
    assert "went quiet: nothing for" in caplog.text


async def test_queues_that_ran_over_leave_a_gap_that_holds_all_that_is_gone(tmp_path: Path) -> None:
    async with _plant(tmp_path) as (server, proxy):
        settings = _settings(proxy.port, queue_size=10)
        async with collecting(settings, _tags(server)) as found:
            await found.more()
            proxy.refusing = True
            proxy.reset()
            await asyncio.sleep(4.0)
            proxy.refusing = False
            await found.more(1_000)
        difference = compare(found, server.log())
    assert (difference.doubled, difference.invented) == (0, 0)
    assert difference.missing_ns  # a second of 10 Hz is kept, and four went by
    before, after = found.coverage(GROUP).intervals
    assert [at for at in difference.missing_ns if not before[1] <= at <= after[0]] == []
    assert found.counters["gaps"] == 1
    assert found.counters["overflow"] >= 1


async def test_a_gap_is_filled_from_the_servers_history(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with _plant(tmp_path, history=True) as (server, proxy):
        async with collecting(_settings(proxy.port, queue_size=5), _tags(server)) as found:
            await found.more()
            proxy.refusing = True
            proxy.reset()
            await asyncio.sleep(3.0)
            proxy.refusing = False
            await found.until(lambda: found.counters["gaps_backfilled"] == 1)
            await found.more()
        difference = compare(found, server.log())
    assert (difference.missing_ns, difference.invented) == ([], 0)
    assert len(found.coverage(GROUP).intervals) == 1
    filled = [b for b in found.batches if b.origin is Origin.BACKFILL and len(b)]
    assert sum(map(len, filled)) == found.counters["backfilled"] > 300
    assert difference.doubled <= found.counters["backfilled"]  # only what was kept and in history
    assert "(the gap is closed)" in caplog.text


async def test_without_a_history_the_gap_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        _plant(tmp_path) as (server, proxy),
        collecting(_settings(proxy.port, queue_size=5), _tags(server)) as found,
    ):
        await found.more()
        proxy.refusing = True
        proxy.reset()
        await asyncio.sleep(2.0)
        proxy.refusing = False
        await found.until(lambda: "opcua.not_backfilled" in caplog.text)
    assert len(found.coverage(GROUP).intervals) == 2
    assert (found.counters["gaps"], found.counters["gaps_backfilled"]) == (1, 0)
    assert "(the gap stays)" in caplog.text
