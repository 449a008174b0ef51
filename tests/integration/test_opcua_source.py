"""The OPC UA source against node-opcua, which we did not write, and asyncua's own server."""

from __future__ import annotations

import asyncio
import math
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Server, ua

from connectors.opcua.columns import BAD_NOT_SUPPORTED
from connectors.opcua.items import BAD_NODE_ID_INVALID, BAD_NODE_ID_UNKNOWN
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import source_of
from service.domain.batch import Batch, TimeOrigin
from service.domain.coverage import Coverage
from service.domain.instants import SECOND_NS, to_ns
from service.domain.quality import Quality, quality_of
from service.domain.tag import Tag
from service.runtime.clock import SystemClock
from service.runtime.errors import Fatal, Rejected, Retryable
from service.runtime.source import Source
from tests.opcua_server import Sent, asyncua_server, certificate, free_port, node_opcua_server

PLC = "urn:anodewatch:plc"
INSTANT = datetime(2026, 3, 1, 4, 5, 6, 789_012, tzinfo=UTC)
Row = tuple[int, float | str, int]
"""time_ns, value, status"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plc() -> AsyncIterator[Server]:
    """One server for the tests that leave it as it was; starting one takes seconds."""
    async with asyncua_server(namespaces=[PLC, "urn:other"]) as server:
        yield server


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}  # the teardown's own
    assert [task for task in left if not _is_of_a_server(task)] == []


def _is_of_a_server(task: asyncio.Task[Any]) -> bool:
    """asyncua's server leaves tasks behind when it stops with clients connected."""
    coroutine = task.get_coro()
    return "/asyncua/server/" in coroutine.cr_code.co_filename


def _settings(endpoint: str, **given: Any) -> OpcUaSettings:
    fast = {
        "kind": "opcua",
        "endpoint": endpoint,
        "publishing_interval_ms": 100,
        "sampling_interval_ms": 0,
        "queue_size": 50,
        "keep_alive_s": 0.4,
        "timeout_s": 4,
    }
    return OpcUaSettings.model_validate(fast | given)


def _tags(*nodes: str, group: str = "main") -> dict[int, Tag]:
    """Tags with the numbers 7, 17, 27, ...: numbers of the registry are not dense."""
    return {
        7 + 10 * n: Tag(id=f"CB-L01-T{n}", connector="plant", node=node, group=group)
        for n, node in enumerate(nodes)
    }


def _open(settings: OpcUaSettings, tags: Mapping[int, Tag], folder: Path = Path("unused")) -> Any:
    return source_of(settings, name="plant", tags=tags, clock=SystemClock(), folder=folder)()


async def _read_for(source: Source, seconds: float) -> list[Batch]:
    """What comes within ``seconds``."""
    found = []
    try:
        async with asyncio.timeout(seconds):
            while True:
                found.append(await source.read())
    except TimeoutError:
        return found


async def _read_rows(source: Source, count: int) -> list[tuple[int, Row]]:
    """The first ``count`` rows, with their tags."""
    found: list[tuple[int, Row]] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            found += _rows(await source.read())
    return found


def _rows(batch: Batch) -> Iterator[tuple[int, Row]]:
    for row, tag in enumerate(batch.tag.tolist()):
        value = batch.text.get(row, float(batch.value[row]))
        yield tag, (int(batch.time_ns[row]), value, int(batch.status[row]))


async def _variable(server: Server, name: str, value: Any, kind: Any = None, index: int = 2) -> Any:
    node_id = ua.NodeId(name, index)
    return await server.nodes.objects.add_variable(node_id, name, value, kind)


async def test_every_value_of_node_opcua_arrives_once_and_equal(tmp_path: Path) -> None:
    async with node_opcua_server(tmp_path, rate=4, operation_limit=50) as server:
        tags = server.tags()
        slow = next(n for n, tag in tags.items() if tag.id == "Slow-00")
        bad = next(n for n, tag in tags.items() if tag.id == "Bad-00")
        tags[slow] = Tag(id="Slow-00", connector="plant", node=tags[slow].node, group="hourly")
        clock = SystemClock()
        async with _open(_settings(server.endpoint, publishing_interval_ms=200), tags) as source:
            opened_ns = clock.now_ns()
            batches = await _read_for(source, 10)
            closed_ns = clock.now_ns()
            report = source.report()
        sent = _by_tag(server.log())
    received: dict[int, list[Row]] = defaultdict(list)
    for batch in batches:
        assert batch.time_origin is TimeOrigin.SOURCE
        for number, row in _rows(batch):
            received[number].append(row)
    assert received.keys() == tags.keys()
    assert len(tags) >= 202
    for number, rows in received.items():
        log = sent[tags[number].id]
        # the value that stood when the item was made, then every one that was set
        first = next(n for n, (at, _, _) in enumerate(log) if at == rows[0][0])
        assert rows == log[first : first + len(rows)], tags[number].id
        rest = log[first + len(rows) :]
        assert all(at > closed_ns - SECOND_NS for at, _, _ in rest), tags[number].id
    assert len(received[bad]) >= 35
    assert {quality_of(status) for _, _, status in received[bad]} == {Quality.BAD}
    assert len(received[slow]) == 1
    for group in ("plant/main", "plant/hourly"):
        coverage = Coverage(
            (c.start_ns, c.end_ns) for b in batches for c in b.covers if c.group == group
        )
        assert len(coverage.intervals) == 1
        assert coverage.intervals[0][0] <= opened_ns
        assert coverage.intervals[0][1] >= closed_ns - SECOND_NS
    assert report.counters["values"] == sum(map(len, received.values()))
    assert report.counters["keep_alives"] >= 10
    assert report.counters["overflow"] == report.counters["rejected_items"] == 0
    assert report.keep_alive_s == {"plant/main": 0.4, "plant/hourly": 0.4}
    assert "queue 50" in report.details["plant/main"]


