"""The command line: ``anodewatch COMMAND``."""

from __future__ import annotations

import sys

import typer

from service.cli import access, check, demo, run, simulate

app = typer.Typer(
    name="anodewatch",
    help="Monitoring for an artificial-graphite anode plant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("check")(check.check)
app.command("simulate")(simulate.simulate)
app.command("inject")(simulate.inject)
app.command("secret")(access.secret)
app.add_typer(access.users, name="user")


def main() -> None:
    """Entry point of the console script."""
    sys.exit(app())
