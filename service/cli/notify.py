"""``anodewatch notify``: what would people be told?"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from connectors.outbound.client import open_outbound
from service.app.outside import destination_of
from service.cli.check import BROKEN, SiteFolder, sound_site
from service.domain.definitions import define
from service.runtime.clock import SystemClock
from service.runtime.errors import ConnectorError
from service.runtime.notify import Message, SiteName
from service.runtime.samples import Sample, example_of, sample_message
from service.settings import Site
from service.settings.problems import choose

notify = typer.Typer(help="What people are told.", no_args_is_help=True)


@notify.callback()
def _group() -> None:
    """One command does not make a group by itself."""


@notify.command()
def preview(
    site: SiteFolder,
    destination: Annotated[str, typer.Argument(help="The name of one of [[notifications]].")],
    sample: Annotated[Sample, typer.Option(help="Which message.")] = Sample.RAISED,
    alarm: Annotated[
        str | None, typer.Option(help="About which alarm, hour-low:CB; else one that shows most.")
    ] = None,
) -> None:
    """Print what a destination would be told, without sending it."""
    checked = sound_site(site)
    try:
        message = _message(checked, sample, alarm)
        text = asyncio.run(_preview(checked, destination, message))
    except (ValueError, ConnectorError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN) from None
    typer.echo(_readable(text))


def _message(site: Site, sample: Sample, alarm: str | None) -> Message:
    known = define(site.rules, tags=site.tags, line=site.line).all()
    if alarm is not None and alarm not in known:
        raise ValueError(
            f"--alarm: the site has no alarm {alarm!r}; "
            + choose(alarm, known, otherwise="it is a rule of rules.toml, a colon and its target")
        )
    name = SiteName(site.id, site.name_en, site.name_zh, site.service.public_url or "", site.zone)
    example = example_of(known.values()) if alarm is None else known[alarm]
    return sample_message(sample, name, SystemClock().now_ns(), example=example)


async def _preview(site: Site, destination: str, message: Message) -> str:
    by_name = {one.name: one for one in site.destinations}
    if destination not in by_name:
        raise ValueError(
            f"the site has no destination {destination!r}; "
            + choose(destination, by_name, otherwise="write one as [[notifications]]")
        )
    outbound = open_outbound(site.outbound)
    async with destination_of(by_name[destination], SystemClock(), outbound=outbound) as one:
        return one.notifier.preview(message)


def _readable(text: str) -> str:
    """JSON over several lines; anything else as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text
