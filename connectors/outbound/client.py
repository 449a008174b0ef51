"""Carries a message to where the site allows it, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import ip_address

import httpx

from connectors.outbound.answer import Answer
from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import PORTS, Target
from service.runtime.errors import Fatal, Rejected, Retryable

ANSWER_BYTES = 65_536
"""More of an answer is not read."""
ADDRESSES = 4
"""More of a name's addresses are not tried."""
USER_AGENT = "anodewatch"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name; OSError when it has none."""


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
        self._tls = tls
        self._resolve = resolve
        password = settings.password()
        self._proxy_auth = (
            None
            if settings.proxy_username is None or password is None
            else (settings.proxy_username, password)
        )

    async def post(
        self, target: Target, body: bytes, *, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        """POSTs ``body`` and gives the answer, whatever its status. Raises Rejected when the site
        doesn't allow ``target`` or where its name leads, Retryable when no answer came within
        ``timeout_s`` of the whole call, a dripping one included."""
        return await self._call("POST", target, body, headers, timeout_s)

    async def get(self, target: Target, *, timeout_s: float) -> Answer:
        """Asks for ``target``; bounded and raising as ``post``."""
        return await self._call("GET", target, b"", {}, timeout_s)

    async def _call(
        self, method: str, target: Target, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        try:
            async with asyncio.timeout(timeout_s):
                return await self._request(method, target, body, headers, timeout_s)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Retryable(f"{target}: no answer within {timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise Retryable(f"{target}: {_cause(error)}") from error

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of ``host`` that may be called, from one look-up. For adapters that don't
        speak HTTP. Raises Rejected when there is none, Retryable when the name leads nowhere."""
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            raise Retryable(f"{host}: the name leads nowhere now: {error}") from error
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

    async def _request(
        self, method: str, target: Target, body: bytes, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        why = self._settings.refusal(target)
        if why is not None:
            raise Rejected(f"{target}: not called: {why}")
        sent = {"host": target.authority, "user-agent": USER_AGENT, **headers}
        if not self._settings.is_direct(target):
            return await self._exchange(method, target, target.host, sent, body, timeout_s)
        found = (
            (target.host,)
            if target.address is not None
            else await self.addresses(target.host, target.port)
        )
        for address in found[:-1]:  # the next one is tried only while nothing was sent
            try:
                return await self._exchange(
                    method, target, address, sent, body, timeout_s / len(found)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._exchange(method, target, found[-1], sent, body, timeout_s)

    async def _exchange(
        self,
        method: str,
        target: Target,
        address: str,
        headers: Mapping[str, str],
        body: bytes,
        connect_s: float,
    ) -> Answer:
        """One request over one connection to ``address``, which stands for the target's host."""
        port = None if target.port == PORTS[target.scheme] else target.port
        url = httpx.URL(
            scheme=target.scheme, host=address, port=port, raw_path=target.resource.encode()
        )
        extensions: dict[str, object] = {"timeout": {"connect": connect_s}}
        if target.address is None:
            extensions["sni_hostname"] = target.host
        request = httpx.Request(method, url, headers=headers, content=body, extensions=extensions)
        async with self._transport(target) as transport:
            response = await transport.handle_async_request(request)
            try:
                taken, whole = await _start_of(response)
            finally:
                await response.aclose()
        return Answer(target, response.status_code, dict(response.headers), taken, whole)

    def _transport(self, target: Target) -> httpx.AsyncHTTPTransport:
        proxy = None
        if not self._settings.is_direct(target) and self._settings.proxy is not None:
            proxy = httpx.Proxy(
                str(self._settings.proxy), auth=self._proxy_auth, ssl_context=self._tls
            )
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False, proxy=proxy)


def open_outbound(settings: OutboundSettings, *, resolve: Resolve | None = None) -> Outbound:
    """The way out that ``settings`` allow; touches no network. Fatal when a file that they name
    can't be used."""
    try:
        tls = httpx.create_ssl_context(trust_env=False)
        tls.load_default_certs()
        if settings.ca_file is not None:
            tls.load_verify_locations(settings.ca_file)
        return Outbound(settings, tls=tls, resolve=resolve or system_addresses)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Fatal(f"[outbound]: {settings.ca_file or 'the proxy'}: {error}") from error


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


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
