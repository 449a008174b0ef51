"""Who may do what through the API: log-in, roles, forgery, tokens, users."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from service.runtime.errors import Retryable
from service.runtime.identity import Role
from tests.api_app import PASSWORD, Api, open_api
from tests.api_fakes import ALARM
from tests.sites import SITE_ZONE

ADMIN = Role.ADMINISTRATOR


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as opened:
        yield opened


async def test_log_in_look_and_log_out(api: Api) -> None:
    await api.identity.add_user("li.wei", password=PASSWORD, role=Role.OPERATOR, by="test")
    client = api.client()
    assert (await client.get("/api/v1/session")).status_code == 401

    body = {"username": "li.wei", "password": PASSWORD}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 200
    assert answer.json() == {"user": {"name": "li.wei", "role": "operator"}}
    cookie = answer.headers["set-cookie"]
    for attribute in ("anodewatch_session=", "HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert attribute in cookie
    assert "Secure" not in cookie  # on plain HTTP a browser would throw it away

    who = (await client.get("/api/v1/session")).json()
    assert who == {
        "user": {"name": "li.wei", "role": "operator"},
        "site": {
            "id": "changzhi",
            "name_en": "Changzhi",
            "name_zh": "长治",
            "time_zone": SITE_ZONE,
            "target_t": 70000.0,
            "year": 2026,
        },
        "shelve_minutes": 480,
    }
    session = client.cookies["anodewatch_session"]
    assert (await client.delete("/api/v1/session")).status_code == 403  # a foreign page could
    left = await client.delete("/api/v1/session", headers={"X-Anodewatch": "1"})
    assert left.status_code == 204
    assert "anodewatch_session" not in client.cookies
    again = api.client()
    again.cookies.set("anodewatch_session", session)
    assert (await again.get("/api/v1/session")).status_code == 401


async def test_cookie_is_secure_behind_https(tmp_path: Path) -> None:
    async with open_api(tmp_path, public_url="https://line.example") as api:
        await api.identity.add_user("li.wei", password=PASSWORD, role=Role.VIEWER, by="test")
        body = {"username": "li.wei", "password": PASSWORD}
        answer = await api.client().post("/api/v1/session", json=body)
        assert "Secure" in answer.headers["set-cookie"]


async def test_wrong_log_ins_are_slowed_down(api: Api) -> None:
    client = api.client()
    wrong = {"username": "nobody", "password": "wrong-password"}
    for _ in range(5):
        answer = await client.post("/api/v1/session", json=wrong)
        assert answer.status_code == 401
        assert "username or password is wrong" in answer.json()["detail"]
    answer = await client.post("/api/v1/session", json=wrong)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    await api.clock.advance(1.5)
    assert (await client.post("/api/v1/session", json=wrong)).status_code == 401


async def test_nothing_is_shown_to_strangers(api: Api) -> None:
    document = (await api.client().get("/openapi.json")).json()
    open_to_all = {
        ("post", "/api/v1/session"),
        ("delete", "/api/v1/session"),
        ("get", "/api/v1/schemas/{name}"),
    }
    client, seen = api.client(**{"X-Anodewatch": "1"}), 0
    for path, item in document["paths"].items():
        for method in item:
            if not path.startswith("/api/") or (method, path) in open_to_all:
                continue
            real = (
                path.replace("{alarm_id}", ALARM).replace("{name}", "x").replace("{token_id}", "x")
            )
            answer = await client.request(method, real, json={})
            assert answer.status_code == 401, (method, path)
            assert "log in" in answer.json()["detail"]
            seen += 1
    assert seen >= 18


async def test_forgery_is_refused(api: Api) -> None:
    client = await api.logged_in(Role.OPERATOR)
    del client.headers["X-Anodewatch"]
    path = f"/api/v1/alarms/{ALARM}/acknowledge"
    answer = await client.post(path, json={})
    assert answer.status_code == 403
    assert "X-Anodewatch: 1" in answer.json()["detail"]
    form = {"Content-Type": "text/plain"}
    body = f'{{"username":"operator","password":"{PASSWORD}"}}'
    assert (await client.post("/api/v1/session", content=body, headers=form)).status_code == 422
    client.headers["X-Anodewatch"] = "1"
    assert (await client.post(path, json={})).status_code == 200


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.VIEWER, 403), (Role.OPERATOR, 200), (Role.ENGINEER, 200), (ADMIN, 200)],
)
async def test_who_may_acknowledge(api: Api, role: Role, status: int) -> None:
    client = await api.logged_in(role)
    path = f"/api/v1/alarms/{ALARM}/acknowledge"
    answer = await client.post(path, json={"comment": "on my way"})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["acknowledged_by"] == str(role)
        assert answer.json()["comment"] == "on my way"
        assert (await client.post(path, json={})).status_code == 409
    else:
        assert "this needs operator" in answer.json()["detail"]


async def test_an_acknowledgement_that_can_not_be_kept_yet_is_a_503(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken(_deed: object) -> None:
        raise Retryable("the acknowledgement will be stored once the state can be written")

    monkeypatch.setattr(api.alarms, "keep", taken)
    client = await api.logged_in(Role.OPERATOR)
    answer = await client.post(f"/api/v1/alarms/{ALARM}/acknowledge", json={})
    assert answer.status_code == 503
    assert "will be stored once" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0


async def test_only_administrators_manage_users(api: Api) -> None:
    engineer = await api.logged_in(Role.ENGINEER)
    new = {"name": "wang", "password": PASSWORD, "role": "viewer"}
    assert (await engineer.get("/api/v1/users")).status_code == 403
    assert (await engineer.post("/api/v1/users", json=new)).status_code == 403

    admin = await api.logged_in(ADMIN)
    assert (await admin.post("/api/v1/users", json=new)).json() == {
        "name": "wang",
        "role": "viewer",
    }
    assert (await admin.post("/api/v1/users", json=new)).status_code == 409
    names = [user["name"] for user in (await admin.get("/api/v1/users")).json()["users"]]
    assert names == ["administrator", "engineer", "wang"]
    short = await admin.put("/api/v1/users/wang/password", json={"password": "short"})
    assert short.status_code == 422
    assert short.json()["detail"].startswith("password: expected 10")
    changed = await admin.put("/api/v1/users/wang/password", json={"password": "anode-2026-x"})
    assert changed.status_code == 204
    assert (await admin.delete("/api/v1/users/wang")).status_code == 204
    assert (await admin.delete("/api/v1/users/wang")).status_code == 404
    last = await admin.delete("/api/v1/users/administrator")
    assert last.status_code == 409
    assert "last administrator" in last.json()["detail"]


async def test_tokens_for_programs(api: Api) -> None:
    person = await api.logged_in(Role.OPERATOR)
    made = await person.post("/api/v1/tokens", json={"name": "mes", "role": "operator"})
    assert made.status_code == 201
    secret, token_id = made.json()["token"], made.json()["id"]

    program = api.client(Authorization=f"Bearer {secret}")
    assert (await program.get("/api/v1/session")).json()["user"]["name"] == "operator"
    done = await program.post(f"/api/v1/alarms/{ALARM}/acknowledge")  # no cookie, no forgery
    assert done.json()["acknowledged_by"] == "operator"
    another = await program.post("/api/v1/tokens", json={"name": "more"})
    assert another.status_code == 403
    assert "in person" in another.json()["detail"]

    too_much = await person.post("/api/v1/tokens", json={"name": "all", "role": "administrator"})
    assert too_much.status_code == 422
    listed = (await person.get("/api/v1/tokens")).json()["tokens"]
    assert [(t["id"], t["name"], t["role"]) for t in listed] == [(token_id, "mes", "operator")]
    assert "token" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    assert (await person.delete(f"/api/v1/tokens/{token_id}")).status_code == 204
    assert (await program.get("/api/v1/session")).status_code == 401


async def test_a_busy_state_is_told_as_such(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await api.logged_in(Role.VIEWER)

    async def busy(session: str) -> None:
        raise Retryable("state database: database is locked")

    monkeypatch.setattr(api.identity, "of_session", busy)
    answer = await client.get("/api/v1/line")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


async def test_passwords_are_not_repeated(api: Api) -> None:
    client: httpx.AsyncClient = api.client()
    body = {"username": "x", "password": "p" * 2_000}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert "ppp" not in answer.text
    assert answer.json()["detail"].startswith("password: ")
