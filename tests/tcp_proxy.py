"""A TCP proxy that does to a connection what networks do: resets, silence, delay, refusal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class TcpProxy:
    """In front of 127.0.0.1:``target``. delay_s: each way, without reordering. frozen: nothing is
    passed on, and the sockets stay open. refusing: connections are closed at once."""

    target: int
    port: int = 0
    delay_s: float = 0.0
    frozen: bool = False
    refusing: bool = False
    connections: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def reset(self) -> None:
        """Ends every connection, both ways, without a farewell."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one of its ends is gone."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.refusing:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.connections += 1
        self._writers |= {writer, there[1]}
        ways = [self._pass_on(reader, there[1]), self._pass_on(there[0], writer)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in tasks:
                way.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in (writer, there[1]):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1_000)

        async def send() -> None:
            while True:
                due_s, data = await waiting.get()
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                while self.frozen:
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()

        sending = asyncio.create_task(send())
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(CHUNK):
                    await waiting.put((loop.time() + self.delay_s, data))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def end(self) -> None:
        """Ends every connection and waits until nothing is left."""
        self.frozen = False
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def tcp_proxy(target: int) -> AsyncIterator[TcpProxy]:
    """A proxy to ``target`` on a port of its own."""
    proxy = TcpProxy(target)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()
