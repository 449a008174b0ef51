"""[outbound]: where messages may go, and through what; validated without the network."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from connectors.outbound.addresses import PUBLIC, Networks, parse_networks
from connectors.outbound.target import Target, TargetField, parse_target
from connectors.secret import count_given, read_secret


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    parse_networks(texts)
    return texts


def _hosts(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        name = text.removeprefix("*.").lower()
        try:
            found = parse_target(f"http://[{name}]" if ":" in name else f"http://{name}").host
        except ValueError:
            found = ""
        if not name or found != name:
            raise ValueError(f'expected a host, or "*." and a domain; "{text}" is neither')
    return tuple(text.lower() for text in texts)


Hosts = Annotated[tuple[str, ...], AfterValidator(_hosts)]


LOOPBACK = IPv4Address("127.0.0.1")


class OutboundSettings(BaseModel, extra="forbid", frozen=True):
    """Where destinations may be.

    hosts: names that may be called, ``*.example.com`` with everything below; empty: any that a
        destination names.
    networks: addresses that may be called, whatever name leads there.
    ca_file: certificates (PEM) that are trusted besides the system's own.
    proxy: an HTTP proxy, which resolves names itself, so ``networks`` says nothing about them.
    direct_hosts: what is called without the proxy.
    """

    hosts: Hosts = ()
    networks: Annotated[tuple[str, ...], AfterValidator(_networks)] = (PUBLIC,)
    ca_file: Path | None = None
    proxy: TargetField | None = None
    proxy_username: str | None = None
    proxy_password: SecretStr | None = None
    proxy_password_env: str | None = None
    proxy_password_file: Path | None = None
    direct_hosts: Hosts = Field(default=())

    @model_validator(mode="after")
    def _whole_credentials(self) -> OutboundSettings:
        passwords = (self.proxy_password, self.proxy_password_env, self.proxy_password_file)
        given = count_given(*passwords)
        if given != (self.proxy_username is not None):
            raise ValueError(
                "proxy_username goes with exactly one of proxy_password, proxy_password_env and "
                f"proxy_password_file; {given} were given"
            )
        if self.proxy is None and (given or self.direct_hosts):
            raise ValueError("proxy_username and direct_hosts go with a proxy; none was given")
        return self

    def password(self) -> str | None:
        """The proxy's password, or None. ValueError names where it was looked for."""
        return read_secret(
            "proxy's password",
            given=self.proxy_password,
            env=self.proxy_password_env,
            file=self.proxy_password_file,
        )

    def allowed(self) -> Networks:
        """The addresses that may be called."""
        return parse_networks(self.networks)

    def refusal(self, target: Target) -> str | None:
        """Why ``target`` may not be called, as far as its text tells; None when it may."""
        return self.refusal_of_host(target.host) or (
            None if target.address is None else self.allowed().refusal(target.address)
        )

    def refusal_of_host(self, host: str) -> str | None:
        """Why ``host`` may not be called, as far as its name tells; None when it may. ``localhost``
        is this machine, whoever resolves it (RFC 6761, 6.3): a proxy would take it for its own."""
        if self.hosts and not _among(host, self.hosts):
            return f"host {host} is not among [outbound] hosts"
        if host == "localhost" or host.endswith(".localhost"):
            return self.allowed().refusal(LOOPBACK)
        return None

    def is_direct(self, target: Target) -> bool:
        """Whether ``target`` is called without a proxy."""
        return self.proxy is None or _among(target.host, self.direct_hosts)


def _among(host: str, patterns: tuple[str, ...]) -> bool:
    return any(
        host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
        for pattern in patterns
    )
