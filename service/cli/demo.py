"""``anodewatch demo``: a plant, the service and a webhook receiver on this desk."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from connectors.opcua.settings import OpcUaSettings
from connectors.outbound.settings import OutboundSettings
from connectors.simulator.history import history
from connectors.simulator.remote import inject
from connectors.webhook.settings import WebhookSettings
from connectors.webhook.signing import PREFIX
from service.app.logs import set_up_logging
from service.app.seed import seed
from service.app.serve import Started, serve, stop_on_signals
from service.cli.check import SiteFolder, sound_site
from service.cli.receiver import receiver
from service.cli.run import FAILED, causes
from service.domain.alarm import Priority
from service.domain.batch import Batch
from service.domain.instants import HOUR_NS, MINUTE_NS, to_iso
from service.domain.tagtable import TagTable
from service.runtime.clock import SystemClock
from service.runtime.errors import ConnectorError
from service.settings import Destination, Site

SEED = 7
FAULT = "bag_shortage"
TARGET = "PK-P2"
FAULT_LASTS_S = 45.0
SIMULATOR_START_S = 120.0
SIMULATOR_END_S = 10.0


def demo(
    site: SiteFolder = Path("deploy/sites/changzhi"),
    hours: Annotated[
        float, typer.Option(help="Hours of generated history.", min=0.5, max=72)
    ] = 26.0,
    fault_after: Annotated[float, typer.Option(help="Seconds until a fault is injected.")] = 60.0,
    port: Annotated[int, typer.Option(help="Of the dashboard; 0 takes a free one.")] = 8080,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; without it, it goes.")
    ] = None,
) -> None:
    """A simulated plant, the service and a webhook receiver on this desk. Ctrl-C ends
    everything."""
    checked = sound_site(site)
    set_up_logging("warning")
    console = Console(highlight=False)
    with _folder(keep) as folder:
        try:
            asyncio.run(
                _demo(checked, folder, console, hours=hours, fault_after_s=fault_after, port=port)
            )
        except* ConnectorError as group:
            for error in causes(group):
                console.print(f"the demo can't run: {error}", style="bold", markup=False)
            raise typer.Exit(FAILED) from None
    console.print("stopped; nothing is left running")


async def _demo(
    site: Site, folder: Path, console: Console, *, hours: float, fault_after_s: float, port: int
) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    clock = SystemClock()
    connector, opcua = _plant_connector(site)
    endpoint = f"opc.tcp://127.0.0.1:{_free_port()}/anodewatch"
    start_ns = (clock.now_ns() // MINUTE_NS) * MINUTE_NS - round(hours * HOUR_NS)
    key = os.urandom(32)

    def say(line: str) -> None:
        console.print(line, markup=False)

    async with receiver([key], say, clock) as hook:
        site = replace(
            site,
            service=replace(site.service, data=folder, port=_port(port, console), public_url=None),
            sources={connector: opcua.model_copy(update={"endpoint": endpoint})},
            outbound=OutboundSettings(networks=("127.0.0.1/32",)),
            destinations=(_destination(hook, key),),
        )
        async with _simulator(site, endpoint, start_ns) as simulator:
            if not await _generate(site, clock, connector, start_ns, console, stop):
                return
            console.print("starting the simulated plant and connecting to it ...")
            await _ready(simulator, stop)
            await _run(site, clock, console, stop, endpoint, fault_after_s)
            console.print("stopping ...")


async def _run(
    site: Site,
    clock: SystemClock,
    console: Console,
    stop: asyncio.Event,
    endpoint: str,
    fault_after_s: float,
) -> None:
    def started(what: Started) -> None:
        console.rule("Anodewatch demo")
        console.print(f"dashboard   {what.url}", markup=False)
        console.print(f"login       admin  /  {what.password}", markup=False)
        console.print(f"OPC UA      {endpoint}", markup=False)
        console.print(
            f"in {fault_after_s:.0f} s a fault comes ({FAULT} on {TARGET}); "
            "what maintenance gets appears here. Ctrl-C ends everything."
        )
        console.print(
            "more faults: .venv/bin/anodewatch inject "
            f"--endpoint {endpoint} feeder_bridging CR-L03",
            markup=False,
        )
        console.rule()

    async with asyncio.TaskGroup() as group:
        faults = group.create_task(_fault(endpoint, console, fault_after_s, clock))
        try:
            await serve(site, clock, stop=stop, started=started)
        finally:
            faults.cancel()


async def _fault(endpoint: str, console: Console, after_s: float, clock: SystemClock) -> None:
    await clock.sleep(after_s)
    await inject(endpoint, FAULT, TARGET, FAULT_LASTS_S)
    console.print(
        f"injected  {FAULT} on {TARGET} for {FAULT_LASTS_S:.0f} s  "
        f"[{to_iso(clock.now_ns())[11:19]}Z]",
        markup=False,
    )


async def _generate(
    site: Site,
    clock: SystemClock,
    connector: str,
    start_ns: int,
    console: Console,
    stop: asyncio.Event,
) -> bool:
    """Fills the service with the plant's last hours; False when the visitor left meanwhile."""
    end_ns = clock.now_ns() // MINUTE_NS * MINUTE_NS
    bar = Progress(
        TextColumn("generating history"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), console=console,
    )  # fmt: skip
    with bar:
        task = bar.add_task("history", total=end_ns - start_ns)

        def batches(table: TagTable) -> Iterable[Batch]:
            return history(
                table.of_connector(connector),
                seed=SEED, start_ns=start_ns, end_ns=end_ns, source=connector,
            )  # fmt: skip

        async with asyncio.TaskGroup() as group:
            seeding = group.create_task(
                seed(
                    site, clock, batches, connector=connector,
                    passed=lambda reached_ns: bar.update(task, completed=reached_ns - start_ns),
                )
            )  # fmt: skip
            waiting = group.create_task(stop.wait())
            await asyncio.wait((seeding, waiting), return_when=asyncio.FIRST_COMPLETED)
            seeding.cancel()
            waiting.cancel()
    return not stop.is_set()


@asynccontextmanager
async def _simulator(
    site: Site, endpoint: str, start_ns: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The plant in a process of its own; ended with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service.cli", "simulate", str(site.folder),
        "--endpoint", endpoint, "--seed", str(SEED), "--start", to_iso(start_ns)[:19],
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us; we end the plant after the service
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), SIMULATOR_END_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _ready(simulator: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """Waits until the plant says that it is ready."""
    if simulator.stdout is None:
        raise ConnectorError("the simulated plant has no output")
    async with asyncio.timeout(SIMULATOR_START_S):
        while not stop.is_set():
            line = await simulator.stdout.readline()
            if line.startswith(b"ready"):
                return
            if not line:
                raise ConnectorError("the simulated plant ended before it was ready")


def _plant_connector(site: Site) -> tuple[str, OpcUaSettings]:
    for name, settings in site.sources.items():
        if isinstance(settings, OpcUaSettings):
            return name, settings
    raise ConnectorError("the demo needs a site with a connector of kind opcua")


def _destination(url: str, key: bytes) -> Destination:
    secret = PREFIX + base64.b64encode(key).decode()
    settings = WebhookSettings.model_validate({"kind": "webhook", "url": url, "secret": secret})
    return Destination("desk", Priority.LOW, settings)


def _port(wanted: int, console: Console) -> int:
    """``wanted`` when it is free, else any."""
    if wanted:
        with contextlib.closing(socket.socket()) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", wanted))
            except OSError:
                console.print(f"port {wanted} is taken; another is used")
                return 0
    return wanted


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The demo's data folder; its own goes at the end."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="anodewatch-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
