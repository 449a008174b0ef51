"""A running service's report on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from service.cli import app
from service.domain.tag import Tag, TagKind
from tests.running_service import running_service, write_site

TAG = Tag("PK-P1-KQ702.TOT", "plant", "ns=2;s=bags", kind=TagKind.COUNTER, unit="1")


def report(site: Path, *arguments: str, password: str | None = None) -> Result:
    environment = {"ANODEWATCH_PASSWORD": password, "ANODEWATCH_TOKEN": None}
    return CliRunner().invoke(app, ["report", str(site), *arguments], env=environment)


def test_the_command_asks_the_running_service(tmp_path: Path) -> None:
    site = write_site(
        tmp_path / "site", tags={0: TAG}, endpoint="opc.tcp://127.0.0.1:1/none", meter=TAG.id
    )
    away = report(site, "--url", "http://127.0.0.1:1", "--user", "admin", password="x")
    assert away.exit_code == 1
    assert "no service answers at http://127.0.0.1:1" in away.stderr
    assert "anodewatch run" in away.stderr
    with running_service(site) as service:
        there = ("--url", service.url)
        unknown = report(site, *there)
        assert unknown.exit_code == 1
        assert "ANODEWATCH_TOKEN" in unknown.stderr
        person = (*there, "--user", "admin")
        password = service.password
        current = report(site, *person, "--shift", "current", password=password)
        assert current.exit_code == 0, current.stderr
        said = json.loads(current.stdout)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d-(day|night)", said["shift"])
        assert (said["revision"], said["plant"]["shift"]["actual_t"]) == (0, None)
        file = tmp_path / "report.pdf"
        options = ("--shift", "current", "--format", "pdf", "--lang", "zh", "-o", str(file))
        printed = report(site, *person, *options, password=password)
        assert printed.exit_code == 0, printed.stderr
        assert file.read_bytes().startswith(b"%PDF-")
        missing = report(site, *person, "--shift", "2026-03-01-noon", password=password)
        assert missing.exit_code == 1
        assert "there is no shift" in missing.stderr
