"""A running service whose alarms people shelve and take out of service; killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua

from service.domain.tag import Limits, Tag
from tests.opcua_server import asyncua_server
from tests.running_service import RunningService, running_service, until, write_site
from tests.webhook_receiver import Receiver, run_receiver

HOT, FLOW, COUNT = "CB-L07B-TIC112.PV", "CB-L07B-FIC122.PV", "PK-P1-KQ702.TOT"
LIMITS = """
[[limit]]
id = "high"
limit = "h"
tags = ["*"]
on_delay_s = 0
off_delay_s = 0
priority = "high"
"""
LOW, HIGH = 1_100.0, 1_190.0
Put = Callable[[str, float], None]


@pytest.mark.timeout(240)
async def test_what_people_did_outlives_a_kill_and_a_return_meanwhile_is_told(
    tmp_path: Path,
) -> None:
    async with asyncua_server() as server:
        names = (HOT, FLOW, COUNT)
        nodes = {
            name: await server.nodes.objects.add_variable(
                ua.NodeId(name, 2), name, LOW, ua.VariantType.Double
            )
            for name in names
        }
        loop = asyncio.get_running_loop()

        def put(name: str, value: float) -> None:
            written = nodes[name].write_value(ua.DataValue(ua.Variant(value)))
            asyncio.run_coroutine_threadsafe(written, loop).result(10)

        with run_receiver() as receiver:
            await asyncio.to_thread(
                live_through, site_of(tmp_path, server, receiver), receiver, put
            )


def live_through(site: Path, receiver: Receiver, put: Put) -> None:
    with running_service(site) as service:
        until(lambda: known(service, HOT), what="values")
        put(HOT, HIGH)
        put(FLOW, HIGH)
        alarms = until(lambda: two(service), what="both alarms")
        by_tag = {one["tag"]: one for one in alarms}
        told_of(receiver, "raised", 2)
        hot, flow = (f"/api/v1/alarms/{by_tag[tag]['id']}" for tag in (HOT, FLOW))
        done(service, f"{hot}/shelve", {"minutes": 60, "reason": "thermocouple is being changed"})
        done(service, f"{hot}/comment", {"text": "spare part from store 3"})
        done(service, f"{flow}/acknowledge", {})
        counted = f"/api/v1/alarm-definitions/high:{COUNT}"
        done(service, f"{counted}/remove-from-service", {"reason": "no such limit any more"})
        assert [one["tag"] for one in service.get("/alarms")["alarms"]] == [FLOW]
        before = held(service)
        assert {(one["id"], one["holds"][0]["kind"]) for one in before} == {
            (f"high:{HOT}", "shelved"), (f"high:{COUNT}", "out_of_service"),
        }  # fmt: skip
        service.kill()
        password = service.password

    put(FLOW, LOW)  # while nobody looks
    put(HOT, LOW)
    with running_service(site, password=password) as service:
        assert held(service) == before or held(service) == after_its_return(before)
        told_of(receiver, "returned", 2)  # of both it was told that they stand
        until(lambda: held(service) == after_its_return(before), what="the shelved one to go")
        put(COUNT, HIGH)
        put(HOT, HIGH)
        quiet = until(lambda: two(service, state="held"), what="two that call nobody")
        assert {one["quiet"] for one in quiet} == {"shelved", "out_of_service"}
        done(service, f"/api/v1/alarm-definitions/high:{HOT}/unshelve", {})
        told_of(receiver, "reraised", 1)
        assert [one["tag"] for one in service.get("/alarms")["alarms"]] == [HOT]
        steps = service.get(f"/alarm-definitions/high:{HOT}/transitions")["transitions"]
        assert [(s["kind"], s["by"], s["quiet"]) for s in steps[::-1]] == [
            ("raised", None, None), ("shelved", "admin", None), ("commented", "admin", None),
            ("returned", None, None), ("cleared", None, None), ("raised", None, "shelved"),
            ("unshelved", "admin", None), ("reraised", None, None),
        ]  # fmt: skip
        assert service.stop() == 0
    assert sorted(kinds(receiver)) == [
        "acknowledged",
        *["raised"] * 2,
        "reraised",
        *["returned"] * 2,
    ]
    assert receiver.refused == []


def site_of(folder: Path, server: Server, receiver: Receiver) -> Path:
    tags = {
        n: Tag(name, "plant", f"ns=2;s={name}", limits=Limits(h=1_180.0))
        for n, name in enumerate((HOT, FLOW, COUNT))
    }
    return write_site(
        folder / "site", tags=tags, endpoint=server.endpoint.geturl(), meter=COUNT, rules=LIMITS,
        webhook=(receiver.url, receiver.secret),
    )  # fmt: skip


def known(service: RunningService, tag: str) -> bool:
    values = service.get("/live", tags=tag)["values"]
    return bool(values) and values[0]["value"] is not None


def two(service: RunningService, *, state: str = "active") -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = service.get("/alarms", state=state)["alarms"]
    return found if len(found) == 2 else None


def held(service: RunningService) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/alarm-definitions", state="held")["definitions"]
    return found


def after_its_return(before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "state": "normal", "alarm": None} for one in before]


def done(service: RunningService, path: str, body: dict[str, Any]) -> None:
    answer = service.api.post(path, json=body)
    assert answer.status_code == 200, answer.text


def kinds(receiver: Receiver) -> list[str]:
    steps = [s for body, _ in list(receiver.messages) for s in body["data"].get("transitions", ())]
    return [step["step"] for step in {step["id"]: step for step in steps}.values()]


def told_of(receiver: Receiver, kind: str, n: int) -> None:
    until(lambda: kinds(receiver).count(kind) == n, what=f"{n} messages of what {kind}")
