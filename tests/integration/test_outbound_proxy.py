"""The guarded way out through an HTTP proxy: what the proxy decides, and what still holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.runtime.errors import Rejected, Retryable
from tests.http_servers import certificate, proxying, serving
from tests.ways_out import LOOPBACK, Names, outbound, post, to_loopback


async def test_through_a_proxy_the_proxy_resolves_and_hosts_still_hold(tmp_path: Path) -> None:
    file, tls = certificate(tmp_path, "hooks.example")
    names = Names(["10.9.9.9"])
    async with (
        serving() as plain,
        serving(tls=tls) as safe,
        proxying({"hooks.example": "127.0.0.1"}) as proxy,
    ):
        # Loopback isn't allowed here: the proxy's own address and what it resolves are its affair.
        way = outbound(names, proxy=proxy.url, hosts=["*.example", "127.0.0.1"], ca_file=str(file))
        assert (await post(way, f"http://hooks.example:{plain.port}/a?b=c")).status == 204
        assert (await post(way, f"https://hooks.example:{safe.port}/a")).status == 204
        asked = [head.split(" HTTP")[0] for head, _ in proxy.requests]
        assert asked == [
            f"POST http://hooks.example:{plain.port}/a?b=c",
            f"CONNECT hooks.example:{safe.port}",
        ]
        assert (plain.requests[0][1], safe.requests[0][1]) == (b"{}", b"{}")
        assert names.asked == []
        for forbidden in ("http://elsewhere.test/", f"http://127.0.0.1:{plain.port}/"):
            with pytest.raises(Rejected, match="not called"):
                await post(way, forbidden)
        assert proxy.connections == 2


async def test_a_certificate_is_verified_behind_a_proxy_too(tmp_path: Path) -> None:
    _, tls = certificate(tmp_path, "hooks.example")
    async with serving(tls=tls) as safe, proxying({"hooks.example": "127.0.0.1"}) as proxy:
        with pytest.raises(Retryable, match="certificate verify failed"):
            await post(outbound(proxy=proxy.url), f"https://hooks.example:{safe.port}/")
        assert safe.requests == []


async def test_a_proxy_that_asks_who_we_are() -> None:
    names = {"hooks.example": "127.0.0.1"}
    async with serving() as server, proxying(names, credentials="plant:p4ss:word") as proxy:
        url = f"http://hooks.example:{server.port}/"
        known = outbound(proxy=proxy.url, proxy_username="plant", proxy_password="p4ss:word")
        assert (await post(known, url)).status == 204
        answer = await post(outbound(proxy=proxy.url), url)
        with pytest.raises(Rejected, match="HTTP 407"):
            answer.require_success(0)
        with pytest.raises(Retryable, match="407 Not You") as caught:
            await post(outbound(proxy=proxy.url), f"https://hooks.example:{server.port}/")
        assert "p4ss" not in str(caught.value)
        assert server.connections == 1


async def test_what_is_near_is_called_without_the_proxy() -> None:
    async with serving() as server, proxying({}) as proxy:
        way = outbound(
            Names(["127.0.0.1"]),
            proxy=proxy.url, networks=LOOPBACK, direct_hosts=["*.plant.example"],
        )  # fmt: skip
        assert (await post(way, f"http://a.plant.example:{server.port}/")).status == 204
        assert (server.connections, proxy.connections) == (1, 0)


async def test_the_environments_proxies_are_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server, proxying({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await post(to_loopback(), server.url)).status == 204
        assert proxy.connections == 0
