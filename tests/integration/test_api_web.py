"""What surrounds the routes: OpenAPI, documentation page, dashboard files, headers, health."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from service.api.app import create_api
from service.runtime.heartbeat import Beat, Pulse
from service.runtime.identity import Role
from tests.api_app import Api, open_api
from tests.api_fakes import NOW_NS

CONTRACT = {
    "/api/v1/floods": {"get"},
    "/api/v1/alarm-definitions/{definition_id}/told": {"get"},
    "/api/v1/session": {"post", "delete", "get"},
    "/api/v1/line": {"get"},
    "/api/v1/production": {"get"},
    "/api/v1/calendar": {"get", "post", "put"},
    "/api/v1/plan": {"get", "post", "put"},
    "/api/v1/plan/hours": {"get"},
    "/api/v1/account": {"get"},
    "/api/v1/wip": {"get"},
    "/api/v1/forecast": {"get"},
    "/api/v1/tags": {"get"},
    "/api/v1/live": {"get"},
    "/api/v1/history": {"get"},
    "/api/v1/history/raw": {"get"},
    "/api/v1/alarms": {"get"},
    "/api/v1/alarms/history": {"get"},
    "/api/v1/alarms/history.csv": {"get"},
    "/api/v1/alarms/kpi": {"get"},
    "/api/v1/alarms/{alarm_id}": {"get"},
    "/api/v1/alarms/{alarm_id}/explain": {"get"},
    "/api/v1/alarms/{alarm_id}/members": {"get"},
    "/api/v1/alarms/rules": {"get"},
    "/api/v1/alarms/acknowledge": {"post"},
    **{
        f"/api/v1/alarms/{{alarm_id}}/{action}": {"post"}
        for action in (
            "acknowledge",
            "reset",
            "comment",
            "shelve",
            "unshelve",
            "remove-from-service",
            "return-to-service",
        )
    },
    "/api/v1/alarm-definitions": {"get"},
    "/api/v1/alarm-definitions/{definition_id}/transitions": {"get"},
    **{
        f"/api/v1/alarm-definitions/{{definition_id}}/{action}": {"post"}
        for action in ("comment", "shelve", "unshelve", "remove-from-service", "return-to-service")
    },
    "/api/v1/backtest": {"post"},
    "/api/v1/losses": {"get"},
    "/api/v1/losses/{event_id}/reason": {"put"},
    "/api/v1/kpi": {"get"},
    "/api/v1/corrections": {"get"},
    "/api/v1/retrospective": {"get"},
    "/api/v1/entries": {"get", "post"},
    "/api/v1/entries/{entry_id}": {"get"},
    "/api/v1/entries/{entry_id}/cancel": {"post"},
    "/api/v1/lots": {"get"},
    "/api/v1/audit": {"get"},
    "/api/v1/reports": {"get"},
    "/api/v1/reports/{shift}.html": {"get"},
    "/api/v1/reports/{shift}.pdf": {"get"},
    "/api/v1/reports/{shift}": {"get"},
    "/api/v1/sources": {"get"},
    "/api/v1/deliveries": {"get"},
    "/api/v1/schemas/{name}": {"get"},
    "/api/v1/deliveries/log": {"get"},
    "/api/v1/deliveries/replay": {"post"},
    "/api/v1/destinations/{name}/preview": {"get"},
    "/api/v1/deliveries/dismiss": {"post"},
    "/api/v1/deliveries/{delivery_id}": {"get"},
    "/api/v1/destinations": {"get"},
    "/api/v1/destinations/{name}/test": {"post"},
    "/api/v1/destinations/{name}/enable": {"post"},
    "/api/v1/users": {"get", "post"},
    "/api/v1/users/{name}": {"delete"},
    "/api/v1/users/{name}/password": {"put"},
    "/api/v1/tokens": {"get", "post"},
    "/api/v1/tokens/{token_id}": {"delete"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A built dashboard in small."""
    folder = tmp_path / "dist"
    for name, text in {
        "index.html": "<!doctype html><title>Anodewatch</title>" + " " * 2_000,
        "assets/index-Bf4DzRIo.css": "body{}",
        "api-docs/index.html": '<script src="/api-docs/start.js"></script>',
        "api-docs/start.js": "start()",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("not to be seen")
    return folder


@pytest.fixture
async def api(tmp_path: Path, web: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path, web=web) as opened:
        yield opened


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Api]:
    """Without a built dashboard."""
    async with open_api(tmp_path, web=tmp_path / "missing") as opened:
        yield opened


