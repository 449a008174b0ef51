"""Which addresses may be called, as tables; nothing here touches a network."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from connectors.outbound.addresses import parse_networks
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import parse_target

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
