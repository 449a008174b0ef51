"""Ours and asyncua's own client at a replay server: what they take in, and what that costs."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from connectors.opcua.replay.server import certificate
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import source_of
from service.domain.tag import Tag, TagKind
from service.runtime.clock import Clock

OWN_URI = "urn:anodewatch:client"
WARM_UP_S = 1.0
START_S, STOP_S = 60.0, 10.0
SUBSCRIBE_S = 120.0
PUBLISHING_MS = 500.0
STATM = Path("/proc/self/statm")
PAGE_KB = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """Values that a client took in. cpu_s: of its whole process. rss_mb: at the begin, in the
    middle and at the end; empty where the system does not tell."""

    values: int
    cpu_s: float
    wall_s: float
    rss_mb: tuple[float, ...] = ()

    @property
    def per_cpu_s(self) -> float:
        """Values in one CPU second."""
        return self.values / self.cpu_s

    @property
    def per_s(self) -> float:
        """Values in one second of wall time."""
        return self.values / self.wall_s


@asynccontextmanager
async def replay_server(folder: Path) -> AsyncIterator[str]:
    """A replay server in a process of its own, with its certificate in ``folder``; its
    endpoint."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connectors.opcua.replay.server", str(folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the replay server has no pipes")
    try:
        async with asyncio.timeout(START_S):
            endpoint = (await process.stdout.readline()).decode().strip()
        if not endpoint:
            raise RuntimeError("the replay server ended before it was ready; see what it wrote")
        yield endpoint
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def take_ours(
    endpoint: str, items: int, seconds: float, clock: Clock, *, keys: Path | None = None
) -> Taken:
    """The source of this connector, into Batches. keys: folder of our certificate, and of the
    server's in ``server``; with it the channel is signed and encrypted."""
    given: dict[str, object] = {"kind": "opcua", "endpoint": endpoint}
    given["publishing_interval_ms"] = PUBLISHING_MS
    if keys is not None:
        given |= {
            "security_policy": "Basic256Sha256",
            "security_mode": "SignAndEncrypt",
            "certificate": keys / "certificate.der",
            "private_key": keys / "key.pem",
            "server_certificate": keys / "server" / "certificate.der",
        }
    tags = {
        number: Tag(f"T{number}", "bench", f"ns=2;i={number + 1}", TagKind.ANALOG)
        for number in range(items)
    }
    settings = OpcUaSettings.model_validate(given)
    opened = source_of(settings, name="bench", tags=tags, clock=clock, folder=Path())
    async with opened() as source:
        values = 0

        async def read() -> None:
            nonlocal values
            while True:
                values += len(await source.read())

        reading = asyncio.create_task(read())
        try:
            return await _measure(seconds, lambda: values, clock)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def take_stock(
    endpoint: str, items: int, seconds: float, clock: Clock, *, keys: Path | None = None
) -> Taken:
    """asyncua's client as its documentation shows it: one subscription, and a callback that does
    nothing but count."""
    client = Client(endpoint, timeout=SUBSCRIBE_S)
    if keys is not None:
        client.application_uri = OWN_URI
        await client.set_security(
            SecurityPolicyBasic256Sha256, keys / "certificate.der", keys / "key.pem",
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )  # fmt: skip
    counting = _Counting()
    async with client:
        subscription = await client.create_subscription(PUBLISHING_MS, counting)
        nodes = [client.get_node(ua.NodeId(number + 1, 2)) for number in range(items)]
        await subscription.subscribe_data_change(nodes)
        return await _measure(seconds, lambda: counting.values, clock)


@asynccontextmanager
async def own_keys(folder: Path) -> AsyncIterator[Path]:
    """``folder`` with a certificate for both clients."""
    await certificate(folder, uri=OWN_URI)
    yield folder


def quieten() -> None:
    """What the stock client says of every message is not wanted here."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class _Counting:
    """asyncua calls it for every value."""

    def __init__(self) -> None:
        self.values = 0

    def datachange_notification(self, _node: object, _value: object, _data: object) -> None:
        self.values += 1


async def _measure(seconds: float, values: Callable[[], int], clock: Clock) -> Taken:
    await clock.sleep(WARM_UP_S)
    gc.collect()
    gc.freeze()  # what was made before is looked through by neither client's collections
    before, cpu_s, wall_s = values(), time.process_time(), time.perf_counter()
    rss_mb = [_rss_mb()]
    for _ in range(2):
        await clock.sleep(seconds / 2)
        rss_mb.append(_rss_mb())
    return Taken(
        values() - before,
        time.process_time() - cpu_s,
        time.perf_counter() - wall_s,
        tuple(mb for mb in rss_mb if mb is not None),
    )


def _rss_mb() -> float | None:
    """Memory that is resident now; None where the system does not tell."""
    try:
        return int(STATM.read_text().split()[1]) * PAGE_KB / 1024
    except OSError:
        return None
