"""``anodewatch report``: a shift's report, from the running service."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer

from service.cli.check import SiteFolder, sound_site
from service.cli.run import FAILED
from service.domain.language import Language
from service.runtime.reports import LAST
from service.settings import ServiceSettings

TIMEOUT_S = 90.0
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
SIGN_IN = (
    "give an API token (--token or ANODEWATCH_TOKEN; POST /api/v1/tokens makes one), or --user "
    "with ANODEWATCH_PASSWORD"
)


class Format(StrEnum):
    """What the report is written as."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


def report(
    site: SiteFolder,
    shift: Annotated[
        str, typer.Option(help="Production day and shift, 2026-03-01-day; or current or last.")
    ] = LAST,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.JSON,
    lang: Annotated[Language, typer.Option(help="Of the page and the PDF.")] = Language.EN,
    revision: Annotated[
        int | None, typer.Option(help="As it was reported then; else the newest.", min=1)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where the service is; else as the site says.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="ANODEWATCH_TOKEN", help="An API token, aw_…")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Instead of a token: a user's name.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="ANODEWATCH_PASSWORD", help="The user's password.")
    ] = None,
) -> None:
    """Write a shift's report. The service has to run: it alone knows the plant."""
    where = url or address(sound_site(site).service)
    if form is Format.PDF and output is None and sys.stdout.isatty():
        _fail("a PDF is no text: give --output FILE, or redirect standard output")
    suffix = "" if form is Format.JSON else f".{form}"
    asked: dict[str, str | int] = {} if form is Format.JSON else {"lang": str(lang)}
    if revision is not None:
        asked["revision"] = revision
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(base_url=where, headers=headers, timeout=TIMEOUT_S) as client:
            if not token:
                _sign_in(client, user, password)
            answer = client.get(f"/api/v1/reports/{shift}{suffix}", params=asked)
    except httpx.TransportError as error:
        _fail(
            f"no service answers at {where} ({error}); start it with: anodewatch run {site}, or "
            f"name its address with --url"
        )
    if answer.status_code == 401:
        _fail(f"the service does not know this token; {SIGN_IN}")
    if not answer.is_success:
        _fail(_detail(answer))
    if output is not None:
        output.write_bytes(answer.content)
    else:
        sys.stdout.buffer.write(answer.content)


def address(service: ServiceSettings) -> str:
    """Where a service with these settings is reached from its own machine."""
    bind = ANY_ADDRESS.get(service.bind, service.bind)
    host = f"[{bind}]" if ":" in bind and not bind.startswith("[") else bind
    return f"http://{host}:{service.port}"


def _sign_in(client: httpx.Client, user: str | None, password: str | None) -> None:
    if user is None or password is None:
        _fail(f"the service tells reports only to whom it knows; {SIGN_IN}")
    answer = client.post("/api/v1/session", json={"username": user, "password": password})
    if not answer.is_success:
        _fail(_detail(answer))


def _detail(answer: httpx.Response) -> str:
    """What the service said of its refusal."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"


def _fail(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(FAILED)
