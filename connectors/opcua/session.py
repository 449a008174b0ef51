"""One session with one server: asyncua brings transport, security and services, the rest is ours.

``Client.connect`` is not used: it starts a supervisor, whose probe gives up after a second, and a
watchdog that recreates subscriptions without their items. The steps that it takes are taken here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from asyncua import Client, ua
from asyncua.client.ua_client import UASocketProtocol
from asyncua.client.ua_session import UaSession
from cryptography import x509

from connectors.opcua.errors import classified, status_name
from connectors.opcua.pki import Pki, utc
from connectors.opcua.secure import identify, secure
from connectors.opcua.settings import OpcUaSettings
from service.runtime.clock import Clock
from service.runtime.errors import Fatal, Retryable

CLOSE_TIMEOUT_S = 3.0
RENEW_AT = 0.75
"""Share of the channel's lifetime after which a client renews it (Part 4, 5.6.2.1)."""

_log = logging.getLogger(__name__)


class _Session(UaSession):  # type: ignore[misc]  # asyncua is not checked here
    """A session whose subscriptions are served by our own publish requests."""

    def ensure_publish_loop(self) -> None:
        """asyncua's loop is left out: it keeps one request in flight and cuts times to the µs."""

    async def publish_raw(self, acknowledge: Sequence[tuple[int, int]]) -> bytes:
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = [
            ua.SubscriptionAcknowledgement(SubscriptionId=subscription, SequenceNumber=sequence)
            for subscription, sequence in acknowledge
        ]
        return bytes(await self._send_request(request, timeout=0))

    async def republish_raw(self, subscription: int, sequence: int) -> bytes:
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = subscription
        request.Parameters.RetransmitSequenceNumber = sequence
        return bytes(await self._send_request(request))

    async def history_raw(self, parameters: ua.HistoryReadParameters) -> bytes:
        request = ua.HistoryReadRequest()
        request.Parameters = parameters
        return bytes(await self._send_request(request))


@dataclass(frozen=True, slots=True)
class Session:
    """An activated session. ``services``: asyncua's calls, each bounded by the time-out given.
    is_same: it is the session of the connection before, with its subscriptions."""

    services: UaSession
    client: Client
    is_same: bool

    async def publish(self, acknowledge: Sequence[tuple[int, int]]) -> bytes:
        """Asks for the next message, acknowledging (subscription, sequence) pairs; its bytes.

        Without a time-out: the server answers when it has something to say, and who waits for that
        watches the keep-alives. Raises asyncua's errors.
        """
        raw: bytes = await self.services.publish_raw(acknowledge)
        return raw

    async def republish(self, subscription: int, sequence: int) -> bytes:
        """Asks for a message once more; its bytes. Raises asyncua's errors, BadMessageNotAvailable
        where the server does not hold it any more."""
        raw: bytes = await self.services.republish_raw(subscription, sequence)
        return raw

    async def history(self, parameters: ua.HistoryReadParameters) -> bytes:
        """Asks for history; the answer's bytes. Raises asyncua's errors."""
        raw: bytes = await self.services.history_raw(parameters)
        return raw

    @property
    def own_until(self) -> datetime | None:
        """The end of our certificate; None where none is used."""
        der: bytes | None = self.client.security_policy.host_certificate
        return None if der is None else x509.load_der_x509_certificate(der).not_valid_after_utc

    async def renew_channel(self, clock: Clock) -> None:
        """Waits until it is time, and renews the secure channel. Raises asyncua's errors."""
        await clock.sleep(self.client.secure_channel_timeout / 1_000 * RENEW_AT)
        await self.client.open_secure_channel(renew=True)
        self.client.uaclient.revolve_security_token()


@asynccontextmanager
async def open_session(
    settings: OpcUaSettings, pki: Pki, *, name: str, clock: Clock, client: Client | None = None
) -> AsyncIterator[Session]:
    """Connects, and closes session, channel and socket at the end. Raises ConnectorError.

    pki: our certificate and whom we trust. client: of a connection that broke; its session is
    activated again where the server still holds it. When what is done with the session ends with
    Retryable, only the socket is closed, so that the session may be taken up.
    """
    try:
        password = settings.secret()
    except ValueError as error:
        raise Fatal(f"{name}: {error}") from error
    is_lost = False
    try:
        try:
            if client is None:
                client = await _client(settings, pki, name, utc(clock.now_ns()))
            is_same = await _connect(client, settings, password)
        except Exception as error:  # the library lets errors of every kind through
            raise classified(
                error, name=name, endpoint=settings.endpoint, doing="connecting to"
            ) from error
        yield Session(client.uaclient.session, client, is_same)
    except Retryable:
        is_lost = True
        raise
    finally:
        if client is not None:
            await _close(client, with_session=not is_lost)


async def _client(settings: OpcUaSettings, pki: Pki, name: str, now: datetime) -> Client:
    client = Client(settings.endpoint, timeout=settings.timeout_s)
    client.uaclient.session = _Session(client.uaclient)
    client.name = "Anodewatch"
    client.description = f"Anodewatch {name}"
    client.application_uri = "urn:anodewatch:client"
    client.product_uri = "urn:anodewatch"
    client.session_timeout = round(1_000 * settings.session_timeout_s)
    if settings.security_policy != "None":
        await secure(client, settings, pki, name=name, now=now)
    if settings.user_certificate is not None:
        await identify(client, settings, name=name)
    return client


async def _connect(client: Client, settings: OpcUaSettings, password: str | None) -> bool:
    """Whether the session of the connection before was activated again."""
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    if client.uaclient.session.has_session:
        client.uaclient.session.rebind_authentication_token()
        try:
            await _activate(client, settings, password)
        except ua.UaStatusCodeError as error:
            _log.info("opcua.session_gone endpoint=%s status=%s (a new one is made)",
                      settings.endpoint, status_name(error.code))  # fmt: skip
            client.uaclient.session = _Session(client.uaclient)
        else:
            return True
    await client.create_session()
    await _activate(client, settings, password)
    return False


async def _activate(client: Client, settings: OpcUaSettings, password: str | None) -> None:
    await client.activate_session(
        username=settings.username, password=password, certificate=client.user_certificate
    )


async def _close(client: Client, *, with_session: bool) -> None:
    protocol: UASocketProtocol | None = client.uaclient.protocol
    if protocol is None or protocol.transport is None:
        client.uaclient.disconnect_socket()
        return
    lost = asyncio.Event()
    protocol.on_connection_lost = lambda _error: lost.set()
    if with_session:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await client.uaclient.close_session(True)
                await client.uaclient.close_secure_channel()
        except (OSError, ua.UaError) as error:
            _log.debug("opcua.close endpoint=%s error=%r", client.server_url.geturl(), error)
    client.uaclient.disconnect_socket()
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S if with_session else 0.0):
            await lost.wait()
    except TimeoutError:
        if protocol.transport is not None:
            protocol.transport.abort()
            await lost.wait()
