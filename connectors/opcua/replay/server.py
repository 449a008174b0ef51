"""The server's process: ``python -m connectors.opcua.replay.server FOLDER``.

Sessions and security are asyncua's. Subscriptions and items are granted without looking at any
node, and every PublishRequest is answered at once with the next message that was made beforehand.
It ends when its standard input does, so that it never outlives who started it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import sys
import time
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.server import binary_server_asyncio
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.ua_binary import struct_from_binary
from cryptography.x509.oid import ExtendedKeyUsageOID

from connectors.opcua.replay.messages import Replay, make_replay

PER_MESSAGE = 1_000
URI = "urn:anodewatch:replay"
_IDS = itertools.count(1)


class ReplayProcessor(UaProcessor):  # type: ignore[misc]  # asyncua is not checked here
    """One connection. What is asked beyond subscriptions is answered by asyncua's server."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._handles: dict[int, list[int]] = {}
        self._replays: list[Replay] = []
        self._turn = 0
        self._services = {
            ua.ObjectIds.CreateSubscriptionRequest_Encoding_DefaultBinary: self._subscribe,
            ua.ObjectIds.CreateMonitoredItemsRequest_Encoding_DefaultBinary: self._create_items,
            ua.ObjectIds.DeleteSubscriptionsRequest_Encoding_DefaultBinary: self._end,
        }

    async def _process_message(self, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        if typeid.Identifier == ua.ObjectIds.PublishRequest_Encoding_DefaultBinary:
            self._publish(requesthdr, seqhdr)
            return True
        service = self._services.get(typeid.Identifier)
        if service is None:
            return await super()._process_message(typeid, requesthdr, seqhdr, body)
        self.send_response(requesthdr.RequestHandle, seqhdr, service(body))
        return True

    def _publish(self, requesthdr: Any, seqhdr: Any) -> None:
        if not self._replays:
            self._replays = [
                make_replay(subscription, handles, per_message=PER_MESSAGE)
                for subscription, handles in self._handles.items()
                if handles
            ]
        if not self._replays:
            raise ua.uaerrors.BadNoSubscription
        self._turn += 1
        replay = self._replays[self._turn % len(self._replays)]
        message, _ = replay.next(requesthdr.RequestHandle, time.time_ns())
        self._transport.write(
            self._connection.message_to_binary(
                message, message_type=ua.MessageType.SecureMessage, request_id=seqhdr.RequestId
            )
        )

    def _subscribe(self, body: Any) -> Any:
        asked = struct_from_binary(ua.CreateSubscriptionParameters, body)
        response = ua.CreateSubscriptionResponse()
        given = response.Parameters
        given.SubscriptionId = next(_IDS)
        given.RevisedPublishingInterval = asked.RequestedPublishingInterval
        given.RevisedLifetimeCount = asked.RequestedLifetimeCount
        given.RevisedMaxKeepAliveCount = asked.RequestedMaxKeepAliveCount
        self._handles[given.SubscriptionId] = []
        return response

    def _create_items(self, body: Any) -> Any:
        asked = struct_from_binary(ua.CreateMonitoredItemsParameters, body)
        handles = self._handles[asked.SubscriptionId]
        response = ua.CreateMonitoredItemsResponse()
        for item in asked.ItemsToCreate:
            handles.append(item.RequestedParameters.ClientHandle)
            result = ua.MonitoredItemCreateResult()
            result.MonitoredItemId = len(handles)
            result.RevisedSamplingInterval = item.RequestedParameters.SamplingInterval
            result.RevisedQueueSize = item.RequestedParameters.QueueSize
            response.Results.append(result)
        self._replays = []
        return response

    def _end(self, body: Any) -> Any:
        asked = struct_from_binary(ua.DeleteSubscriptionsParameters, body)
        response = ua.DeleteSubscriptionsResponse()
        for subscription in asked.SubscriptionIds:
            known = self._handles.pop(subscription, None) is not None
            code = ua.StatusCodes.Good if known else ua.StatusCodes.BadSubscriptionIdInvalid
            response.Results.append(ua.StatusCode(code))
        self._replays = []
        return response


async def serve(folder: Path) -> None:
    """Serves until standard input ends, with its certificate in ``folder``; the endpoint goes to
    standard output once it is open."""
    binary_server_asyncio.UaProcessor = ReplayProcessor  # the only place where asyncua names it
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{_free_port()}/replay")
    await server.set_application_uri(URI)
    await certificate(folder, uri=URI)
    await server.load_certificate(str(folder / "certificate.der"))
    await server.load_private_key(str(folder / "key.pem"))
    server.set_security_policy(
        [ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
    )
    async with server:
        sys.stdout.write(f"{server.endpoint.geturl()}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


async def certificate(folder: Path, *, uri: str) -> None:
    """Writes a self-signed certificate.der and its key.pem for the application ``uri``."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    await setup_self_signed_certificate(
        folder / "key.pem", folder / "certificate.der", uri, socket.gethostname(), usage, {}
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Entry point of the process."""
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
