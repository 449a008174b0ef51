"""``anodewatch opcua``: certificates of OPC UA servers, and our own."""

from __future__ import annotations

from typing import Annotated

import typer

from connectors.opcua.pki import Pki, Shown, utc
from service.cli.check import SiteFolder, sound_site
from service.runtime.clock import SystemClock
from service.runtime.errors import ConnectorError

opcua = typer.Typer(help="OPC UA: certificates, trust.", no_args_is_help=True)
opcua.callback()(lambda: None)

Thumbprint = Annotated[
    str | None, typer.Argument(help="The first digits of its thumbprint; left out: list them.")
]


@opcua.command("trust")
def trust(
    site: SiteFolder,
    thumbprint: Thumbprint = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take trust back.")] = False,
) -> None:
    """Trust the certificate of a server that was refused; without one, list what there is.

    A server that is met for the first time is refused and its certificate kept. Compare the
    thumbprint with what the server itself shows before you trust it. The service takes it up with
    its next try, within a minute.
    """
    pki = _pki(site)
    try:
        if thumbprint is None:
            _list(pki)
        elif remove:
            typer.echo(f"not trusted any more: {_line(pki.distrust(thumbprint))}")
        else:
            typer.echo(f"trusted: {_line(pki.trust(thumbprint))}")
    except (ValueError, ConnectorError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@opcua.command("certificate")
def certificate(site: SiteFolder) -> None:
    """Show this client's own certificate, which servers have to trust; it is made if there is
    none."""
    try:
        own = _pki(site).own(utc(SystemClock().now_ns()))
    except ConnectorError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{own.certificate}\nuri {own.uri}\nuntil {own.until:%Y-%m-%d}")


def _pki(site: SiteFolder) -> Pki:
    return Pki(sound_site(site).service.data / "connectors" / "pki")


def _list(pki: Pki) -> None:
    for kind, found in (("trusted", pki.trusted()), ("refused", pki.rejected())):
        typer.echo(f"{kind}: {len(found) or 'none'}")
        for one in found:
            typer.echo(f"  {_line(one)}")


def _line(one: Shown) -> str:
    return f"{one.thumbprint}  {one.subject}, until {one.until:%Y-%m-%d}"
