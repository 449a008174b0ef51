"""A past that was lived through live, and the same past replayed: the same alerts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import SimulatorSource
from service.api.instants import iso
from service.app.backtest import CoreBacktests, definitions_of, recorded
from service.app.seed import seed
from service.app.stated import stated
from service.cli import app
from service.domain.alarm import Transition
from service.domain.backtest.grid import Grid
from service.domain.backtest.inputs import Past
from service.domain.backtest.labels import Found
from service.domain.backtest.replay import replay
from service.domain.batch import Batch
from service.domain.instants import DAY_NS, HOUR_NS, SECOND_NS
from service.domain.tagtable import TagTable
from service.runtime.backtest import BacktestAsked, CannotBacktest
from service.runtime.clock import SystemClock
from service.runtime.errors import EndOfSource
from service.settings import Site, load_site
from service.settings.rulefile import parse_rules
from service.state.database import open_database
from service.state.limits import kept_limits
from service.state.past import read_only
from service.state.tables import alarm, transition
from tests.sites import SAMPLE

START_NS = (
    1_774_569_600 * SECOND_NS
)  # 2026-03-27T00:00:00Z; in Europe the clocks change two days on
DAYS = 2.5
END_NS = START_NS + round(DAYS * DAY_NS)
FAULT_H, FAULT_LASTS_H = 30.0, 5.0
RULES = """
[[throughput]]
id = "hour-low"
stages = ["CR", "GR", "CT", "CB", "SC", "DM", "PK"]
window = "hour"
below_pct = 20.0
deadband_pct = 5.0
on_delay_s = 300
off_delay_s = 300
priority = "medium"

[[throughput]]
id = "shift-low"
stages = ["CR", "PK"]
window = "shift"
below_pct = 4.0
deadband_pct = 1.0
on_delay_s = 90
priority = "low"

[[throughput]]
id = "day-low"
stages = ["CR", "CB", "SC", "DM", "PK"]
window = "24h"
below_pct = 5.0
deadband_pct = 1.0
on_delay_s = 600
off_delay_s = 1800
max_unknown_share = 0.1
priority = "high"

[[throughput]]
id = "month-low"
stages = ["CR", "PK"]
window = "month"
below_pct = 1.0
on_delay_s = 3600
max_unknown_share = 1.0
priority = "low"

[[shift_shortfall]]
id = "shift-short"
stages = ["CR", "CT", "CB", "SC", "DM", "PK"]
below_pct = 5.0
on_delay_s = 300
off_delay_s = 300
priority = "medium"

[[drift]]
id = "drift"
stages = ["CR", "CT", "CB", "PK"]
false_per_month = 3.0
min_days = 1
priority = "low"

[[balance]]
id = "balance"
stages = ["GR", "CT", "CB", "PK"]
window_days = 1
scale_pct = 0.1
stock_h = 0.1
useful_pct = 20
max_unknown_share = 0.2
on_delay_s = 1800
priority = "medium"

[[missed_run]]
id = "run"
stages = ["GZ"]
every_h = 30
tolerance_h = 0.5
run_mwh = 549
priority = "high"

[[off_curve]]
id = "curve"
stages = ["GZ"]
curve_mw = [[0, 13], [40, 14.5]]
tolerance_pct = 8
on_delay_s = 600
priority = "auto"
"""


class ThenClock(SystemClock):
    """The machine's clock, set to the end of the plant's past."""

    def __init__(self) -> None:
        super().__init__()
        self._behind_ns = super().now_ns() - END_NS

    def now_ns(self) -> int:
        return super().now_ns() - self._behind_ns


def batches(table: TagTable) -> Iterator[Batch]:
    """The plant with a stage that loses output, and an hour in which nobody hears of it."""
    faults = [
        {"fault": "bag_shortage", "target": "PK", "after_s": FAULT_H * 3_600,
         "duration_s": FAULT_LASTS_H * 3_600},
        {"fault": "blower_trip", "target": "UT-BL2", "after_s": 20 * 3_600,
         "duration_s": 4 * 3_600},
        {"fault": "communication_loss", "target": "plant", "after_s": 44 * 3_600,
         "duration_s": 3_600},
    ]  # fmt: skip
    settings = SimulatorSettings.model_validate(
        {
            "kind": "simulator", "seed": 11, "start": iso(START_NS), "duration_s": DAYS * 86_400,
            "step_s": 10, "batch_s": 600, "pace": "fast", "emission": "exception",
            "faults": faults,
        }
    )  # fmt: skip
    metered = {meter.tag for meter in load_site(SAMPLE).line.all_meters}
    tags = {n: tag for n, tag in table.of_connector("plant").items() if tag.id in metered}
    source = SimulatorSource(settings, name="plant", tags=tags, clock=SystemClock())
    while True:
        try:
            yield asyncio.run(source.read())  # seeding takes batches in a thread of its own
        except EndOfSource:
            return


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site after it lived through its past."""
    site = load_site(SAMPLE)
    service = replace(site.service, data=tmp_path_factory.mktemp("data"))
    lived = replace(site, service=service, rules=parse_rules("rules.toml", RULES, site))
    asyncio.run(seed(lived, ThenClock(), batches, connector="plant", passed=lambda _: None))
    return lived


