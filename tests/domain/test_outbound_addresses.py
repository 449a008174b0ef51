"""Which addresses may be called, as tables; nothing here touches a network."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.outbound.addresses import parse_networks
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import PORTS, parse_target

REFUSED = [
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("0.0.0.0", "unspecified"),
    ("10.1.2.3", "private"),
    ("100.64.0.1", "shared address space"),
    ("169.254.1.1", "link-local"),
    ("169.254.169.254", "metadata"),
    ("100.100.100.200", "metadata"),
    ("168.63.129.16", "metadata"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("198.18.0.1", "benchmarking"),
    ("203.0.113.9", "documentation"),
    ("224.0.0.251", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::127.0.0.1", "carries 127.0.0.1"),
    ("::8.8.8.8", "IPv4-compatible"),
    ("::ffff:127.0.0.1", "carries 127.0.0.1"),
    ("::ffff:8.8.8.8", "IPv4-mapped"),
    ("::ffff:0:10.0.0.1", "carries 10.0.0.1"),
    ("64:ff9b::a9fe:a9fe", "carries 169.254.169.254"),
    ("64:ff9b::8.8.8.8", "NAT64"),
    ("2002:7f00:1::", "carries 127.0.0.1"),
    ("2002:808:808::", "6to4"),
    ("2001:0:808:808::80ff:fffe", "carries 127.0.0.1"),
    ("2a00:1450::5efe:127.0.0.1", "carries 127.0.0.1"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "bound to one network interface"),
    ("fd00:ec2::254", "metadata"),
    ("fd12::1", "private"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("4000::1", "outside of what is assigned"),
]


@pytest.mark.parametrize(("address", "why"), REFUSED)
def test_only_public_addresses_are_called(address: str, why: str) -> None:
    refusal = parse_networks(["public"]).refusal(ip_address(address))
    assert refusal is not None
    assert why in refusal


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2a00:1450::1"])
def test_public_addresses_are_called(address: str) -> None:
    assert parse_networks(["public"]).refusal(ip_address(address)) is None
    assert parse_networks(["10.0.0.0/8"]).refusal(ip_address(address)) is not None


ALLOWED = [
    (["127.0.0.0/8"], "127.0.0.1", None),
    (["10.20.0.0/16"], "10.20.3.4", None),
    (["10.20.0.0/16"], "10.21.3.4", "private"),
    (["fd12::/16"], "fd12::1", None),
    (["0.0.0.0/0"], "169.254.169.254", "metadata"),
    (["0.0.0.0/0", "::/0"], "ff02::1", "multicast"),
    (["0.0.0.0/0"], "0.0.0.0", "unspecified"),
    (["64:ff9b::/96", "public"], "64:ff9b::8.8.8.8", None),
    (["64:ff9b::/96", "public"], "64:ff9b::127.0.0.1", "carries 127.0.0.1"),
    (["::/0"], "::ffff:127.0.0.1", "carries 127.0.0.1"),
]


@pytest.mark.parametrize(("networks", "address", "why"), ALLOWED)
def test_listed_networks(networks: list[str], address: str, why: str | None) -> None:
    refusal = parse_networks(networks).refusal(ip_address(address))
    assert (refusal is None) if why is None else (refusal is not None and why in refusal)


SPELLINGS = [
    "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://0177.0.0.1/",
    "http://0x7f.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.0.0.01/",
    "http://127.0.0.1./", "http://1.2.3.4.5/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/",
    "http://127。0。0。1/", "http://%31%32%37.0.0.1/", "http://user@example.com/",
    "http://example.com:80@127.0.0.1/", "http://example.com\\@127.0.0.1/", "http://[::1/",
    "http://[v1.x]/", "http://[::1]x/", "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/", "http://exa mple.com/", "http://example.com\t/", "http:///path",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/",
    "example.com", "http://example.com:0/", "http://example.com:99999/", "http://a/#b", "", 7,
]  # fmt: skip


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_that_some_parser_reads_otherwise(text: object) -> None:
    with pytest.raises(ValueError, match=r"expected an? "):
        parse_target(text)


def test_a_target_shows_where_it_is_and_nothing_else() -> None:
    target = parse_target("https://Hooks.Example.com:8443/robot/send?key=s3cret")
    assert (target.host, target.port) == ("hooks.example.com", 8443)
    assert target.resource == "/robot/send?key=s3cret"
    assert str(target) == "https://hooks.example.com:8443"
    assert "s3cret" not in repr(target)
    assert parse_target("http://[2A00::1]").authority == "[2a00::1]"


PIECES = st.sampled_from(
    [
        *("http://", "https://", "ftp://", "//", "/", "\\", "@", ":", "#", "?", "[", "]", "%", "."),
        *("127.0.0.1", "::1", "0x7f", "2130706433", "017700000001", "example.com", "evil.example"),
        *("80", "0", "a", "ⓔ", "。", "\t", " ", "\n", "\x00", "-", "_", "%2e", "%00", "localhost"),
    ]
)
TEXTS = st.lists(PIECES, max_size=9).map("".join)


@given(text=TEXTS | TEXTS.map("http://{}".format) | st.text(max_size=30))
def test_every_parser_reads_what_is_accepted_alike(text: str) -> None:
    try:
        target = parse_target(text)
    except ValueError:
        return
    for host, port in (
        (httpx.URL(text).host, httpx.URL(text).port),
        (urlsplit(text).hostname, urlsplit(text).port),
    ):
        assert (host, port or PORTS[target.scheme]) == (target.host, target.port)
    with suppress(OSError):  # what a resolver would take for an address is one for us as well
        socket.inet_aton(target.host)
        assert target.address is not None


ANY_ADDRESS = st.ip_addresses() | st.sampled_from(
    [f"{a}{b}" for a in ("::ffff:", "64:ff9b::", "2002::", "::") for b in ("7f00:1", "a:b")]
).map(ip_address)


@given(
    address=ANY_ADDRESS, networks=st.lists(st.sampled_from(["public", "10.0.0.0/8"]), max_size=2)
)
def test_nothing_is_called_that_python_knows_to_be_special(
    address: IPv4Address | IPv6Address, networks: list[str]
) -> None:
    if parse_networks(networks).refusal(address) is None:
        assert address.is_global or address in ip_network("10.0.0.0/8")
        assert not address.is_multicast


@given(number=st.integers(0, 2**32 - 1))
def test_an_address_within_another_one_is_judged_as_well(number: int) -> None:
    inner = IPv4Address(number)
    everything = parse_networks(["public", "::/0"])
    for outer in (
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x2A001450 << 96) | (0x5EFE << 32) | number),
        IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
    ):
        assert (everything.refusal(outer) is None) == (everything.refusal(inner) is None)


HOSTS = [
    ("hooks.example.com", True),
    ("a.plant.example", True),
    ("plant.example", False),
    ("notplant.example", False),
    ("hooks.example.com.evil.example", False),
]


@pytest.mark.parametrize(("host", "allowed"), HOSTS)
def test_listed_hosts(host: str, allowed: bool) -> None:
    settings = OutboundSettings(hosts=("hooks.example.com", "*.plant.example"))
    assert (settings.refusal(parse_target(f"https://{host}/x")) is None) is allowed


@pytest.mark.parametrize(
    "host",
    ["", "*", "*.", "a b", "http://a", "a/b", "a:80", "user@a", "*.*.a", "127.1", "ä.example"],
)
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(ValidationError, match="expected a host"):
        OutboundSettings(hosts=(host,))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "a.localhost"])
def test_localhost_is_this_machine_also_behind_a_proxy(host: str) -> None:
    proxied = OutboundSettings.model_validate({"proxy": "http://proxy.example:3128"})
    refusal = proxied.refusal(parse_target(f"http://{host}/"))
    assert refusal is not None
    assert "loopback" in refusal
    allowed = OutboundSettings(networks=("127.0.0.1/32",))
    assert allowed.refusal(parse_target(f"http://{host}/")) is None
