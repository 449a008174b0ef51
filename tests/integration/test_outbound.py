"""The guarded way out against real sockets: who is called, who is not, and what ends a call."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connectors.outbound.client import (
    ANSWER_BYTES,
    open_outbound,
)
from connectors.outbound.resolve import LOOKUPS, SystemResolver
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import parse_target
from service.runtime.errors import Fatal, Rejected, Retryable
from tests.http_servers import Server, certificate, serving
from tests.ways_out import LOOPBACK, Names, outbound, post, to_loopback, to_public

FORBIDDEN = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001"),
    *("0177.0.0.1", "127.0.0.01", "127.0.0.1.", "0", "0.0.0.0", "127.8.8.8"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    *("localhost", "LOCALHOST", "user@127.0.0.1", "example.com@127.0.0.1", "①②⑦.0.0.1"),
    "%31%32%37.0.0.1",
]


@asynccontextmanager
async def on_this_machine() -> AsyncIterator[list[Server]]:
    """Servers on the loopback of IPv4 and, where the machine has it, of IPv6; on one port."""
    async with serving() as four:
        try:
            with socket.socket(socket.AF_INET6) as trial:
                trial.bind(("::1", 0))
        except OSError:
            yield [four]
            return
        async with serving(host="::1", port=four.port) as six:
            yield [four, six]


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    async with on_this_machine() as servers:
        with pytest.raises((Rejected, ValueError)):
            await post(to_public(), f"http://{host}:{servers[0].port}/")
        assert not any(server.connections for server in servers)
        # The same servers are there: with loopback allowed, they are reached.
        for server in servers:
            await post(to_loopback(), server.url)
            assert server.connections == 1


FORBIDDEN_ANSWERS = [
    *("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "224.0.0.1", "0.0.0.0", "::1"),
    *("::ffff:127.0.0.1", "fe80::1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fd00::1"),
]


@pytest.mark.parametrize("address", FORBIDDEN_ANSWERS)
async def test_no_name_leads_there(address: str) -> None:
    names = Names([address])
    async with serving() as server:
        with pytest.raises(Rejected, match=r"evil.example: not called: "):
            await post(outbound(names), f"http://evil.example:{server.port}/")
        assert server.connections == 0
    assert names.asked == ["evil.example"]


async def test_a_name_is_looked_up_once_and_its_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the second look-up would lead elsewhere; nobody makes it."""
    others: list[object] = []
    system = socket.getaddrinfo

    def spied(host: object, *more: object, **options: object) -> object:
        others.append(host)
        return system(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", spied)
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    way = outbound(names, networks=["127.0.0.2/32"])
    async with serving(host="127.0.0.2") as good, serving(port=good.port) as bad:
        url = f"http://hooks.example:{good.port}/alarms"
        assert (await post(way, url)).status == 204
        assert (names.asked, good.connections, bad.connections) == (["hooks.example"], 1, 0)
        with pytest.raises(Rejected, match=r"127.0.0.1 is loopback"):
            await post(way, url)
        assert (good.connections, bad.connections) == (1, 0)
        ((head, _),) = good.requests
    assert f"host: hooks.example:{good.port}" in head.lower()
    assert head.startswith("POST /alarms HTTP/1.1")
    assert "hooks.example" not in others


RESOURCES = [
    *("", "/", "//", "/a//b", "/a%20b/%E4%B8%AD?x=1+2&y=%26", "?key=a-b_c", "/hook/A:b@c"),
    *("/a?b?c=d&&e", "/;p=1,2!$'()*", "/%zz%"),
]


@pytest.mark.parametrize("resource", RESOURCES)
async def test_path_and_query_arrive_as_they_were_written(resource: str) -> None:
    """Some services sign what is in an address, so nobody may tidy it up."""
    async with serving() as server:
        await post(to_loopback(), server.url.rstrip("/") + resource)
        ((head, _),) = server.requests
    wanted = resource if resource.startswith("/") else f"/{resource}"
    assert head.splitlines()[0] == f"POST {wanted} HTTP/1.1"


async def test_of_several_addresses_only_allowed_ones_are_tried_until_one_takes() -> None:
    names = Names(["127.0.0.1", "127.0.0.3", "127.0.0.2"])
    way = outbound(names, networks=["127.0.0.2/31"])
    async with serving(host="127.0.0.2") as good, serving(port=good.port) as bad:
        assert (await post(way, f"http://hooks.example:{good.port}/")).status == 204
        assert (good.connections, bad.connections) == (1, 0)


async def test_only_listed_hosts_are_looked_up() -> None:
    names = Names(["127.0.0.1"])
    way = outbound(names, networks=LOOPBACK, hosts=["*.plant.example"])
    async with serving() as server:
        with pytest.raises(Rejected, match="not among"):
            await post(way, f"http://other.example:{server.port}/")
        assert (names.asked, server.connections) == ([], 0)
        assert (await post(way, f"http://a.plant.example:{server.port}/")).status == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_that_names_its_host(status: int) -> None:
    async with serving() as hidden:
        to = f"http://127.0.0.1:{hidden.port}/?token=s3cret"
        raw = f"HTTP/1.1 {status} x\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()
        async with serving(raw) as server:
            answer = await post(to_loopback(), server.url)
            with pytest.raises(Rejected, match=r"a redirect to 127\.0\.0\.1; none") as caught:
                answer.require_success(0)
        assert hidden.connections == 0
    assert "s3cret" not in str(caught.value)


async def test_an_answer_that_drips_ends_in_time() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as server:
        with pytest.raises(Retryable, match=r"no answer within 0.3 s"):
            await post(to_loopback(), server.url, 0.3)


async def test_a_head_that_never_comes_ends_in_time() -> None:
    async def hang(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(hang) as server:
        with pytest.raises(Retryable, match=r"no answer within 0.2 s"):
            await post(to_loopback(), server.url, 0.2)


async def test_a_connect_and_a_look_up_that_hang_end_in_time() -> None:
    with socket.socket() as full:  # its queue is full: further connects get no answer
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with (
            socket.create_connection(("127.0.0.1", port)),
            pytest.raises(Retryable, match=r"no answer within 0.2 s"),
        ):
            await post(to_loopback(), f"http://127.0.0.1:{port}/", 0.2)

    async def nothing(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    way = open_outbound(OutboundSettings(), resolve=nothing)
    with pytest.raises(Retryable, match=r"no answer within 0.2 s"):
        await post(way, "http://hooks.example/", 0.2)


async def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(Retryable, match=r"^no-such-host.invalid: the name leads nowhere now"):
        await post(to_public(), "http://no-such-host.invalid/")


async def test_look_ups_that_hang_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    system = socket.getaddrinfo

    def hanging(host: str, *more: object, **options: object) -> object:
        released.wait(60)
        return system(host, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    resolve = SystemResolver()
    async with asyncio.TaskGroup() as group:
        hung = [group.create_task(resolve("127.0.0.1", 80)) for _ in range(LOOKUPS)]
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="look-ups hang already"):
            await resolve("127.0.0.1", 80)
        hung[0].cancel()  # whoever gave up waiting doesn't matter to the thread
        released.set()
    assert [task.result() for task in hung[1:]] == [["127.0.0.1"]] * (LOOKUPS - 1)
    assert list(await resolve("127.0.0.1", 80)) == ["127.0.0.1"]


async def test_no_more_of_an_answer_is_read_than_its_bound() -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 x\r\n\r\n")
        while True:
            writer.write(b"y" * 65_536)
            await writer.drain()
            sent += 65_536

    async with serving(flood) as server:
        answer = await post(to_loopback(), server.url, 10.0)
    assert (answer.status, answer.whole, len(answer.body)) == (200, False, ANSWER_BYTES)
    assert sent < 50_000_000  # what fits into the sockets' buffers; the flood has no end
    answer.require_success(0)


async def test_a_head_without_end_is_a_failure() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\n")
        while True:
            writer.write(b"x: " + b"y" * 10_000 + b"\r\n")
            await writer.drain()

    async with serving(endless) as server:
        with pytest.raises(Retryable, match="RemoteProtocolError"):
            await post(to_loopback(), server.url, 10.0)


@pytest.mark.parametrize(
    ("host", "trusted", "error"),
    [
        ("hooks.example", True, None),
        ("hooks.example", False, "certificate verify failed: self-signed"),
        ("other.example", True, "Hostname mismatch"),
        ("127.0.0.1", True, "IP address mismatch"),
    ],
)
async def test_certificates_are_verified_by_name_though_an_address_is_called(
    host: str, trusted: bool, error: str | None, tmp_path: Path
) -> None:
    file, tls = certificate(tmp_path, "hooks.example")
    more = {"ca_file": str(file)} if trusted else {}
    way = outbound(Names(["127.0.0.1"]), networks=LOOPBACK, **more)
    async with serving(tls=tls) as server:
        if error is None:
            assert (await post(way, f"https://{host}:{server.port}/")).status == 204
        else:
            with pytest.raises(Retryable, match=error):
                await post(way, f"https://{host}:{server.port}/")
            assert server.requests == []


async def test_a_handshake_that_never_ends_ends_in_time_and_leaves_no_socket() -> None:
    async with serving() as server:  # which waits for the end of a head that TLS doesn't have
        with pytest.raises(Retryable, match=r"no answer within 0.3 s"):
            await post(to_loopback(), f"https://127.0.0.1:{server.port}/", 0.3)


def test_a_certificate_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(Fatal, match=r"ca\.pem"):
        open_outbound(OutboundSettings(ca_file=tmp_path / "ca.pem"))


async def test_addresses_for_other_protocols_obey_the_same_lists() -> None:
    names = Names(["127.0.0.1", "10.0.0.1"])
    way = outbound(names, networks=LOOPBACK, hosts=["mail.example"])
    assert await way.addresses_of(parse_target("http://mail.example:587")) == ("127.0.0.1",)
    with pytest.raises(Rejected, match=r"mail.other: not called: .* not among"):
        await way.addresses_of(parse_target("http://mail.other:587"))
    assert names.asked == ["mail.example"]


async def test_what_others_say_is_fit_for_a_terminal() -> None:
    said = "no\x1b[2J\r\n\u202eway ".encode() + b"\xff" * 5_000
    raw = b"HTTP/1.1 400 x\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said)
    async with serving(raw) as server:
        answer = await post(to_loopback(), server.url)
    assert answer.said.startswith("HTTP 400 no\N{REPLACEMENT CHARACTER}[2J")
    assert answer.said.isprintable()
    assert len(answer.said) < 600


async def test_tokens_of_an_address_are_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    part, value = "hook-0123456789abcdef", "qu3ry-s3cret"
    echoed = f"no robot /{part}?key={value}".encode()
    raw = b"HTTP/1.1 400 x\r\ncontent-length: %d\r\n\r\n%b" % (len(echoed), echoed)
    way = to_loopback()
    async with serving(raw) as server:
        answer = await post(way, f"{server.url}{part}?key={value}")
        with pytest.raises(Rejected, match=r"HTTP 400 no robot /…\?key=…") as refused:
            answer.require_success(0)
    with pytest.raises(Retryable) as nobody:
        await post(way, f"http://127.0.0.1:9/{part}?key={value}")
    with pytest.raises(ValueError, match="expected") as malformed:
        parse_target(f"http://a b/{part}?key={value}")
    told = [str(e.value) for e in (refused, nobody, malformed)] + [repr(answer.target)]
    for text in (*told, caplog.text):
        assert value not in text
        assert part not in text
