"""Requests that are wrong in unusual ways: the answer says what is wrong with them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.runtime.identity import Role
from tests.api_app import PASSWORD, Api, open_api
from tests.api_fakes import NOW_NS

TAG = "CB-L07B-TIC112.PV"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><title>the dashboard</title>", "utf-8")
    async with open_api(tmp_path, web=web) as opened:
        yield opened


@pytest.mark.parametrize(
    "place",
    [
        *(f"{'9' * 30}:3", f"{NOW_NS}:{'9' * 20}", "-5:3", f"{NOW_NS}:-1"),
        *(f"{2**63}:3", f"{NOW_NS}:{2**31}", f"{NOW_NS}:3:3"),
    ],
)
async def test_a_forged_cursor_is_a_wrong_cursor(api: Api, place: str) -> None:
    client = await api.logged_in(Role.VIEWER)
    after = base64.urlsafe_b64encode(place.encode()).decode()
    query = {"tags": TAG, "start": "0", "end": "1000", "after": after}
    answer = await client.get("/api/v1/history/raw", params=query)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("after: expected `next`")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_body_of_another_kind_is_not_repeated(api: Api, kind: str | None) -> None:
    body = json.dumps({"username": "li.wei", "password": PASSWORD}).encode()
    headers = {} if kind is None else {"Content-Type": kind}
    answer = await api.client().post("/api/v1/session", content=body, headers=headers)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    detail = answer.json()["detail"]
    assert detail == "body: expected a JSON object; send it with Content-Type: application/json"


@pytest.mark.parametrize("body", [b"{nope", b"", b"[1]", b'"text"', b'{"username": "a", }'])
async def test_what_is_no_json_object_is_told_so(api: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.client().post("/api/v1/session", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("body: ")


async def test_logging_in_again_ends_the_session_before(api: Api) -> None:
    client = await api.logged_in(Role.OPERATOR)
    before = client.cookies["anodewatch_session"]
    body = {"username": "operator", "password": PASSWORD}
    assert (await client.post("/api/v1/session", json=body)).status_code == 200
    assert client.cookies["anodewatch_session"] != before
    assert (await client.get("/api/v1/session")).status_code == 200
    assert await api.identity.of_session(before) is None


async def test_a_wrong_log_in_leaves_the_session_before(api: Api) -> None:
    client = await api.logged_in(Role.OPERATOR)
    body = {"username": "operator", "password": "not-the-password"}
    assert (await client.post("/api/v1/session", json=body)).status_code == 401
    assert (await client.get("/api/v1/session")).status_code == 200


async def test_readiness_is_the_same_for_head(api: Api) -> None:
    """Load balancers ask with HEAD; the dashboard's page must not answer for the service."""
    client = api.client()
    for path in ("/healthz", "/readyz"):
        answer = await client.head(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
    api.readiness.reasons.append("history: away")
    assert (await client.head("/readyz")).status_code == 503


async def test_openapi_describes_every_error_as_it_comes(api: Api) -> None:
    document = (await api.client().get("/openapi.json")).json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if path.startswith("/api/") and status >= "400":
                    (media,) = answer["content"].values()
                    assert media["schema"]["$ref"].endswith("/Problem"), (method, path, status)
