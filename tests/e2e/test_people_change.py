"""A running service while people enter what they know and change the plan; and after a restart."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.running_service import RunningService, running_service, until
from tests.sites import copy_of_sample

HOURS = 3
METER = "CR-L01"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The sample site on a simulated plant whose last three hours come at once."""
    folder = copy_of_sample(tmp_path)
    file = folder / "site.toml"
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS)
    plant = (
        f'kind = "simulator"\nseed = 7\nstart = {start:%Y-%m-%dT%H:%M:%SZ}\n'
        f'duration_s = {HOURS * 3600}\npace = "fast"\nmeters = true\n'
    )
    text = file.read_text(encoding="utf-8")
    text, n = re.subn(r'kind = "opcua"\nendpoint = [^\n]*\n', plant, text, count=1)
    assert n == 1
    # Whatever day it is, something is due.
    text = re.sub(r"\[\[calendar\.downtimes\]\]\n(?:\w+ = [^\n]*\n)+", "", text)
    file.write_text(text, encoding="utf-8")
    (folder / "rules.toml").write_text(
        '[[communication]]\nid = "lost"\nconnectors = ["*"]\npriority = "low"\n', encoding="utf-8"
    )
    return folder


def crushed_t(service: RunningService) -> float:
    """Tonnes of crushing in the year to date."""
    stages = service.get("/production")["stages"]
    return float(next(s["windows"]["year"]["actual_t"] or 0.0 for s in stages if s["id"] == "CR"))


def settled(service: RunningService) -> float:
    """``crushed_t`` once it stands still."""
    seen: list[float] = []

    def still() -> bool:
        seen.append(crushed_t(service))
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    until(still, what="the plant's past to be accounted for")
    return seen[-1]


def due_soon_t(service: RunningService) -> float:
    """Finished tonnes due in the hours from one to three from now."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    span = {"start": now + timedelta(hours=1), "end": now + timedelta(hours=3)}
    hours = service.get("/plan/hours", **{k: v.isoformat() for k, v in span.items()})["hours"]
    return float(sum(hour["finished_t"] for hour in hours))


def post(service: RunningService, path: str, body: dict[str, Any]) -> Any:
    answer = service.api.post(f"/api/v1{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def test_what_people_say_counts_at_once_and_after_a_restart(site: Path) -> None:
    with running_service(site, arguments=("--port", "0")) as service:
        until(lambda: crushed_t(service) > 25.0, within_s=60, what="the plant's past")
        until(
            lambda: (
                service.get("/production")["closed_through"] is not None
                and crushed_t(service) == crushed_t(service)
            ),
            what="minutes to be closed",
        )
        before_t = crushed_t(service)
        begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
        said = {
            "kind": "correction",
            "subject": METER,
            "start": begin.isoformat(),
            "end": (begin + timedelta(hours=1)).isoformat(),
            "amount": 0.0,
            "reason": "the mill stood, its belt scale counted on",
        }
        entry = post(service, "/entries", said)
        (told,) = service.get("/corrections")["corrections"]
        assert told["entry"] == entry["id"]
        gone_t = told["before"]["kg"] / 1_000.0
        assert gone_t > 0.5
        until(lambda: abs(before_t - gone_t - crushed_t(service)) < 1e-6, what="production")

        due_t = due_soon_t(service)
        year = datetime.now(UTC).year
        target = {"targets": {f"{year}": 90_000.0}, "reason": "a second campaign"}
        post(service, "/plan", target)
        more_t = due_soon_t(service)
        assert more_t > due_t
        password = service.password
        assert service.stop() == 0

    with running_service(site, arguments=("--port", "0"), password=password) as service:
        until(lambda: crushed_t(service) > 0.0, what="figures")
        assert crushed_t(service) == pytest.approx(before_t - gone_t, abs=1e-6)
        assert due_soon_t(service) == pytest.approx(more_t)
        (kept,) = service.get("/entries")["entries"]
        assert kept == entry
        post(service, f"/entries/{entry['id']}/cancel", {"reason": "another mill"})
        until(lambda: abs(crushed_t(service) - before_t) < 1e-6, what="what was measured")
        actions = [row["action"] for row in service.get("/audit")["audit"]]
        for action in ("cancel correction", "change plan", "enter correction"):
            assert action in actions
