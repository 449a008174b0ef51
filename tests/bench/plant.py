"""What the parts work on: the sample site, and what its simulated plant sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from connectors.simulator.history import history
from service.domain.batch import Batch
from service.domain.instants import SECOND_NS
from service.domain.tagtable import TagTable
from service.runtime.derived import derived_tags
from service.runtime.log import Entry
from service.settings import Site, load_site

START_NS = 1_772_323_200 * SECOND_NS  # 2026-03-01T00:00:00Z
SEED = 7
SITE = Path(__file__).parents[2] / "deploy" / "sites" / "changzhi"
CONNECTOR = "plant"


@cache
def site() -> Site:
    """The sample site."""
    return load_site(SITE)


def table() -> TagTable:
    """Its tags and what is derived from them, numbered."""
    tags = [*site().tags, *derived_tags(site().line.all_meters)]
    return TagTable(dict(enumerate(tags)))


def values(
    duration_s: int, *, meters: bool = False, step_s: int = 1, every_s: int = 1
) -> list[Batch]:
    """What the plant sends by exception in ``duration_s``, one Batch each ``every_s``, in the tags'
    units.

    meters: their tags only. step_s: how often it is sampled.
    """
    wanted = {meter.tag for meter in site().line.meters}
    tags = {
        n: t for n, t in table().of_connector(CONNECTOR).items() if not meters or t.id in wanted
    }
    return list(
        history(
            tags,
            seed=SEED,
            start_ns=START_NS,
            end_ns=START_NS + duration_s * SECOND_NS,
            step_s=step_s,
            meter_step_s=step_s,
            batch_s=every_s,
            source=CONNECTOR,
            scaled=True,
        )
    )


def rows(batches: list[Batch]) -> int:
    """How many values there are in ``batches``."""
    return sum(map(len, batches))


@dataclass
class MemoryJournal:
    """A JournalReader that costs nothing. Batches come one by one; ``ended`` is called, and
    EOFError raised, when there are no more."""

    batches: list[Batch]
    ended: Callable[[], None] = lambda: None

    @property
    def last(self) -> int:
        return len(self.batches)

    async def read(self, after: int) -> list[Entry]:
        if after >= len(self.batches):
            self.ended()
            raise EOFError
        return [Entry(after + 1, self.batches[after])]
