"""``anodewatch alarms``: the journal of alarms as a file, from the running service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from service.cli.asking import Password, Token, Url, User, fail, running
from service.cli.check import SiteFolder
from service.domain.alarm import Phase, Priority, Quiet

alarms = typer.Typer(
    help="The journal of alarms. The service has to run.",
    no_args_is_help=True,
)
PART = ".part"
"""What a file is called while it is not whole."""


@alarms.callback()
def _group() -> None:
    """The journal of alarms. The service has to run."""


@alarms.command("export")
def export(
    site: SiteFolder,
    start: Annotated[
        str | None, typer.Option("--from", help="2026-03-01T00:00:00+08:00, or the like.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="The same; else now.")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="Any of them; repeat it.")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="The same.")] = None,
    priority: Annotated[
        list[int] | None, typer.Option(help="1 critical to 4 low; the same.", min=1, max=4)
    ] = None,
    state: Annotated[list[Phase] | None, typer.Option(help="As it is now; the same.")] = None,
    quiet: Annotated[list[Quiet] | None, typer.Option(help="Why nobody was called.")] = None,
    text: Annotated[str, typer.Option(help="In message, asset, tag or rule.")] = "",
    person: Annotated[str, typer.Option(help="Who did something about the alarm.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")
    ] = None,
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Every step of alarms as CSV: who, when, why, with comments; for a spreadsheet, in UTF-8."""
    query: dict[str, str | list[str]] = {
        "stage": stage or [],
        "rule": rule or [],
        "priority": [str(int(Priority(one))) for one in priority or []],
        "state": [str(one) for one in state or []],
        "quiet": [str(one) for one in quiet or []],
    }
    given = {"start": start, "end": end, "text": text, "person": person}
    query |= {name: value for name, value in given.items() if value}
    with running(site, url, token, user, password) as service:
        parts = service.parts("alarms/history.csv", query=query)
        if output is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        unfinished = output.with_name(output.name + PART)
        try:
            with unfinished.open("wb") as file:
                for part in parts:
                    file.write(part)
            unfinished.replace(output)
        except OSError as error:
            fail(f"{output} can't be written: {error}")
        finally:
            unfinished.unlink(missing_ok=True)
