"""Ways out for tests: with names that lead where a test says."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import cache

from connectors.outbound.answer import Answer
from connectors.outbound.client import Outbound, open_outbound, trusted_certificates
from connectors.outbound.resolve import SystemResolver
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import parse_target

LOOPBACK = ("127.0.0.0/8", "::1/128")


class Names:
    """A resolver whose answers change: each look-up takes the next one, the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def outbound(names: Names | None = None, **settings: object) -> Outbound:
    checked = OutboundSettings.model_validate(settings)
    if checked.ca_file is not None:
        return open_outbound(checked, resolve=names)
    return Outbound(checked, tls=trust(), resolve=names or SystemResolver())


@cache
def trust() -> ssl.SSLContext:
    """The certificates that are trusted without a file of one's own; they take long to read."""
    return trusted_certificates(None)


@cache
def to_public() -> Outbound:
    return outbound()


@cache
def to_loopback() -> Outbound:
    return outbound(networks=LOOPBACK)


async def post(way: Outbound, url: str, timeout_s: float = 2.0) -> Answer:
    return await way.post(parse_target(url), b"{}", headers={}, timeout_s=timeout_s)