async def test_openapi_is_the_contract(bare: Api) -> None:
    document = (await bare.client().get("/openapi.json")).json()
    assert {path: set(item) for path, item in document["paths"].items()} == CONTRACT
    subjects = {tag["name"] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, route in item.items():
            where = f"{method} {path}"
            assert route["summary"], where
            assert route["description"], where
            assert set(route["tags"]) <= subjects, where
            good = [answer for status, answer in route["responses"].items() if status < "300"]
            assert good, where
            for answer in good:
                for body in answer.get("content", {}).values():
                    assert body["schema"] not in ({}, None), where
            if path.startswith("/api/v1"):
                assert "503" in route["responses"], where
    assert set(document["components"]["securitySchemes"]) == {"session", "token"}


def answers_of(document: dict[str, Any]) -> set[str]:
    return set(re.findall(r"#/components/schemas/(\w+)", str(document["paths"])))


async def test_every_answer_is_described(bare: Api) -> None:
    document = (await bare.client().get("/openapi.json")).json()
    assert answers_of(document) >= {"Session", "Line", "Production", "ForecastNow", "Tags",
        "Values", "History", "Rows", "Alarms", "AlarmLife", "Sources", "Deliveries", "Users",
        "Tokens", "MadeToken", "Problem", "Ready"}  # fmt: skip


async def test_schemas_of_notifications_are_open_to_everybody(bare: Api) -> None:
    client = bare.client()
    answer = await client.get("/api/v1/schemas/notification-2.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.json()["properties"]["version"] == {"const": 2}
    for name in ("notification-1.json", "..%2Fapp.py", "x" * 500):
        missing = await client.get(f"/api/v1/schemas/{name}")
        assert missing.status_code == 404
        assert len(missing.text) < 300


async def test_documentation_needs_no_internet(api: Api) -> None:
    client = api.client()
    page = await client.get("/api/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
    for asset in ("/api-docs/start.js", "/api/docs/start.js"):
        assert (await client.get(asset)).text == "start()"
    assert (await client.get("/docs")).text.startswith("<!doctype html><title>Anodewatch")


async def test_dashboard_files(api: Api) -> None:
    client = api.client()
    page = await client.get("/", headers={"Accept-Encoding": "gzip"})
    assert page.text.startswith("<!doctype html>")
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-encoding"] == "gzip"
    asset = await client.get("/assets/index-Bf4DzRIo.css")
    assert "immutable" in asset.headers["cache-control"]
    assert (await client.get("/some/page")).text == page.text
    for missing in ("/assets/gone.js", "/../secret.txt", "/%2e%2e/secret.txt"):
        answer = await client.get(missing)
        assert answer.status_code == 404
        assert "immutable" not in answer.headers["cache-control"]


async def test_unknown_routes_of_the_api_are_json(api: Api, bare: Api) -> None:
    for one in (api, bare):
        answer = await one.client().get("/api/v1/nothing")
        assert answer.status_code == 404
        assert "/openapi.json" in answer.json()["detail"]
        assert (await one.client().delete("/api/v1/line")).status_code == 405


async def test_without_a_dashboard_the_page_says_how_to_build_it(bare: Api) -> None:
    for path in ("/", "/api/docs"):
        page = await bare.client().get(path)
        assert page.status_code == 503
        assert "make web" in page.text


@pytest.mark.parametrize("path", ["/", "/api/v1/line", "/healthz", "/nothing.js"])
async def test_every_answer_is_strict(api: Api, path: str) -> None:
    headers = (await api.client().get(path)).headers
    policy = headers["content-security-policy"]
    for rule in (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ):
        assert rule in policy.split("; ")
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    if path.startswith("/api/v1"):
        assert headers["cache-control"] == "no-store"


async def test_health_and_readiness(api: Api) -> None:
    client = api.client()
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    well = {"ready": True, "reasons": [], "degraded": [], "heartbeat": None}
    assert (await client.get("/readyz")).json() == well
    api.readiness.reasons.append("history: InfluxDB at 127.0.0.1:8086 refuses the connection")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": api.readiness.reasons,
        "degraded": [],
        "heartbeat": None,
    }


async def test_a_heartbeat_that_pauses_is_told_with_its_reasons_and_does_not_decide(
    api: Api,
) -> None:
    beat = Beat(Pulse.PAUSED, ("journal: the disk is full",), NOW_NS, 7)
    context = replace(api.context, heartbeat=lambda: beat)
    transport = ASGITransport(create_api(context))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["heartbeat"] == {
        "state": "paused",
        "reasons": ["journal: the disk is full"],
        "sent_at": "2026-03-01T00:00:00.000Z",
    }


async def test_where_heartbeats_go_is_told_to_nobody(api: Api) -> None:
    beat = Beat(Pulse.FAILED, ("https://monitor.plant.example: HTTP 503",), None, 0)
    context = replace(api.context, heartbeat=lambda: beat)
    transport = ASGITransport(create_api(context))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
    assert answer.json()["heartbeat"]["state"] == "failed"
    assert "monitor.plant.example" not in answer.text


async def test_metrics_are_read_when_scraped(api: Api) -> None:
    answer = await api.client().get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {f.name: f for f in text_string_to_metric_families(answer.text)}
    rows = families["anodewatch_rows"]
    assert rows.type == "counter"
    assert {s.labels["consumer"]: s.value for s in rows.samples} == {"history": 5.0, "watch": 7.0}
    assert families["anodewatch_lag_entries"].type == "gauge"
    assert families["anodewatch_streams"].samples[0].value == 0.0
    assert "process_resident_memory_bytes" in families


async def test_an_error_of_ours_tells_no_secrets(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("a password in a message")

    client = await api.logged_in(Role.VIEWER)
    monkeypatch.setattr(api.context.production, "now", broken)
    answer = await client.get("/api/v1/production")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "an error in the service; its log says more"}
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_great_bodies_are_refused(api: Api) -> None:
    body = {"username": "x", "password": "y" * 100_000}
    assert (await api.client().post("/api/v1/session", json=body)).status_code == 413
