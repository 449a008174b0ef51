"""The simulated plant as a real OPC UA server, seen by a real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Client, Node, ua

from connectors.simulator import remote
from connectors.simulator.history import history
from connectors.simulator.plant import Plant
from connectors.simulator.server import PlantServer, open_server, serve
from connectors.simulator.simulate import simulate
from service.domain.instants import HOUR_NS, MINUTE_NS, SECOND_NS, to_datetime
from service.domain.tag import Tag
from service.runtime.clock import SystemClock
from service.runtime.errors import Rejected, Retryable
from service.settings import load_site
from tests.sites import SAMPLE

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = {tag.id: tag for tag in load_site(SAMPLE).tags}
SPEED = 10.0
PERIOD_S = 0.1
WITHIN_S = 8.0
ANYWHERE = "opc.tcp://127.0.0.1:0/anodewatch"

WATCHED = (
    "CR-L03-WIC101.PV",
    "CR-L03-WQ101.TOT",
    "CR-L07-WQ101.TOT",
    "CR-L03-M110.ST",
    "GR-K12-ST.PHASE",
    "CB-L07B-TIC112.PV",
    "CB-L07B-TIC112.OP",
    "GZ-G3-RUN.ID",
    "SC-L05-WQ503.TOT",
    "DM-S01-TT603.PV",
)


def tags(*ids: str) -> list[Tag]:
    return [ALL[tag] for tag in ids]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[PlantServer]:
    """A plant ten times as fast as the clock, an hour old."""
    clock = SystemClock()
    plant = Plant.of_tags(ALL.values(), seed=1, start_ns=clock.now_ns() - HOUR_NS)
    async with open_server(
        plant, tags(*WATCHED), endpoint=ANYWHERE, clock=clock, speed=SPEED
    ) as opened:
        running = asyncio.create_task(opened.run(period_s=PERIOD_S))
        yield opened
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: PlantServer) -> AsyncIterator[Client]:
    async with Client(server.endpoint) as connected:
        yield connected
    await remote.clear(server.endpoint)


def node(client: Client, identifier: str) -> Node:
    return client.get_node(f"ns=2;s={identifier}")


async def until(client: Client, identifier: str, wanted: Any) -> ua.DataValue:
    """The first value of a node for which ``wanted`` is true."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            value = await node(client, identifier).read_data_value(raise_on_bad_status=False)
            if wanted(value):
                return value
            await asyncio.sleep(0.05)


async def test_nodes_have_the_types_of_their_kinds(client: Client) -> None:
    assert await client.get_namespace_index("urn:anodewatch:plant") == 2
    types = {
        tag: (await node(client, tag).read_data_type_as_variant_type()).name for tag in WATCHED
    }
    assert types == {
        "CR-L03-WIC101.PV": "Double",
        "CR-L03-WQ101.TOT": "UInt32",
        "CR-L07-WQ101.TOT": "UInt16",
        "CR-L03-M110.ST": "Boolean",
        "GR-K12-ST.PHASE": "Int32",
        "CB-L07B-TIC112.PV": "Double",
        "CB-L07B-TIC112.OP": "Double",
        "GZ-G3-RUN.ID": "String",
        "SC-L05-WQ503.TOT": "Double",
        "DM-S01-TT603.PV": "Int32",
    }
    values = await client.read_values([node(client, tag) for tag in WATCHED])
    assert values[3] is True
    assert values[7].startswith("G3-R")
    assert 600 < values[9] < 800


async def test_nodes_are_found_by_browsing(client: Client) -> None:
    found = await client.nodes.objects.get_child(
        ["2:Plant", "2:CB", "2:CB-L07B", "2:CB-L07B-TIC112.PV"]
    )
    assert found.nodeid == ua.NodeId("CB-L07B-TIC112.PV", 2)


