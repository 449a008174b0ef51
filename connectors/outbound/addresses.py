"""Which IP addresses may be called: public ones, and networks that the site lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PUBLIC = "public"
"""Stands for every public address in a list of networks."""


@dataclass(frozen=True, slots=True)
class Networks:
    """What a site allows. public: every address that belongs to the internet at large."""

    listed: tuple[Network, ...] = ()
    public: bool = True

    def refusal(self, address: Address) -> str | None:
        """Why ``address`` may not be called; None when it may.

        An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64, Teredo …) is allowed only
        when both are.
        """
        if getattr(address, "scope_id", None) is not None:
            return f"{address} is bound to one network interface"
        never = _kind(address, _NEVER)
        if never is not None:
            return f"{address} is {never}, which is never called"
        for carried in _carried(address):
            why = self.refusal(carried)
            if why is not None:
                return f"{address} carries {carried}: {why}"
        if any(address in network for network in self.listed):
            return None
        kind = _kind(address, _SPECIAL) or _unassigned(address)
        if kind is None and self.public:
            return None
        kind = kind or "public"
        return f"{address} is {kind}, and [outbound] networks lists no network that holds it"


def parse_networks(texts: Iterable[str]) -> Networks:
    """``"public"`` and networks such as ``"10.0.0.0/8"``. ValueError names the one that is
    wrong."""
    listed: list[Network] = []
    public = False
    for text in texts:
        if text == PUBLIC:
            public = True
            continue
        try:
            listed.append(ip_network(text))
        except ValueError as error:
            raise ValueError(
                f'expected "{PUBLIC}" or a network like "10.20.0.0/16"; "{text}" is none: {error}'
            ) from None
    return Networks(tuple(listed), public)


def parse_address(host: str) -> Address | None:
    """``host`` as an address in its usual spelling; None when it is a name.

    ValueError for another spelling of an IPv4 address (decimal, octal, hexadecimal, shortened),
    by the rule of the URL standard: a host whose last part is a number is an address.
    """
    try:
        return ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        if last.isdigit() or last.startswith("0x"):
            raise ValueError(
                f"expected an IPv4 address as four decimal numbers; write {host} as these"
            ) from None
        return None


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that a router or a host may read out of ``address``."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if number <= 1:  # unspecified and loopback are IPv6's own
        return
    if any(address in network for network in _LAST_32) or (number >> 32) & 0xFDFFFFFF == 0x5EFE:
        yield IPv4Address(number & 0xFFFFFFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _kind(address: Address, table: Iterable[tuple[Network, str]]) -> str | None:
    return next((kind for network, kind in table if address in network), None)


def _unassigned(address: Address) -> str | None:
    """IPv6 beyond 2000::/3 belongs to nobody."""
    outside = isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST
    return "outside of what is assigned" if outside else None


def _table(*rows: tuple[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(network), kind) for network, kind in rows)


_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Low 32 bits: IPv4-compatible, -mapped, -translated (RFC 2765), NAT64 (RFC 6052, RFC 8215).
# An interface identifier of ISATAP (RFC 5214), 0:5efe or 200:5efe, is asked for beside them.
_LAST_32 = tuple(
    IPv6Network(text)
    for text in (
        *("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
        "::/96",
    )
)

# Where a cloud tells a machine its own credentials, and what is no single machine's address.
_NEVER = _table(
    ("169.254.169.254/32", "a cloud's metadata service"),
    ("169.254.170.2/32", "a cloud's metadata service"),
    ("169.254.0.23/32", "a cloud's metadata service"),
    ("100.100.100.200/32", "a cloud's metadata service"),
    ("168.63.129.16/32", "a cloud's metadata service"),
    ("192.0.0.192/32", "a cloud's metadata service"),
    ("fd00:ec2::254/128", "a cloud's metadata service"),
    ("0.0.0.0/8", "unspecified"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("::/128", "unspecified"),
    ("ff00::/8", "multicast"),
)

# IANA's registries of special-purpose addresses. They stand here, because what Python counts as
# global has changed between its patch releases.
_SPECIAL = _table(
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared address space"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "special"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("::/96", "IPv4-compatible"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64"),
    ("100::/64", "discard"),
    ("2001::/32", "Teredo"),
    ("2001::/23", "special"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
)
