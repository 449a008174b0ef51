"""A site whose tags cross their limits all the time, and the source in the process that says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS
from service.domain.tag import Limits, Tag
from service.domain.tagtable import TagTable
from service.runtime.clock import Clock
from service.runtime.source import SourceReport
from tests.running_service import write_site

TAGS = 8
TICK_S = 0.05
LIMIT, ABOVE, BELOW = 50.0, 100.0, 0.0
BAGS = "PK-P1-KQ702.TOT"
PUBLIC_URL = 'public_url = "http://anodewatch.test"'
RULE = """
[[limit]]
id = "{priority}"
limit = "h"
tags = ["CB-L?[{digits}]-*"]
on_delay_s = 0
off_delay_s = 0
priority = "{priority}"
chattering = {{ raises = 100, window_s = 1, calm_s = 1 }}
flapping = {{ raises = 100, window_s = 1, calm_s = 1 }}
"""
RULES = RULE.format(priority="critical", digits="0246") + RULE.format(priority="low", digits="1357")
"""Critical alarms are told at once; the others by digests, once they are more than ten."""


def wave_tags() -> dict[int, Tag]:
    """Tags with a limit, by number, and one for the meter that every site has."""
    waves = {
        n: Tag(f"CB-L{n:02d}-TI1.PV", "plant", f"ns=1;s=w{n}", limits=Limits(h=LIMIT))
        for n in range(TAGS)
    }
    return {**waves, TAGS: Tag(BAGS, "plant", "ns=1;s=bags")}


def write_wave_site(folder: Path, *, webhook: tuple[str, str], more: str = "") -> Path:
    """The site; its own connector is never opened, ``waves`` stands for it. webhook: URL and
    secret."""
    site = write_site(
        folder,
        tags=wave_tags(),
        endpoint="opc.tcp://127.0.0.1:1/nobody",
        meter=BAGS,
        webhook=webhook,
        more=more,
    )
    (site / "rules.toml").write_text(RULES, encoding="utf-8")  # no other alarm comes between
    settings = site / "site.toml"
    text = settings.read_text(encoding="utf-8")
    # Each start takes another port; people reach the service at one address.
    settings.write_text(text.replace("port = 0", f"port = 0\n{PUBLIC_URL}"), encoding="utf-8")
    return site


def rule_of(tag: str) -> str:
    """The id of the rule that judges ``tag``."""
    return "critical" if int(tag[5]) % 2 == 0 else "low"


def is_above(n: int, time_ns: int) -> bool:
    """Whether tag ``n`` is beyond its limit then: a square wave of a period of its own."""
    return time_ns // half_period_ns(n) % 2 == 1


def half_period_ns(n: int) -> int:
    """Between 0.15 and 0.5 s."""
    return round((0.15 + 0.4 * n / TAGS) * SECOND_NS)


class Waves:
    """Implements ``Source``: every tick the value of each tag, as the clock has it. In ``folder``
    the file ``still`` puts all below their limits, and ``beyond`` beyond them."""

    def __init__(self, table: TagTable, clock: Clock, folder: Path) -> None:
        self._folder = folder
        self._clock = clock
        self._numbers = [table.number(wave_tags()[n].id) for n in range(TAGS)]
        self._told_ns = clock.now_ns()

    async def read(self) -> Batch:
        await asyncio.sleep(TICK_S)
        since_ns, now_ns = self._told_ns, self._clock.now_ns()
        self._told_ns = now_ns
        return make_batch(
            self._numbers,
            [now_ns] * TAGS,
            [ABOVE if self._is_above(n, now_ns) else BELOW for n in range(TAGS)],
            received_ns=now_ns,
            covers=(Cover("plant/main", since_ns, now_ns),),
            source="plant",
        )

    def _is_above(self, n: int, now_ns: int) -> bool:
        if (self._folder / "still").exists():
            return False
        return (self._folder / "beyond").exists() or is_above(n, now_ns)

    def durable(self, position: int) -> None:
        """Values are made anew."""

    def report(self) -> SourceReport:
        return SourceReport()


def waves(
    table: TagTable, clock: Clock, folder: Path
) -> Callable[[], AbstractAsyncContextManager[Waves]]:
    """What opens the source."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Waves]:
        yield Waves(table, clock, folder)

    return opened
