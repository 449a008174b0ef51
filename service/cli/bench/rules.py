"""``anodewatch bench rules``: what judging every value costs, and how many alarms are kept a
second."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
import typer
from rich.console import Console
from sqlalchemy import func, select

from service.cli.bench.load import (
    LIMITS_A_TAG,
    SOURCES,
    START_NS,
    bench_rules,
    bench_tags,
    steady,
    storm,
)
from service.domain.alarm import TransitionKind
from service.domain.batch import Batch
from service.domain.calendar import Calendar, Shift
from service.domain.definitions import define
from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.plan import Plan
from service.domain.production.book import ProductionBook
from service.domain.tagtable import TagTable
from service.runtime.alarms import AlarmStates
from service.runtime.clock import SystemClock
from service.runtime.live import LiveTable
from service.runtime.log import Entry
from service.runtime.notify import Destination, Message, NotifierLimits, SiteName
from service.runtime.silencing import Silencing
from service.runtime.suppressing import Suppressions
from service.runtime.watch import Watch
from service.runtime.watch_absence import AbsenceRules
from service.runtime.watch_devices import DeviceRules
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules
from service.state.alarms import StateAlarms
from service.state.database import Database, open_database
from service.state.tables import transition

BATCH_S = 0.2
"""Of values in one Batch, as an OPC UA subscription publishes them."""
DELAY_S = 10.0
PORTION_S = 5.0
WARM_UP_S = 2.0
STORM_SHARE = 10
"""In a storm one tag in so many raises with each Batch."""
STORM_BATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured stretch of the watch. cpu_s: of all threads, the state's writer among them."""

    values: int
    cpu_s: float
    wall_s: float
    raised: int
    transitions: int


def rules(
    tags: Annotated[int, typer.Option(help="Tags of the plant.", min=10, max=200_000)] = 10_000,
    hz: Annotated[float, typer.Option(help="Values a second of each.", min=0.1, max=100)] = 10.0,
    limits: Annotated[int, typer.Option(help="Process limits over all tags.", min=1)] = 20_000,
    seconds: Annotated[float, typer.Option(help="Seconds of the plant.", min=1, max=3_600)] = 60.0,
    storms: Annotated[int, typer.Option(help="Steps of the storm.", min=2, max=600)] = 15,
) -> None:
    """The cost of the rules on values, as one JSON object; progress goes to stderr.

    core_share: CPU seconds that the watch takes for a second of the plant, from the journal's
    decoded Batches to the alarms committed to the state; neither source, journal nor history. Every
    tag is under rules on limits, bad quality, its PLC and its clock, each tenth is cyclic, one in
    500 chatters at its limit, and ten alarms a minute come and go. alarms_per_s_max: raised in a
    second of wall time, when each Batch raises a tenth of all tags, each with its return, its
    journal of transitions and its notice in the outbox of one destination.
    """
    if limits > tags * LIMITS_A_TAG:
        raise typer.BadParameter(
            f"a tag has at most {LIMITS_A_TAG} limits: expected at most {tags * LIMITS_A_TAG}; "
            f"came {limits}",
            param_hint="--limits",
        )
    console = Console(stderr=True, highlight=False)
    found = asyncio.run(
        _measure(tags, hz, limits, seconds=seconds, storms=storms, progressed=console.print)
    )
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


