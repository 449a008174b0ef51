"""``anodewatch check``: is this site sound?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.app.stated import stated
from service.settings import Site, SiteError, load_site, report

SiteFolder = Annotated[
    Path, typer.Argument(help="The site's folder, with site.toml, tags.csv and rules.toml.")
]
SOUND, BROKEN = 0, 2


def check(site: SiteFolder) -> None:
    """Validate a site without touching a network; exit 2 and say what to mend when it is broken."""
    lines, code = report(site)
    expected = stated(load_site(site)) if code == SOUND else []
    for line in (*lines[:-1], *expected, lines[-1]):  # the verdict is the last line
        typer.echo(line)
    raise typer.Exit(code)


def sound_site(folder: Path) -> Site:
    """The site in ``folder``; prints its problems and exits 2 when it is broken."""
    try:
        return load_site(folder)
    except SiteError:
        lines, code = report(folder)
        for line in lines:
            typer.echo(line, err=True)
        raise typer.Exit(code) from None
