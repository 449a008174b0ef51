"""Where Batches wait between the publish loop and ``read``: bounded, and nothing dropped."""

from __future__ import annotations

import asyncio
import logging

from service.domain.batch import Batch
from service.runtime.errors import ConnectorError

MOST_BATCHES = 1_000
MOST_ROWS = 200_000

_log = logging.getLogger(__name__)


class Inbox:
    """A queue of Batches that ends with the error that ended the source.

    It is full at ``MOST_ROWS`` rows or ``MOST_BATCHES``. Who fills it asks before it asks the
    server for more, and waits in ``room``; what was asked for already still finds its place.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._waiting: asyncio.Queue[Batch | ConnectorError] = asyncio.Queue()
        self._rows = 0
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def is_full(self) -> bool:
        return self._waiting.qsize() >= MOST_BATCHES or self._rows >= MOST_ROWS

    def put(self, batch: Batch) -> None:
        self._rows += len(batch)
        self._waiting.put_nowait(batch)

    def fail(self, error: ConnectorError) -> None:
        """``error`` is raised by ``get`` once all Batches before it are read, and from then on."""
        self._waiting.put_nowait(error)

    def reopen(self) -> None:
        """The error that ended it is over; what waits is read first."""
        waiting = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        for one in waiting:
            if not isinstance(one, ConnectorError):
                self._waiting.put_nowait(one)

    async def get(self) -> Batch:
        """The oldest Batch; waits for one. Safe to cancel: nothing is lost."""
        found = await self._waiting.get()
        if isinstance(found, ConnectorError):
            self._waiting.put_nowait(found)
            raise found
        self._rows -= len(found)
        if not self.is_full:
            self._has_room.set()
        return found

    async def room(self) -> None:
        """Waits until it isn't full any more."""
        if not self.is_full:
            return
        _log.warning(
            "opcua.paused source=%s batches=%d rows=%d (what is received is not taken fast enough; "
            "the server is asked for no more until it is)",
            self._source,
            self._waiting.qsize(),
            self._rows,
        )
        self._has_room.clear()
        await self._has_room.wait()
        _log.info("opcua.resumed source=%s", self._source)
