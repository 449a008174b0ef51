"""kill -9 in mid-flow, over a real InfluxDB: nothing journaled is missing, no alarm is lost or
doubled."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from service.domain.batch import make_batch
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS
from service.domain.tag import Limits
from service.journal.codec import decode
from service.journal.log import open_journal
from service.journal.registry import registered
from service.journal.segments import Segments
from service.runtime.clock import SystemClock
from tests.e2e.test_values_arrive import MOST_TAGS, as_row, live, ns_of, rows
from tests.influxdb_server import InfluxDbServer, run_influxdb
from tests.opcua_server import NodeOpcuaServer, node_opcua_server
from tests.running_service import RunningService, running_service, until, write_site
from tests.webhook_receiver import Receiver, run_receiver

WAVE = "Double-00"
STEADY = "Slow-00"
MILLISECOND_NS = 1_000_000
"""The API tells alarms to the millisecond."""
LIMITS = """
[[limit]]
id = "high"
limit = "h"
tags = ["*"]
on_delay_s = 0
off_delay_s = 0
priority = "high"
"""


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[InfluxDbServer]:
    with run_influxdb(tmp_path / "influxdb") as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@asynccontextmanager
async def plant(
    tmp_path: Path, influxdb: InfluxDbServer, receiver: Receiver
) -> AsyncIterator[tuple[NodeOpcuaServer, Path]]:
    """A server whose wave crosses its limit every few seconds, and a site that watches it."""
    async with node_opcua_server(tmp_path, rate=10.0) as server:
        tags = {
            n: replace(tag, limits=Limits(h={WAVE: 0.0, STEADY: 43.0}.get(tag.id)))
            for n, tag in server.tags().items()
        }
        site = write_site(
            tmp_path / "site",
            tags=tags,
            endpoint=server.endpoint,
            meter="UInt32-00",
            history=f'kind = "influxdb"\nurl = "{influxdb.url}"\nbucket = "anodewatch"',
            rules=LIMITS,
            webhook=(receiver.url, receiver.secret),
        )
        yield server, site


@pytest.mark.timeout(1_200)
async def test_killed_at_random_moments(
    tmp_path: Path, influxdb: InfluxDbServer, receiver: Receiver, torture: bool
) -> None:
    kills = 50 if torture else 4
    rng = random.Random(20_261_123)
    async with plant(tmp_path, influxdb, receiver) as (server, site):
        password = None
        for _ in range(kills):
            with running_service(site, password=password) as service:
                password = service.password
                until(lambda s=service: live(s, WAVE)["time"], what="values")
                time.sleep(rng.uniform(0.2, 3.0))
                service.kill()
        with running_service(site, password=password) as service:
            time.sleep(3.0)
            service.kill()
        journaled = journal_rows(site)
        with running_service(site, password=password) as service:
            nothing_missing(server, service, journaled)
            alarms_are_those_of_the_values(service, receiver)


def journal_rows(site: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the journal still holds, by tag."""
    folder = site / "data" / "journal"
    names = registered(folder)
    segments = Segments(folder, segment_bytes=2**30)
    found: dict[str, list[tuple[Any, ...]]] = {}
    position = 0
    while entries := segments.read(position, max_bytes=10_000_000):
        position = entries[-1][0]
        for _, payload in entries:
            batch = decode(payload)
            for at, (tag, time_ns, value, status) in enumerate(
                zip(
                    batch.tag.tolist(),
                    batch.time_ns.tolist(),
                    batch.value.tolist(),
                    batch.status.tolist(),
                    strict=True,
                )
            ):
                said = batch.text.get(at, value)
                found.setdefault(names[tag], []).append((time_ns, said, status))
    segments.close()
    return found


