"""The API over fakes of its ports, with a real state database, and a browser's way to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from service.api.app import create_api
from service.api.context import ApiContext, SiteCard
from service.api.stream import Pace
from service.app.views.explain import CoreExplanations
from service.app.views.losses import CoreLosses
from service.domain.alarm import Priority
from service.domain.announcing import Announcing
from service.domain.calendar import Calendar, Shift
from service.domain.flood import ORDINARY
from service.domain.instants import MINUTE_NS
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.plan import Plan
from service.domain.planversion import PlanVersion
from service.domain.production.book import ProductionBook
from service.domain.routing import Route, Routing
from service.domain.tag import Limits, Tag, TagKind
from service.domain.tagtable import TagTable
from service.runtime.alarm_figures import AlarmFigures
from service.runtime.clock import FakeClock
from service.runtime.courier import Courier
from service.runtime.deliveries import DeliveryDesk
from service.runtime.entries import Entries
from service.runtime.identity import Role
from service.runtime.lossbook import Explanations, LossBook
from service.runtime.losses import Losses
from service.runtime.planning import Planning
from service.runtime.progress import Progress
from service.runtime.reports import Reports, Sections, not_kept
from service.runtime.shelving import ShelvingLimits
from service.runtime.views import Measure
from service.runtime.wip import WorkInProgress
from service.state.accounts import StateAccounts
from service.state.alarm_history import StateAlarmHistory
from service.state.alarm_steps import StateAlarmSteps
from service.state.corrections import StateCorrections
from service.state.database import Database, open_database
from service.state.deliveries import StateDeliveries
from service.state.entries import StateEntries
from service.state.identity import StateIdentity
from service.state.losses import StateLosses
from service.state.outbox import StateOutbox
from service.state.passwords import Passwords
from service.state.plans import StatePlans
from service.state.raises import StateRaises
from service.state.reports import StateReports
from service.state.retrospect import StateRetrospect
from service.state.watched import StateWatched
from tests.api_fakes import (
    GROUP,
    NOW_NS,
    FakeAlarms,
    FakeBacktests,
    FakeEdges,
    FakeHistory,
    FakeLive,
    FakeProduction,
    FakeReadiness,
    sample_history,
)
from tests.forecast_fake import FakeForecasts
from tests.lossplant import Closed
from tests.notices import SITE
from tests.post_rig import Receiver, to
from tests.sample_reports import book_of, names_of, sample_site
from tests.sites import SITE_ZONE, ZONE

PASSWORD = "graphite-3000"

TAGS = {
    3: Tag(
        "CB-L07B-TIC112.PV", "plant", "n", unit="°C", low=0, high=3200, limits=Limits(hh=3100),
        name_en="Zone 12 temperature", name_zh="12区温度",
    ),
    4: Tag("CB-L07B-KQ131.TOT", "plant", "n", kind=TagKind.COUNTER, unit="1", name_zh="匣钵数"),
    5: Tag("GR-K01-XS201.RUN", "plant", "n", kind=TagKind.BOOLEAN, name_en="Furnace 01 running"),
    6: Tag("PK-P1-BATCH.ID", "plant", "n", kind=TagKind.TEXT, name_en="Batch"),
    9: Tag("PK-P1.KG1M", "accounting", "n", unit="kg", name_en="PK-P1 production per minute"),
}  # fmt: skip

LINE = Line(
    (Stage("PK", "Packing", "包装", 1.0, 1.0, 20.0), Stage("SC", "Screening", "筛分", 1, 1, 18)),
    (Meter("PK-P1", "PK", "P1", "CB-L07B-KQ131.TOT", MeterKind.COUNT, GROUP),),
    "PK",
)  # fmt: skip

ANNOUNCING = Announcing(
    Routing(
        {"hook": Priority.LOW, "boss": Priority.LOW},
        (
            Route("packing", ("boss",), (("hook",),), stages=frozenset({"PK"}),
                  shifts=frozenset({"A"})),
            Route("rest", ("hook",), group_ns=5_000_000_000),
        ),
    ),
    ZONE,
)  # fmt: skip
SHIFTS = (Shift("C", time(0)), Shift("A", time(8)), Shift("B", time(16)))
FIRST_PLAN = PlanVersion(0, Calendar(ZONE, time(8), SHIFTS), {2026: 70_000_000.0}, crews=4)


@dataclass
class Api:
    """The application, what it stands on, and how to reach it."""

    app: FastAPI
    context: ApiContext
    clock: FakeClock
    identity: StateIdentity
    live: FakeLive
    history: FakeHistory
    alarms: FakeAlarms
    database: Database
    readiness: FakeReadiness
    couriers: dict[str, Courier]
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, *, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        """A browser of its own: cookies are kept."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 1))
        made = httpx.AsyncClient(
            transport=transport, base_url="http://anodewatch.test", headers=headers
        )
        self.clients.append(made)
        return made

    async def logged_in(self, role: Role, *, name: str | None = None) -> httpx.AsyncClient:
        """A browser with a session of a new user, which sends the header against forgery."""
        name = name or str(role)
        await self.identity.add_user(name, password=PASSWORD, role=role, by="test")
        client = self.client(**{"X-Anodewatch": "1"})
        body = {"username": name, "password": PASSWORD}
        assert (await client.post("/api/v1/session", json=body)).status_code == 200
        return client


