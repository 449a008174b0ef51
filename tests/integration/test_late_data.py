"""Six hours of communication loss, and the backfill that comes afterwards, through the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import SimulatorSource
from service.api.instants import iso
from service.app.core import Core, open_core
from service.app.run import drained, run_core
from service.domain.batch import Batch, Origin, rows_of
from service.domain.coverage import Cover
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.domain.retrospect import Finding
from service.domain.rules import CommunicationRule, StaleRule
from service.domain.tagtable import TagTable
from service.runtime.clock import SystemClock
from service.runtime.errors import EndOfSource
from service.runtime.source import SourceReport
from service.settings import load_site
from service.settings.rulefile import parse_rules
from service.state.corrections import StateCorrections
from service.state.retrospect import StateRetrospect
from service.state.tables import alarm, outbox, transition

SITE = Path("deploy/sites/changzhi")
START_NS = 1_772_323_200 * SECOND_NS  # 2026-03-01T00:00:00Z
LOST_H, LASTS_H, ENDS_H = 10.0, 6.0, 22.0
RULES = """
[[throughput]]
id = "stopped"
stages = ["CR", "PK"]
window = "hour"
below_pct = 70.0
deadband_pct = 5.0
on_delay_s = 300
off_delay_s = 300
priority = "medium"

[[throughput]]
id = "long-low"
stages = ["CR", "PK"]
window = "hour"
below_pct = 30.0
deadband_pct = 5.0
on_delay_s = 14_400
off_delay_s = 300
priority = "medium"
"""
"""What the meter's own delta, spread over the lost hours, makes of three hours without a bag: never
as low as the one, and low for longer than the other."""


class ThenClock(SystemClock):
    """The machine's clock, set to the end of the plant's past."""

    def __init__(self) -> None:
        super().__init__()
        self._behind_ns = super().now_ns() - START_NS - round(ENDS_H * HOUR_NS)

    def now_ns(self) -> int:
        return super().now_ns() - self._behind_ns


def plant(table: TagTable, *, lost: bool) -> Iterator[Batch]:
    """A plant that packs nothing for three hours, in which nobody hears of it when ``lost``."""
    faults: list[dict[str, Any]] = [
        {"fault": "bag_shortage", "target": "PK", "after_s": 11.5 * 3_600, "duration_s": 10_800}
    ]
    if lost:
        faults.append({"fault": "communication_loss", "target": "plant",
                       "after_s": LOST_H * 3_600, "duration_s": LASTS_H * 3_600})  # fmt: skip
    settings = SimulatorSettings.model_validate(
        {
            "kind": "simulator", "seed": 5, "start": iso(START_NS), "duration_s": ENDS_H * 3_600,
            "step_s": 10, "batch_s": 600, "pace": "fast", "meters": True, "emission": "exception",
            "faults": faults,
        }
    )  # fmt: skip
    source = SimulatorSource(
        settings, name="plant", tags=table.of_connector("plant"), clock=SystemClock()
    )
    while True:
        try:
            yield asyncio.run(source.read())
        except EndOfSource:
            return


def backfill(table: TagTable) -> Iterator[Batch]:
    """What the plant would have said in the lost hours."""
    start_ns = START_NS + round(LOST_H * HOUR_NS)
    end_ns = start_ns + round(LASTS_H * HOUR_NS)
    for batch in plant(table, lost=False):
        inside = (batch.time_ns >= start_ns) & (batch.time_ns < end_ns)
        if inside.any():
            covers = tuple(
                Cover(c.group, max(c.start_ns, start_ns), min(c.end_ns, end_ns))
                for c in batch.covers
                if c.start_ns < end_ns and c.end_ns > start_ns
            )
            received_ns = START_NS + round(ENDS_H * HOUR_NS)
            yield replace(rows_of(batch, inside), origin=Origin.BACKFILL, covers=covers,
                          received_ns=received_ns)  # fmt: skip


class Later:
    """A source that gives its first part at once and its second when it may."""

    def __init__(self, first: Iterator[Batch], second: Iterator[Batch]) -> None:
        self._parts = [first, second]
        self.may = asyncio.Event()
        self.told = asyncio.Event()

    async def read(self) -> Batch:
        batch = await asyncio.to_thread(next, self._parts[0], None)
        while batch is None:
            self.told.set()
            await self.may.wait()
            self.told.clear()
            if len(self._parts) == 1:
                self.told.set()
                await asyncio.Event().wait()
            self._parts.pop(0)
            batch = await asyncio.to_thread(next, self._parts[0], None)
        return batch

    def durable(self, position: int) -> None:
        """Nothing to take back."""

    def report(self) -> SourceReport:
        return SourceReport()


@dataclass(frozen=True)
class Told:
    """All that people were told, and how it stands."""

    alarms: list[tuple[Any, ...]]
    transitions: list[tuple[Any, ...]]
    outbox: list[tuple[Any, ...]]


async def told(core: Core) -> Told:
    def read(connection: Any) -> Told:
        return Told(
            *(
                sorted(map(tuple, connection.execute(select(table))), key=str)
                for table in (alarm, transition, outbox)
            )
        )

    return await core.database.read(read)


async def settled(core: Core) -> None:
    """All that came is accounted for, judged, and looked back on."""
    assert await drained(core, within_s=200)
    while core.accounting.owes:
        await core.accounting.recount(core.recounter)
    while core.watch.judged_ns != core.book.closed_ns:
        await asyncio.sleep(0.02)
    while await core.looking_back.once():
        pass


@pytest.mark.timeout(300)
async def test_a_backfill_corrects_the_past_and_calls_nobody(tmp_path: Path) -> None:
    site = load_site(SITE)
    rules = parse_rules("rules.toml", RULES, site)
    assert not any(isinstance(rule, CommunicationRule | StaleRule) for rule in rules)
    lived = replace(
        site, service=replace(site.service, data=tmp_path), rules=rules, destinations=()
    )
    async with open_core(lived, ThenClock(), sources={}, gather_s=0.0) as core:
        source = Later(plant(core.table, lost=True), backfill(core.table))

        @asynccontextmanager
        async def opened() -> AsyncIterator[Later]:
            yield source

        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            running = replace(core, sources={"plant": opened})
            group.create_task(run_core(running, stop))
            await source.told.wait()
            await settled(core)
            before = await told(core)
            hour = START_NS + 13 * HOUR_NS, START_NS + 14 * HOUR_NS
            guessed = core.book.between("PK", *hour)
            source.may.set()
            source.told.clear()
            await source.told.wait()
            await settled(core)
            known = core.book.between("PK", *hour)
            # The meter's own delta was spread over the six hours; now it is known that it stood.
            assert (guessed.actual_kg or 0.0) > 1_000.0
            assert known.actual_kg == 0.0
            entries = await StateRetrospect(core.database).retrospective(limit=100)
            assert [
                (e.finding, e.rule, e.stage) for e in sorted(entries, key=lambda e: e.rule)
            ] == [
                (Finding.DISPROVED, "long-low", "PK"),
                (Finding.MISSED, "stopped", "PK"),
            ]
            disproved, missed = sorted(entries, key=lambda e: e.rule)
            assert disproved.alarm in {row[0] for row in before.alarms}
            fault_ns = START_NS + round(11.5 * HOUR_NS)
            assert missed.alarm is None
            assert fault_ns + 30 * MINUTE_NS < missed.at_ns < fault_ns + 70 * MINUTE_NS
            assert "of plan" in missed.why_en
            corrections = await StateCorrections(core.database).corrections(limit=1_000)
            assert any(one.meter.startswith("PK") for one in corrections)
            assert await told(core) == before
            assert await StateRetrospect(core.database).unjudged() == []
            stop.set()
