"""A ping arrives as the monitor wants it; what it answers is told apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.outbound.client import open_outbound
from connectors.outbound.settings import OutboundSettings
from connectors.ping.notifier import open_notifier
from connectors.ping.settings import PingSettings
from service.domain.instants import SECOND_NS
from service.runtime.clock import FakeClock
from service.runtime.errors import Fatal, Rejected, Retryable
from service.runtime.notify import Message, MessageKind, SiteName
from tests.ping_receiver import Monitor, run_monitor

T0 = 1_780_000_000 * SECOND_NS
BEAT = Message("heartbeat_1", MessageKind.HEARTBEAT, SiteName("s", "Site", "厂", ""), T0)
LOOPBACK = OutboundSettings(networks=["127.0.0.0/8"])


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with run_monitor() as running:
        yield running


async def send(settings: PingSettings, outbound: OutboundSettings = LOOPBACK) -> str:
    opened = open_notifier(
        settings, name="heartbeat", clock=FakeClock(T0), outbound=open_outbound(outbound)
    )
    async with opened as notifier:
        return await notifier.send(BEAT)


async def test_a_post_tells_site_and_time(monitor: Monitor) -> None:
    assert await send(PingSettings(kind="ping", url=monitor.url)) == "HTTP 200"
    (ping,) = monitor.pings
    assert (ping.method, ping.path) == ("POST", "/ping/uuid?from=anodewatch")
    assert json.loads(ping.body) == {
        "type": "heartbeat", "site": "s", "timestamp": "2026-05-28T20:26:40.000000000Z"
    }  # fmt: skip


async def test_a_get_is_bare_and_its_address_may_be_kept_in_a_file(
    monitor: Monitor, tmp_path: Path
) -> None:
    kept = tmp_path / "ping.url"
    kept.write_text(f"{monitor.url}\n", encoding="utf-8")
    await send(PingSettings(kind="ping", url_file=kept, method="get"))
    (ping,) = monitor.pings
    assert (ping.method, ping.path, ping.body) == ("GET", "/ping/uuid?from=anodewatch", b"")


async def test_an_address_may_be_kept_in_the_environment(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PING", monitor.url)
    await send(PingSettings(kind="ping", url_env="PING"))
    assert len(monitor.pings) == 1


@pytest.mark.parametrize(("status", "error"), [(503, Retryable), (404, Rejected), (302, Rejected)])
async def test_what_is_not_2xx_is_no_beat(
    monitor: Monitor, status: int, error: type[Exception]
) -> None:
    monitor.status = status
    with pytest.raises(error) as raised:
        await send(PingSettings(kind="ping", url=monitor.url))
    assert "uuid" not in str(raised.value)


async def test_it_goes_only_where_the_site_allows(monitor: Monitor) -> None:
    with pytest.raises(Rejected, match="loopback"):
        await send(PingSettings(kind="ping", url=monitor.url), OutboundSettings())
    assert monitor.pings == []


@pytest.mark.parametrize(
    "given", [{}, {"url": "http://127.0.0.1/a", "url_env": "PING"}, {"url": "ftp://127.0.0.1/a"}]
)
def test_exactly_one_address_is_given(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PingSettings.model_validate({"kind": "ping", **given})


async def test_a_malformed_address_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PING", "hc-ping.com/secret-uuid")
    with pytest.raises(Fatal, match=r"heartbeat: PING: expected an address") as raised:
        await send(PingSettings(kind="ping", url_env="PING"))
    assert "secret-uuid" not in str(raised.value)
