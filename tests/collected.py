"""What a supervised OPC UA source brings in, held against the sending server's own log."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import source_of
from service.domain.batch import Batch
from service.domain.coverage import Coverage
from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock, SystemClock
from service.runtime.ingest import Scaling, SourceStatus, run_source, statuses
from tests.opcua_server import Sent

WAIT_S = 30.0
POLL_S = 0.05
Value = tuple[int, float | str]
"""time_ns, value"""


@dataclass
class Collected:
    """A journal in memory: everything is durable at once."""

    tags: Mapping[int, Tag]
    status: SourceStatus
    batches: list[Batch] = field(default_factory=list)

    async def append(self, batch: Batch, committed: Callable[[], None]) -> None:
        self.batches.append(batch)
        committed()

    @property
    def counters(self) -> Mapping[str, int]:
        return self.status.report.counters

    def values(self) -> dict[str, list[Value]]:
        """By tag id, in the order in which they came, Bad rows of refused items left out."""
        found: dict[str, list[Value]] = defaultdict(list)
        for batch in self.batches:
            for row, tag in enumerate(batch.tag.tolist()):
                value = batch.text.get(row, float(batch.value[row]))
                if value == value or row in batch.text:
                    found[self.tags[tag].id].append((int(batch.time_ns[row]), value))
        return found

    def coverage(self, group: str) -> Coverage:
        return Coverage(
            (c.start_ns, c.end_ns) for b in self.batches for c in b.covers if c.group == group
        )

    async def until(self, is_so: Callable[[], bool], *, within_s: float = WAIT_S) -> None:
        """Waits until ``is_so``; TimeoutError says what the counters were."""
        try:
            async with asyncio.timeout(within_s):
                while not is_so():
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise TimeoutError(
                f"{self.status.state}, {self.status.error}: {dict(self.counters)}"
            ) from error

    async def more(self, count: int = 300) -> None:
        """Waits until so many more values came."""
        before = self.counters.get("values", 0)
        await self.until(lambda: self.counters.get("values", 0) >= before + count)


@asynccontextmanager
async def collecting(
    settings: OpcUaSettings,
    tags: Mapping[int, Tag],
    *,
    folder: Path = Path("unused"),
    clock: Clock | None = None,
) -> AsyncIterator[Collected]:
    """A source that the runtime keeps open, as in the service; its certificates in ``folder``."""
    clock = clock or SystemClock()
    status = statuses({"plant": "opcua"}, clock)["plant"]
    found = Collected(tags, status)
    opener = source_of(settings, name="plant", tags=tags, clock=clock, folder=folder)
    scaling = Scaling(TagTable(tags))
    running = asyncio.create_task(run_source(opener, status, found, scaling, clock))
    try:
        yield found
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclass(frozen=True)
class Difference:
    """Against the server's log, between the first and the last value received of each tag: values
    that never came, with their times, and how many came twice or were never sent."""

    missing_ns: Sequence[int]
    doubled: int
    invented: int


def compare(found: Collected, log: Sequence[Sent]) -> Difference:
    """Every tag's values against what the server says that it set."""
    sent: dict[str, list[Value]] = defaultdict(list)
    for one in log:
        value = one.value if isinstance(one.value, str) else float(one.value)
        sent[one.tag_id].append((one.time_ns, value))
    missing: list[int] = []
    doubled = invented = 0
    for tag, values in found.values().items():
        log_values = set(sent[tag])
        doubled += len(values) - len(set(values))
        invented += len(set(values) - log_values)
        first, last = min(values)[0], max(values)[0]
        due = {value for value in log_values if first <= value[0] <= last}
        missing += [at for at, _ in due - set(values)]
    return Difference(sorted(missing), doubled, invented)
