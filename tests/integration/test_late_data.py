"""Six hours of communication loss, and the backfill that comes afterwards, through the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile, tee
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from connectors.outbound.client import open_outbound
from connectors.outbound.settings import OutboundSettings
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import SimulatorSource
from connectors.webhook.settings import WebhookSettings
from service.api.instants import iso
from service.app.core import Core, open_core
from service.app.outside import destination_of
from service.app.run import drained, run_core
from service.domain.alarm import Priority
from service.domain.batch import Batch, Origin, rows_of
from service.domain.coverage import Cover
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS
from service.domain.retrospect import Finding
from service.domain.tagtable import TagTable
from service.runtime import notify
from service.runtime.clock import SystemClock
from service.runtime.courier import Courier
from service.runtime.errors import EndOfSource
from service.runtime.source import SourceReport
from service.settings import load_site
from service.settings.outside import Destination
from service.settings.rulefile import parse_rules
from service.state.corrections import StateCorrections
from service.state.retrospect import StateRetrospect
from service.state.tables import alarm, transition
from service.state.tables_outbox import outbox
from tests.webhook_receiver import Receiver, run_receiver

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
on_delay_s = 19_800
off_delay_s = 300
priority = "medium"

[[communication]]
id = "communication-lost"
connectors = ["plant"]
on_delay_s = 0
off_delay_s = 0
settle_s = 0
priority = "high"
"""
"""What the meter's own delta, spread over the lost hours, makes of three hours without a bag: never
as low as the one, and low for longer than the other, which comes behind the silence: within it
nobody is called about what it explains. The silence itself is told at once."""


class StandingClock(SystemClock):
    """A clock that stands where it is put; sleeping still takes its time."""

    def __init__(self, at_h: float) -> None:
        super().__init__()
        self.at_h = at_h

    def now_ns(self) -> int:
        return START_NS + round(self.at_h * HOUR_NS)

    def monotonic_s(self) -> float:
        """Where it is put on, time has passed, and none while it stands: nobody set a clock."""
        return self.at_h * 3_600


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


def halves(table: TagTable) -> tuple[Iterator[Batch], Iterator[Batch]]:
    """What the plant said before the lost hours, and after them."""

    def before(batch: Batch) -> bool:
        return bool(batch.time_ns.max() < START_NS + LOST_H * HOUR_NS)

    one, other = tee(plant(table, lost=True))
    return takewhile(before, one), dropwhile(before, other)


class InParts:
    """A source that gives its first part at once, and each further one when it may go on."""

    def __init__(self, *parts: Iterator[Batch]) -> None:
        self._parts = list(parts)
        self._may = asyncio.Event()
        self.told = asyncio.Event()

    def go_on(self) -> None:
        """The next part may come; ``told`` is set again at its end."""
        self.told.clear()
        self._may.set()

    async def read(self) -> Batch:
        while True:
            batch = await asyncio.to_thread(next, self._parts[0], None)
            if batch is not None:
                return batch
            self.told.set()
            await self._may.wait()
            self._may.clear()
            self._parts.pop(0)

    def durable(self, position: int) -> None:
        """Nothing to take back."""

    def report(self) -> SourceReport:
        return SourceReport()


@dataclass(frozen=True)
class Told:
    """All that people were told, and how it stands."""

    alarms: list[Row[Any]]
    transitions: list[Row[Any]]
    outbox: list[Row[Any]]

    def has(self, kind: str, rule: str) -> bool:
        """Whether a message of ``kind`` about an alarm of ``rule`` was handed over."""
        of_rule = {row.id for row in self.alarms if row.rule == rule}
        return any(
            row.kind == kind and row.alarm in of_rule and row.state == "delivered"
            for row in self.outbox
        )


async def told(core: Core) -> Told:
    def read(connection: Any) -> Told:
        return Told(
            *(
                sorted(connection.execute(select(table)), key=str)
                for table in (alarm, transition, outbox)
            )
        )

    return await core.database.read(read)


async def told_of(core: Core, kind: str, rule: str) -> None:
    """Waits until ``kind`` of an alarm of ``rule`` was handed over."""
    while not (await told(core)).has(kind, rule):
        await asyncio.sleep(0.02)


