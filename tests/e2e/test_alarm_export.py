"""The journal of alarms on the command line, from a running service that shelves an alarm."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from service.cli import app
from service.domain.tag import Tag, TagKind
from tests.running_service import running_service, until, write_site

TAG = Tag("PK-P1-KQ702.TOT", "plant", "ns=2;s=bags", kind=TagKind.COUNTER, unit="1")
NOWHERE = "opc.tcp://127.0.0.1:1/none"
SAID = "=联系电气班"


def export(site: Path, *arguments: str, password: str | None = None) -> Result:
    environment = {"ANODEWATCH_PASSWORD": password, "ANODEWATCH_TOKEN": None}
    return CliRunner().invoke(app, ["alarms", "export", str(site), *arguments], env=environment)


def table(content: bytes) -> list[dict[str, Any]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_journal_of_a_running_service(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", tags={0: TAG}, endpoint=NOWHERE, meter=TAG.id)
    with running_service(site) as service:
        (one,) = service.get("/alarm-definitions")["definitions"]
        name = one["id"]
        answer = service.api.post(
            f"/api/v1/alarm-definitions/{name}/shelve", json={"minutes": 5, "reason": SAID}
        )
        assert answer.status_code == 200, answer.text
        there = ("--url", service.url, "--user", "admin")
        whole = export(site, *there, password=service.password)
        assert whole.exit_code == 0, whole.stderr
        shelved = next(row for row in table(whole.stdout_bytes) if row["step"] == "shelved")
        assert (shelved["by"], shelved["comment"]) == ("admin", f"'{SAID}")
        assert (shelved["definition"], shelved["rule"]) == (name, "communication-lost")
        assert shelved["asset"] == "plant/main"

        file = tmp_path / "alarms.csv"
        chosen = ("--priority", "1", "--person", "admin", "--quiet", "shelved", "-o", str(file))
        none = export(site, *there, *chosen, password=service.password)
        assert none.exit_code == 0, none.stderr
        assert table(file.read_bytes()) == []
        assert list(tmp_path.glob("*.part")) == []

        wrong = export(site, *there, "--from", "yesterday", password=service.password)
        assert wrong.exit_code == 1
        assert "start" in wrong.stderr
        assert export(site, *there, password="wrong").exit_code == 1

        kpi = service.get("/alarms/kpi")["periods"][0]["plant"]
        assert (kpi["calls"], kpi["shelved"]) == (0, 1)
        assert 0.0 < kpi["known_h"] < 1.0
        assert service.get("/reports/current")["alarms"]["load"]["calls"] == 0
        until(
            lambda: "anodewatch_alarms_hour_known" in service.api.get("/metrics").text,
            what="the gauges of the last hour",
        )
    away = export(site, "--url", "http://127.0.0.1:1", "--user", "admin", password="x")
    assert away.exit_code == 1
    assert "anodewatch run" in away.stderr
