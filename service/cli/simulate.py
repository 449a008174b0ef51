"""``anodewatch simulate`` and ``inject``: a plant on the desk, and its faults."""

from __future__ import annotations

import asyncio
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connectors.simulator.faults.table import FAULTS
from connectors.simulator.remote import inject as inject_fault
from connectors.simulator.simulate import DEFAULT_ENDPOINT
from connectors.simulator.simulate import simulate as run_simulator
from service.app.logs import set_up_logging
from service.app.serve import stop_on_signals
from service.cli.check import SiteFolder, sound_site
from service.domain.instants import to_iso, to_ns
from service.runtime.clock import SystemClock
from service.runtime.errors import ConnectorError

Endpoint = Annotated[str, typer.Option(help="Where the server listens.")]


def simulate(
    site: SiteFolder,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    seed: Annotated[int, typer.Option(help="The same seed makes the same plant.", min=0)] = 1,
    speed: Annotated[float, typer.Option(help="How fast plant time runs.", min=0.1, max=20)] = 1.0,
    tags: Annotated[
        int | None,
        typer.Option(help="Pad the plant with more tags, up to 10,000 in all.", max=10_000),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            help="When (UTC) the plant began; it is simulated up to now before it is served.",
            formats=["%Y-%m-%dT%H:%M:%S"],
        ),
    ] = None,
) -> None:
    """A simulated plant behind a real OPC UA server, until SIGINT or SIGTERM. With --speed it says
    how to run a service whose time is the plant's."""
    checked = sound_site(site)
    set_up_logging("warning")
    start_ns = None if start is None else to_ns(start.replace(tzinfo=UTC))

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        clock = SystemClock()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(
                run_simulator(
                    checked.tags, endpoint=endpoint, seed=seed, speed=speed,
                    extra_tags=max((tags or 0) - len(checked.tags), 0),
                    start_ns=start_ns, clock=clock, on_progress=typer.echo,
                    on_ready=lambda at: _say(f"ready {at}"),
                    on_epoch=None if speed == 1.0 else lambda at_ns: _say(_run(site, speed, at_ns)),
                )
            )  # fmt: skip
            ended = group.create_task(stop.wait())
            await asyncio.wait((running, ended), return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            ended.cancel()

    try:
        asyncio.run(main())
    except* (OSError, ValueError) as group:
        for error in group.exceptions:
            typer.echo(f"can't serve the plant at {endpoint}: {error}", err=True)
        raise typer.Exit(1) from None


def _run(site: Path, speed: float, epoch_ns: int) -> str:
    """The command line of a service whose time is the plant's."""
    epoch = to_iso(epoch_ns)[:26]  # to the microsecond
    return f"anodewatch run {shlex.quote(str(site))} --speed {speed:g} --epoch {epoch}"


def _say(line: str) -> None:
    """Prints at once, also into a pipe."""
    typer.echo(line)
    sys.stdout.flush()


def inject(
    fault: Annotated[str, typer.Argument(help="; ".join(f"{f.id}: {f.what}" for f in FAULTS))],
    target: Annotated[str, typer.Argument(help="What fails, e.g. CB-L07B or CR-L03.")],
    seconds: Annotated[
        float | None,
        typer.Option("--for", help="How many seconds; the fault's usual time if left out."),
    ] = None,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Inject a fault into a running simulated plant."""
    try:
        asyncio.run(inject_fault(endpoint, fault, target, seconds))
    except ConnectorError as error:
        typer.echo(f"not injected: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"injected {fault} on {target}")
