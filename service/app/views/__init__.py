"""What the API is shown of the running core."""

from __future__ import annotations

from dashboards import web_folder
from service.api.context import ApiContext, SiteCard
from service.app.backtest import CoreBacktests
from service.app.core import Core
from service.app.views.explain import CoreExplanations
from service.app.views.health import CoreMeasures, CoreReadiness
from service.app.views.live import CoreLive
from service.app.views.losses import CoreLosses
from service.app.views.production import CoreProduction
from service.app.views.sources import CoreSources
from service.runtime.deliveries import DeliveryDesk
from service.runtime.heartbeat import Heartbeat
from service.runtime.identity import Identity
from service.runtime.reports import Reports
from service.runtime.samples import example_of
from service.state.accounts import StateAccounts
from service.state.alarm_book import StateAlarmBook
from service.state.alarm_history import StateAlarmHistory
from service.state.corrections import StateCorrections
from service.state.deliveries import StateDeliveries
from service.state.raises import StateRaises
from service.state.retrospect import StateRetrospect


def api_context(
    core: Core,
    identity: Identity,
    production: CoreProduction,
    reports: Reports,
    heartbeat: Heartbeat | None = None,
) -> ApiContext:
    """The ports of the API over ``core``."""
    site = core.site
    folder = web_folder()
    letters = StateDeliveries(core.database)
    alarms = StateAlarmBook(core.database, core.watch.transitions)
    return ApiContext(
        site=SiteCard(
            id=site.id,
            name_en=site.name_en,
            name_zh=site.name_zh,
            time_zone=site.zone.key,
            year=site.year,
        ),
        table=core.table,
        line=site.line,
        clock=core.clock,
        identity=identity,
        live=CoreLive(core.live, core.table, core.absence),
        history=core.history,
        production=production,
        forecast=core.forecasts,
        alarms=alarms,
        desk=core.desk,
        shelving=site.shelving,
        alarm_history=StateAlarmHistory(core.database, core.definitions.all()),
        alarm_figures=core.alarm_figures,
        sources=CoreSources(core),
        deliveries=letters,
        delivery_desk=DeliveryDesk(
            core.couriers,
            letters,
            core.name,
            core.clock,
            example=example_of(core.definitions.all().values()),
        ),
        readiness=CoreReadiness(core),
        measures=CoreMeasures(core, heartbeat),
        backtests=CoreBacktests(site, core.database),
        entries=core.entries,
        planning=core.planning,
        reports=reports,
        corrections=StateCorrections(core.database),
        retrospect=StateRetrospect(core.database),
        losses=CoreLosses(core.losses, core.loss_book, core.entries),
        accounts=StateAccounts(core.database, site.line),
        wip=core.wip,
        explanations=CoreExplanations(core.losses, alarms, site.line, site.rules),
        floods=core.floods,
        announcing=site.announcing,
        raises=StateRaises(core.database),
        heartbeat=None if heartbeat is None else lambda: heartbeat.last,
        web=folder if (folder / "index.html").is_file() else None,
        public_url=site.service.public_url,
    )
