"""``anodewatch bench``: figures that anybody can measure again."""

from __future__ import annotations

import typer

from service.cli.bench.collect import collect
from service.cli.bench.detect import detect
from service.cli.bench.rules import rules

bench = typer.Typer(no_args_is_help=True, help="Measure what the service promises.")
bench.callback()(lambda: None)  # without it a single command would lose its name
bench.command("collect")(collect)
bench.command("detect")(detect)
bench.command("rules")(rules)
