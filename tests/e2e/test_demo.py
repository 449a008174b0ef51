"""The demo as a visitor runs it: pages in time, a fault told in time, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.running_service import until

MARK = "ANODEWATCH_TEST_MARK"
READY_S = 120.0
TOLD_S = 30.0
ON_DELAY_S = 10.0
"""Of the rule that the demo's fault meets."""


@pytest.mark.timeout(300)
def test_the_demo_shows_an_alarm_come_and_go_and_ends_cleanly(tmp_path: Path) -> None:
    said = tmp_path / "demo.out"
    mark = uuid.uuid4().hex
    began = time.monotonic()
    with said.open("w", encoding="utf-8") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "demo", "--hours", "2", "--fault-after", "5",
             "--port", "0"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", MARK: mark},
            start_new_session=True,
        )  # fmt: skip

    def line(pattern: str) -> re.Match[str] | None:
        text = said.read_text(encoding="utf-8")
        if demo.poll() is not None:
            raise AssertionError(f"the demo ended with {demo.returncode}:\n{text}")
        return re.search(pattern, text)

    try:
        url = until(lambda: line(r"dashboard +(http\S+)"), within_s=READY_S, what="dashboard")[1]
        password = until(lambda: line(r"login +admin +/ +(\S+)"), what="login")[1]
        with httpx.Client(base_url=url, headers={"X-Anodewatch": "1"}) as api:
            login = {"username": "admin", "password": password}
            assert api.post("/api/v1/session", json=login).status_code == 200
            assert "<html" in api.get("/").text

            def moves(api: httpx.Client = api) -> bool:
                tag = {"tags": "CB-L07B-TIC112.PV"}
                first = api.get("/api/v1/live", params=tag).json()["values"][0]
                time.sleep(2.5)
                second = api.get("/api/v1/live", params=tag).json()["values"][0]
                return bool(first["time"] and second["time"] != first["time"])

            until(moves, within_s=READY_S - (time.monotonic() - began), what="moving values")
            known = api.get("/api/v1/production").json()["stages"][0]["windows"]["hour"]
            assert known["known_share"] > 0.9
            until(lambda: line(r"injected +bag_shortage"), what="the fault")
            within_s = ON_DELAY_S + TOLD_S
            until(
                lambda: line(r"webhook +alarm\.raised .*PK-P2"),
                within_s=within_s,
                what="the call",
            )
            page = api.get("/api/v1/alarms", params={"state": "active"}).json()["alarms"]
            assert any(one["asset"] == "PK-P2" for one in page)
            until(lambda: line(r"webhook +alarm\.returned .*PK-P2"), within_s=180, what="its end")
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(40)
    assert code == 0, said.read_text(encoding="utf-8")
    assert "nothing is left running" in said.read_text(encoding="utf-8")
    assert not marked(mark)


def marked(mark: str) -> list[str]:
    """Command lines of the living processes that carry ``mark``: all that the demo started."""
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"{MARK}={mark}".encode() in environment:
                left.append(command.replace(b"\0", b" ").decode())
    return left
