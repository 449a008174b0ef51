"""The guide for receivers: each piece of code in it is run as it is written there."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook
from typer.main import get_command

from connectors.webhook.notifier import WebhookNotifier, open_notifier
from connectors.webhook.payload import body_of
from connectors.webhook.settings import WebhookSettings
from connectors.webhook.signing import TOLERANCE_S, decode_secret, signed_headers
from dashboards.build import find_node
from service.api.routes.schemas import SCHEMAS
from service.cli import app
from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.circuit import JITTER, OPENS_AFTER, PROBE_CAP_S, SCHEDULE_S
from service.domain.handling import Guidance, Words
from service.domain.instants import SECOND_NS
from service.runtime.clock import SystemClock
from service.runtime.errors import Rejected
from service.runtime.notification import message_of
from service.runtime.notify import Message, MessageKind, SiteName, Totals
from tests.conftest import ROOT
from tests.notices import AT_NS, message, notice
from tests.ways_out import to_loopback

GUIDE = (ROOT / "deploy" / "receivers" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
NAMED = {
    found[1]: text
    for _, text in BLOCKS
    if (found := re.match(r"(?:#|//) (\w+\.(?:py|mjs|sh))\n", text)) is not None
}
NEW, OLD, STRANGE = (
    "whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (251, 7, 99)
)  # 251: its base64 has + and /
BODY = '{"message_zh":"12区高于高高限"}'.encode()
NOW_S = 1_780_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All named pieces of the guide, as files."""
    for name, text in NAMED.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_piece_of_code_has_a_name_and_is_tested_here() -> None:
    assert set(NAMED) == {
        "verify.py", "verify.mjs", "verify.sh", "receiver.py", "receiver.mjs", "silence.sh",
    }  # fmt: skip
    assert len(BLOCKS) == len(NAMED) + 1  # the example of a body


def signed(secrets: list[str], body: bytes = BODY, at_s: int = NOW_S) -> dict[str, str]:
    keys = [decode_secret(secret) for secret in secrets]
    return signed_headers(keys, message_id="msg_1", timestamp_s=at_s, body=body)


@dataclass(frozen=True)
class Case:
    """What a receiver that knows ``secrets`` has to say at NOW_S."""

    name: str
    secrets: tuple[str, ...]
    headers: dict[str, str]
    good: bool
    body: bytes = BODY
    fresh: bool = True
    """False: only the time is wrong, which the shell line leaves to the reader."""


