"""A plant ten times as fast, and the service at its pace: the values are of now, minutes close."""

from __future__ import annotations

import os
import queue
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.running_service import RunningService, running_service, until
from tests.sites import copy_of_sample

SPEED = 10
METERS = "CR-L01-WQ101.TOT,PK-P2-KQ702.TOT,CB-L07B-KQ131.TOT"
TEMPERATURES = "CB-L07B-TIC112.PV,CB-L07A-TIC101.PV"
MINUTE_S = 60.0
SURE_AFTER_S = 12.0
"""A meter's sampling, and how late its source's values may come."""
BEHIND_S = 5.0
"""In real seconds: the plant samples, and the service is told, once a second; machines are busy."""


@contextmanager
def plant(site: Path) -> Iterator[tuple[str, str]]:
    """A simulated plant at SPEED: its endpoint, and the service's command line that it printed."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "service.cli", "simulate", str(site)),
            *("--endpoint", "opc.tcp://127.0.0.1:0/anodewatch", "--speed", str(SPEED)),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    said: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in process.stdout or ():
            said.put(line.strip())

    listening = threading.Thread(target=listen)
    listening.start()
    try:
        command = ""
        while True:
            line = said.get(timeout=30)
            if line.startswith("anodewatch run"):
                command = line
            if found := re.fullmatch(r"ready (\S+)", line):
                yield found[1], command
                return
    finally:
        process.terminate()
        process.wait(15)
        listening.join()
        if process.stdout is not None:
            process.stdout.close()


def test_the_service_keeps_up_with_a_fast_plant(tmp_path: Path) -> None:
    site = copy_of_sample(tmp_path)
    with plant(site) as (endpoint, command):
        settings = (site / "site.toml").read_text(encoding="utf-8")
        there = re.sub(r'endpoint = "opc\.tcp://[^"]+"', f'endpoint = "{endpoint}"', settings)
        assert there != settings
        (site / "site.toml").write_text(there, encoding="utf-8")

        program, verb, where, *options = shlex.split(command)
        assert (program, verb, where) == ("anodewatch", "run", str(site))
        assert options[:2] == ["--speed", f"{SPEED}"]
        with running_service(site, arguments=(*options, "--port", "0")) as service:
            until(lambda: values(service, METERS), within_s=20, what="every meter's first value")
            keeps_up(service)


def keeps_up(service: RunningService) -> None:
    """Follows two minutes of the plant."""
    closed: list[str] = []
    began_s = time.monotonic()
    while len(closed) < 3:
        assert time.monotonic() - began_s < 45, (closed, service.log())
        end = service.get("/production")["closed_through"]
        if end is not None and end not in closed:
            closed.append(end)
        for value in values(service, f"{METERS},{TEMPERATURES}") or []:
            assert not value["stale"], value
        (source,) = service.get("/sources")["sources"]
        assert source["state"] == "connected", source
        assert not any(group["stale"] for group in source["groups"]), source
        assert service.get("/alarms", state="active")["alarms"] == [], service.log()
        time.sleep(0.5)
    # Minutes close at the plant's pace: the newest is over by no more than it takes to be sure.
    *_, last = closed
    open_s = instant(service.get("/production")["at"]) - instant(last)
    assert open_s < MINUTE_S + SURE_AFTER_S + BEHIND_S * SPEED

    # Plant time and the service's are one: what is sampled each second is never far behind.
    totals = values(service, METERS) or []
    newest = max(instant(value["time"]) for value in totals)
    behind_s = instant(service.get("/production")["at"]) - newest
    assert -1 * SPEED < behind_s < BEHIND_S * SPEED


def values(service: RunningService, tags: str) -> list[dict[str, Any]] | None:
    """The newest values of ``tags``; None while one has none."""
    found: list[dict[str, Any]] = service.get("/live", tags=tags)["values"]
    return None if any(value["time"] is None for value in found) else found


def instant(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(re.sub(r"\.(\d{6})\d+", r".\1", text)).timestamp()
