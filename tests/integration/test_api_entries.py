"""Manual entries and the audit through the API, over a real state database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.api.instants import iso
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.runtime.identity import Role
from tests.api_app import Api, open_api
from tests.api_fakes import NOW_NS

URL = "/api/v1/entries"
SCRAP = {
    "kind": "scrap",
    "subject": "PK",
    "start": iso(NOW_NS - HOUR_NS),
    "amount": 120.0,
    "reason": "torn bag",
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


def correction(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "correction",
        "subject": "PK-P1",
        "start": iso(NOW_NS - HOUR_NS),
        "end": iso(NOW_NS - 30 * MINUTE_NS),
        "amount": 4_000.0,
        "reason": "counter stood still, bags counted by hand",
        **changes,
    }


async def test_who_when_and_why_are_kept(api: Api) -> None:
    operator = await api.logged_in(Role.OPERATOR, name="li.wei")
    answer = await operator.post(URL, json={**SCRAP, "reference": "ticket 7"})
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        **SCRAP,
        "id": made["id"],
        "end": SCRAP["start"],
        "unit": "kg",
        "reference": "ticket 7",
        "by": "li.wei",
        "at": iso(NOW_NS),
        "cancelled": None,
    }
    assert (await operator.get(URL)).json() == {"entries": [made]}
    assert (await operator.get(f"{URL}/{made['id']}")).json() == made
    engineer = await api.logged_in(Role.ENGINEER)
    rows = (await engineer.get("/api/v1/audit")).json()["audit"]
    told = next(row for row in rows if row["action"] == "enter scrap")
    assert told["by"] == "li.wei"
    assert made["id"] in told["subject"]
    assert "torn bag" in told["subject"]
    older = await engineer.get("/api/v1/audit", params={"before": told["id"], "limit": 1})
    assert [row["id"] for row in older.json()["audit"]] == [told["id"] - 1]


async def test_a_retry_enters_once(api: Api) -> None:
    operator = await api.logged_in(Role.OPERATOR)
    key = {"Idempotency-Key": "4c1c-0001"}
    first = await operator.post(URL, json=SCRAP, headers=key)
    again = await operator.post(URL, json=SCRAP, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await operator.post(URL, json={**SCRAP, "amount": 5.0}, headers=key)
    assert other.status_code == 409
    assert "send a new key" in other.json()["detail"]
    another = await api.logged_in(Role.ENGINEER)
    assert (await another.post(URL, json=SCRAP, headers=key)).status_code == 201
    assert len((await operator.get(URL)).json()["entries"]) == 2


async def test_cancelling_keeps_the_entry(api: Api) -> None:
    operator = await api.logged_in(Role.OPERATOR)
    made = (await operator.post(URL, json=SCRAP)).json()
    cancel = f"{URL}/{made['id']}/cancel"
    assert (await operator.post(cancel, json={"reason": " "})).status_code == 422
    gone = await operator.post(cancel, json={"reason": "wrong stage"})
    assert gone.status_code == 200
    assert gone.json() == {
        **made,
        "cancelled": {"by": "operator", "at": iso(NOW_NS), "reason": "wrong stage"},
    }
    assert (await operator.get(URL)).json()["entries"] == [gone.json()]
    assert (await operator.post(cancel, json={"reason": "again"})).status_code == 409
    missing = await operator.post(f"{URL}/none/cancel", json={"reason": "x"})
    assert missing.status_code == 404


async def test_roles(api: Api) -> None:
    viewer = await api.logged_in(Role.VIEWER)
    operator = await api.logged_in(Role.OPERATOR)
    engineer = await api.logged_in(Role.ENGINEER)
    assert (await viewer.post(URL, json=SCRAP)).status_code == 403
    assert (await operator.post(URL, json=correction())).status_code == 403
    made = await engineer.post(URL, json=correction())
    assert made.status_code == 201
    back = f"{URL}/{made.json()['id']}/cancel"
    assert (await operator.post(back, json={"reason": "no"})).status_code == 403
    assert (await operator.get("/api/v1/audit")).status_code == 403
    assert (await viewer.get(URL)).status_code == 200
    assert (await api.client().get(URL)).status_code == 401


async def test_lots_on_hold(api: Api) -> None:
    operator = await api.logged_in(Role.OPERATOR)
    lot = {"subject": "L-0412", "start": iso(NOW_NS), "reason": "moisture"}
    assert (await operator.post(URL, json={**lot, "kind": "hold", "amount": 20})).status_code == 201
    too_many = await operator.post(URL, json={**lot, "kind": "release", "amount": 21})
    assert too_many.status_code == 409
    assert "20 bags are held" in too_many.json()["detail"]
    await operator.post(URL, json={**lot, "kind": "release", "amount": 15})
    assert (await operator.get("/api/v1/lots")).json() == {
        "lots": [{"id": "L-0412", "held_bags": 20, "released_bags": 15, "standing_bags": 5}],
        "standing_bags": 5,
        "released_bags": 15,
    }
    found = (await operator.get(URL, params={"kind": "release"})).json()["entries"]
    assert [(one["kind"], one["unit"]) for one in found] == [("release", "bags")]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"start": "yesterday"}, 422, "start: expected an instant"),
        ({"end": "soon"}, 422, "end: expected an instant"),
        ({"end": iso(NOW_NS + MINUTE_NS)}, 422, "has not come yet"),
        ({"subject": "PK-P9"}, 422, "no meter 'PK-P9'"),
        ({"reason": ""}, 422, "say why"),
        ({"kind": "wish"}, 422, "kind:"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
async def test_a_refusal_names_the_field(
    api: Api, change: dict[str, Any], status: int, words: str
) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    answer = await engineer.post(URL, json=correction(**change))
    assert answer.status_code == status
    assert words in answer.json()["detail"]