def _by_tag(log: list[Sent]) -> dict[str, list[Row]]:
    sent = defaultdict(list)
    for each in log:
        value = each.value if isinstance(each.value, str) else float(each.value)
        sent[each.tag_id].append((each.time_ns, value, each.status))
    return sent


async def test_a_constant_server_stays_covered_and_its_loss_is_seen() -> None:
    port = free_port()
    tags = _tags(f"nsu={PLC};s=a")
    async with asyncua_server(port=port) as server:
        node = await _variable(server, "a", 1.5)
        await node.write_value(ua.DataValue(ua.Variant(2.5), SourceTimestamp=INSTANT))
        settings = _settings(server.endpoint.geturl(), timeout_s=1)
        async with _open(settings, tags) as source:
            ((tag, row),) = await _read_rows(source, 1)
            assert (tag, row) == (7, (to_ns(INSTANT), 2.5, 0))
            covered = Coverage()
            for batch in await _read_for(source, 2):
                assert len(batch) == 0
                assert batch.position > 0
                for cover in batch.covers:
                    assert cover.group == "plant/main"
                    covered.add(cover.start_ns, cover.end_ns)
            ((start_ns, end_ns),) = covered.intervals
            assert 1.2 * SECOND_NS < end_ns - start_ns < 2.5 * SECOND_NS
            assert end_ns <= time.time_ns() + 1_000_000
            await server.stop()
            started = time.monotonic()
            with pytest.raises(Retryable, match=r"plant: receiving from opc\.tcp://"):
                await _read_rows(source, 1)
            assert time.monotonic() - started < 2 * 0.4 + 1
            with pytest.raises(Retryable):  # and it stays lost
                await source.read()
    with pytest.raises(Retryable, match="is the server up, and reachable"):
        await _open(settings, tags).__aenter__()
    async with asyncua_server(port=port) as server:
        await _variable(server, "a", 3.5)
        async with _open(settings, tags) as source:
            again = await _read_rows(source, 1)
            assert again[0][1][1] == 3.5


async def test_silence_of_a_living_connection_is_noticed(plc: Server) -> None:
    """The server still holds the connection, but publishes no more."""
    await _variable(plc, "still", 1.5)
    settings = _settings(plc.endpoint.geturl(), timeout_s=0.5)
    async with _open(settings, _tags("ns=2;s=still")) as source:
        await _read_rows(source, 1)
        for subscription in plc.iserver.subscription_service.subscriptions.values():
            await subscription.stop()
        started = time.monotonic()
        with pytest.raises(Retryable, match=r"plant/main at .* went quiet: nothing for"):
            await _read_rows(source, 1)
        assert time.monotonic() - started < 2 * 0.4 + 0.5 + 1


async def test_refused_items_are_bad_and_the_others_go_on(plc: Server) -> None:
    await _variable(plc, "there", 1.5)
    tags = _tags(
        "ns=2;s=there", "ns=2;s=gone", "nsu=urn:elsewhere;s=a", "s:there", f"nsu={PLC};s=there"
    )
    async with _open(_settings(plc.endpoint.geturl()), tags) as source:
        rows = dict(await _read_rows(source, 5))
        report = source.report()
    assert {tag: status for tag, (_, _, status) in rows.items()} == {
        7: 0,
        17: BAD_NODE_ID_UNKNOWN,
        27: BAD_NODE_ID_UNKNOWN,
        37: BAD_NODE_ID_INVALID,
        47: 0,
    }
    assert all(math.isnan(float(rows[tag][1])) for tag in (17, 27, 37))
    assert report.counters["rejected_items"] == 3
    assert report.details["rejected: BadNodeIdUnknown"] == "CB-L01-T1"
    assert report.details["rejected: the server has no namespace urn:elsewhere"] == "CB-L01-T2"


async def test_a_namespace_is_found_by_its_uri_wherever_it_stands(plc: Server) -> None:
    async def has_both(server: Server, *, index: int, other: int) -> None:
        await _variable(server, "moved", 1.5, index=index)
        await _variable(server, "moved", 9.5, index=other)
        settings = _settings(server.endpoint.geturl())
        async with _open(settings, _tags(f"nsu={PLC};s=moved")) as source:
            ((_, row),) = await _read_rows(source, 1)
            assert row[1] == 1.5

    await has_both(plc, index=2, other=3)
    async with asyncua_server(namespaces=["urn:other", PLC]) as server:
        await has_both(server, index=3, other=2)


