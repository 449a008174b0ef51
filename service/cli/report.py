"""``anodewatch report``: a shift's report, from the running service."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.asking import Password, Token, Url, User, fail, running
from service.cli.check import SiteFolder
from service.domain.language import Language
from service.runtime.reports import LAST


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
    url: Url = None,
    token: Token = None,
    user: User = None,
    password: Password = None,
) -> None:
    """Write a shift's report. The service has to run: it alone knows the plant."""
    if form is Format.PDF and output is None and sys.stdout.isatty():
        fail("a PDF is no text: give --output FILE, or redirect standard output")
    suffix = "" if form is Format.JSON else f".{form}"
    asked: dict[str, str | int | None] = {} if form is Format.JSON else {"lang": str(lang)}
    if revision is not None:
        asked["revision"] = revision
    with running(site, url, token, user, password) as service:
        answer = service.ask("GET", f"reports/{shift}{suffix}", query=asked)
    if output is not None:
        output.write_bytes(answer.content)
    else:
        sys.stdout.buffer.write(answer.content)
