"""``anodewatch deliveries``: who was told, dead letters, and how destinations stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from service.cli.asking import Password, Token, Url, User, fail, running
from service.cli.check import SiteFolder
from service.runtime.deliver import Outcome, RowState

deliveries = typer.Typer(
    help="Who was told, dead letters, and how destinations stand. The service has to run.",
    no_args_is_help=True,
)

Destination = Annotated[str | None, typer.Option(help="Only this destination's.")]
Limit = Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)]
Name = Annotated[str, typer.Argument(help="The destination's name.")]
Ids = Annotated[list[int] | None, typer.Argument(help="Deliveries, as `list` numbers them.")]
Everything = Annotated[bool, typer.Option("--all", help="All dead letters of the site.")]


@deliveries.command("list")
def list_deliveries(
    site: SiteFolder,
    state: Annotated[RowState | None, typer.Option(help="Only those.")] = None,
    destination: Destination = None,
    alarm: Annotated[str | None, typer.Option(help="Only this alarm's.")] = None,
    limit: Limit = 50,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """What was told to whom."""
    query = {"state": state, "destination": destination, "alarm": alarm, "limit": limit}
    with running(site, url, token, user, password) as service:
        found = service.ask("GET", "deliveries", query=query).json()["deliveries"]
    _table(
        ("id", "at", "destination", "state", "tries", "alarm", "what", "answer"),
        [
            (one["id"], one["created_at"], one["destination"], one["state"], one["attempts"],
             one["alarm"], f"{one['kind']}: {one['asset']} {one['message_en']}", one["answer"])
            for one in found
        ],
    )  # fmt: skip


@deliveries.command("show")
def show(
    site: SiteFolder,
    delivery: Annotated[int, typer.Argument(help="As `list` numbers them.")],
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """One delivery with every attempt and what the receiver answered."""
    with running(site, url, token, user, password) as service:
        life = service.ask("GET", f"deliveries/{delivery}").json()
    for key, value in life["delivery"].items():
        typer.echo(f"{key:<16} {'-' if value is None else value}")
    typer.echo()
    _attempts(life["attempts"])


@deliveries.command("log")
def log(
    site: SiteFolder,
    destination: Destination = None,
    limit: Limit = 50,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Every attempt with what the receiver answered."""
    query = {"destination": destination, "limit": limit}
    with running(site, url, token, user, password) as service:
        _attempts(service.ask("GET", "deliveries/log", query=query).json()["attempts"])


@deliveries.command("replay")
def replay(
    site: SiteFolder,
    ids: Ids = None,
    destination: Destination = None,
    everything: Everything = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Try dead letters anew: some by their ids, a destination's, or all."""
    body = _chosen(ids, destination, everything)
    with running(site, url, token, user, password) as service:
        done = service.ask("POST", "deliveries/replay", body=body).json()["deliveries"]
    typer.echo(f"{done} dead letters are tried anew")


@deliveries.command("dismiss")
def dismiss(
    site: SiteFolder,
    ids: Ids = None,
    destination: Destination = None,
    everything: Everything = False,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Put dead letters aside as seen: they stay visible, and count no more."""
    body = _chosen(ids, destination, everything)
    with running(site, url, token, user, password) as service:
        done = service.ask("POST", "deliveries/dismiss", body=body).json()["deliveries"]
    typer.echo(f"{done} dead letters are put aside")


@deliveries.command("destinations")
def destinations(
    site: SiteFolder,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """How destinations stand."""
    with running(site, url, token, user, password) as service:
        found = service.ask("GET", "destinations").json()["destinations"]
    _table(
        ("name", "kind", "state", "since", "last success", "pending", "dead", "error"),
        [
            (one["name"], one["kind"], one["state"], one["since"], one["last_success_at"],
             one["pending"], one["dead"], one["error"])
            for one in found
        ],
    )  # fmt: skip


@deliveries.command("test")
def send_test(
    site: SiteFolder,
    name: Name,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Send a test message, and tell what the receiver answered."""
    with running(site, url, token, user, password) as service:
        found = service.ask("POST", f"destinations/{name}/test").json()
    if found["outcome"] != Outcome.DELIVERED:
        fail(f"{name}: {found['outcome']}: {found['answer']}")
    typer.echo(f"{name}: delivered in {found['took_ms']} ms: {found['answer']}")


@deliveries.command("enable")
def enable(
    site: SiteFolder,
    name: Name,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Try a destination at once that said it is gone, or that is down; for administrators."""
    with running(site, url, token, user, password) as service:
        service.ask("POST", f"destinations/{name}/enable")
    typer.echo(f"{name} is enabled")


def _chosen(ids: list[int] | None, destination: str | None, everything: bool) -> dict[str, Any]:
    """What is sent of a choice; ends the command unless exactly one way of choosing is given."""
    if sum((bool(ids), destination is not None, everything)) != 1:
        fail("give ids, or --destination NAME, or --all: exactly one of them")
    if ids:
        return {"ids": ids}
    return {"all": True} if destination is None else {"destination": destination}


def _attempts(found: Sequence[dict[str, Any]]) -> None:
    _table(
        ("at", "destination", "kind", "outcome", "ms", "notices", "message", "answer"),
        [
            (one["at"], one["destination"], one["kind"], one["outcome"], one["took_ms"],
             one["notices"], one["message"], one["answer"])
            for one in found
        ],
    )  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One line for each row, as wide as it is: what is piped on is cut nowhere."""
    cells = [columns, *(["-" if value is None else str(value) for value in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(" ".join(line.splitlines()).rstrip())
