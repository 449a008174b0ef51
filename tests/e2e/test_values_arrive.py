"""A server that we did not write, read by the ordinary service into both stores, and read back
equal."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from service.domain.instants import SECOND_NS, to_iso
from tests.influxdb_server import run_influxdb
from tests.opcua_server import NodeOpcuaServer, Sent, node_opcua_server
from tests.running_service import RunningService, running_service, until, write_site

RUN_S = 8.0


@pytest.fixture(params=["duckdb", "influxdb"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "duckdb":
        yield 'kind = "duckdb"'
        return
    with run_influxdb(tmp_path / "influxdb") as server:
        yield f'kind = "influxdb"\nurl = "{server.url}"\nbucket = "anodewatch"'


async def test_what_the_server_sent_is_read_back_value_for_value(
    tmp_path: Path, history: str
) -> None:
    async with node_opcua_server(tmp_path, rate=3.0) as server:
        site = write_site(
            tmp_path / "site",
            tags=server.tags(),
            endpoint=server.endpoint,
            meter="UInt32-00",
            history=history,
        )
        with running_service(site) as service:
            compare(server, service)


def compare(server: NodeOpcuaServer, service: RunningService) -> None:
    tags = [tag.id for tag in server.tags().values()]
    assert len(tags) >= 202

    def connected() -> bool:
        (source,) = service.get("/sources")["sources"]
        return source["state"] == "connected" and not any(g["stale"] for g in source["groups"])

    until(connected, what="the source to be connected")
    until(lambda: live(service, "Int16-00")["time"], what="the first value")
    time.sleep(1.0)
    since_ns = time.time_ns()
    time.sleep(RUN_S)
    until_ns = time.time_ns() - SECOND_NS

    sent = defaultdict(list)
    for one in server.log():
        if since_ns <= one.time_ns < until_ns:
            sent[one.tag_id].append(one)
    assert sum(map(len, sent.values())) > 200 * 3 * (RUN_S - 3)

    for tag in tags:
        wanted = [as_row(one) for one in sent[tag]]
        until(lambda t=tag, w=wanted: len(rows(service, t, since_ns, until_ns)) >= len(w),
              within_s=20, what=f"{len(wanted)} values of {tag} in the history")  # fmt: skip
        assert rows(service, tag, since_ns, until_ns) == wanted, tag

    slow = live(service, "Slow-00")
    assert slow["value"] == 42.5
    assert slow["stale"] is False
    assert slow["quality"] == "good"
    (first,) = [one for one in server.log() if one.tag_id == "Slow-00"]
    assert ns_of(slow["time"]) == first.time_ns
    broken = live(service, "Bad-00")
    assert broken["quality"] == "bad"
    assert broken["status"] == 0x808C0000


def rows(service: RunningService, tag: str, start_ns: int, end_ns: int) -> list[tuple[Any, ...]]:
    answer = service.get(
        "/history/raw", tags=tag, start=to_iso(start_ns), end=to_iso(end_ns), limit=10_000
    )
    return [(ns_of(row["time"]), row["value"], row["status"]) for row in answer["rows"]]


def as_row(one: Sent) -> tuple[Any, ...]:
    # The value of a Bad reading is not to be used, so it is kept as null.
    value = None if one.status >> 31 else one.value
    return one.time_ns, value, one.status


def live(service: RunningService, tag: str) -> dict[str, Any]:
    (value,) = service.get("/live", tags=tag)["values"]
    return value  # type: ignore[no-any-return]


def ns_of(text: str) -> int:
    """Nanoseconds of an RFC 3339 text with up to nine digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * SECOND_NS + int(fraction.ljust(9, "0") or 0)
