"""``anodewatch run``: the service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from service.app.logs import set_up_logging
from service.app.serve import Started, serve, stop_on_signals
from service.cli.check import SiteFolder, sound_site
from service.domain.instants import to_ns
from service.runtime.clock import Clock, SystemClock
from service.runtime.errors import ConnectorError
from service.settings import Site

FAILED = 1


def run(
    site: SiteFolder,
    port: Annotated[
        int | None, typer.Option(help="Instead of service.port; 0 takes a free one.")
    ] = None,
    bind: Annotated[str | None, typer.Option(help="Instead of service.bind.")] = None,
    data: Annotated[Path | None, typer.Option(help="Instead of service.data.")] = None,
    speed: Annotated[
        float,
        typer.Option(help="How fast time runs, for a fast simulator; needs --epoch.", min=0.01),
    ] = 1.0,
    epoch: Annotated[
        datetime | None,
        typer.Option(
            help="Instant (UTC) at which the fast time equals the real one.",
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"],
        ),
    ] = None,
) -> None:
    """Collect, account, judge, alarm and show, until SIGINT or SIGTERM."""
    checked = with_overrides(sound_site(site), port=port, bind=bind, data=data)
    set_up_logging(checked.service.log_level)
    if speed != 1.0 and epoch is None:
        typer.echo("--speed needs --epoch; anodewatch simulate --speed prints both", err=True)
        raise typer.Exit(2)
    clock = SystemClock(speed=speed, epoch_ns=None if epoch is None else _utc_ns(epoch))
    run_until_signalled(checked, clock)


def run_until_signalled(site: Site, clock: Clock) -> None:
    """Serves ``site`` until a signal; prints where, and exits 1 with the reason when it can't."""

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await serve(site, clock, stop=stop, started=say_started)

    try:
        asyncio.run(main())
    except* ConnectorError as group:
        for error in causes(group):
            typer.echo(f"anodewatch can't run: {error}", err=True)
        raise typer.Exit(FAILED) from None


def causes(group: BaseExceptionGroup[ConnectorError]) -> Iterator[ConnectorError]:
    """The errors themselves, out of the groups in which nested task groups wrap them."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from causes(error)
        else:
            yield error


def say_started(started: Started) -> None:
    """Prints the dashboard's address, and the first administrator's password once."""
    typer.echo(f"dashboard {started.url}")
    if started.password is not None:
        typer.echo(f"first administrator: admin   password: {started.password}")
        typer.echo("(printed once; change it with: anodewatch user password SITE admin)")


def with_overrides(
    site: Site, *, port: int | None = None, bind: str | None = None, data: Path | None = None
) -> Site:
    """``site`` with what the command line says instead."""
    service = site.service
    if port is not None:
        service = replace(service, port=port)
    if bind is not None:
        service = replace(service, bind=bind)
    if data is not None:
        service = replace(service, data=data.resolve())
    return replace(site, service=service)


def _utc_ns(instant: datetime) -> int:
    return to_ns(instant.replace(tzinfo=UTC))