async def settled(core: Core) -> None:
    """All that came is accounted for, judged, looked back on, and handed over."""
    assert await drained(core, within_s=200)
    while core.accounting.owes:
        await core.accounting.recount(core.recounter)
    while core.watch.judged_ns != core.book.closed_ns:
        await asyncio.sleep(0.02)
    while await core.looking_back.once():
        pass
    while any(row.state == "pending" for row in (await told(core)).outbox):
        await asyncio.sleep(0.02)


@asynccontextmanager
async def hooked(core: Core) -> AsyncIterator[notify.Destination]:
    """The site's destination, which signs with the present time: a receiver refuses old ones."""
    (settings,) = core.site.destinations
    outbound = open_outbound(core.site.outbound)
    async with destination_of(settings, SystemClock(), outbound=outbound) as destination:
        yield destination


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as running:
        yield running


@pytest.mark.timeout(300)
async def test_a_backfill_corrects_the_past_and_calls_nobody(
    tmp_path: Path, receiver: Receiver
) -> None:
    site = load_site(SITE)
    hook = WebhookSettings.model_validate(
        {"kind": "webhook", "url": receiver.url, "secret": receiver.secret}
    )
    lived = replace(
        site,
        service=replace(site.service, data=tmp_path),
        rules=parse_rules("rules.toml", RULES, site),
        outbound=OutboundSettings(networks=("127.0.0.0/8",)),
        destinations=(Destination("maintenance", Priority.LOW, hook),),
    )
    clock = StandingClock(LOST_H)
    async with (
        open_core(lived, clock, sources={}, gather_s=0.0) as core,
        hooked(core) as destination,
        asyncio.TaskGroup() as group,
    ):
        source = InParts(*halves(core.table), backfill(core.table))

        @asynccontextmanager
        async def opened() -> AsyncIterator[InParts]:
            yield source

        stop = asyncio.Event()
        courier = Courier(destination, core.name, core.outbox, clock, news=core.watch.transitions)
        running = replace(core, sources={"plant": opened}, couriers={"maintenance": courier})
        group.create_task(run_core(running, stop))
        await source.told.wait()
        clock.at_h = LOST_H + LASTS_H
        await told_of(core, "raised", "communication-lost")
        clock.at_h = ENDS_H
        source.go_on()
        await source.told.wait()
        await told_of(core, "returned", "communication-lost")
        await settled(core)
        before, received = await told(core), list(receiver.messages)
        hour = START_NS + 13 * HOUR_NS, START_NS + 14 * HOUR_NS
        guessed = core.book.between("PK", *hour)

        source.go_on()
        await source.told.wait()
        await settled(core)
        known = core.book.between("PK", *hour)
        # The meter's own delta was spread over the six hours; now it is known that it stood.
        assert (guessed.actual_kg or 0.0) > 1_000.0
        assert known.actual_kg == 0.0
        corrections = await StateCorrections(core.database).corrections(limit=1_000)
        assert any(one.meter.startswith("PK") for one in corrections)
        await assert_retrospect(core, before)

        # The lost connection explains the low production, so it is the one that was told of.
        assert [row.quiet for row in before.alarms if row.rule == "long-low"] == ["inhibited"]
        assert [row.kind for row in before.transitions if row.quiet is not None] == [
            "raised", "returned", "cleared",
        ]  # fmt: skip
        kinds = ["raised", "returned"]
        assert sorted(row.kind for row in before.outbox) == kinds
        steps = [step for body, _ in received for step in body["data"]["transitions"]]
        assert sorted(step["step"] for step in steps) == kinds
        assert len(before.transitions) == len(kinds) + 3
        assert await told(core) == before
        assert receiver.messages == received
        assert receiver.refused == []
        stop.set()


async def assert_retrospect(core: Core, before: Told) -> None:
    """One alarm that the late values disprove, and one that they would have raised."""
    state = StateRetrospect(core.database)
    entries = sorted(await state.retrospective(limit=100), key=lambda e: e.rule)
    assert [(e.finding, e.rule, e.stage) for e in entries] == [
        (Finding.DISPROVED, "long-low", "PK"),
        (Finding.MISSED, "stopped", "PK"),
    ]
    disproved, missed = entries
    assert disproved.alarm in {row.id for row in before.alarms}
    fault_ns = START_NS + round(11.5 * HOUR_NS)
    assert missed.alarm is None
    assert fault_ns + 30 * MINUTE_NS < missed.at_ns < fault_ns + 70 * MINUTE_NS
    assert "of plan" in missed.why_en
    assert await state.unjudged() == []