async def test_source_times_are_the_plants_and_move_ten_times_as_fast(client: Client) -> None:
    counter = "CR-L03-WQ101.TOT"
    first = await node(client, counter).read_data_value()
    then = await until(client, counter, lambda v: v.SourceTimestamp > first.SourceTimestamp)
    assert first.SourceTimestamp.tzinfo is not None
    assert first.SourceTimestamp.microsecond == 0
    assert then.Value.Value > first.Value.Value
    ahead = then.SourceTimestamp - datetime.now(UTC)
    assert timedelta(0) < ahead < timedelta(minutes=30)
    later = await until(
        client, counter, lambda v: v.SourceTimestamp > first.SourceTimestamp + timedelta(seconds=15)
    )
    assert later.ServerTimestamp == later.SourceTimestamp


class Seen:
    """What a subscription brings."""

    def __init__(self) -> None:
        self.values: asyncio.Queue[ua.DataValue] = asyncio.Queue()

    def datachange_notification(self, _node: Node, _value: Any, data: Any) -> None:
        self.values.put_nowait(data.monitored_item.Value)

    async def next(self, wanted: Any) -> ua.DataValue:
        async with asyncio.timeout(WITHIN_S):
            while True:
                value = await self.values.get()
                if wanted(value):
                    return value


async def test_an_injected_fault_reaches_a_subscriber_and_goes_again(
    server: PlantServer, client: Client
) -> None:
    seen = Seen()
    subscription = await client.create_subscription(50, seen)
    await subscription.subscribe_data_change(node(client, "CB-L07B-TIC112.PV"))
    good = await seen.next(lambda v: v.StatusCode.is_good())
    assert 1_100 < good.Value.Value < 1_200

    label = await remote.inject(server.endpoint, "thermocouple_open", "CB-L07B-TIC112.PV", 7_200)
    assert label["target"] == "CB-L07B-TIC112"
    bad = await seen.next(lambda v: v.StatusCode.is_bad())
    assert bad.StatusCode.value == 0x808C_0000
    assert bad.Value.Value is None
    assert bad.SourceTimestamp > good.SourceTimestamp
    active = await until(client, "Faults.Active", lambda v: v.Value.Value)
    assert active.Value.Value == ["thermocouple_open CB-L07B-TIC112"]

    assert await remote.clear(server.endpoint, "CB-L07B") == 1
    back = await seen.next(lambda v: v.StatusCode.is_good())
    assert back.SourceTimestamp > bad.SourceTimestamp
    await until(client, "Faults.Active", lambda v: v.Value.Value == [])
    await subscription.delete()


async def test_a_method_call_stops_a_mill(client: Client) -> None:
    faults = client.get_node("ns=2;s=Faults")
    inject = ua.NodeId("Faults.Inject", 2)
    label = await faults.call_method(inject, "feeder_bridging", "CR-L03", 0.0)
    told = json.loads(label)
    assert (told["fault"], told["target"]) == ("feeder_bridging", "CR-L03")
    await until(client, "CR-L03-WIC101.PV", lambda v: v.Value.Value < 0.01)
    labels = await until(
        client, "Faults.Labels", lambda v: json.loads(v.Value.Value)[-1]["lost_t"] > 0
    )
    assert json.loads(labels.Value.Value)[-1]["ended_at"] is None


async def test_the_truth_can_be_read(server: PlantServer, client: Client) -> None:
    stages = ("CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK")
    tonnes = {stage: await node(client, f"Truth.{stage}").read_value() for stage in stages}
    assert all(tonnes[stage] > 5.0 for stage in stages if stage != "GZ")
    assert tonnes["CR"] <= server.plant.true_t("CR")
    await until(client, "Truth.CR", lambda v: v.Value.Value > tonnes["CR"])


