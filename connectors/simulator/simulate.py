"""What `anodewatch simulate` runs: a plant with its past, served over OPC UA."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from connectors.simulator.addressspace import NAMESPACE
from connectors.simulator.plant import Plant
from connectors.simulator.server import open_server
from service.domain.tag import Tag
from service.runtime.clock import Clock

DEFAULT_ENDPOINT = "opc.tcp://127.0.0.1:4840/anodewatch"
EXTRA_PER_ASSET = 10
MOST_TAGS = 100_000


async def simulate(
    tags: Iterable[Tag],
    *,
    clock: Clock,
    endpoint: str = DEFAULT_ENDPOINT,
    seed: int = 1,
    speed: float = 1.0,
    extra_tags: int = 0,
    start_ns: int | None = None,
    period_s: float = 1.0,
    on_progress: Callable[[str], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
    on_epoch: Callable[[int], None] | None = None,
) -> None:
    """Serves a simulated plant until it is cancelled.

    start_ns: when the plant began, now by default; with an earlier start its past is simulated
    first, exactly as ``history`` of the same seed and start gives it. extra_tags: walks
    ``UT-X0001-TT001.PV`` and so on beside the site's tags. speed: plant seconds per second of the
    clock, up to about 10. on_progress is told what is being done, on_ready the endpoint, and
    on_epoch before that the instant at which the plant's time equals the clock's.

    ValueError for tags that can't be served or a bad number; OSError when the address is taken.
    """
    wanted = [*tags, *extras(extra_tags)]
    tell = on_progress or (lambda _: None)
    began_ns = clock.now_ns() if start_ns is None else start_ns
    plant = Plant.of_tags(wanted, seed=seed, start_ns=began_ns, keep_minutes=False)
    tell(f"building an address space of {len(wanted)} tags")
    async with open_server(plant, wanted, endpoint=endpoint, clock=clock, speed=speed) as server:
        tell(f"serving {len(wanted)} tags at {server.endpoint}")
        if on_epoch is not None:
            on_epoch(server.epoch_ns)
        if on_ready is not None:
            on_ready(server.endpoint)
        await server.run(period_s=period_s)


def extras(count: int) -> list[Tag]:
    """Tags without a machine behind them, to make a site as large as wanted."""
    if not 0 <= count <= MOST_TAGS:
        raise ValueError(f"extra tags are 0 to {MOST_TAGS}; came {count}")
    found = []
    for n in range(count):
        asset, loop = divmod(n, EXTRA_PER_ASSET)
        tag_id = f"UT-X{asset + 1:04d}-TT{loop + 1:03d}.PV"
        found.append(
            Tag(
                id=tag_id,
                connector="plant",
                node=f"nsu={NAMESPACE};s={tag_id}",
                unit="°C",
                low=0.0,
                high=150.0,
                name_en=f"Extra {asset + 1} temperature {loop + 1}",
                name_zh=f"附加{asset + 1}温度{loop + 1}",
            )
        )
    return found
