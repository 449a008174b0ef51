"""The simulated plant as a real OPC UA server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from asyncua import Server, ua

from connectors.simulator.addressspace import Nodes
from connectors.simulator.backdoor import Backdoor
from connectors.simulator.panel import Panel
from connectors.simulator.plant import Plant
from service.domain.instants import SECOND_NS, seconds
from service.domain.tag import Tag
from service.runtime.clock import Clock

log = logging.getLogger(__name__)

APPLICATION = "urn:anodewatch:simulator"
STOP_TIMEOUT_S = 10.0
LISTEN_TIMEOUT_S = 10.0
LATE_PERIODS = 5
"""A server that is so far behind leaves samples out instead of hurrying after them."""


class PlantServer:
    """Publishes a plant once every period, at plant time = start + speed × the clock's time since.

    While a communication loss of the whole plant is active it neither listens nor holds any
    connection; the plant goes on, and the server comes back by itself.
    """

    def __init__(
        self, plant: Plant, tags: Iterable[Tag], *, endpoint: str, clock: Clock, speed: float
    ) -> None:
        self.plant = plant
        self.panel = Panel(plant, tuple(tags))
        self.nodes = Nodes(self.panel.tags, clock)
        self.endpoint = endpoint
        self.skipped = 0
        self._clock = clock
        self._speed = speed
        self._backdoor = Backdoor(plant, self.panel, self.plant_ns)
        self._server = Server()
        self._clock_start_ns = clock.now_ns()
        self._plant_start_ns = max(plant.now_ns, self._clock_start_ns)
        self._listening = False

    def plant_ns(self) -> int:
        """The plant's time of the moment."""
        passed_ns = self._clock.now_ns() - self._clock_start_ns
        return self._plant_start_ns + round(passed_ns * self._speed)

    @property
    def epoch_ns(self) -> int:
        """Where ``plant_ns`` and the clock agree; a SystemClock of the same speed from there on
        tells the plant's time. At speed 1 they agree always, or never."""
        ahead_ns = self._plant_start_ns - self._clock_start_ns
        if not ahead_ns or self._speed == 1.0:
            return self._clock_start_ns
        return self._clock_start_ns - round(ahead_ns / (self._speed - 1.0))

    async def start(self) -> None:
        """Builds the address space, fills it, and listens. OSError when the address is taken."""
        server = self._server
        await server.init()
        server.set_endpoint(self.endpoint)
        server.set_server_name("Anodewatch plant simulator")
        await server.set_application_uri(APPLICATION)
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await self.nodes.build(server)
        await self._backdoor.build(server)
        # Up to days of plant time may have to pass before the first sample.
        first_ns = self.plant_ns() // SECOND_NS * SECOND_NS
        await asyncio.to_thread(self.plant.advance_to, first_ns)
        await self._publish(first_ns)
        async with asyncio.timeout(LISTEN_TIMEOUT_S):
            await server.start()
        self._listening = True
        parts = urlsplit(self.endpoint)
        self.endpoint = f"opc.tcp://{parts.hostname}:{server.bserver.port}{parts.path}"

    async def stop(self) -> None:
        """Closes everything."""
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await self._server.stop()
            # Sessions outlive their connections, so that clients can take them up again.
            for session in tuple(self._server.iserver._external_sessions.values()):
                await session.close_session(True)

    async def run(self, *, period_s: float = 1.0) -> None:
        """Publishes every ``period_s`` of the clock until it is cancelled."""
        step_ns = round(seconds(period_s) * self._speed)
        due_ns = self.plant_ns() // step_ns * step_ns + step_ns
        while True:
            wait_ns = due_ns - self.plant_ns()
            if wait_ns > 0:
                await self._clock.sleep(wait_ns / self._speed / SECOND_NS)
            behind = (self.plant_ns() - due_ns) // step_ns
            if behind > LATE_PERIODS:
                self.skipped += behind
                due_ns += behind * step_ns
            await self._publish(due_ns)
            await self._listen(not self.plant.board.consequences.quiet)
            due_ns += step_ns

    async def _publish(self, time_ns: int) -> None:
        await self.nodes.write(self.panel.read(time_ns))
        await self._backdoor.write(time_ns)

    async def _listen(self, wanted: bool) -> None:
        """Listens, or drops all connections and doesn't."""
        if wanted == self._listening:
            return
        binary = self._server.bserver
        async with asyncio.timeout(LISTEN_TIMEOUT_S):
            await (binary.start() if wanted else binary.stop())
        self._listening = wanted
        state = "restored" if wanted else "lost"
        log.info("communication %s endpoint=%s", state, self.endpoint)


@asynccontextmanager
async def open_server(
    plant: Plant,
    tags: Iterable[Tag],
    *,
    endpoint: str,
    clock: Clock,
    speed: float = 1.0,
) -> AsyncIterator[PlantServer]:
    """A server that listens at ``endpoint``; port 0 takes a free one (``PlantServer.endpoint``).

    speed: plant seconds per second of the clock. The plant is moved to the clock's time first.
    ValueError for a tag whose node can't be served; OSError when the address is taken.
    """
    if speed <= 0:
        raise ValueError(f"speed is above 0; came {speed}")
    server = PlantServer(plant, tags, endpoint=endpoint, clock=clock, speed=speed)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


async def serve(
    plant: Plant,
    tags: Iterable[Tag],
    *,
    endpoint: str,
    clock: Clock,
    speed: float = 1.0,
    period_s: float = 1.0,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until it is cancelled; ``on_ready`` is told the endpoint once it listens."""
    async with open_server(plant, tags, endpoint=endpoint, clock=clock, speed=speed) as server:
        if on_ready is not None:
            on_ready(server.endpoint)
        await server.run(period_s=period_s)
