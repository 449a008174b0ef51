"""Lets the service run: its tasks, what they forget, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from service.app.core import Core
from service.domain.instants import MINUTE_NS, seconds
from service.runtime.corrections import CORRECTIONS_FOR_S, KNOWN_FOR_S
from service.runtime.derived import write_derived
from service.runtime.derived_losses import write_shifts
from service.runtime.errors import ConnectorError
from service.runtime.ingest import Scaling, run_source
from service.runtime.late import recount_late
from service.runtime.live import follow
from service.runtime.retry import until_done
from service.state.corrections import StateCorrections
from service.state.moved import StateMoved
from service.state.retrospect import StateRetrospect

log = logging.getLogger(__name__)

TRIM_EVERY_S = 30.0
FORGET_EVERY_S = 3_600.0
TOLD_FOR_S = 90 * 86_400.0
"""How long what was told to whom is kept once it is done with."""
DRAIN_S = 10.0
TAKEN_S = 5.0
"""How long the end waits for destinations that are just being told."""


async def run_core(core: Core, stop: asyncio.Event) -> None:
    """Runs until ``stop`` is set, then in order: sources, journal, consumers; each within a bound.

    An error that is nobody's to retry ends everything and is raised.
    """
    async with asyncio.TaskGroup() as group:
        scaling = Scaling(core.table)
        await _recall(core)
        tasks: list[asyncio.Task[Any]] = [
            group.create_task(work, name=name)
            for name, work in (
                ("journal", core.journal.run()),
                ("history", core.historian.run(core.journal)),
                ("accounting", core.accounting.run(core.journal)),
                ("looking-back", core.looking_back.run()),
                ("late", recount_late(core.accounting, core.recounter, core.clock)),
                ("live", follow(core.journal, core.live, after=core.historian.position)),
                ("watch-values", core.watch.run_values(core.journal)),
                ("watch-production", core.watch.run_production(core.accounting)),
                ("watch-absence", core.watch.run_absence()),
                ("alarm-figures", core.alarm_figures.run()),
                ("losses", core.losses.run()),
                (
                    "derived-shifts",
                    write_shifts(
                        core.losses,
                        core.loss_book,
                        core.wip,
                        core.history,
                        core.live,
                        core.table,
                        core.clock,
                    ),
                ),
                ("forecast", core.forecasts.run()),
                (
                    "derived",
                    write_derived(
                        core.ledger,
                        core.accounting,
                        core.history,
                        core.live,
                        core.table,
                        core.clock,
                    ),
                ),
                ("trim", _trim(core)),
                ("forget", _forget(core)),
                *((f"deliver-{name}", one.run()) for name, one in core.couriers.items()),
            )
        ]
        readers = [
            group.create_task(
                run_source(opener, core.statuses[name], core.journal, scaling, core.clock),
                name=f"source-{name}",
            )
            for name, opener in core.sources.items()
        ]
        await stop.wait()
        log.info("stopping: sources, journal, consumers")
        await _cancel(readers)
        await drained(core, within_s=DRAIN_S)
        await _taken(core)
        await _cancel(tasks)
        await _last_drain(core)


async def drained(core: Core, *, within_s: float = DRAIN_S) -> bool:
    """Waits until every consumer has all that the journal holds; False when that took too long."""
    try:
        async with asyncio.timeout(within_s):
            await core.journal.drain()
            await core.historian.progress.until(core.journal.last)
            await core.accounting.caught_up(core.journal.last)
            await core.watch.caught_up(core.journal.last)
    except TimeoutError:
        log.warning("stopping: consumers %s are behind journal %d; they go on at the next start",
                    core.cursors(), core.journal.last)  # fmt: skip
        return False
    return True


async def _taken(core: Core) -> None:
    """Lets the attempts end that are under way, so that what was taken is not sent again."""
    try:
        async with asyncio.timeout(TAKEN_S), asyncio.TaskGroup() as group:
            for courier in core.couriers.values():
                group.create_task(courier.finish())
    except TimeoutError:
        log.warning("stopping: a destination has not answered; it may be told twice")


async def _last_drain(core: Core) -> None:
    """Keeps what came while the consumers ended; a full disk does not hold up the end for ever."""
    try:
        async with asyncio.timeout(DRAIN_S):
            await core.journal.drain()
    except TimeoutError:
        log.warning(
            "stopping: the journal can't be written error=%s; what was not accepted is asked for "
            "again where a source can give it",
            core.journal.held,
        )


async def _recall(core: Core) -> None:
    """Shows at once what the plant was like when the service last ran."""
    try:
        latest = await core.history.latest(
            [number for number, _ in core.table], before_ns=core.clock.now_ns() + MINUTE_NS
        )
    except ConnectorError as error:
        log.warning("latest values are not recalled error=%s", error)
        return
    core.live.take(latest)


async def _trim(core: Core) -> None:
    while True:
        await core.clock.sleep(TRIM_EVERY_S)
        await core.journal.trim(core.cursors())


async def _forget(core: Core) -> None:
    while True:
        before_ns = core.clock.now_ns() - seconds(TOLD_FOR_S)
        await until_done(
            partial(core.outbox.forget, before_ns), what="forgetting old messages", clock=core.clock
        )
        await until_done(
            partial(_forget_corrections, core), what="forgetting old corrections", clock=core.clock
        )
        await core.clock.sleep(FORGET_EVERY_S)


async def _forget_corrections(core: Core) -> None:
    known_before_ns = core.clock.now_ns() - seconds(KNOWN_FOR_S)
    await StateMoved(core.database).forget(known_before_ns)
    await StateRetrospect(core.database).forget(core.clock.now_ns() - seconds(CORRECTIONS_FOR_S))
    await StateCorrections(core.database).forget(
        known_before_ns=known_before_ns,
        corrections_before_ns=core.clock.now_ns() - seconds(CORRECTIONS_FOR_S),
    )


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