def nothing_missing(
    server: NodeOpcuaServer, service: RunningService, journaled: dict[str, list[tuple[Any, ...]]]
) -> None:
    """All that was journaled is in InfluxDB, as the server's own log has it."""
    sent: dict[str, dict[int, tuple[Any, ...]]] = {}
    for one in server.log():
        sent.setdefault(one.tag_id, {})[one.time_ns] = as_row(one)
    wanted = {
        tag: {sent[tag][time_ns] for time_ns, _, _ in values}
        for tag, values in journaled.items()
        if tag in sent
    }
    start_ns = min(time_ns for values in wanted.values() for time_ns, _, _ in values)
    end_ns = max(time_ns for values in wanted.values() for time_ns, _, _ in values) + 1
    tags = sorted(wanted)
    for at in range(0, len(tags), MOST_TAGS):
        some = tags[at : at + MOST_TAGS]

        def complete(some: list[str] = some) -> dict[str, list[tuple[Any, ...]]] | None:
            read = rows(service, some, start_ns, end_ns)
            return read if all(wanted[tag] <= set(read[tag]) for tag in some) else None

        stored = until(complete, what=f"all journaled values of {some} in InfluxDB")
        for tag in some:
            assert len(stored[tag]) == len(set(stored[tag])), tag
            assert set(stored[tag]) <= set(sent[tag].values()), tag
    assert sum(map(len, wanted.values())) > 5_000


def alarms_are_those_of_the_values(service: RunningService, receiver: Receiver) -> None:
    """Each time the stored wave rises above its limit the alarm was raised, exactly once."""
    page = service.get("/alarms/history", limit=100)["alarms"]
    transitions = [
        step for one in page for step in service.get(f"/alarms/{one['id']}")["transitions"]
    ]
    ids = [step["id"] for step in transitions]
    assert len(ids) == len(set(ids))
    raised = sorted(ns_of(step["at"]) for step in transitions if step["kind"] == "raised")
    values = rows(service, [WAVE], raised[0] - SECOND_NS, raised[-1] + MILLISECOND_NS)[WAVE]
    above = [(time_ns, value > 0) for time_ns, value, _ in values]
    rises = [b[0] for a, b in pairwise(above) if b[1] and not a[1]]
    if above[0][1]:
        rises.insert(0, above[0][0])
    # A value that was sent again after a gap counts from when the source resumed, a little later.
    assert len(raised) == len(rises)
    for was, at in zip(rises, raised, strict=True):
        assert was // MILLISECOND_NS * MILLISECOND_NS <= at <= was + 60 * SECOND_NS
    told = [step["id"] for step in transitions if step["kind"] in ("raised", "returned")]
    until(lambda: set(told) <= set(receiver.transitions()), what="every transition at the receiver")


async def test_a_cause_that_was_journaled_but_not_judged_is_raised_once_after_the_restart(
    tmp_path: Path, influxdb: InfluxDbServer, receiver: Receiver
) -> None:
    async with plant(tmp_path, influxdb, receiver) as (_, site):
        with running_service(site) as service:
            password = service.password
            until(lambda: live(service, STEADY)["time"], what="the first value")
            service.kill()
        # The journal's last commit before the power went: the value is in, and nobody has read it.
        cause_ns = time.time_ns()
        await journal_more(site, cause_ns)
        for _ in range(2):
            with running_service(site, password=password) as service:

                def found(service: RunningService = service) -> list[Any]:
                    page = service.get("/alarms/history")["alarms"]
                    return [one for one in page if one["tag"] == STEADY]

                (alarm,) = until(found, what="the alarm")
                steps = service.get(f"/alarms/{alarm['id']}")["transitions"]
                kinds = [step["kind"] for step in steps]
                assert kinds.count("raised") == 1
                assert ns_of(steps[0]["at"]) == cause_ns // MILLISECOND_NS * MILLISECOND_NS
                assert steps[0]["value"] == 44.0
                (row,) = rows(service, [STEADY], cause_ns, cause_ns + 1)[STEADY]
                assert row == (cause_ns, 44.0, 0)
                raised = steps[0]["id"]
                until(lambda m=raised: m in receiver.transitions(), what="the webhook")
                service.kill()
        assert receiver.transitions().count(raised) == 1


async def journal_more(site: Path, cause_ns: int) -> None:
    folder = site / "data" / "journal"
    (number,) = (n for n, tag in registered(folder).items() if tag == STEADY)
    async with open_journal(folder, clock=SystemClock(), floor_bytes=0) as journal:
        cover = Cover("plant/main", cause_ns - SECOND_NS, cause_ns + SECOND_NS)
        batch = make_batch(
            [number], [cause_ns], [44.0], received_ns=cause_ns, covers=(cover,), source="plant"
        )
        await journal.append(batch, lambda: None)
        await journal.drain()
