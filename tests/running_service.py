"""The service as its users run it: `anodewatch run SITE` in a process of its own.

folder = write_site(tmp_path, tags=..., endpoint=...)
with running_service(folder) as service:
    service.api.get("/api/v1/sources")
"""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from service.domain.tag import Tag, TagKind
from tests.conftest import ROOT
from tests.sites import SITE_ZONE

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
COLUMNS = (
    *("id", "connector", "group", "node", "kind", "unit", "scale", "offset", "low", "high"),
    *("ll", "l", "h", "hh", "deadband", "rollover", "cyclic_s", "name_en", "name_zh"),
)
T = TypeVar("T")

SITE = """
[site]
id = "test"
name_en = "Test site"
name_zh = "测试厂"
time_zone = "{zone}"

[service]
port = 0
log_level = "info"

[connectors.plant]
kind = "opcua"
endpoint = "{endpoint}"
publishing_interval_ms = 200
sampling_interval_ms = 0
queue_size = 100
keep_alive_s = 2

[history]
{history}

[[stages]]
id = "PK"
name_en = "Packaging"
name_zh = "包装"
finished_eq = 1.0
yield_pct = 99.9
capacity_t_per_h = 16.0

[[meters]]
stage = "PK"
tag = "{meter}"
kind = "count"
kg_per_unit = 500.0

[calendar]
day_start = "08:00"
crews = 4
shifts = [
  {{ id = "day", start = "08:00", end = "20:00" }},
  {{ id = "night", start = "20:00", end = "08:00" }},
]

[plan]
year = 2026
target_t = 70_000
output_stage = "PK"
{notifications}
"""
RULES = """
[[communication]]
id = "communication-lost"
connectors = ["*"]
priority = "high"
"""
WEBHOOK = """
[outbound]
networks = ["127.0.0.0/8"]

[[notifications]]
name = "maintenance"
kind = "webhook"
url = "{url}"
secret = "{secret}"
"""


def write_site(
    folder: Path,
    *,
    tags: Mapping[int, Tag],
    endpoint: str,
    meter: str,
    history: str = 'kind = "duckdb"',
    rules: str = "",
    webhook: tuple[str, str] | None = None,
    more: str = "",
) -> Path:
    """A site around ``tags``. webhook: URL and secret. more: at the end of site.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    notifications = "" if webhook is None else WEBHOOK.format(url=webhook[0], secret=webhook[1])
    text = SITE.format(
        zone=SITE_ZONE, endpoint=endpoint, meter=meter, history=history, notifications=notifications
    )
    (folder / "site.toml").write_text(text + more, encoding="utf-8")
    (folder / "rules.toml").write_text(RULES + rules, encoding="utf-8")
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for tag in tags.values():
        if tag.id == meter:
            tag = replace(tag, kind=TagKind.COUNTER)
        row = {key: getattr(tag, key) for key in COLUMNS if hasattr(tag, key)}
        row |= {key: getattr(tag.limits, key) for key in ("ll", "l", "h", "hh")}
        table.writerow({key: "" if value is None else value for key, value in row.items()})
    (folder / "tags.csv").write_text(out.getvalue(), encoding="utf-8")
    return folder


@dataclass
class RunningService:
    """A service that can be reached. password: the administrator's, known since the first run."""

    process: subprocess.Popen[str]
    url: str
    password: str
    log_file: Path
    api: httpx.Client

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ends it in order; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)

    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text(encoding="utf-8")

    def get(self, path: str, **params: Any) -> Any:
        """JSON of a GET below /api/v1, which must succeed."""
        answer = self.api.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()


@contextmanager
def running_service(
    site: Path, *, password: str | None = None, arguments: tuple[str, ...] = ()
) -> Iterator[RunningService]:
    """Runs the service until the context is left; logged in as the administrator.

    password: of an earlier run; the first run prints it.
    """
    log_file = site / "service.log"
    with log_file.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "run", str(site), *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"},
        )
    try:
        url = _said(process, log_file, r"dashboard (http://\S+)")
        known = password or _said(process, log_file, r"admin   password: (\S+)")
        headers = {"X-Anodewatch": "1"}
        with httpx.Client(base_url=url, headers=headers, timeout=20) as api:
            login = {"username": "admin", "password": known}
            answer = api.post("/api/v1/session", json=login)
            assert answer.status_code == 200, answer.text
            yield RunningService(process, url, known, log_file, api)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(look: Callable[[], T | None], *, within_s: float = 30.0, what: str = "it to happen") -> T:
    """The first truthy answer of ``look``."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {within_s} s for {what}")


def _said(process: subprocess.Popen[str], log_file: Path, pattern: str) -> str:
    def look() -> str | None:
        text = log_file.read_text(encoding="utf-8")
        found = re.search(pattern, text)
        if found is None and process.poll() is not None:
            raise AssertionError(f"the service ended with {process.returncode}:\n{text}")
        return found[1] if found else None

    return until(look, within_s=START_TIMEOUT_S, what=f"the service to say {pattern}")
