"""A disk that is full to the last byte, and a kill -9 upon it: nothing that was committed is lost,
and nothing is told that was not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.receiver import Logged
from tests.faults.rule import kept, settled
from tests.faults.settling import KILLED, settle
from tests.faults.small_disk import MIB, small_disk
from tests.faults.victims import Victims
from tests.faults.waves import write_wave_site
from tests.ping_receiver import Monitor, run_monitor
from tests.running_service import until

HEARTBEAT = """
[heartbeat]
every_s = 1
kind = "ping"
url = "{url}"
"""
STATE_FULL = "alarms failed error=state database: "
FLOOR_BYTES = 256 * MIB
"""The journal leaves so much to the state."""


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with run_monitor() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, receiver: Logged, monitor: Monitor) -> Path:
    heartbeat = HEARTBEAT.format(url=monitor.url)
    return write_wave_site(
        tmp_path / "site", webhook=(receiver.url, receiver.secret), more=heartbeat
    )


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")


def test_the_journal_stops_first_and_leaves_room_to_tell(
    tmp_path: Path, site: Path, killers: Victims, receiver: Logged, monitor: Monitor
) -> None:
    with small_disk(site / "data", size_bytes=FLOOR_BYTES + 64 * MIB) as disk:
        service = killers.start(site)
        until(lambda: len(receiver.arrivals) > 20 and monitor.pings, what="alarms and a heartbeat")
        disk.fill(leave_bytes=FLOOR_BYTES // 2)
        until(lambda: "journal held" in _log(tmp_path), what="the journal to stop")
        until(lambda: "heartbeat paused" in _log(tmp_path), what="the heartbeat to tell")
        until(lambda: settled(kept(site / "data")), what="what is known to be told")
        beats, told = len(monitor.pings), len(receiver.arrivals)
        disk.clear()
        until(lambda: len(receiver.arrivals) > told + 10, what="alarms after there is room")
        until(lambda: len(monitor.pings) > beats, what="the next heartbeat")
        disk.fill()
        time.sleep(0.5)
        assert service.kill() == KILLED
        killers.start(site).end_after(1.0)  # without a byte of room it waits, or says so and ends
        disk.clear()
        settle(killers, site, receiver)


def test_a_state_that_is_full_while_values_come(
    tmp_path: Path, site: Path, killers: Victims, receiver: Logged
) -> None:
    data = site / "data"
    with small_disk(data, size_bytes=16 * MIB) as disk:
        for name in ("journal", "history"):  # on another disk, with room
            (tmp_path / name).mkdir()
            (data / name).symlink_to(tmp_path / name)
        service = killers.start(site)
        until(lambda: len(receiver.arrivals) > 20, what="alarms")
        disk.fill()
        until(lambda: STATE_FULL in _log(tmp_path), what="a full state")
        told = len(receiver.arrivals)
        disk.clear()
        until(lambda: len(receiver.arrivals) > told + 10, what="alarms after there is room")
        disk.fill()
        until(lambda: _log(tmp_path).count(STATE_FULL) >= 2, what="a full state")
        assert service.kill() == KILLED
        killers.start(site).end_after(1.0)
        disk.clear()
        tally = settle(killers, site, receiver)
        print(tally)


def _log(folder: Path) -> str:
    return (folder / "service.log").read_text(encoding="utf-8")
