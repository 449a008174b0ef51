"""Journal: every value is encoded, committed to disk, and read back by its consumers."""

from __future__ import annotations

import asyncio
from pathlib import Path

from service.journal.log import open_journal
from service.runtime.clock import SystemClock
from tests.bench.measure import Figures, spent
from tests.bench.plant import rows, values

DURATION_S = 1_800


async def journal(folder: Path) -> Figures:
    """Appends half an hour of the plant as the service does, opens the files anew, reads them."""
    batches = values(DURATION_S)
    with spent() as appending:
        async with open_journal(folder, clock=SystemClock(), gather_s=0.01) as log:
            running = asyncio.create_task(log.run())
            for batch in batches:
                await log.append(batch, lambda: None)
                await asyncio.sleep(0)
            await log.drain()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            size = await log.size_bytes()
    read = 0
    with spent() as reading:
        async with open_journal(folder, clock=SystemClock()) as log:
            position = 0
            while position < log.last:
                for entry in await log.read(position):
                    position = entry.position
                    read += len(entry.batch)
    count = rows(batches)
    if read != count:
        raise AssertionError(f"the journal gave {read} values back of {count}")
    both_s = appending.cpu_s + reading.cpu_s
    return {
        "values": count,
        "entries": len(batches),
        "bytes_per_value": round(size / count, 1),
        "cpu_s": round(both_s, 4),
        "wall_s": round(appending.wall_s + reading.wall_s, 4),
        "append_values_per_cpu_s": appending.per_cpu_s(count),
        "read_values_per_cpu_s": reading.per_cpu_s(count),
        "values_per_cpu_s": round(count / both_s),
    }
