"""A process that writes to the embedded history, for tests that kill it or have its disk full.

``python -m tests.contract.duckdb_writer FOLDER [FULL_AT_BYTES [FIRST_ROWS]]``: it prints a line for
each write that returned. No file can grow beyond FULL_AT_BYTES until a write has failed.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
from pathlib import Path

import numpy as np

from connectors.duckdb.history import open_history
from connectors.duckdb.settings import DuckDbSettings
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.tagtable import TagTable
from service.runtime.clock import SystemClock
from service.runtime.errors import Retryable

ROWS = 5_000
TAGS = 50


def nth_batch(nth: int) -> Batch:
    """Rows of 50 tags, 100 instants; every batch has rows that an earlier one had."""
    time_ns = nth * 50 + np.repeat(np.arange(ROWS // TAGS), TAGS)
    tag = np.tile(np.arange(TAGS), ROWS // TAGS)
    value = np.random.default_rng(nth).normal(size=ROWS)
    covers = (Cover("plant/main", nth * 50, nth * 50 + 100),)
    return make_batch(tag, time_ns, value, received_ns=0, covers=covers)


async def run(folder: Path, *, full_at_bytes: int | None, first_rows: int) -> None:
    """Writes for ever; with a limit, lifts it after the first write that failed, and ends soon.

    first_rows: of a tag of its own, so that the file is larger than its write-ahead log ever is.
    """
    settings = DuckDbSettings()
    table, clock = TagTable({}), SystemClock()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with open_history(settings, folder=folder, table=table, clock=clock) as history:
        if first_rows:
            time_ns = np.arange(first_rows)
            value = np.random.default_rng(0).normal(size=first_rows)
            await history.write([make_batch([TAGS] * first_rows, time_ns, value, received_ns=0)])
        if full_at_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (full_at_bytes, most))
        last = None
        for nth in itertools.count():
            if nth == last:
                return
            try:
                await history.write([nth_batch(nth)])
            except Retryable as error:
                print(f"full {error}", flush=True)
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
                await history.write([nth_batch(nth)])
                last = nth + 20
            print(f"wrote {nth}", flush=True)


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[2:]]
    limit, rows = [*given, None, None][:2]
    asyncio.run(run(Path(sys.argv[1]), full_at_bytes=limit, first_rows=rows or 0))