Step = tuple[str, str, int, float | None]
JUDGED = ("raised", "returned")
"""What a rule decides. Whether an alarm is over with its return, or waits for somebody, depends on
whether anybody was called, which a backtest does not ask."""


def live_steps(site: Site) -> list[Step]:
    with read_only(site.service.data / "state.db") as connection:
        rows = connection.execute(select(transition).where(transition.c.kind.in_(JUDGED))).all()
    return sorted((r.id, r.kind, r.at_ns, r.value) for r in rows)


def announced_steps(site: Site) -> dict[str, list[tuple[str, str, str, int]]]:
    """By definition every step with its occurrence, of those about which nobody was spared."""
    with read_only(site.service.data / "state.db") as connection:
        rows = connection.execute(select(transition)).all()
    spared = {r.definition for r in rows if r.quiet is not None}
    found: dict[str, list[tuple[str, str, str, int]]] = {}
    for r in rows:
        if r.definition not in spared:
            found.setdefault(r.definition, []).append((r.id, r.alarm, r.kind, r.at_ns))
    return {definition: sorted(steps) for definition, steps in found.items()}


def alarms_of(site: Site) -> set[str]:
    """Definitions that raised live."""
    with read_only(site.service.data / "state.db") as connection:
        return {row.definition for row in connection.execute(select(alarm)).all()}


def replayed(site: Site) -> list[Transition]:
    definitions = definitions_of(site, [("rules", RULES)])["rules"]
    with read_only(site.service.data / "state.db") as connection:
        past = recorded(connection, site, [definitions], START_NS, END_NS, lambda *_: None)
    seen = Past(past.book, Grid(site.plan, past.start_ns, past.end_ns), past.kept)
    return [
        one
        for alarm in definitions.stages
        for one in replay(alarm.definition, seen.inputs(alarm))[1]
    ]


def replayed_steps(site: Site) -> list[Step]:
    return sorted(
        (one.id, str(one.kind), one.at_ns, one.value)
        for one in replayed(site)
        if one.kind in JUDGED
    )


@pytest.mark.timeout(300)
def test_the_replay_of_a_past_is_what_was_raised_live(lived: Site) -> None:
    live = live_steps(lived)
    # The service judges from the first minute that it sees closed; nothing came before.
    assert min(at_ns for _, _, at_ns, _ in live) > START_NS + HOUR_NS
    assert replayed_steps(lived) == live
    told = announced_steps(lived)
    again: dict[str, list[tuple[str, str, str, int]]] = {definition: [] for definition in told}
    for one in replayed(lived):
        if one.definition in again:
            again[one.definition].append((one.id, one.alarm, str(one.kind), one.at_ns))
    assert {definition: sorted(steps) for definition, steps in again.items()} == told
    assert len(told) >= 3  # the occurrence too is the same, where nobody was spared a call
    raised = [step for step in live if step[1] == "raised"]
    assert len(raised) >= 5  # or it would say little
    with read_only(lived.service.data / "state.db") as connection:
        kept = kept_limits(connection)
    # Limits begin at the start of a production day: the first after a day of history, or the last.
    calendar = lived.plan.calendar
    first_ns = calendar.start_of_next(calendar.day_start_ns(START_NS + DAY_NS - 1))
    last_ns = calendar.day_start_ns(END_NS)
    assert {one.from_ns for of in kept.values() for one in of} <= {first_ns, last_ns}
    assert len(kept) == 4
    assert {alarm.split(":")[0] for alarm in alarms_of(lived)} >= {"balance", "run", "curve"}


