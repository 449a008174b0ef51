"""The address of a destination, taken apart and checked once, as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Annotated, Any
from urllib.parse import unquote_plus, urlsplit

from pydantic import PlainValidator

from connectors.outbound.addresses import Address, parse_address

SECRET_PART = 16
"""A part of a path that is so long may be a token; "alarms" is none."""
SHORTEST_SECRET = 4
PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](:\d+)?")
_PLAIN = re.compile(r"[!-\[\]-~]+")  # printable ASCII without space and backslash
_EXAMPLE = "https://host/path"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes. host: a name, or an address without brackets, in lower case. resource:
    path and query; it may hold a token, so it is in no text of this."""

    scheme: str
    host: str
    port: int
    resource: str = field(repr=False)
    address: Address | None

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def without_secrets(self, text: str, sent: Sequence[str] = ()) -> str:
        """``text``, which came from this target, without what was ``sent`` to it as a secret, and
        without what of the resource may be a token: values of the query and long parts of the
        path. Also as JSON writes them."""
        path, _, query = self.resource.partition("?")
        secrets = [part for part in path.split("/") if len(part) >= SECRET_PART]
        for pair in query.split("&"):
            written = pair.partition("=")[2]
            secrets += [written, unquote_plus(written)]
        secrets += sent
        spelled = {way for secret in secrets for way in _spellings(secret)}
        for secret in sorted(spelled, key=len, reverse=True):  # one may hold another
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "…")
        return text

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def parse_target(text: object) -> Target:
    """The target that ``text`` names. ValueError says what is wrong with it.

    Strict on purpose: where parsers differ about an address, one of them is fooled.
    """
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise ValueError(
            f"expected an address such as {_EXAMPLE}, of printable ASCII; came something else; "
            "write a name with other letters as xn--…"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"expected an address such as {_EXAMPLE}; came none") from None
    if parts.scheme not in PORTS:
        raise ValueError(f"expected an address that begins with http:// or https://; {_write()}")
    if "@" in parts.netloc:
        raise ValueError("expected an address without a user or password before the host")
    if "#" in text:
        raise ValueError("expected an address without a fragment; remove # and what follows it")
    host = (parts.hostname or "").lower()
    bracketed = parts.netloc.startswith("[")
    if bracketed and not _BRACKETED.fullmatch(parts.netloc):
        raise ValueError("expected an IPv6 address between [ and ]; came something else")
    if not bracketed and not _HOST.fullmatch(host):
        raise ValueError(f"expected a host name of letters, digits, dots and -; {_write()}")
    if port == 0:
        raise ValueError("expected a port from 1 to 65535; came 0")
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = parse_address(host)
    if bracketed and not isinstance(address, IPv6Address):
        raise ValueError("expected an IPv6 address between [ and ]; came something else")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], resource, address)


def _spellings(secret: str) -> tuple[str, ...]:
    """``secret`` as it may stand in an answer: as it is, and within JSON, where some writers put a
    backslash before each slash."""
    within = json.dumps(secret)[1:-1]
    return secret, within, within.replace("/", r"\/")


def _write() -> str:
    return f"write e.g. {_EXAMPLE}"


def _checked(value: Any) -> Target:
    return value if isinstance(value, Target) else parse_target(value)


TargetField = Annotated[Target, PlainValidator(_checked)]
"""A setting that names a destination's address."""