@asynccontextmanager
async def open_api(
    tmp_path: Path, *, web: Path | None = None, public_url: str | None = None,
    pace: Pace | None = None, losses: LossBook | None = None,
    explanations: Explanations | None = None, line: Line = LINE, book: ProductionBook | None = None,
) -> AsyncIterator[Api]:  # fmt: skip
    clock = FakeClock(NOW_NS)
    table = TagTable(TAGS)
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        identity = StateIdentity(database, clock, passwords=Passwords(time_cost=1, memory_kib=8))
        live, history, alarms, edges = FakeLive(table), sample_history(), FakeAlarms(), FakeEdges()
        readiness = FakeReadiness()
        hook = to(Receiver(), "hook")
        couriers = {"hook": Courier(hook, SITE, StateOutbox(database), clock, news=Progress())}
        letters = StateDeliveries(database)
        found = nothing_found(database, clock)
        entries = Entries(StateEntries(database), line, clock)
        context = ApiContext(
            site=SiteCard("changzhi", "Changzhi", "长治", SITE_ZONE, 2026),
            table=table,
            line=line,
            clock=clock,
            identity=identity,
            live=live,
            history=history,
            production=FakeProduction(),
            forecast=FakeForecasts(NOW_NS),
            alarms=alarms,
            desk=alarms.desk,
            shelving=ShelvingLimits(),
            alarm_history=StateAlarmHistory(database, {}),
            alarm_figures=AlarmFigures(
                StateAlarmSteps(database),
                StateWatched(database),
                alarms.changes,
                lambda: FIRST_PLAN.calendar,
                ORDINARY,
                clock,
                is_behind=lambda: False,
            ),
            floods=lambda: alarms.floods,
            announcing=ANNOUNCING,
            raises=StateRaises(database),
            sources=edges,
            deliveries=letters,
            delivery_desk=DeliveryDesk(couriers, letters, SITE, clock),
            readiness=readiness,
            backtests=FakeBacktests(),
            corrections=StateCorrections(database),
            retrospect=StateRetrospect(database),
            accounts=StateAccounts(database, LINE),
            wip=WorkInProgress(line, book or empty_book(line), entries, clock),
            losses=losses or CoreLosses(found, StateLosses(database, LINE), entries),
            explanations=explanations or CoreExplanations(found, alarms, LINE, ()),
            entries=entries,
            planning=Planning(StatePlans(database, FIRST_PLAN), FIRST_PLAN, LINE, clock),
            reports=reports_of(database, clock),
            measures=lambda: [
                Measure("anodewatch_rows", "Rows.", 5.0, labels={"consumer": "history"}),
                Measure("anodewatch_rows", "Rows.", 7.0, labels={"consumer": "watch"}),
                Measure("anodewatch_lag_entries", "Lag.", 2.0, counter=False),
            ],
            web=web,
            public_url=public_url,
        )
        api = Api(
            create_api(context, pace=pace), context, clock, identity, live, history, alarms,
            database, readiness, couriers,
        )  # fmt: skip
        try:
            yield api
        finally:
            for client in api.clients:
                await client.aclose()


def nothing_found(database: Database, clock: FakeClock) -> Losses:
    """The losses of a plant of which nothing is recorded."""
    kept = StateLosses(database, LINE)
    calendar = Calendar(ZoneInfo(SITE_ZONE), time(8), (Shift("C", time(0)), Shift("A", time(8))))
    return Losses(LINE, Plan(calendar, {2026: 7e7}), Closed(), kept, kept, clock)


def empty_book(line: Line) -> ProductionBook:
    """A book of a day and a half before now, in which nothing is known."""
    calendar = Calendar(ZoneInfo(SITE_ZONE), time(8), SHIFTS)
    first = NOW_NS // MINUTE_NS - 36 * 60
    return ProductionBook(line, Plan(calendar, {2026: 7e7}), first_minute=first, n_minutes=36 * 60)


def reports_of(database: Database, clock: FakeClock) -> Reports:
    """The reports of the sample site, of which nothing was ever made."""
    site = sample_site()
    sections = Sections(not_kept, not_kept, not_kept, not_kept, not_kept)
    return Reports(names_of(site), book_of(site), sections, StateReports(database), clock)
