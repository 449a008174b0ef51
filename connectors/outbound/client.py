"""Carries a message to where the site allows it, and nowhere else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import httpx

from connectors.outbound.answer import Answer, printable
from connectors.outbound.resolve import Resolve, SystemResolver
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import PORTS, Target
from service.runtime.errors import Fatal, Rejected, Retryable

ANSWER_BYTES = 65_536
"""More of an answer is not read."""
ADDRESSES = 4
"""More of a name's addresses are not tried."""
USER_AGENT = "anodewatch"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes
    secrets: Sequence[str] = field(default=(), repr=False)


class Outbound:
    """The one guarded way out; all adapters share it, and any number may use it at once.

    Each call resolves its host once, and connects to one of the very addresses that were checked;
    TLS and the Host header keep the name. Redirects, cookies and the environment's proxies are not
    heeded. Each call has a connection of its own, so none is carried over to another host.
    """

    def __init__(
        self, settings: OutboundSettings, *, tls: ssl.SSLContext, resolve: Resolve
    ) -> None:
        self._settings = settings
        self._networks = settings.allowed()
        self.tls = tls
        """How certificates are judged."""
        self._resolve = resolve
        self._proxy = _proxy_of(settings, tls)

    async def post(
        self,
        target: Target,
        body: bytes,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        secrets: Sequence[str] = (),
    ) -> Answer:
        """POSTs ``body`` and gives the answer, whatever its status. Raises Rejected when the site
        doesn't allow ``target`` or where its name leads, Retryable when no answer came within
        ``timeout_s`` of the whole call, a dripping one included. secrets: what of headers and body
        must not be kept when the target answers with it."""
        return await self._call(_Asked("POST", target, headers, body, secrets), timeout_s)

    async def get(self, target: Target, *, timeout_s: float) -> Answer:
        """Asks for ``target``; bounded and raising as ``post``."""
        return await self._call(_Asked("GET", target, {}, b""), timeout_s)

    async def _call(self, asked: _Asked, timeout_s: float) -> Answer:
        target = asked.target
        try:
            async with asyncio.timeout(timeout_s) as bound:
                return await self._request(asked, bound)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Retryable(f"{target}: no answer within {timeout_s:g} s") from error
        except httpx.HTTPError as error:
            # A status line that is none is told in the cause, so it may hold what was sent.
            why = target.without_secrets(_cause(error), asked.secrets)
            raise Retryable(f"{target}: {printable(why)}") from error

    async def addresses_of(self, target: Target) -> tuple[str, ...]:
        """The addresses that may be called for ``target``, from one look-up. For adapters that
        don't speak HTTP, past any proxy. Raises Rejected when the site allows none, Retryable when
        the name leads nowhere."""
        why = self._settings.refusal(target)
        if why is not None:
            raise Rejected(f"{target.host}: not called: {why}")
        return await self._addresses(target.host, target.port)

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of ``host`` that may be called, from one look-up. Raises Rejected when
        there is none, Retryable when the name leads nowhere."""
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            raise Retryable(
                f"{host}: the name leads nowhere now: {printable(str(error))}"
            ) from error
        refusals: list[str] = []
        allowed: list[str] = []
        for text in dict.fromkeys(found):
            why = self._networks.refusal(ip_address(text))
            if why is None:
                allowed.append(text)
            else:
                refusals.append(why)
        if not allowed:
            raise Rejected(f"{host}: not called: {'; '.join(refusals[:ADDRESSES])}")
        return tuple(allowed[:ADDRESSES])

    async def _request(self, asked: _Asked, bound: asyncio.Timeout) -> Answer:
        target = asked.target
        why = self._settings.refusal(target)
        if why is not None:
            raise Rejected(f"{target}: not called: {why}")
        if not self._settings.is_direct(target):
            return await self._exchange(asked, target.host, connect_s(bound, 1))
        found = (
            (target.host,)
            if target.address is not None
            else await self._addresses(target.host, target.port)
        )
        for left in range(len(found) - 1, 0, -1):
            try:
                return await self._exchange(asked, found[-left - 1], connect_s(bound, left + 1))
            except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent yet
                continue
        return await self._exchange(asked, found[-1], connect_s(bound, 1))

    async def _exchange(self, asked: _Asked, address: str, connect_s: float) -> Answer:
        """One request over one connection to ``address``, which stands for the target's host."""
        target = asked.target
        port = None if target.port == PORTS[target.scheme] else target.port
        url = httpx.URL(
            scheme=target.scheme, host=address, port=port, raw_path=target.resource.encode()
        )
        headers = {"host": target.authority, "user-agent": USER_AGENT, **asked.headers}
        extensions: dict[str, object] = {"timeout": {"connect": connect_s}}
        if target.address is None:
            extensions["sni_hostname"] = target.host
        request = httpx.Request(
            asked.method, url, headers=headers, content=asked.body, extensions=extensions
        )
        async with self._transport(target) as transport:
            response = await transport.handle_async_request(request)
            try:
                taken, whole = await _start_of(response)
            finally:
                await response.aclose()
        return Answer(
            target, response.status_code, dict(response.headers), taken, whole, asked.secrets
        )

    def _transport(self, target: Target) -> httpx.AsyncHTTPTransport:
        proxy = None if self._settings.is_direct(target) else self._proxy
        return httpx.AsyncHTTPTransport(verify=self.tls, trust_env=False, proxy=proxy)


def _proxy_of(settings: OutboundSettings, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy that ``settings`` name. ValueError when its password can't be had."""
    if settings.proxy is None:
        return None
    password = settings.password()
    auth = (
        None
        if settings.proxy_username is None or password is None
        else (settings.proxy_username, password)
    )
    safe = settings.proxy.scheme == "https"
    return httpx.Proxy(str(settings.proxy), auth=auth, ssl_context=tls if safe else None)


def open_outbound(settings: OutboundSettings, *, resolve: Resolve | None = None) -> Outbound:
    """The way out that ``settings`` allow; touches no network. Fatal when a file that they name
    can't be used."""
    try:
        tls = trusted_certificates(settings.ca_file)
        return Outbound(settings, tls=tls, resolve=resolve or SystemResolver())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Fatal(f"[outbound]: {settings.ca_file or 'the proxy'}: {error}") from error


def trusted_certificates(ca_file: Path | None) -> ssl.SSLContext:
    """A client's side of TLS that trusts the usual authorities, those of the system, and
    ``ca_file``. OSError when the file is none."""
    tls = httpx.create_ssl_context(trust_env=False)
    tls.load_default_certs()
    if ca_file is not None:
        tls.load_verify_locations(ca_file)
    return tls


def connect_s(bound: asyncio.Timeout, addresses: int) -> float:
    """What one of ``addresses`` may take to be reached, and as much again for TLS, so that both end
    before ``bound``: a handshake that is cancelled leaves its socket open (httpcore 1.0)."""
    when = bound.when()
    left_s = 0.0 if when is None else when - asyncio.get_running_loop().time()
    return max(0.0, left_s) * 0.45 / addresses


async def _start_of(response: httpx.Response) -> tuple[bytes, bool]:
    """The first bytes of the body as they came, and whether these are all; the rest is not
    read."""
    taken = bytearray()
    async for part in response.aiter_raw():
        taken += part
        if len(taken) > ANSWER_BYTES:
            return bytes(taken[:ANSWER_BYTES]), False
    return bytes(taken), True


def _cause(error: httpx.HTTPError) -> str:
    """What went wrong, in the words of the operating system or of TLS."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return f"{type(cause).__name__}: {cause}"