async def test_unsupported_values_are_counted_logged_once_and_bad(
    plc: Server, caplog: pytest.LogCaptureFixture
) -> None:
    array = await _variable(plc, "array", [1.0, 2.0])
    await _variable(plc, "scalar", 1.5)
    await _variable(plc, "big", 2**53 + 1, ua.VariantType.Int64)
    tags = _tags("ns=2;s=array", "ns=2;s=scalar", "ns=2;s=big")
    async with _open(_settings(plc.endpoint.geturl()), tags) as source:
        rows = dict(await _read_rows(source, 3))
        await array.write_value([2.0, 3.0])
        await _read_rows(source, 1)
        report = source.report()
    assert rows[7][2] == BAD_NOT_SUPPORTED
    assert rows[17][1:] == (1.5, 0)
    assert quality_of(rows[27][2]) is Quality.BAD
    assert report.counters["unsupported"] == 2
    assert report.counters["refused_integers"] == 1
    assert report.details["unsupported: array of Double"] == "CB-L01-T0"
    logged = [r.message for r in caplog.records if r.message.startswith("opcua.unsupported")]
    assert len(logged) == 1
    assert logged[0].startswith(
        "opcua.unsupported source=plant tag=CB-L01-T0 value='array of Double' (numbers, booleans"
    )


async def test_a_reader_that_falls_behind_loses_nothing(
    plc: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua.inbox.MOST_BATCHES", 2)
    node = await _variable(plc, "fast", 0.0)
    async with _open(_settings(plc.endpoint.geturl()), _tags("ns=2;s=fast")) as source:
        await _read_rows(source, 1)
        for n in range(1, 16):
            await node.write_value(float(n))
            await asyncio.sleep(0.1)
        assert source.report().counters["pauses"] == 1
        rows = await _read_rows(source, 15)
    assert [value for _, (_, value, _) in rows] == [float(n) for n in range(1, 16)]


async def test_a_wrong_password_is_rejected_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLC_PASSWORD", "wrong")
    async with asyncua_server(users={"watch": "right"}) as server:
        await _variable(server, "a", 1.5)
        settings = _settings(
            server.endpoint.geturl(), username="watch", password_env="PLC_PASSWORD"
        )
        with pytest.raises(Rejected, match="BadUserAccessDenied; check username and password"):
            await _open(settings, _tags("ns=2;s=a")).__aenter__()
        monkeypatch.setenv("PLC_PASSWORD", "right")
        async with _open(settings, _tags("ns=2;s=a")) as source:
            assert len(await _read_rows(source, 1)) == 1
    monkeypatch.delenv("PLC_PASSWORD")
    with pytest.raises(Fatal, match="environment variable PLC_PASSWORD is not set"):
        await _open(settings, _tags("ns=2;s=a")).__aenter__()


async def test_a_signed_and_encrypted_session_reads_values(tmp_path: Path) -> None:
    policy = ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt
    own = await certificate(tmp_path / "own", uri="urn:anodewatch:client")
    files = {"certificate": own / "certificate.der", "private_key": own / "key.pem"}
    async with asyncua_server(policy=policy, folder=tmp_path / "server") as server:
        await _variable(server, "a", 1.5)
        encrypted: dict[str, Any] = {
            "security_policy": "Basic256Sha256", "security_mode": "SignAndEncrypt", **files
        }  # fmt: skip
        encrypted["server_certificate"] = tmp_path / "server" / "certificate.der"
        settings = _settings(server.endpoint.geturl(), **encrypted)
        async with _open(settings, _tags("ns=2;s=a")) as source:
            ((_, row),) = await _read_rows(source, 1)
            assert row[1] == 1.5
            assert source.report().details["security"] == "Basic256Sha256 SignAndEncrypt"
        signed = {"security_policy": "Aes256_Sha256_RsaPss", "security_mode": "Sign"} | files
        settings = _settings(server.endpoint.geturl(), **signed)
        with pytest.raises(Rejected, match="does not offer this security_policy"):
            await _open(settings, _tags("ns=2;s=a")).__aenter__()
        missing = encrypted | {"private_key": tmp_path / "gone.pem"}
        settings = _settings(server.endpoint.geturl(), **missing)
        with pytest.raises(Fatal, match=r"gone\.pem can't be read: No such file"):
            await _open(settings, _tags("ns=2;s=a")).__aenter__()


async def test_a_server_that_never_answers_is_retried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings = _settings(f"opc.tcp://127.0.0.1:{port}", timeout_s=0.5)
        with pytest.raises(Retryable, match="got no answer in time; is the server up"):
            await _open(settings, _tags("ns=2;s=a")).__aenter__()


async def test_no_tags_is_an_error_that_says_so() -> None:
    with pytest.raises(Fatal, match="no tag of the tag list has connector plant"):
        await _open(_settings("opc.tcp://127.0.0.1:4840"), {}).__aenter__()
