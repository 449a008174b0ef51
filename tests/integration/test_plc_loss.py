"""The sample plant loses its PLCs and gets them back: through source, journal and watch into the
outbox, one alarm comes and goes."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.source import open_source
from service.app.core import Core, open_core
from service.domain.instants import SECOND_NS, to_iso, to_ns
from service.runtime.clock import FakeClock
from service.runtime.ingest import Scaling
from service.settings import Site, load_site
from service.state.tables import alarm, transition
from service.state.tables_outbox import outbox
from tests.sites import SAMPLE

STEP_S = 10
LOST_S, LOST_FOR_S, UNTIL_S = 120, 180, 480
START_NS = to_ns(datetime(2026, 3, 2, 2, tzinfo=UTC))
AREAS = ("CR", "GR", "CT", "CB", "GZ", "SC", "DM", "PK", "UT")
PLANT = SimulatorSettings.model_validate(
    {
        "kind": "simulator",
        "seed": 7,
        "start": to_iso(START_NS),
        "duration_s": UNTIL_S,
        "step_s": STEP_S,
        "batch_s": STEP_S,
        "pace": "fast",
        "faults": [
            {
                "fault": "communication_loss",
                "target": area,
                "after_s": LOST_S,
                "duration_s": LOST_FOR_S,
            }
            for area in AREAS
        ],
    }
)


def site_in(folder: Path) -> Site:
    """The sample site with all tags behind one PLC, of which everybody hears everything."""
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("data"))
    for name, was, now in (
        ("rules.toml", 'behind = "area"', 'behind = "group"'),
        ("site.toml", '\nmin_priority = "high"', '\nmin_priority = "low"'),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(was) == 1
        (folder / name).write_text(text.replace(was, now), encoding="utf-8")
    return load_site(folder)


async def live_through(core: Core, clock: FakeClock) -> None:
    """Takes the plant's whole time, step by step, as the running service would."""
    tags, scaling = core.table.of_connector("plant"), Scaling(core.table)
    async with (
        open_source(PLANT, name="plant", tags=tags, clock=clock) as source,
        asyncio.TaskGroup() as group,
    ):
        running = [
            group.create_task(core.journal.run()),
            group.create_task(core.watch.run_values(core.journal)),
        ]
        for _ in range(0, UNTIL_S, STEP_S):
            batch, _ = scaling.apply(await source.read())
            await core.journal.append(batch, lambda: None)
            await core.journal.drain()
            core.live.take(batch)
            await core.watch.caught_up(core.journal.last)
            await clock.advance(STEP_S)
            await core.watch.look_around()
        for task in running:
            task.cancel()


@dataclass(frozen=True)
class Kept:
    """told: definition, kind and second of every message. alarms: by kind and why nobody was
    called. roots: of those that another alarm explains."""

    told: list[tuple[str, str, float]]
    alarms: Counter[tuple[str, str | None]]
    roots: set[str]


def kept(connection: Connection) -> Kept:
    """What stands in the state."""
    steps = connection.execute(
        select(transition.c.definition, outbox.c.kind, transition.c.at_ns)
        .join(transition, transition.c.id == outbox.c.transition)
        .order_by(outbox.c.seq)
    )
    rows = connection.execute(select(alarm)).all()
    return Kept(
        [(step[0], step[1], (step[2] - START_NS) / SECOND_NS) for step in steps],
        Counter((row.kind, row.quiet) for row in rows),
        {row.root for row in rows if row.quiet is not None},
    )


async def test_a_lost_plc_under_a_thousand_tags_is_told_once_and_its_return_once(
    tmp_path: Path,
) -> None:
    site = site_in(tmp_path / "site")
    n_tags = len(site.tags)
    assert n_tags >= 1_000
    clock = FakeClock(START_NS)
    async with open_core(site, clock, sources={}, gather_s=0.0) as core:
        await live_through(core, clock)
        found = await core.database.read(kept)
    parent = "plc-lost:plant/main"
    # Lost after three seconds of its delay; back with the first sample after it, and five more.
    assert found.told == [(parent, "raised", 123.0), (parent, "returned", 305.0)]
    assert found.alarms == {("device_lost", None): 1, ("bad_quality", "inhibited"): n_tags}
    assert len(found.roots) == 1
