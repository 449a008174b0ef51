"""``anodewatch user`` and ``secret``: who may come in, and keys for webhooks."""

from __future__ import annotations

import asyncio
import base64
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from connectors.webhook.signing import PREFIX
from service.cli.check import SiteFolder, sound_site
from service.runtime.clock import SystemClock
from service.runtime.errors import ConnectorError
from service.runtime.identity import IdentityError, Role
from service.state.database import open_database
from service.state.identity import StateIdentity

BY = "command line"

users = typer.Typer(help="Users of the dashboard and the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name.")]
Password = Annotated[
    str | None, typer.Option(envvar="ANODEWATCH_PASSWORD", help="Asked for when it is left out.")
]


@users.command("list")
def list_users(site: SiteFolder) -> None:
    """Who there is, with their roles."""

    async def work(identity: StateIdentity) -> None:
        for user in await identity.users():
            typer.echo(f"{user.name}\t{user.role}")

    _with_identity(site, work)


@users.command("add")
def add(
    site: SiteFolder,
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.OPERATOR,
    password: Password = None,
) -> None:
    """Add a user."""
    secret = password or _ask()

    async def work(identity: StateIdentity) -> None:
        await identity.add_user(name, password=secret, role=role, by=BY)
        typer.echo(f"added {name} as {role}")

    _with_identity(site, work)


@users.command("password")
def set_password(site: SiteFolder, name: Name, password: Password = None) -> None:
    """Give a user a new password; ends the user's sessions."""
    secret = password or _ask()

    async def work(identity: StateIdentity) -> None:
        await identity.set_password(name, password=secret, by=BY)
        typer.echo(f"{name} has a new password")

    _with_identity(site, work)


@users.command("remove")
def remove(site: SiteFolder, name: Name) -> None:
    """Remove a user; what the user did stays recorded."""

    async def work(identity: StateIdentity) -> None:
        await identity.remove_user(name, by=BY)
        typer.echo(f"removed {name}")

    _with_identity(site, work)


def secret() -> None:
    """Make a fresh signing secret for a webhook."""
    typer.echo(PREFIX + base64.b64encode(os.urandom(32)).decode())


def _ask() -> str:
    first = getpass.getpass("password: ")
    if getpass.getpass("again: ") != first:
        typer.echo("the two passwords differ; nothing was changed", err=True)
        raise typer.Exit(2)
    return first


def _with_identity(site: SiteFolder, work: Callable[[StateIdentity], Awaitable[None]]) -> None:
    """Runs ``work`` on the site's state, beside a running service if there is one."""
    data = sound_site(site).service.data

    async def main() -> None:
        data.mkdir(parents=True, exist_ok=True)
        async with open_database(f"sqlite:///{data / 'state.db'}") as database:
            await work(StateIdentity(database, SystemClock()))

    try:
        asyncio.run(main())
    except (ConnectorError, IdentityError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
