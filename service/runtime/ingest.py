"""Ingest: from the sources into the journal, and nothing else. Supervises each source by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from service.domain.batch import Batch, rows_of
from service.domain.instants import EARLIEST_NS, LATEST_NS
from service.domain.quality import BAD_OUT_OF_RANGE, is_good
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.errors import ConnectorError, EndOfSource, Retryable
from service.runtime.log import JournalWriter
from service.runtime.retry import SLOW_S, backoff_s
from service.runtime.source import OpenSource, Source, SourceReport

log = logging.getLogger(__name__)

STEADY_S = 60.0
"""A connection that lasted this long starts the backoff anew."""


class SourceState(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    """Retried soon."""
    ENDED = "ended"
    """A finite source gave all it had."""
    FAILED = "failed"
    """Rejected or impossible as configured; retried slowly."""


@dataclass(slots=True)
class SourceStatus:
    """How one source is, for people and rules; kept by its supervisor."""

    name: str
    kind: str
    since_ns: int
    state: SourceState = SourceState.CONNECTING
    error: str | None = None
    report: SourceReport = field(default_factory=SourceReport)
    connections: int = 0
    refused: int = 0


class Scaling:
    """Brings source values into the tags' units, once, before anything else sees them.

    scale, offset: unit value = source value × scale + offset. A tag without scale keeps its value
    bit for bit.
    Values that are not numbers become null with a status; times outside 1970 to 2200 are refused.
    """

    def __init__(self, table: TagTable) -> None:
        self._scale = np.ones(table.size)
        self._offset = np.zeros(table.size)
        for number, tag in table:
            self._scale[number] = tag.scale
            self._offset[number] = tag.offset
        self._plain = (self._scale == 1.0) & (self._offset == 0.0)

    def apply(self, batch: Batch) -> tuple[Batch, int]:
        """The Batch in the tags' units and the number of rows refused."""
        if not len(batch):
            return batch, 0
        allowed = (
            (batch.time_ns >= EARLIEST_NS)
            & (batch.time_ns < LATEST_NS)
            & (batch.tag >= 0)
            & (batch.tag < len(self._scale))
        )
        refused = len(batch) - int(allowed.sum())
        if refused:
            batch = rows_of(batch, allowed)
        value = batch.value
        scaled = ~self._plain[batch.tag]
        if scaled.any():
            tag = batch.tag[scaled]
            value = value.copy()
            value[scaled] = value[scaled] * self._scale[tag] + self._offset[tag]
        status = batch.status
        null = ~np.isfinite(value)
        if null.any():
            worded = np.zeros(len(value), np.bool_)
            worded[list(batch.text)] = True
            value = np.where(null, np.nan, value)
            status = np.where(null & ~worded & is_good(status), BAD_OUT_OF_RANGE, status)
        return (
            Batch(
                batch.tag,
                batch.time_ns,
                value,
                status.astype(np.uint32),
                batch.received_ns,
                batch.text,
                batch.time_origin,
                batch.origin,
                batch.covers,
                batch.source,
                batch.position,
            ),
            refused,
        )


async def run_source(
    open_source: OpenSource,
    status: SourceStatus,
    journal: JournalWriter,
    scaling: Scaling,
    clock: Clock,
) -> None:
    """Keeps one source open and its Batches flowing into ``journal``, for ever or to its end.

    A lost connection is opened again with backoff; a rejected or failed source slowly. Other
    errors are
    programming errors and end the service.
    """
    attempt = 0
    while True:
        _set(status, SourceState.CONNECTING, clock)
        opened_s = clock.monotonic_s()
        try:
            async with open_source() as source:
                status.connections += 1
                status.error = None
                _set(status, SourceState.CONNECTED, clock)
                await _pump(source, status, journal, scaling)
        except EndOfSource:
            _set(status, SourceState.ENDED, clock)
            return
        except Retryable as error:
            attempt = 1 if clock.monotonic_s() - opened_s > STEADY_S else attempt + 1
            _lost(status, SourceState.LOST, error, clock)
            wait_s = max(backoff_s(attempt), error.retry_after_s or 0.0)
        except ConnectorError as error:
            _lost(status, SourceState.FAILED, error, clock)
            wait_s = SLOW_S
        await clock.sleep(wait_s)


async def _pump(
    source: Source, status: SourceStatus, journal: JournalWriter, scaling: Scaling
) -> None:
    while True:
        raw = await source.read()
        batch, refused = scaling.apply(raw)
        if refused and not status.refused:
            log.warning("source %s: %d rows with impossible times refused", status.name, refused)
        status.refused += refused
        status.report = source.report()
        position = raw.position

        def committed(position: int = position) -> None:
            source.durable(position)

        await journal.append(batch, committed)


def _set(status: SourceStatus, state: SourceState, clock: Clock) -> None:
    if status.state is not state:
        log.info("source %s is %s", status.name, state)
        status.state = state
        status.since_ns = clock.now_ns()


def _lost(status: SourceStatus, state: SourceState, error: ConnectorError, clock: Clock) -> None:
    if status.error != str(error):
        log.warning("source %s %s error=%s", status.name, state, error)
    status.error = str(error)
    _set(status, state, clock)


def statuses(kinds: Mapping[str, str], clock: Clock) -> dict[str, SourceStatus]:
    """A fresh status for each connector name -> kind."""
    return {n: SourceStatus(n, k, clock.now_ns()) for n, k in kinds.items()}