def test_false_alarms_are_stated_once_limits_are_set(lived: Site, tmp_path: Path) -> None:
    lines = stated(lived)
    assert [line.split(":")[1] for line in lines] == ["CR", "CT", "CB", "PK"]
    assert all("false alarms in 30 days expected" in line for line in lines)
    assert all(f"since {iso(START_NS + DAY_NS)[:10]}" in line for line in lines)
    fresh = replace(lived, service=replace(lived.service, data=tmp_path))
    assert all("no limits yet" in line for line in stated(fresh))


@pytest.mark.timeout(300)
def test_the_command_tells_what_was_caught(lived: Site, tmp_path: Path) -> None:
    rules, other = tmp_path / "rules.toml", tmp_path / "blind.toml"
    rules.write_text(RULES)
    other.write_text(RULES.replace("below_pct = 20.0", "below_pct = 99.9"))
    labels = tmp_path / "labels.csv"
    fault_ns = START_NS + round(FAULT_H * HOUR_NS)
    over_ns = fault_ns + round(FAULT_LASTS_H * HOUR_NS)
    labels.write_text(
        "what,stage,start,end,lost_t\n"
        f"bag_shortage,PK,{iso(fault_ns)},{iso(over_ns)},40\n"
        f"nothing,CB,{iso(START_NS)},{iso(START_NS + HOUR_NS)},0\n"
    )
    out, drawn = tmp_path / "out.json", tmp_path / "out.svg"
    result = CliRunner().invoke(
        app,
        ["backtest", str(SAMPLE), "--rules", str(rules), "--against", str(other),
         "--from", iso(START_NS), "--to", iso(END_NS + DAY_NS), "--labels", str(labels),
         "--grace-h", "1", "--json", str(out), "--picture", str(drawn),
         "--data", str(lived.service.data)],
        env={"COLUMNS": "200"},  # a table as wide as its words
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    said = json.loads(out.read_text())
    assert said["start"] == iso(START_NS)
    assert iso(END_NS - HOUR_NS) < said["end"] <= iso(END_NS)  # cut to what is closed
    first, second = said["outcomes"]
    assert [one["found"] for one in first["labels"]] == [Found.CAUGHT, Found.MISSED]
    # Which rule is first depends on how long the shift had been on.
    came = min(
        (alert["raised_at"], one["id"])
        for one in first["alarms"]
        for alert in one["alerts"]
        if one["id"].endswith(":PK") and alert["raised_at"] >= iso(fault_ns)
    )
    assert came[1] in ("hour-low:PK", "shift-low:PK")
    assert first["labels"][0]["by"] == came[1]
    assert 5 * 60 <= first["labels"][0]["delay_s"] < 3_600
    assert first["hits"]["caught"] == 1
    live = sorted(iso(at_ns) for _, kind, at_ns, _ in live_steps(lived) if kind == "raised")
    assert sorted(a["raised_at"] for one in first["alarms"] for a in one["alerts"]) == live
    hour = {one["id"]: one for one in second["alarms"]}["hour-low:PK"]
    assert (
        hour["alert_count"]
        <= {one["id"]: one for one in first["alarms"]}["hour-low:PK"]["alert_count"]
    )
    assert drawn.read_text().startswith("<svg")
    assert "hour-low:PK" in result.output


async def test_the_service_runs_one_too(lived: Site) -> None:
    asked = BacktestAsked([("rules", RULES)], START_NS, END_NS)
    async with open_database(f"sqlite:///{lived.service.data / 'state.db'}") as database:
        (found,) = await CoreBacktests(lived, database).run(asked)
        raised = sorted(alert.raised_ns for one in found.alarms for alert in one.alerts)
        assert raised == sorted(at for _, kind, at, _ in live_steps(lived) if kind == "raised")
        with pytest.raises(TimeoutError):
            await CoreBacktests(lived, database, longest_s=0.001).run(asked)
        with pytest.raises(CannotBacktest, match="it ends at 2026-03-29T"):
            await CoreBacktests(lived, database).run(
                replace(asked, start_ns=END_NS + DAY_NS, end_ns=END_NS + 2 * DAY_NS)
            )
        broken = RULES.replace('"CR", "PK"', '"XX"')
        with pytest.raises(CannotBacktest, match=r'found "XX"; use one of'):
            await CoreBacktests(lived, database).run(replace(asked, rules=[("rules", broken)]))
