"""What people may do to alarms over the API: who, for how long, and what the audit says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.domain.alarm import Phase
from service.runtime.identity import Role
from tests.api_app import Api, open_api
from tests.api_fakes import ALARM, DEFINITION

A = f"/api/v1/alarms/{ALARM}"
D = f"/api/v1/alarm-definitions/{DEFINITION.id}"
REASON = {"reason": "sensor fouled"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as api:
        yield api


ACTIONS: list[tuple[str, dict[str, object], Role]] = [
    ("acknowledge", {"comment": "seen"}, Role.OPERATOR),
    ("comment", {"text": "looks odd"}, Role.OPERATOR),
    ("shelve", {"minutes": 60, **REASON}, Role.OPERATOR),
    ("unshelve", {}, Role.OPERATOR),
    ("reset", {}, Role.OPERATOR),
    ("remove-from-service", REASON, Role.ENGINEER),
    ("return-to-service", {}, Role.ENGINEER),
]


async def test_who_may_do_what(api: Api) -> None:
    for role in Role:
        client = await api.logged_in(role)
        for action, body, least in ACTIONS:
            for path in (A, D):
                if path == D and action in ("acknowledge", "reset"):
                    continue  # of one that came
                answer = await client.post(f"{path}/{action}", json=body)
                if role.includes(least):
                    assert answer.status_code in (200, 409), answer.text
                else:
                    assert answer.status_code == 403, answer.text
                    assert f"this needs {least}" in answer.json()["detail"]


async def test_shelving_tells_until_when_and_why(api: Api) -> None:
    client = await api.logged_in(Role.OPERATOR, name="li.wei")
    answer = await client.post(f"{A}/shelve", json={"minutes": 480, "reason": " sensor fouled "})
    assert answer.json()["holds"] == [
        {"kind": "shelved", "since": "2026-03-01T00:00:00.000Z",
         "until": "2026-03-01T08:00:00.000Z", "by": "li.wei", "reason": "sensor fouled"}
    ]  # fmt: skip
    again = await client.post(f"{D}/shelve", json={"minutes": 5, "reason": "cleaned, drying"})
    assert [hold["until"] for hold in again.json()["holds"]] == ["2026-03-01T00:05:00.000Z"]
    assert (await client.post(f"{A}/unshelve")).json()["holds"] == []
    assert (await client.post(f"{A}/unshelve")).status_code == 409


async def test_how_long_a_role_may_shelve(api: Api) -> None:
    for role, most_min in (("operator", 480), ("engineer", 4_320), ("administrator", 4_320)):
        client = await api.logged_in(Role(role))
        before = api.alarms.view.holds
        for path in (A, D):
            longer = await client.post(f"{path}/shelve", json={"minutes": most_min + 1, **REASON})
            assert longer.status_code == 403
            assert f"for {most_min} minutes at most" in longer.json()["detail"]
            assert api.alarms.view.holds == before
        allowed = await client.post(f"{A}/shelve", json={"minutes": most_min, **REASON})
        assert allowed.status_code == 200


async def test_without_a_reason_nothing_is_done(api: Api) -> None:
    client = await api.logged_in(Role.ENGINEER)
    bad: list[tuple[str, dict[str, object]]] = [
        ("shelve", {"minutes": 60}), ("shelve", {"minutes": 60, "reason": "  "}),
        ("shelve", {"minutes": 0, **REASON}), ("shelve", {"minutes": 0.5, **REASON}),
        ("shelve", {**REASON}), ("remove-from-service", {}), ("comment", {"text": ""}),
        ("comment", {"text": "x" * 501}), ("unshelve", {"why": "x"}),
    ]  # fmt: skip
    for action, body in bad:
        for path in (A, D):
            answer = await client.post(f"{path}/{action}", json=body)
            assert answer.status_code == 422, (action, body)
    assert len(api.alarms.steps) == 1


async def test_a_normal_alarm_can_be_shelved_and_is_listed(api: Api) -> None:
    client = await api.logged_in(Role.ENGINEER)
    await client.post(f"{A}/acknowledge")
    api.alarms.states.restore({})
    listed = (await client.get("/api/v1/alarm-definitions")).json()
    assert (listed["total"], listed["definitions"][0]["state"]) == (1, "normal")
    for state, action, body in (
        ("shelved", "shelve", {"minutes": 5, **REASON}),
        ("out_of_service", "remove-from-service", REASON),
    ):
        assert await ids(client, state) == []
        assert (await client.post(f"{D}/{action}", json=body)).status_code == 200
        assert await ids(client, state) == await ids(client, "held") == [DEFINITION.id]
    assert await ids(client, "open") == await ids(client, "latched") == []
    assert await ids(client, "suppressed") == await ids(client, "shadow") == []


async def ids(client, state: str) -> list[str]:  # type: ignore[no-untyped-def]
    answer = await client.get("/api/v1/alarm-definitions", params={"state": state})
    return [one["id"] for one in answer.json()["definitions"]]


async def test_definitions_are_found(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    queries = [
        ({"search": "LOW:"}, 1), ({"search": "产量"}, 1), ({"search": "kiln"}, 0),
        ({"rule": "pk-low"}, 1), ({"rule": "pk"}, 0), ({"state": "open"}, 1),
    ]  # fmt: skip
    for query, found in queries:
        answer = (await client.get("/api/v1/alarm-definitions", params=query)).json()
        assert (answer["total"], len(answer["definitions"])) == (found, found), query
        past = {**query, "offset": "1"}
        none = (await client.get("/api/v1/alarm-definitions", params=past)).json()
        assert (none["total"], none["definitions"]) == (found, [])


async def test_the_journal_of_a_definition(api: Api) -> None:
    client = await api.logged_in(Role.OPERATOR, name="li.wei")
    await client.post(f"{D}/comment", json={"text": "looks odd"})
    steps = (await client.get(f"{D}/transitions")).json()["transitions"]
    assert [(s["kind"], s["by"], s["comment"]) for s in steps] == [
        ("raised", None, None), ("commented", "li.wei", "looks odd"),
    ]  # fmt: skip


async def test_an_unknown_definition_is_a_404(api: Api) -> None:
    client = await api.logged_in(Role.ENGINEER)
    unknown = "/api/v1/alarm-definitions/comms:plant/main"
    answer = await client.post(f"{unknown}/shelve", json={"minutes": 5, **REASON})
    assert answer.status_code == 404
    assert "'comms:plant/main'" in answer.json()["detail"]
    assert (await client.get(f"{unknown}/transitions")).status_code == 404


async def test_several_are_acknowledged_at_once(api: Api) -> None:
    viewer = await api.logged_in(Role.VIEWER)
    body = {"alarms": [ALARM, "gone"], "comment": "seen"}
    assert (await viewer.post("/api/v1/alarms/acknowledge", json=body)).status_code == 403
    client = await api.logged_in(Role.OPERATOR, name="li.wei")
    answer = await client.post("/api/v1/alarms/acknowledge", json=body)
    assert answer.json() == {"alarms": [ALARM]}
    assert api.alarms.view.phase is Phase.ACKNOWLEDGED
    assert (await client.post("/api/v1/alarms/acknowledge", json=body)).json() == {"alarms": []}
    too_many = {"alarms": ["x"] * 1_001}
    assert (await client.post("/api/v1/alarms/acknowledge", json=too_many)).status_code == 422


async def test_the_audit_says_who_did_it(api: Api) -> None:
    client = await api.logged_in(Role.ENGINEER, name="li.wei")
    await client.post(f"{A}/acknowledge")
    await client.post(f"{A}/shelve", json={"minutes": 5, **REASON})
    await client.post(f"{D}/remove-from-service", json=REASON)
    await client.post(f"{D}/return-to-service")
    await client.post(f"{A}/unshelve")
    await client.post(f"{A}/unshelve")  # which is not possible any more
    admin = await api.logged_in(Role.ADMINISTRATOR)
    rows = (await admin.get("/api/v1/audit")).json()["audit"]
    done = [(row["action"], row["subject"]) for row in rows if row["by"] == "li.wei"]
    assert done[::-1][-5:] == [
        ("acknowledge", ALARM), ("shelve-alarm", DEFINITION.id),
        ("remove-alarm-from-service", DEFINITION.id), ("return-alarm-to-service", DEFINITION.id),
        ("unshelve-alarm", ALARM),
    ]  # fmt: skip