async def test_what_cannot_be_injected_is_refused_with_a_reason(server: PlantServer) -> None:
    with pytest.raises(ValueError, match="there is no fault 'rust'"):
        await remote.inject(server.endpoint, "rust", "CR-L03")
    with pytest.raises(ValueError, match="is for a target like CR-L03"):
        await remote.inject(server.endpoint, "feeder_bridging", "CB-L07B")
    with pytest.raises(Rejected, match=r"has no stuck_value CR-L03-II110\.PV; name a"):
        await remote.inject(server.endpoint, "stuck_value", "CR-L03-II110.PV")
    async with Client(server.endpoint) as client:
        faults = client.get_node("ns=2;s=Faults")
        with pytest.raises(ua.uaerrors.BadInvalidArgument):
            await faults.call_method(ua.NodeId("Faults.Inject", 2), "roller_jam")
    assert await remote.clear(server.endpoint) == 0


async def test_nobody_there_is_retryable() -> None:
    with pytest.raises(Retryable, match="no simulator answers at"):
        await remote.inject("opc.tcp://127.0.0.1:9/none", "roller_jam", "CB-L07B", timeout_s=3)


async def test_a_lost_server_refuses_drops_and_comes_back_with_the_plant_gone_on(
    server: PlantServer,
) -> None:
    async with Client(server.endpoint) as before:
        counted = await node(before, "CR-L03-WQ101.TOT").read_value()
        label = await remote.inject(server.endpoint, "communication_loss", "plant", 20)
        assert label["target"] == "plant"
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    await node(before, "CR-L03-WQ101.TOT").read_value()
                except (ConnectionError, ua.UaError):
                    break
                await asyncio.sleep(0.05)
        with pytest.raises(Retryable):
            await remote.labels(server.endpoint, timeout_s=0.5)
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                labels = await remote.labels(server.endpoint, timeout_s=2)
                break
            except Retryable:
                await asyncio.sleep(0.1)
    assert labels[-1]["fault"] == "communication_loss"
    async with Client(server.endpoint) as after:
        assert await node(after, "CR-L03-WQ101.TOT").read_value() > counted


async def test_the_server_goes_on_where_the_past_ended() -> None:
    clock = SystemClock()
    end_ns = clock.now_ns()
    start_ns = end_ns - 30 * MINUTE_NS
    few = dict(enumerate(tags("CR-L03-WQ101.TOT", "SC-L05-WQ503.TOT"), 1))
    last = {}
    for batch in history(few, seed=5, start_ns=start_ns, end_ns=end_ns):
        last.update(zip(batch.tag.tolist(), batch.value.tolist(), strict=True))
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    told: list[str] = []
    running = asyncio.create_task(
        simulate(
            few.values(),
            clock=clock,
            endpoint=ANYWHERE,
            seed=5,
            start_ns=start_ns,
            extra_tags=3,
            on_progress=told.append,
            on_ready=ready.set_result,
        )
    )
    async with asyncio.timeout(30):
        endpoint = await ready
    async with Client(endpoint) as client:
        for number, tag in few.items():
            value = await node(client, tag.id).read_data_value()
            assert 0 <= value.Value.Value - last[number] < 15
            assert value.SourceTimestamp >= to_datetime(end_ns)
        extra = await node(client, "UT-X0001-TT003.PV").read_value()
        assert 0.0 <= extra <= 150.0
    assert told == [
        "building an address space of 5 tags",
        f"serving 5 tags at {endpoint}",
    ]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_server_that_cannot_serve_says_why(server: PlantServer) -> None:
    clock = SystemClock()
    plant = Plant(seed=1, start_ns=clock.now_ns())
    taken = {"endpoint": server.endpoint, "clock": clock}
    with pytest.raises(OSError, match="address already in use"):
        await serve(plant, tags("CR-L03-WIC101.PV"), **taken)
    with pytest.raises(ValueError, match="tag X: the simulator serves nodes such as nsu="):
        await serve(plant, [Tag("X", "plant", "i=85")], **taken)
    with pytest.raises(ValueError, match="speed is above 0"):
        await serve(plant, [], speed=0.0, **taken)


async def test_a_fast_server_leaves_samples_out_instead_of_falling_behind(
    server: PlantServer,
) -> None:
    behind_ns = server.plant_ns() - server.plant.now_ns
    assert behind_ns < 5 * SECOND_NS * SPEED
