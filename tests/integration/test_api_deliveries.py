"""Deliveries in the API: what was told, dead letters, destinations, and who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.domain.circuit import gone
from service.domain.instants import DAY_NS
from service.runtime.errors import Rejected
from service.runtime.identity import Role
from service.state.outbox import StateOutbox
from tests.api_app import Api, open_api
from tests.api_fakes import NOW_NS
from tests.post_rig import Receiver, put_rows


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        rows = (("t1", "a"), ("t2", "a"), ("t3", "b"))
        await put_rows(opened.database, *rows, to=["hook"], now_ns=NOW_NS)
        yield opened


async def ask(
    client: httpx.AsyncClient, method: str, path: str, status: int = 200, **more: Any
) -> Any:
    answer = await client.request(method, f"/api/v1/{path}", **more)
    assert answer.status_code == status, answer.text
    return answer.json() if status == 200 else answer.json()["detail"]


async def states(client: httpx.AsyncClient, **query: Any) -> dict[str, str]:
    found = await ask(client, "GET", "deliveries", params=query)
    return {one["transition"]: one["state"] for one in found["deliveries"]}


async def given_up(api: Api) -> None:
    assert await StateOutbox(api.database).give_up("hook", NOW_NS) == 3


async def test_deliveries_are_found_by_state_destination_and_alarm(api: Api) -> None:
    client = await api.logged_in(Role.VIEWER)
    assert await states(client) == dict.fromkeys(("t3", "t2", "t1"), "pending")
    assert list(await states(client, alarm="a")) == ["t2", "t1"]
    assert list(await states(client, before=2)) == ["t1"]
    assert await states(client, state="dead") == {}
    assert await states(client, destination="nobody") == {}
    assert "state: " in await ask(client, "GET", "deliveries", 422, params={"state": "lost"})
    life = await ask(client, "GET", "deliveries/1")
    assert life["attempts"] == []
    one = life["delivery"]
    assert (one["alarm"], one["kind"], one["priority"], one["attempts"]) == ("a", "raised", 2, 0)
    assert one["next_attempt_at"] == "2026-03-01T00:00:00.000Z"
    assert one["message_zh"] == "12区高于高高限"
    assert "no delivery 99" in await ask(client, "GET", "deliveries/99", 404)


async def test_dead_letters_are_replayed_one_by_one_or_all_by_operators(api: Api) -> None:
    await given_up(api)
    viewer, operator = await api.logged_in(Role.VIEWER), await api.logged_in(Role.OPERATOR)
    path = "deliveries/replay"
    assert "needs operator" in await ask(viewer, "POST", path, 403, json={"ids": [1]})
    assert "exactly one" in await ask(operator, "POST", path, 422, json={})
    both = {"ids": [1], "all": True}
    assert "exactly one" in await ask(operator, "POST", path, 422, json=both)
    lost = {"destination": "nobody"}
    assert "are: hook" in await ask(operator, "POST", path, 404, json=lost)
    assert await ask(operator, "POST", path, json={"ids": [1, 77]}) == {"deliveries": 1}
    assert await states(viewer) == {"t1": "pending", "t2": "dead", "t3": "dead"}
    assert await ask(operator, "POST", path, json={"destination": "hook"}) == {"deliveries": 2}
    assert await ask(operator, "POST", path, json={"all": True}) == {"deliveries": 0}
    assert set((await states(viewer)).values()) == {"pending"}
    # Three days begin anew.
    assert await StateOutbox(api.database).give_up("hook", NOW_NS - DAY_NS) == 0


async def test_what_is_put_aside_stays_visible_and_counts_no_more(api: Api) -> None:
    await given_up(api)
    operator = await api.logged_in(Role.OPERATOR)
    done = await ask(operator, "POST", "deliveries/dismiss", json={"ids": [1, 2]})
    assert done == {"deliveries": 2}
    assert await states(operator, state="dismissed") == {"t1": "dismissed", "t2": "dismissed"}
    assert (await StateOutbox(api.database).waiting("hook")).dead == 1


async def test_a_test_message_tells_what_the_receiver_answered(api: Api) -> None:
    viewer, operator = await api.logged_in(Role.VIEWER), await api.logged_in(Role.OPERATOR)
    path = "destinations/hook/test"
    await ask(viewer, "POST", path, 403)
    taken = await ask(operator, "POST", path)
    assert (taken["outcome"], taken["answer"]) == ("delivered", "HTTP 204")
    receiver = api.couriers["hook"].destination.notifier
    assert isinstance(receiver, Receiver)
    receiver.always = Rejected("errcode 40035: no such robot")
    refused = await ask(operator, "POST", path)
    assert (refused["outcome"], refused["answer"]) == ("refused", "errcode 40035: no such robot")
    log = (await ask(viewer, "GET", "deliveries/log"))["attempts"]
    assert [(one["kind"], one["outcome"], one["alarm"]) for one in log] == [
        ("test", "refused", None), ("test", "delivered", None),
    ]  # fmt: skip
    assert log[0]["message"] != log[1]["message"]
    assert (await ask(viewer, "GET", "deliveries/log", params={"before": log[0]["id"]})) == {
        "attempts": log[1:]
    }
    assert "no destination 'x'" in await ask(operator, "POST", "destinations/x/test", 404)


async def test_operators_see_what_a_destination_would_be_told(api: Api) -> None:
    viewer, operator = await api.logged_in(Role.VIEWER), await api.logged_in(Role.OPERATOR)
    path = "destinations/hook/preview"
    await ask(viewer, "GET", path, 403)
    assert await ask(operator, "GET", path) == {"body": "alarm of 1"}
    returned = {"sample": "returned"}
    assert await ask(operator, "GET", path, params=returned) == {"body": "alarm of 3"}
    assert await ask(operator, "GET", path, params={"sample": "digest"}) == {"body": "digest of 1"}
    await ask(operator, "GET", path, 422, params={"sample": "other"})
    receiver = api.couriers["hook"].destination.notifier
    assert isinstance(receiver, Receiver)
    receiver.always = Rejected("the template: line 3")
    assert await ask(operator, "GET", path, 422) == "the template: line 3"
    assert "no destination 'x'" in await ask(operator, "GET", "destinations/x/preview", 404)
    assert receiver.tried == []


async def test_a_destination_that_is_gone_is_shown_and_enabled_by_administrators(api: Api) -> None:
    courier = api.couriers["hook"]
    courier.circuit = gone(NOW_NS, error="HTTP 410")
    operator = await api.logged_in(Role.OPERATOR)
    administrator = await api.logged_in(Role.ADMINISTRATOR)
    (shown,) = (await ask(operator, "GET", "destinations"))["destinations"]
    assert (shown["name"], shown["state"], shown["error"]) == ("hook", "disabled", "HTTP 410")
    assert shown["since"] == "2026-03-01T00:00:00.000Z"
    await ask(operator, "POST", "destinations/hook/enable", 403)
    enabled = await ask(administrator, "POST", "destinations/hook/enable")
    assert (enabled["state"], enabled["since"], enabled["error"]) == ("closed", None, None)
    stood = await StateOutbox(api.database).standing("hook", NOW_NS)
    assert stood.circuit.error is None


async def test_who_did_what_is_in_the_audit(api: Api) -> None:
    await given_up(api)
    administrator = await api.logged_in(Role.ADMINISTRATOR, name="wang")
    await ask(administrator, "POST", "deliveries/replay", json={"ids": [1]})
    await ask(administrator, "POST", "deliveries/dismiss", json={"all": True})
    await ask(administrator, "POST", "destinations/hook/test")
    await ask(administrator, "POST", "destinations/hook/enable")
    audit = (await ask(administrator, "GET", "audit"))["audit"]
    done = [(one["by"], one["action"], one["subject"]) for one in audit][:4]
    assert done == [
        ("wang", "enable_destination", "hook"),
        ("wang", "test_destination", "hook: delivered"),
        ("wang", "dismiss_deliveries", "2"),
        ("wang", "replay_deliveries", "1 to hook"),
    ]


async def test_what_is_down_degrades_the_service_and_does_not_end_its_readiness(api: Api) -> None:
    api.readiness.degraded_by.append("destination hook: open: HTTP 503")
    answer = await api.client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["degraded"] == ["destination hook: open: HTTP 503"]
