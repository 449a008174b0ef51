"""What the API needs to be told: everything it shows comes through these ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.domain.announcing import Announcing
from service.domain.line import Line
from service.domain.tagtable import TagTable
from service.runtime.accounts import Accounts
from service.runtime.alarm_figures import AlarmFigures
from service.runtime.alarm_history import AlarmHistory
from service.runtime.backtest import Backtests
from service.runtime.clock import Clock
from service.runtime.corrections import CorrectionBook, Retrospect
from service.runtime.deliveries import Deliveries, DeliveryDesk
from service.runtime.entries import Entries
from service.runtime.floods import FloodBook
from service.runtime.forecast import ForecastBook
from service.runtime.heartbeat import Beat
from service.runtime.history import HistoryReader
from service.runtime.identity import Identity
from service.runtime.lossbook import Explanations, LossBook
from service.runtime.planning import Planning
from service.runtime.raises import Raises
from service.runtime.reports import Reports
from service.runtime.shelving import ShelvingLimits
from service.runtime.views import (
    AlarmBook,
    AlarmDesk,
    LiveView,
    Measures,
    Production,
    Readiness,
    Sources,
)
from service.runtime.wip import WorkInProgress


@dataclass(frozen=True, slots=True)
class SiteCard:
    """What every page says of the site. year: the production year that its plan is made for."""

    id: str
    name_en: str
    name_zh: str
    time_zone: str
    year: int


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The ports of ``create_api``.

    heartbeat: how it last went; None when the site wants none.
    web: folder of the built dashboard; None when it was not built.
    public_url: where people reach the service when a proxy stands before it, else None.
    """

    site: SiteCard
    table: TagTable
    line: Line
    clock: Clock
    identity: Identity
    live: LiveView
    history: HistoryReader
    production: Production
    forecast: ForecastBook
    alarms: AlarmBook
    desk: AlarmDesk
    alarm_history: AlarmHistory
    alarm_figures: AlarmFigures
    sources: Sources
    deliveries: Deliveries
    delivery_desk: DeliveryDesk
    readiness: Readiness
    measures: Measures
    backtests: Backtests
    entries: Entries
    planning: Planning
    reports: Reports
    corrections: CorrectionBook
    retrospect: Retrospect
    losses: LossBook
    accounts: Accounts
    wip: WorkInProgress
    explanations: Explanations
    shelving: ShelvingLimits
    floods: FloodBook
    announcing: Announcing
    raises: Raises
    heartbeat: Callable[[], Beat] | None = None
    web: Path | None = None
    public_url: str | None = None
