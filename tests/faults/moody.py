"""A real receiver whose mood a test changes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connectors.webhook.signing import decode_secret, signature
from tests.faults.receiver import Arrival, steps_of
from tests.http_servers import Server, serving

Mood = Callable[[asyncio.StreamWriter], Awaitable[int]]
"""Answers a request; the status that it answered, 0 when none."""


async def well(writer: asyncio.StreamWriter) -> int:
    writer.write(b"HTTP/1.1 204 x\r\n\r\n")
    return 204


def says(status: int, *headers: str, body: bytes = b"") -> Mood:
    """Answers with ``status``, always."""
    head = "".join(f"{one}\r\n" for one in (*headers, f"content-length: {len(body)}"))

    async def answer(writer: asyncio.StreamWriter) -> int:
        writer.write(f"HTTP/1.1 {status} x\r\n{head}\r\n".encode() + body)
        return status

    return answer


async def hangs(_: asyncio.StreamWriter) -> int:
    """Takes the request and says nothing."""
    await asyncio.sleep(30)
    return 0


async def drips(writer: asyncio.StreamWriter) -> int:
    """Says 200, and then a byte at a time for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.01)


async def hangs_up(_: asyncio.StreamWriter) -> int:
    """Closes the connection without a word."""
    return 0


async def babbles(writer: asyncio.StreamWriter) -> int:
    """Speaks another protocol."""
    writer.write(b"220 mail.plant.example ESMTP\r\n")
    return 0


@dataclass
class Moody:
    """statuses: what was answered to each request of ``server``."""

    mood: Mood = well
    server: Server = field(default_factory=lambda: Server("127.0.0.1"))
    statuses: list[int] = field(default_factory=list)

    async def say(self, writer: asyncio.StreamWriter) -> None:
        at = len(self.statuses)
        self.statuses.append(0)
        self.statuses[at] = await self.mood(writer)

    def knows(self, secret: str) -> Mood:
        """Takes what is signed with ``secret``, and nothing else."""

        async def answer(writer: asyncio.StreamWriter) -> int:
            head, body = self.server.requests[-1]
            lines = _lines(head)
            signed = signature(
                decode_secret(secret),
                message_id=lines["webhook-id"],
                timestamp_s=int(lines["webhook-timestamp"]),
                body=body,
            )
            genuine = signed in lines["webhook-signature"].split()
            return await says(204 if genuine else 401)(writer)

        return answer

    def arrivals(self) -> list[Arrival]:
        """All that came, in order."""
        found = []
        for (head, body), status in zip(self.server.requests, self.statuses, strict=True):
            lines = _lines(head)
            found.append(Arrival(0.0, lines["webhook-id"], body, steps_of(body), status))
        return found


def _lines(head: str) -> dict[str, str]:
    lines = (line.split(": ", 1) for line in head.splitlines()[1:])
    return {name.lower(): value for name, value in lines}


@asynccontextmanager
async def moody(
    mood: Mood = well, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Moody]:
    """Listens on ``port`` of this machine, 0 for a free one."""
    receiver = Moody(mood)
    async with serving(receiver.say, port=port, tls=tls) as server:
        receiver.server = server
        yield receiver
