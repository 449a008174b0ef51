"""Deliveries on the command line: a real service that tells real receivers."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from service.cli import app
from service.domain.tag import Tag, TagKind
from tests.running_service import RunningService, running_service, until, write_site
from tests.webhook_receiver import run_receiver

TAG = Tag("PK-P1-KQ702.TOT", "plant", "ns=2;s=bags", kind=TagKind.COUNTER, unit="1")


def test_destinations_are_tested_and_dead_letters_replayed(tmp_path: Path) -> None:
    with run_receiver() as receiver:
        site = write_site(
            tmp_path / "site", tags={0: TAG}, endpoint="opc.tcp://127.0.0.1:1/none", meter=TAG.id,
            webhook=(receiver.url, receiver.secret),
        )  # fmt: skip
        with running_service(site) as service:
            assert "webhook" in asked(service, site, "destinations").stdout
            sent = asked(service, site, "test", "maintenance")
            assert sent.exit_code == 0, sent.output
            assert "maintenance: delivered in" in sent.stdout
            assert len(receiver.of_kind("test")) == 1
            receiver.status = 410
            refused = asked(service, site, "test", "maintenance")
            assert refused.exit_code == 1
            assert "maintenance: gone:" in refused.stderr
            log = asked(service, site, "log").stdout.splitlines()
            assert [line.split()[3] for line in log[1:3]] == ["gone", "delivered"]
            nobody = asked(service, site, "test", "nobody")
            assert "there is no destination 'nobody'" in nobody.stderr
            assert "exactly one" in asked(service, site, "replay").stderr
            assert "0 dead letters" in asked(service, site, "replay", "--all").stdout
            receiver.status = 204
            (delivery,) = until(
                lambda: service.get("/deliveries", state="delivered")["deliveries"],
                what="the alarm that nothing is connected",
            )
            assert len(receiver.of_kind("alarm.raised")) == 1
            listed = asked(service, site, "list", "--alarm", delivery["alarm"]).stdout
            assert [line.split()[3] for line in listed.splitlines()] == ["state", "delivered"]
            shown = asked(service, site, "show", str(delivery["id"])).stdout
            assert delivery["message"] in shown
            assert "HTTP 204" in shown


def asked(service: RunningService, site: Path, command: str, *arguments: str) -> Result:
    options = ("--url", service.url, "--user", "admin")
    environment = {"ANODEWATCH_PASSWORD": service.password, "ANODEWATCH_TOKEN": None}
    parts = ["deliveries", command, str(site), *arguments, *options]
    return CliRunner().invoke(app, parts, env=environment)