async def _measure(
    tags: int,
    hz: float,
    limits: int,
    *,
    seconds: float,
    storms: int,
    progressed: Callable[[str], None],
) -> dict[str, object]:
    progressed(f"{tags} tags at {hz:g} Hz under {limits} limits, {seconds:g} s of the plant")
    calm = await _calm(tags, hz, limits, seconds=seconds)
    share = calm.cpu_s / seconds
    progressed(f"core_share {share:.4f}; a storm of {storms} steps")
    stormy = await _storm(tags, limits, storms=storms)
    return {
        "core_share": _rounded(share),
        "alarms_per_s_max": _rounded(stormy.raised / stormy.wall_s),
        "includes": "the watch: decoded Batches to committed alarms; no source, journal, history",
        "tags": tags,
        "hz": hz,
        "limits": limits,
        "plant_s": seconds,
        "sources": SOURCES,
        "batch_s": BATCH_S,
        "values": calm.values,
        "values_per_cpu_s": round(calm.values / calm.cpu_s),
        "transitions": calm.transitions,
        "storm_raised": stormy.raised,
        "storm_transitions": stormy.transitions,
        "storm_cpu_s_per_1000_alarms": _rounded(1_000 * stormy.cpu_s / stormy.raised),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


async def _calm(tags: int, hz: float, limits: int, *, seconds: float) -> Judged:
    rng = np.random.default_rng(1)

    def stretch(start_s: float, end_s: float) -> list[Batch]:
        return list(steady(tags, hz=hz, batch_s=BATCH_S, start_s=start_s, end_s=end_s, rng=rng))

    async with _watching(tags, limits, delay_s=DELAY_S) as bench:
        await bench.follow(stretch(0.0, WARM_UP_S))
        end_s = WARM_UP_S + seconds
        starts = np.arange(WARM_UP_S, end_s, PORTION_S).tolist()
        return await _judged(bench, (stretch(s, min(s + PORTION_S, end_s)) for s in starts))


async def _storm(tags: int, limits: int, *, storms: int) -> Judged:
    async with _watching(tags, limits, delay_s=0.0, told_always=True) as bench:
        batches = storm(
            tags, batch_s=STORM_BATCH_S, start_s=0.0, end_s=storms * STORM_BATCH_S,
            share=STORM_SHARE,
        )  # fmt: skip
        return await _judged(bench, [list(batches)])


@dataclass(frozen=True, slots=True)
class _Watched:
    watch: Watch
    database: Database
    fed: list[int]

    async def follow(self, batches: Sequence[Batch]) -> None:
        """Judges and commits ``batches``."""
        journal = _Memory(batches, after=self.fed[0])
        self.fed[0] += len(batches)
        with contextlib.suppress(EOFError):
            await self.watch.run_values(journal)

    async def raised(self) -> int:
        """Alarms raised so far, as the state has them."""
        wanted = select(func.count()).where(transition.c.kind == str(TransitionKind.RAISED))
        return await self.database.read(lambda c: int(c.execute(wanted).scalar_one()))


class _Memory:
    """A JournalReader that costs nothing; EOFError at its end."""

    def __init__(self, batches: Sequence[Batch], *, after: int) -> None:
        self._batches = batches
        self._after = after

    @property
    def last(self) -> int:
        return self._after + len(self._batches)

    async def read(self, after: int) -> list[Entry]:
        at = after - self._after
        if at >= len(self._batches):
            raise EOFError
        return [Entry(after + 1, self._batches[at])]


class _Nobody:
    """Where the outbox leads; nothing is ever sent there."""

    limits = NotifierLimits()

    async def send(self, message: Message) -> str:
        raise NotImplementedError("no courier runs in this bench")

    def preview(self, message: Message) -> str:
        raise NotImplementedError("nobody looks in this bench")


async def _judged(bench: _Watched, stretches: Iterable[list[Batch]]) -> Judged:
    values, cpu_s, wall_s = 0, 0.0, 0.0
    transitions, raised = bench.watch.transitions.value, await bench.raised()
    for batches in stretches:
        began_cpu_s, began_s = time.process_time(), time.perf_counter()
        await bench.follow(batches)
        cpu_s += time.process_time() - began_cpu_s
        wall_s += time.perf_counter() - began_s
        values += sum(map(len, batches))
    return Judged(
        values=values,
        cpu_s=cpu_s,
        wall_s=wall_s,
        raised=await bench.raised() - raised,
        transitions=bench.watch.transitions.value - transitions,
    )


@asynccontextmanager
async def _watching(
    tags: int, limits: int, *, delay_s: float, told_always: bool = False
) -> AsyncIterator[_Watched]:
    """The service's own watch over a state database of its own, one destination told of all."""
    table = TagTable(bench_tags(tags, limits))
    line, clock = Line((), (), ""), SystemClock()
    known = [tag for _, tag in table]
    definitions = define(bench_rules(delay_s, told_always=told_always), tags=known, line=line)
    states = AlarmStates(definitions.all())
    shift = Shift("all", datetime.time())
    plan = Plan(Calendar(ZoneInfo("UTC"), datetime.time(), (shift,)), {2026: 1.0})
    book = ProductionBook(line, plan, first_minute=START_NS // MINUTE_NS, n_minutes=60)
    with tempfile.TemporaryDirectory(prefix="anodewatch-bench-") as folder:
        async with open_database(f"sqlite:///{Path(folder) / 'state.db'}") as database:
            store = StateAlarms(
                database,
                SiteName("bench", "Bench", "台架", "http://127.0.0.1"),
                [Destination("maintenance", _Nobody())],
            )
            absence = AbsenceRules(
                definitions, LiveTable(table), states,
                keep_alive_s=lambda _: None, clock=clock,
            )  # fmt: skip
            states.silencer = Silencing(definitions, line, states, clock)
            watch = Watch(
                states, store, clock,
                devices=DeviceRules(definitions, table, states),
                suppressions=Suppressions(
                    definitions.all(), table, states, clock, patience_ns=absence.patience_ns
                ),
                values=ValueRules(definitions, table, states),
                meters=MeterRules(definitions, table, states),
                production=ProductionRules(definitions, book, states),
                absence=absence,
            )  # fmt: skip
            await watch.load()
            yield _Watched(watch, database, [0])


def _rounded(figure: float) -> float:
    return float(f"{figure:.3g}")
