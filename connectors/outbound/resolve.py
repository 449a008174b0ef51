"""Names to addresses, by the system's resolver, in threads of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence

LOOKUPS = 16
"""More are not made at once: a resolver that hangs must not gather threads."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name for a port; OSError when it has none, or can't be asked now."""


class SystemResolver:
    """``getaddrinfo``. A look-up that hangs holds up neither other work in threads nor the end of
    the process."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(LOOKUPS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if not self._slots.acquire(blocking=False):
            raise OSError(f"{LOOKUPS} look-ups hang already")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()

        def look_up() -> None:
            settle: tuple[Callable[..., None], object]
            try:
                rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                settle = found.set_result, [str(address[0]) for *_, address in rows]
            except (OSError, UnicodeError) as error:  # UnicodeError: a label of 64 letters
                settle = found.set_exception, OSError(str(error))
            finally:
                self._slots.release()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, found, *settle)

        threading.Thread(target=look_up, name=f"look-up {host}", daemon=True).start()
        return await found


def _settle(found: asyncio.Future[Sequence[str]], how: Callable[..., None], what: object) -> None:
    if not found.done():  # the caller may have gone
        how(what)
