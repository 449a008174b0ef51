"""``anodewatch backtest``: what would these rules have done?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.api.instants import parse
from service.api.models.backtest import Backtest
from service.app.backtest import Progressed, definitions_of, outcomes, recorded
from service.cli.check import BROKEN, SiteFolder, sound_site
from service.cli.run import FAILED, with_overrides
from service.domain.backtest.labels import Label
from service.domain.backtest.outcome import AlarmOutcome, Hits, Outcome, hits
from service.domain.backtest.picture import picture
from service.domain.instants import seconds, to_iso
from service.runtime.backtest import GRACE_S, CannotBacktest
from service.runtime.errors import ConnectorError
from service.settings import Site, SiteError
from service.settings.labelfile import read_labels
from service.settings.rulefile import read_rule_file
from service.state.past import read_only

HOUR_S = 3_600.0


def backtest(
    site: SiteFolder,
    rules: Annotated[Path, typer.Option(help="The rules to try, as in rules.toml.")],
    start: Annotated[str, typer.Option("--from", help="2026-03-01T00:00:00+08:00, or the like.")],
    end: Annotated[str, typer.Option("--to", help="The same.")],
    against: Annotated[Path | None, typer.Option(help="Other rules, to compare with.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV of what truly happened: what,stage,start,end.")
    ] = None,
    grace_h: Annotated[
        float, typer.Option(help="Hours after a label in which an alert is still its own.", min=0)
    ] = GRACE_S / HOUR_S,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file.")] = None,
    to_picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the timeline to this SVG file.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Instead of service.data.")] = None,
) -> None:
    """Try rules on recorded production. Nothing is changed and nobody is told; the service may run
    meanwhile (the state is opened read-only, and SQLite lets others read while it writes)."""
    checked = with_overrides(sound_site(site), data=data)
    files = [rules] if against is None else [rules, against]
    console = Console(highlight=False)
    try:
        start_ns, end_ns = parse(start, "--from"), parse(end, "--to")
        if start_ns >= end_ns:
            raise ValueError("--to: expected an instant after --from")
        known = list(checked.line.stage_by_id)
        labelled = None if labels is None else read_labels(labels, stages=known)
        found = _run(checked, files, start_ns, end_ns, labelled, seconds(grace_h * HOUR_S), console)
        if json is not None:
            json.write_text(Backtest.of(found).model_dump_json(indent=2), encoding="utf-8")
        if to_picture is not None:
            to_picture.write_text(picture(found, zone=checked.zone), encoding="utf-8")
    except (SiteError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN) from None
    except (CannotBacktest, ConnectorError, OSError) as error:
        typer.echo(f"the backtest can't run: {error}", err=True)
        raise typer.Exit(FAILED) from None
    _say(found, console)


def _run(
    site: Site,
    files: Sequence[Path],
    start_ns: int,
    end_ns: int,
    labels: Sequence[Label] | None,
    grace_ns: int,
    console: Console,
) -> list[Outcome]:
    definitions = definitions_of(site, _named(files))
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(), console=console,
    )  # fmt: skip
    with bar, read_only(site.service.data / "state.db") as connection:
        shown = _progress(bar)
        past = recorded(connection, site, list(definitions.values()), start_ns, end_ns, shown)
        return outcomes(past, definitions, shown, labels=labels, grace_ns=grace_ns)


def _named(files: Sequence[Path]) -> list[tuple[str, str]]:
    """Name and text of each file; by their names, or by their paths where these are alike."""
    alike = len({file.name for file in files}) < len(files)
    return [(str(file) if alike else file.name, read_rule_file(file)) for file in files]


def _progress(bar: Progress) -> Progressed:
    tasks: dict[str, TaskID] = {}

    def progressed(work: str, done: int, total: int) -> None:
        if work not in tasks:
            tasks[work] = bar.add_task(work)
        bar.update(tasks[work], completed=done, total=total)

    return progressed


def _say(found: Sequence[Outcome], console: Console) -> None:
    """A line for each alarm, both sets of rules side by side, and what they come to."""
    table = Table("alarm", title=f"{to_iso(found[0].start_ns)} to {to_iso(found[0].end_ns)}")
    labelled = any(one.unlabelled is not None for one in found[0].alarms)
    columns = FIGURES | (LABELLED if labelled else {})
    for name in columns:
        table.add_column(name, justify="right")
    by_id = [{one.definition.id: one for one in outcome.alarms} for outcome in found]
    for id_ in dict.fromkeys(id_ for of in by_id for id_ in of):
        cells = [
            " | ".join(
                _cell(of.get(id_), outcome, figure)
                for of, outcome in zip(by_id, found, strict=True)
            )
            for figure in columns.values()
        ]
        table.add_row(id_, *cells)
    console.print(table)
    for one in found:
        console.print(_sum_of(one, labelled=labelled), markup=False)
    if found[0].left_out:
        console.print("alarms on values, quality, communication and forecasts are not replayed")


def _sum_of(one: Outcome, *, labelled: bool) -> str:
    text = (
        f"{one.name}: {one.alerts} alerts, {one.per_month(one.alerts):.1f} a month; "
        f"{one.flood_minutes} flood minutes"
    )
    if not labelled:
        return text
    of = hits(one.verdicts)
    return (
        f"{text}; {of.caught} of {len(one.verdicts)} labels caught, {of.standing} while an alarm "
        f"stood, {of.missed} missed; delay {_minutes(of.median_s)} median, "
        f"{_minutes(of.p95_s)} at 95 %"
    )


def _cell(
    alarm: AlarmOutcome | None, outcome: Outcome, figure: Callable[[AlarmOutcome, Outcome], str]
) -> str:
    return "–" if alarm is None else figure(alarm, outcome)


def _hits(alarm: AlarmOutcome) -> Hits:
    return hits(alarm.verdicts)


def _minutes(delay_s: float | None) -> str:
    return "–" if delay_s is None else f"{delay_s / 60:.0f} min"


FIGURES: dict[str, Callable[[AlarmOutcome, Outcome], str]] = {
    "alerts": lambda alarm, _: str(len(alarm.alerts)),
    "a month": lambda alarm, whole: f"{whole.per_month(len(alarm.alerts)):.1f}",
    "stands h": lambda alarm, _: f"{alarm.standing_ns / 3.6e12:.1f}",
    "unknown h": lambda alarm, _: f"{alarm.unknown_ns / 3.6e12:.1f}",
}
LABELLED: dict[str, Callable[[AlarmOutcome, Outcome], str]] = {
    "caught": lambda alarm, _: str(_hits(alarm).caught),
    "missed": lambda alarm, _: str(_hits(alarm).missed),
    "delay": lambda alarm, _: _minutes(_hits(alarm).median_s),
    "95 %": lambda alarm, _: _minutes(_hits(alarm).p95_s),
    "no label": lambda alarm, _: str(alarm.unlabelled),
}