GENUINE = signed([NEW])
CASES = [
    Case("one secret", (NEW,), GENUINE, True),
    Case("rotation: the receiver is behind", (OLD,), signed([NEW, OLD]), True),
    Case("rotation: the receiver is ahead", (NEW, OLD), signed([OLD]), True),
    Case("a strange secret", (STRANGE,), signed([NEW, OLD]), False),
    Case("another body", (NEW,), GENUINE, False, BODY.replace(b"12", b"13")),
    Case("another id", (NEW,), GENUINE | {"webhook-id": "msg_2"}, False),
    Case("another time", (NEW,), GENUINE | {"webhook-timestamp": str(NOW_S + 1)}, False),
    Case("no signature", (NEW,), GENUINE | {"webhook-signature": ""}, False),
    Case("another version", (NEW,), GENUINE | {"webhook-signature": "v2,YWJj"}, False),
    Case("no number", (NEW,), GENUINE | {"webhook-timestamp": "١٢"}, False),
    Case("as old as may be", (NEW,), signed([NEW], at_s=NOW_S - TOLERANCE_S), True),
    Case("too old", (NEW,), signed([NEW], at_s=NOW_S - TOLERANCE_S - 1), False, fresh=False),
    Case("too early", (NEW,), signed([NEW], at_s=NOW_S + TOLERANCE_S + 1), False, fresh=False),
]
NAMES = [case.name for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_verifying_in_python(case: Case, folder: Path) -> None:
    spec = importlib.util.spec_from_file_location("guide_verify", folder / "verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.verify(list(case.secrets), case.headers, case.body, NOW_S) is case.good
    if case.good and len(case.secrets) == 1 and case.fresh:  # what the reference library signs
        by_others = Webhook(case.secrets[0]).sign(
            "msg_1", time_of(case.headers), case.body.decode()
        )
        assert by_others in case.headers["webhook-signature"].split()


def time_of(headers: dict[str, str]) -> datetime:
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


def test_verifying_in_node(folder: Path) -> None:
    (folder / "cases.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { verify } from "./verify.mjs";\n'
        'const { now, cases } = JSON.parse(readFileSync(0, "utf8"));\n'
        "const said = cases.map((c) =>\n"
        "  verify(c.secrets, c.headers, Buffer.from(c.body), now));\n"
        "console.log(JSON.stringify(said));\n",
        encoding="utf-8",
    )
    asked = [
        {"secrets": case.secrets, "headers": case.headers, "body": case.body.decode()}
        for case in CASES
    ]
    done = subprocess.run(
        [find_node().path, "cases.mjs"], cwd=folder, text=True, capture_output=True, check=True,
        input=json.dumps({"now": NOW_S, "cases": asked}), timeout=60,
    )  # fmt: skip
    assert dict(zip(NAMES, json.loads(done.stdout), strict=True)) == {c.name: c.good for c in CASES}


@pytest.mark.parametrize(
    "case", [c for c in CASES if len(c.secrets) == 1 and c.fresh], ids=lambda case: case.name
)
def test_verifying_in_a_shell(case: Case, folder: Path) -> None:
    (folder / "body.json").write_bytes(case.body)
    done = subprocess.run(
        ["sh", "verify.sh"], cwd=folder, text=True, capture_output=True, check=False, timeout=60,
        env={
            "PATH": os.environ["PATH"], "secret": case.secrets[0],
            "id": case.headers["webhook-id"], "timestamp": case.headers["webhook-timestamp"],
            "signatures": case.headers["webhook-signature"],
        },
    )  # fmt: skip
    said = ("signature ok", 0) if case.good else ("no signature fits", 1)
    assert (done.stdout.strip(), done.returncode) == said, done.stderr


@contextmanager
def running(command: list[str | Path], folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A receiver of the guide as a process; gives its URL, and the lines that it said: those of its
    start at once, the others after it was killed."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    said: list[str] = []
    process = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE,
        env=os.environ | {"WEBHOOK_SECRETS": f"{NEW} {OLD}", "PORT": str(port)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("listening"):
            assert line, "it ended before it listened"
            said.append(line.strip())
        yield f"http://127.0.0.1:{port}/", said
    finally:
        process.kill()  # it has to bear that at any time
        rest, _ = process.communicate(timeout=10)
        said += rest.splitlines()


async def refused(url: str) -> None:
    """A stranger's message is; its answer also says that the one before is done with."""
    async with telling(url, STRANGE) as one:
        with pytest.raises(Rejected, match="HTTP 401"):
            await one.send(message(OTHER))


@asynccontextmanager
async def telling(url: str, secret: str) -> AsyncIterator[WebhookNotifier]:
    settings = WebhookSettings.model_validate({"kind": "webhook", "url": url, "secret": secret})
    async with open_notifier(
        settings, name="m", clock=SystemClock(), outbound=to_loopback()
    ) as one:
        yield one


RAISED = notice("t1")
RETURNED = notice(
    "t2", at_ns=AT_NS + 60 * SECOND_NS, kind=TransitionKind.RETURNED, state=Phase.RETURNED
)
OTHER = notice("t3", alarm="b", asset="PK-P2", priority=Priority.CRITICAL)
ZONE = "CB-L07B Zone 12 above its high-high limit"


def bare(kind: MessageKind, **more: Any) -> Message:
    return Message(f"msg_{kind}", kind, message().site, AT_NS, **more)


TOTALS = Totals(
    notices=3,
    alarms=2,
    by_kind={TransitionKind.RAISED: 2, TransitionKind.RETURNED: 1},
    by_priority={Priority.CRITICAL: 1, Priority.HIGH: 2},
    by_stage={"CB": 3},
    first_ns=AT_NS,
    last_ns=RETURNED.at_ns,
)
DIGEST = bare(MessageKind.DIGEST, notices=(OTHER, RAISED), totals=TOTALS)


PYTHON: list[str | Path] = [sys.executable, "receiver.py"]


async def test_the_receiver_in_python_keeps_each_transition_once(folder: Path) -> None:
    with running(PYTHON, folder) as (url, said):
        async with telling(url, OLD) as one:
            for each in (message(RAISED), message(RAISED), bare(MessageKind.TEST)):
                assert await one.send(each) == "HTTP 204"
            assert not (folder / "heartbeat").exists()
            await one.send(bare(MessageKind.HEARTBEAT))
            assert (folder / "heartbeat").exists()
        await refused(url)
    assert said == [f"raised {ZONE}"]
    with running(PYTHON, folder) as (url, said):
        async with telling(url, NEW) as one:
            # The raise again, with what came after it; the late repeat leads nobody back.
            for each in (message(RAISED, RETURNED), message(RAISED), DIGEST, DIGEST):
                assert await one.send(each) == "HTTP 204"
        await refused(url)
    assert said == [
        f"returned {ZONE}", "digest of 3 notices", ZONE.replace("CB-L07B", "raised PK-P2"),
    ]  # fmt: skip
    with closing(sqlite3.connect(folder / "alarms.db")) as book:
        assert dict(book.execute("SELECT id, state FROM alarm")) == {
            "a": "returned", "b": "unacknowledged",
        }  # fmt: skip


async def test_a_receiver_that_was_killed_before_it_called_people_calls_them(folder: Path) -> None:
    with running(PYTHON, folder) as (url, _):
        async with telling(url, NEW) as one:
            await one.send(message(RAISED, RETURNED))
        await refused(url)
    with closing(sqlite3.connect(folder / "alarms.db")) as book, book:
        book.execute("UPDATE told SET called = 0 WHERE id = 't2'")
    for lines in ([f"returned {ZONE}"], []):
        with running(PYTHON, folder) as (_, said):
            assert said == lines


async def test_the_receiver_in_node_verifies(folder: Path) -> None:
    with running([find_node().path, "receiver.mjs"], folder) as (url, said):
        async with telling(url, NEW) as one:
            assert await one.send(message(RAISED, RETURNED)) == "HTTP 204"
            assert await one.send(bare(MessageKind.TEST)) == "HTTP 204"
        await refused(url)
    assert said[:3] == ["t1 raised CB-L07B", "t2 returned CB-L07B", "answered alarm.returned"]


@pytest.mark.parametrize(("age_s", "silent"), [(None, True), (30, False), (600, True)])
def test_silence_is_told(age_s: int | None, silent: bool, folder: Path) -> None:
    if age_s is not None:
        (folder / "heartbeat").touch()
        at_s = time.time() - age_s
        os.utime(folder / "heartbeat", (at_s, at_s))
    done = subprocess.run(
        ["sh", "silence.sh"], cwd=folder, text=True, capture_output=True, check=True, timeout=10
    )
    assert (done.stdout, done.stderr) == (
        "Anodewatch has been silent for 3 minutes\n" if silent else "", "",
    )  # fmt: skip


def test_the_example_is_what_is_sent_and_what_the_schema_says() -> None:
    (text,) = (text for language, text in BLOCKS if language == "json")
    example = json.loads(text)
    base = "https://anodewatch.example"
    site = SiteName("changzhi", "Changzhi anode base", "长治负极材料基地", base)
    guidance = Guidance(
        cause=Words("Thyristor shorted", "可控硅击穿"),
        consequence=Words("Saggers overheat", "匣钵过热"),
        response=Words("Open the zone's breaker", "断开该区断路器"),
        respond_min=10.0,
        owner=Words("Electricians", "电工"),
    )
    more = {
        "alarm": "4f0c2a", "definition": "limit-hh:CB-L07B-TIC112.PV", "rule": "limit-hh",
        "stake_t": 8.7, "guidance": guidance, "root": "4f0c2a",
        "url": f"{base}/#/alarms/4f0c2a",
    }  # fmt: skip
    later = {
        "at_ns": RETURNED.at_ns, "kind": TransitionKind.RETURNED, "state": Phase.RETURNED,
        "value": 1_176.5,
    }  # fmt: skip
    told = message_of(site, [notice("t1", **more), notice("t2", **more, **later)])
    assert example == json.loads(body_of(told))
    assert list(example["data"]) == list(json.loads(body_of(told))["data"])
    Draft202012Validator(json.loads(SCHEMAS["notification-2.json"])).validate(example)
    for name in re.findall(r"`/api/v1/schemas/([^`]+)`", GUIDE):
        assert name in SCHEMAS


def test_the_guide_says_the_waits_and_bounds_that_hold() -> None:
    (row,) = re.findall(r"^\| wait \|(.*)\|$", GUIDE, re.MULTILINE)
    unit_s = {"s": 1.0, "min": 60.0, "h": 3_600.0}
    waits = [cell.split() for cell in row.split("|")]
    assert [float(n) * unit_s[unit] for n, unit in waits] == list(SCHEDULE_S)
    assert f"each {JITTER:.0%} shorter or longer".replace("%", " %") in GUIDE
    assert f"at least every {PROBE_CAP_S / 60:.0f} minutes" in GUIDE
    assert OPENS_AFTER == 3
    assert "After three failures in a row" in GUIDE
    assert f"the most urgent, up to {WebhookNotifier.limits.notices} " in GUIDE
    assert f"`timeout_s`, {WebhookSettings.model_fields['timeout_s'].default:.0f} s" in GUIDE
    kinds = set(re.findall(r"`(alarm\.\w+|digest|test|heartbeat)`", GUIDE))
    types = json.loads(SCHEMAS["notification-2.json"])["oneOf"]
    said = [part["properties"]["type"] for part in types]
    assert kinds == {kind for one in said for kind in one.get("enum", [one.get("const")])}


def test_the_commands_that_the_guide_names_are_there() -> None:
    named = re.findall(r"`anodewatch ([a-z]+)(?: ([a-z]+))?", GUIDE)
    assert len(named) >= 4
    for command, part in named:
        found = get_command(app).commands[command]  # type: ignore[attr-defined]
        assert not part or part in found.commands
