"""What the API says of rules, of what lies behind an alarm's rule, and of what belongs to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert

from service.domain.instants import DAY_NS
from service.runtime.identity import Role
from service.state.tables import transition
from tests.api_app import Api, open_api
from tests.api_fakes import ALARM, DEFINITION, NOW_NS


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(api: Api) -> httpx.AsyncClient:
    return await api.logged_in(Role.VIEWER)


async def get(client: httpx.AsyncClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json() if status == 200 else answer.json()["detail"]


async def test_an_alarm_bears_its_rules_guidance(api: Api, client: httpx.AsyncClient) -> None:
    assert (await get(client, f"alarms/{ALARM}"))["guidance"] == {
        "cause": {"en": "Bags out", "zh": "缺袋"},
        "consequence": {"en": "DM and SC stop", "zh": "除磁筛分停"},
        "response": {"en": "Refill the magazine", "zh": "补袋"},
        "respond_min": 10.0,
        "owner": {"en": "Packer", "zh": "包装工"},
    }
    api.alarms.view = replace(api.alarms.view, definition="gone:PK")
    assert (await get(client, f"alarms/{ALARM}"))["guidance"] is None


async def test_members_of_an_alarm(api: Api, client: httpx.AsyncClient) -> None:
    api.alarms.others = [replace(api.alarms.view, id="2b", root=ALARM)]
    (member,) = (await get(client, f"alarms/{ALARM}/members"))["alarms"]
    assert (member["id"], member["root"]) == ("2b", ALARM)
    assert "there is no alarm" in await get(client, "alarms/none/members", 404)


async def test_rules_with_what_they_raised(api: Api, client: httpx.AsyncClient) -> None:
    counted = [
        (NOW_NS - DAY_NS, "raised", None),
        (NOW_NS - 2 * DAY_NS, "raised", "shadow"),
        (NOW_NS - 3 * DAY_NS, "raised", "shadow"),
        (NOW_NS - 3 * DAY_NS, "returned", "shadow"),
        (NOW_NS - 8 * DAY_NS, "raised", "shadow"),  # before the last seven days
    ]

    def write(connection: Connection) -> None:
        for n, (at_ns, kind, quiet) in enumerate(counted):
            connection.execute(
                insert(transition).values(
                    id=f"t{n}", alarm=ALARM, definition=DEFINITION.id, kind=kind, at_ns=at_ns,
                    recorded_ns=at_ns, quiet=quiet,
                )
            )  # fmt: skip

    await api.database.write(write)
    (rule,) = (await get(client, "alarms/rules"))["rules"]
    assert rule.pop("guidance")["respond_min"] == 10.0
    assert rule == {
        "id": "pk-low",
        "kind": "throughput",
        "shadow": False,
        "alarms": 1,
        "standing": 1,
        "raised": 3,
        "told": 1,
        "quiet": {"shadow": 2},
        "most": DEFINITION.id,
        "most_raised": 3,
    }
    start = f"{(NOW_NS - 10 * DAY_NS) // 1_000_000}"
    (rule,) = (await get(client, "alarms/rules", start=start))["rules"]
    assert rule["quiet"] == {"shadow": 3}
    assert "at most 400 days" in await get(
        client, "alarms/rules", 422, start="2020-01-01T00:00:00Z"
    )
