"""The heartbeat of a running service: it comes while the service lives, and only then."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.domain.tag import Tag
from tests.ping_receiver import Monitor, run_monitor
from tests.running_service import running_service, until, write_site

EVERY_S = 1.0
NOBODY = "opc.tcp://127.0.0.1:1/nobody"
"""A source that is away: the service lives all the same."""
BAGS = "PK-P1-KQ702.TOT"
HEARTBEAT = """
[outbound]
networks = ["127.0.0.0/8"]

[heartbeat]
every_s = {every_s}
kind = "ping"
url = "{url}"
"""


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with run_monitor() as running:
        yield running


def test_it_comes_while_the_process_runs_and_stops_when_it_hangs_or_dies(
    tmp_path: Path, monitor: Monitor
) -> None:
    folder = write_site(
        tmp_path / "site",
        tags={0: Tag(BAGS, "plant", "ns=1;s=bags")},
        endpoint=NOBODY,
        meter=BAGS,
        more=HEARTBEAT.format(url=monitor.url, every_s=EVERY_S),
    )
    with running_service(folder) as service:
        until(lambda: len(monitor.pings) >= 3, what="three beats")
        told = httpx.get(f"{service.url}/readyz").json()["heartbeat"]
        assert told["state"] == "sent"
        assert told["reasons"] == []
        assert "anodewatch_heartbeat_beats 1.0" in httpx.get(f"{service.url}/metrics").text

        monitor.status = 503
        until(lambda: _pulse(service.url) == "failed", what="a beat that nobody took")
        monitor.status = 200
        until(lambda: _pulse(service.url) == "sent", what="the next beat")

        service.process.send_signal(signal.SIGSTOP)  # it runs, and does nothing
        time.sleep(0.2)  # what was under way arrives
        before = len(monitor.pings)
        time.sleep(1.7 * EVERY_S)
        assert len(monitor.pings) == before
        service.process.send_signal(signal.SIGCONT)
        until(lambda: len(monitor.pings) > before, what="a beat after it goes on")

        service.kill()
        time.sleep(0.2)
        before = len(monitor.pings)
        time.sleep(1.7 * EVERY_S)
        assert len(monitor.pings) == before
    assert {json.loads(ping.body)["site"] for ping in monitor.pings} == {"test"}


def _pulse(url: str) -> str:
    return str(httpx.get(f"{url}/readyz").json()["heartbeat"]["state"])
