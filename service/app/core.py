"""The service without its web server: everything between the sources and the destinations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from connectors.outbound.client import Outbound, open_outbound
from service.app.causes import CoreCauses
from service.app.occupied import occupied
from service.app.outside import destination_of, history_of, sources_of
from service.app.retrospect import LookingBack
from service.domain.definitions import Definitions, define
from service.domain.oncall import moment
from service.domain.production.book import ProductionBook, book_span
from service.domain.tagtable import TagTable
from service.journal.log import Journal, open_journal
from service.journal.registry import register
from service.runtime.accounting import Accounting
from service.runtime.alarm_desk import WatchDesk
from service.runtime.alarm_figures import AlarmFigures
from service.runtime.alarms import AlarmStates
from service.runtime.clock import Clock
from service.runtime.courier import Courier
from service.runtime.derived import CONNECTOR as DERIVED
from service.runtime.derived import KEEP_ALIVE_S, derived_tags
from service.runtime.derived_losses import shift_tags
from service.runtime.entries import Entries
from service.runtime.floods import Floodgauge
from service.runtime.forecast import Forecasts
from service.runtime.historian import Historian
from service.runtime.history import History
from service.runtime.ingest import SourceStatus, statuses
from service.runtime.live import LiveTable
from service.runtime.losses import Losses
from service.runtime.notify import Destination, SiteName
from service.runtime.planning import Planning
from service.runtime.recounting import Recounter
from service.runtime.silencing import Silencing
from service.runtime.source import OpenSource
from service.runtime.suppressing import Suppressions
from service.runtime.watch import Watch
from service.runtime.watch_absence import DEFAULT_KEEP_ALIVE_S, AbsenceRules
from service.runtime.watch_deliveries import DeliveryRules
from service.runtime.watch_devices import DeviceRules
from service.runtime.watch_held_up import HeldUp
from service.runtime.watch_meters import MeterRules
from service.runtime.watch_production import ProductionRules
from service.runtime.watch_values import ValueRules
from service.runtime.wip import WorkInProgress
from service.settings import Site
from service.state.alarm_steps import StateAlarmSteps
from service.state.alarms import StateAlarms
from service.state.cursors import StateCursor
from service.state.database import Database, open_database
from service.state.entries import StateEntries
from service.state.forecasts import StateForecasts
from service.state.ledger import StateLedger
from service.state.limits import StateLimits
from service.state.losses import StateLosses
from service.state.moved import StateMoved
from service.state.outbox import StateOutbox
from service.state.plans import StatePlans
from service.state.watched import StateWatched

log = logging.getLogger(__name__)

FAR_BEHIND = 5_000
"""Journal entries; a consumer further behind is not doing its work."""
LATENESS_S = 2.0
"""How many real seconds after a source proved itself alive its values of before may still come."""


@dataclass(frozen=True)
class Core:
    """What ``open_core`` wired; the API looks into it, ``service.app.run`` lets it run."""

    site: Site
    name: SiteName
    clock: Clock
    table: TagTable
    definitions: Definitions
    journal: Journal
    database: Database
    history: History
    live: LiveTable
    book: ProductionBook
    ledger: StateLedger
    accounting: Accounting
    recounter: Recounter
    looking_back: LookingBack
    historian: Historian
    watch: Watch
    silencing: Silencing
    desk: WatchDesk
    absence: AbsenceRules
    alarm_figures: AlarmFigures
    outbox: StateOutbox
    floods: Floodgauge
    entries: Entries
    planning: Planning
    losses: Losses
    loss_book: StateLosses
    wip: WorkInProgress
    forecasts: Forecasts
    outbound: Outbound
    destinations: tuple[Destination, ...]
    couriers: Mapping[str, Courier]
    sources: Mapping[str, OpenSource]
    statuses: Mapping[str, SourceStatus]

    def cursors(self) -> dict[str, int]:
        """Where every durable consumer of the journal is."""
        return {
            "history": self.historian.position,
            "accounting": self.accounting.position,
            "watch": self.watch.position,
        }


@asynccontextmanager
async def open_core(
    site: Site,
    clock: Clock,
    *,
    sources: Mapping[str, OpenSource] | None = None,
    url: str = "",
    gather_s: float = 0.1,
    partial_site: bool = False,
) -> AsyncIterator[Core]:
    """Opens journal, state and history of ``site`` and wires the consumers; touches no source yet.

    sources: instead of the site's own connectors, for simulations. partial_site: rules and
    destinations are left out for now, so what is open of them stays open. Raises ConnectorError
    when the state or an embedded history can't be opened.
    """
    async with AsyncExitStack() as stack:
        data = site.service.data
        stack.enter_context(occupied(data))
        tags = [*site.tags, *derived_tags(site.line.all_meters), *shift_tags(site.line)]
        table = await asyncio.to_thread(register, data / "journal", tags)
        database = await stack.enter_async_context(open_database(f"sqlite:///{data / 'state.db'}"))
        planning = Planning(
            StatePlans(database, site.plan.first), site.plan.first, site.line, clock
        )
        await planning.load()
        site = replace(site, plan=planning.plan, calendar=planning.plan.calendar)
        history = await stack.enter_async_context(history_of(site, table, clock))

        outbound = open_outbound(site.outbound)
        destinations = tuple(
            [
                await stack.enter_async_context(destination_of(d, clock, outbound=outbound))
                for d in site.destinations
            ]
        )
        definitions = define(site.rules, tags=site.tags, line=site.line)
        first_minute, n_minutes = book_span(site.plan, clock.now_ns())
        book = ProductionBook(site.line, site.plan, first_minute=first_minute, n_minutes=n_minutes)
        ledger = StateLedger(database)
        entries = Entries(StateEntries(database), site.line, clock)
        accounting = Accounting(
            site.line.all_meters, table, ledger, book, clock,
            lateness_s=LATENESS_S * clock.speed, stated=entries.stated,
        )  # fmt: skip
        historian = Historian(history, StateCursor(database, "history"), clock)
        live = LiveTable(table)
        found = statuses({n: str(getattr(s, "kind", "")) for n, s in site.sources.items()}, clock)
        states = AlarmStates(definitions.all())
        absence = AbsenceRules(
            definitions, live, states,
            keep_alive_s=partial(_keep_alive_s, found, clock), clock=clock,
        )  # fmt: skip
        seen_at = url or site.service.public_url or ""
        name = SiteName(site.id, site.name_en, site.name_zh, seen_at, site.zone)
        alarms = StateAlarms(
            database, name, destinations, announcing=site.announcing,
            when=lambda at_ns: moment(planning.plan.calendar, at_ns),
        )  # fmt: skip
        outbox = StateOutbox(database)
        if not partial_site:
            retired = await alarms.retire(definitions.all(), clock.now_ns())
            abandoned = await outbox.abandon([d.name for d in destinations])
            if retired or abandoned:
                log.warning("rules or destinations are gone: alarms ended=%d dead letters=%d",
                            retired, abandoned)  # fmt: skip
        forecasts = Forecasts(book, accounting, StateForecasts(database), clock, site=site.id)
        silencing = Silencing(definitions, site.line, states, clock)
        states.silencer = silencing
        loss_book = StateLosses(database, site.line)
        losses = Losses(site.line, site.plan, accounting, loss_book, loss_book, clock)
        causes = CoreCauses(losses, site.line)
        couriers: dict[str, Courier] = {}
        watch = Watch(
            states,
            alarms,
            clock,
            devices=DeviceRules(definitions, table, states),
            suppressions=Suppressions(
                definitions.all(), table, states, clock, patience_ns=absence.patience_ns
            ),
            values=ValueRules(definitions, table, states),
            meters=MeterRules(definitions, table, states),
            production=ProductionRules(
                definitions,
                book,
                states,
                StateLimits(database),
                forecasts,
                HeldUp(definitions.stages, states, causes, silencing.held_up),
            ),
            absence=absence,
            deliveries=DeliveryRules(definitions, states, couriers),
        )
        for one in destinations:
            couriers[one.name] = Courier(one, name, outbox, clock, news=watch.transitions)
        planning.judge_with(book, losses.replan)
        for consumer in (accounting, historian, watch, entries, forecasts):
            await consumer.load()
        for meter, minutes in await ledger.minutes(first_minute // 60):
            book.enter(meter, minutes)
        await entries.apply(accounting, await ledger.spans_beneath())
        furthest = max(accounting.position, historian.position, watch.position)
        journal = await stack.enter_async_context(
            open_journal(
                data / "journal", clock=clock, next_position=furthest + 1, gather_s=gather_s
            )
        )
        yield Core(
            site=site,
            name=name,
            clock=clock,
            table=table,
            definitions=definitions,
            journal=journal,
            database=database,
            history=history,
            live=live,
            book=book,
            ledger=ledger,
            accounting=accounting,
            looking_back=LookingBack(site, definitions.stages, database, accounting, watch, clock),
            recounter=Recounter(history, StateMoved(database), table, historian.progress),
            historian=historian,
            watch=watch,
            silencing=silencing,
            desk=WatchDesk(watch, states),
            absence=absence,
            alarm_figures=AlarmFigures(
                StateAlarmSteps(database),
                StateWatched(database),
                watch.transitions,
                lambda: book.plan.calendar,
                site.announcing.flooding,
                clock,
                is_behind=lambda: journal.last - watch.position > FAR_BEHIND,
            ),
            outbox=outbox,
            floods=Floodgauge(site.announcing.flooding, lambda: alarms.floods, clock),
            entries=entries,
            planning=planning,
            losses=losses,
            loss_book=loss_book,
            wip=WorkInProgress(site.line, book, entries, clock),
            forecasts=forecasts,
            outbound=outbound,
            destinations=destinations,
            couriers=couriers,
            sources=sources_of(site, table, clock) if sources is None else sources,
            statuses=found,
        )


def _keep_alive_s(found: Mapping[str, SourceStatus], clock: Clock, group: str) -> float | None:
    """Seconds of ``clock``; sources tell real ones."""
    connector = group.split("/", 1)[0]
    if connector == DERIVED:
        return KEEP_ALIVE_S
    status = found.get(connector)
    if status is None:
        return None
    return status.report.keep_alive_s.get(group, DEFAULT_KEEP_ALIVE_S) * clock.speed
