"""A flood through the whole service: from values of the plant to a real receiver of webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.outbound.client import open_outbound
from connectors.outbound.settings import OutboundSettings
from connectors.webhook.settings import WebhookSettings
from service.app.core import Core, open_core
from service.app.outside import destination_of
from service.app.run import run_core
from service.domain.alarm import Priority
from service.domain.announcing import Announcing
from service.domain.batch import Batch, make_batch
from service.domain.coverage import Cover
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.routing import Route, Routing
from service.domain.tagtable import TagTable
from service.runtime.clock import SystemClock
from service.runtime.courier import Courier
from service.runtime.source import SourceReport
from service.settings import load_site
from service.settings.outside import Destination
from service.settings.rulefile import parse_rules
from tests.sites import SAMPLE
from tests.webhook_receiver import Receiver, run_receiver

T0 = 1_772_323_200 * SECOND_NS  # 2026-03-01T00:00:00Z
RULES = """
[[limit]]
id = "hot"
limit = "h"
tags = ["CB-*-TIC112.PV"]
priority = "medium"

[[limit]]
id = "too-hot"
limit = "hh"
tags = ["CB-L07A-TIC104.PV"]
priority = "critical"
"""
HOT, TOO_HOT = 1_170.0, 1_190.0


class StandingClock(SystemClock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        super().__init__()
        self.at_ns = T0

    def now_ns(self) -> int:
        return self.at_ns


class Plant:
    """A source that gives what it is told to."""

    def __init__(self) -> None:
        self.batches: asyncio.Queue[Batch] = asyncio.Queue()

    async def read(self) -> Batch:
        return await self.batches.get()

    def durable(self, position: int) -> None:
        """Nothing to take back."""

    def report(self) -> SourceReport:
        return SourceReport()

    def say(self, table: TagTable, values: dict[str, float], at_ns: int) -> None:
        """``values`` of some tags, all at once."""
        numbers = table.numbers(values)
        group = f"plant/{table.tag(numbers[0]).group}"
        self.batches.put_nowait(
            make_batch(
                numbers, [at_ns] * len(numbers), list(values.values()), received_ns=at_ns,
                covers=(Cover(group, at_ns - SECOND_NS, at_ns),), source="plant",
            )
        )  # fmt: skip


async def until(holds: Callable[[], bool]) -> None:
    """Waits until something that goes on elsewhere has happened."""
    while not holds():
        await asyncio.sleep(0.01)


@asynccontextmanager
async def told_by(
    folder: Path, receiver: Receiver, clock: StandingClock
) -> AsyncIterator[tuple[Core, Plant, Courier]]:
    """The service of the sample's plant, whose alarms go to ``receiver``."""
    site = load_site(SAMPLE)
    hook = WebhookSettings.model_validate(
        {"kind": "webhook", "url": receiver.url, "secret": receiver.secret}
    )
    destination = Destination("maintenance", Priority.LOW, hook)
    routes = (Route("rest", ("maintenance",), group_ns=5 * SECOND_NS),)
    lived = replace(
        site,
        service=replace(site.service, data=folder),
        rules=parse_rules("rules.toml", RULES, site),
        outbound=OutboundSettings(networks=("127.0.0.0/8",)),
        destinations=(destination,),
        announcing=Announcing(Routing({}, routes), site.zone),
    )
    plant, stop = Plant(), asyncio.Event()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Plant]:
        yield plant

    outbound = open_outbound(lived.outbound)
    async with (
        open_core(lived, clock, sources={}, gather_s=0.0) as core,
        destination_of(destination, SystemClock(), outbound=outbound) as hooked,
        asyncio.TaskGroup() as group,
    ):
        courier = Courier(hooked, core.name, core.outbox, clock, news=core.watch.transitions)
        running = replace(core, sources={"plant": opened}, couriers={"maintenance": courier})
        group.create_task(run_core(running, stop))
        yield core, plant, courier
        stop.set()


@pytest.mark.timeout(60)
async def test_a_flood_reaches_the_receiver_as_digests_with_the_critical_alarm_first(
    tmp_path: Path,
) -> None:
    clock = StandingClock()
    with run_receiver() as receiver:
        async with told_by(tmp_path, receiver, clock) as (core, plant, courier):
            kilns = [tag.id for _, tag in core.table if tag.id.endswith("TIC112.PV")]
            assert len(kilns) == 28
            plant.say(core.table, dict.fromkeys(kilns, HOT), T0)
            await until(lambda: core.watch.transitions.value == 28)
            (flood,) = core.floods()
            assert (flood.position, flood.since_ns, flood.alarms) == ("plant", T0, 28)

            clock.at_ns += SECOND_NS
            plant.say(core.table, {"CB-L07A-TIC104.PV": TOO_HOT}, clock.at_ns)
            await until(lambda: len(receiver.messages) == 1)
            assert receiver.messages[0][0]["data"]["rule"] == "too-hot"

            for later_ns in (5 * SECOND_NS, 5 * MINUTE_NS):
                clock.at_ns = T0 + later_ns
                had = len(receiver.messages)
                courier.call()
                await until(lambda had=had: len(receiver.messages) == had + 1)
            group, digest = (body["data"]["totals"] for body, _ in receiver.messages[1:])
            assert (group["alarms"], digest["alarms"]) == (10, 18)
            assert digest["by_priority"] == {"medium": 18}
            assert digest["by_stage"] == {"CB": 18}

            clock.at_ns = T0 + 12 * MINUTE_NS
            assert [one.since_ns for one in core.floods()] == [None]
        assert receiver.refused == []
