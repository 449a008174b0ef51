"""Watch: every value against the sample site's rules, steps and alarms committed to the state."""

from __future__ import annotations

import contextlib
from pathlib import Path

from service.domain.definitions import define
from service.domain.instants import MINUTE_NS
from service.domain.production.book import ProductionBook
from service.runtime.alarms import AlarmStates
from service.runtime.clock import SystemClock
from service.runtime.live import LiveTable
from service.runtime.notify import SiteName
from service.runtime.watch import Watch
from service.runtime.watch_absence import AbsenceRules
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules
from service.state.alarms import StateAlarms
from service.state.database import open_database
from tests.bench.measure import Figures, spent
from tests.bench.plant import START_NS, MemoryJournal, rows, site, table, values

DURATION_S = 1_800


async def watch(folder: Path) -> Figures:
    """Half an hour of the plant, a Batch each second."""
    batches, tags, clock = values(DURATION_S), table(), SystemClock()
    line = site().line
    definitions = define(site().rules, tags=site().tags, line=line)
    states = AlarmStates(definitions.all())
    book = ProductionBook(line, site().plan, first_minute=START_NS // MINUTE_NS, n_minutes=60)
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        watching = Watch(
            states,
            StateAlarms(database, SiteName("bench", "Bench", "台", "http://x"), ()),
            clock,
            values=ValueRules(definitions, tags, states),
            meters=MeterRules(definitions, tags, states),
            production=ProductionRules(definitions, book, states),
            absence=AbsenceRules(
                definitions,
                LiveTable(tags),
                states,
                keep_alive_s=lambda _: None,
                clock=clock,
            ),
        )
        await watching.load()
        with spent() as work, contextlib.suppress(EOFError):
            await watching.run_values(MemoryJournal(batches))
    count = rows(batches)
    return {
        "values": count,
        "entries": len(batches),
        "alarms_watched": len(definitions.all()),
        "transitions": watching.transitions.value,
        **work.figures(),
        "values_per_cpu_s": work.per_cpu_s(count),
    }
