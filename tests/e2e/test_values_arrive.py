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
MOST_TAGS = 20
"""In one question to the API."""


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

    for at in range(0, len(tags), MOST_TAGS):
        some = tags[at : at + MOST_TAGS]
        wanted = {tag: [as_row(one) for one in sent[tag]] for tag in some}
        count = sum(map(len, wanted.values()))
        read = until(
            lambda s=some, n=count: enough(rows(service, s, since_ns, until_ns), n),
            within_s=20,
            what=f"{count} values of {some} in the history",
        )
        assert read == wanted

    slow = live(service, "Slow-00")
    assert slow["value"] == 42.5
    assert slow["stale"] is False
    assert slow["quality"] == "good"
    (first,) = [one for one in server.log() if one.tag_id == "Slow-00"]
    assert ns_of(slow["time"]) == first.time_ns
    broken = live(service, "Bad-00")
    assert broken["quality"] == "bad"
    assert broken["status"] == 0x808C0000


def rows(
    service: RunningService, tags: list[str], start_ns: int, end_ns: int
) -> dict[str, list[tuple[Any, ...]]]:
    """(time, value, status) of up to MOST_TAGS tags, page by page."""
    found: dict[str, list[tuple[Any, ...]]] = {tag: [] for tag in tags}
    asked = {"tags": ",".join(tags), "start": to_iso(start_ns), "end": to_iso(end_ns)}
    page = service.get("/history/raw", **asked, limit=10_000)
    while True:
        for row in page["rows"]:
            found[row["tag"]].append((ns_of(row["time"]), row["value"], row["status"]))
        if page["next"] is None:
            return found
        page = service.get("/history/raw", **asked, limit=10_000, after=page["next"])


def enough(
    read: dict[str, list[tuple[Any, ...]]], count: int
) -> dict[str, list[tuple[Any, ...]]] | None:
    return read if sum(map(len, read.values())) >= count else None


def as_row(one: Sent) -> tuple[Any, ...]:
    return one.time_ns, one.value, one.status


def live(service: RunningService, tag: str) -> dict[str, Any]:
    (value,) = service.get("/live", tags=tag)["values"]
    return value  # type: ignore[no-any-return]


def ns_of(text: str) -> int:
    """Nanoseconds of an RFC 3339 text with up to nine digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * SECOND_NS + int(fraction.ljust(9, "0") or 0)
