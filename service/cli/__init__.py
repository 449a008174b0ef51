"""The command line: ``anodewatch COMMAND``."""

from __future__ import annotations

import sys

import typer

from service.cli.access import secret, users
from service.cli.alarms import alarms
from service.cli.backtest import backtest
from service.cli.bench import bench
from service.cli.check import check
from service.cli.deliveries import deliveries
from service.cli.demo import demo
from service.cli.notify import notify
from service.cli.opcua import opcua
from service.cli.report import report
from service.cli.routes import routes
from service.cli.run import run
from service.cli.simulate import inject, simulate

app = typer.Typer(
    name="anodewatch",
    help="Monitoring for an artificial-graphite anode plant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run)
app.command("demo")(demo)
app.command("check")(check)
app.command("routes")(routes)
app.command("backtest")(backtest)
app.command("report")(report)
app.command("simulate")(simulate)
app.command("inject")(inject)
app.command("secret")(secret)
app.add_typer(alarms, name="alarms")
app.add_typer(users, name="user")
app.add_typer(deliveries, name="deliveries")
app.add_typer(notify, name="notify")
app.add_typer(opcua, name="opcua")
app.add_typer(bench, name="bench")


def main() -> None:
    """Entry point of the console script."""
    sys.exit(app())
