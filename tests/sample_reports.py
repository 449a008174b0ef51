"""Shift reports for tests: of the sample site, ordinary, and as full as one can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from service.domain.alarm import Priority
from service.domain.alarm_targets import Indicator, Level
from service.domain.calendar import ShiftSpan
from service.domain.entries.entry import EntryKind
from service.domain.instants import HOUR_NS, MINUTE_NS, to_ns
from service.domain.kpi import KPIS
from service.domain.losses.reasons import LossKind, Reason
from service.domain.plan import Window
from service.domain.production.book import ProductionBook, book_span
from service.domain.production.minutes import Grade, Minutes
from service.domain.report.content import (
    Absence,
    AlarmFigure,
    AlarmLine,
    AlarmLoad,
    AlarmPart,
    Change,
    ForecastPart,
    FrequentLine,
    KpiPart,
    LossEvent,
    LossPart,
    Missing,
    Names,
    NoteLine,
    NotePart,
    Outlook,
    Part,
    ReasonLoss,
    ShiftReport,
    StageKpis,
)
from service.domain.report.make import Parts, SiteNames, make_report
from service.settings import Site, load_site
from tests.sites import SAMPLE

NOON_NS = to_ns(datetime(2026, 3, 10, 12, tzinfo=UTC))
NOTHING = Missing(Absence.NOT_KEPT)
NO_PARTS = Parts(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)


def sample_site() -> Site:
    """The sample site."""
    return load_site(SAMPLE)


def book_of(site: Site) -> ProductionBook:
    """An empty book of 2026."""
    first, n = book_span(site.plan, NOON_NS)
    return ProductionBook(site.line, site.plan, first_minute=first, n_minutes=n)


def fill(
    book: ProductionBook, start_ns: int, end_ns: int, *, part: float = 1.0, hole_min: int = 0
) -> None:
    """Every meter makes ``part`` of its due in [start_ns, end_ns), which then is closed; the last
    ``hole_min`` minutes are unknown."""
    first, n = start_ns // MINUTE_NS, (end_ns - start_ns) // MINUTE_NS
    for stage in book.line.stages:
        meters = book.line.meters_by_stage[stage.id]
        due_kg = book.between(stage.id, start_ns, end_ns).plan_kg / n / max(len(meters), 1)
        kg = np.full(n, due_kg * part)
        grade = np.full(n, Grade.MEASURED, np.uint8)
        if hole_min:
            kg[-hole_min:], grade[-hole_min:] = np.nan, Grade.UNKNOWN
        for meter in meters:
            book.enter(meter.id, Minutes(first, kg, grade))
    book.closed_ns = end_ns


def shift_of(site: Site) -> ShiftSpan:
    """The shift that is over at NOON_NS."""
    return site.calendar.shift_at(site.calendar.shift_at(NOON_NS).start_ns - 1)


def plain_report() -> ShiftReport:
    """Ten days on plan, then a shift at 90 % that is unknown for half an hour."""
    site = sample_site()
    book, span = book_of(site), shift_of(site)
    fill(book, span.start_ns - 240 * HOUR_NS, span.start_ns)
    fill(book, span.start_ns, span.end_ns, part=0.9, hole_min=30)
    made = make_report(names_of(site), book, span, NO_PARTS, now_ns=span.end_ns + MINUTE_NS)
    return replace(made, revision=1)


def full_report(*, alarms: int = 60, losses: int = 40, notes: int = 30) -> ShiftReport:
    """As much as one shift can have, in words as long as they come."""
    plain = plain_report()
    start_ns, end_ns = plain.start_ns, plain.end_ns
    stages = [stage.id for stage in plain.stages]
    reasons = list(Reason)
    return replace(
        plain,
        revision=3,
        changes=tuple(
            Change(Part.MADE, stage, 123_456.0, 234_567.0) for stage in stages
        ),
        losses=LossPart(
            tuple(
                ReasonLoss(
                    stages[n % 8], reasons[n % len(reasons)], 12, 123.4, 12_345.6 - n,
                    11_111.1 - n, 1_111.1
                )
                for n in range(losses)
            ),
            tuple(
                LossEvent(
                    f"{stages[n % 8]}-L07B-NORTH-{n:02d}", stages[n % 8], LossKind.STOPPED,
                    Reason.EN_EMISSION, start_ns - HOUR_NS, end_ns, 98_765.4 - n, 87_654.3 - n,
                    1_111.1,
                    "operator.with.a.long.name", "",
                )
                for n in range(losses)
            ),
            losses,
        ),
        kpis=KpiPart(
            tuple(
                StageKpis(
                    stage, {kpi.id: 0.9876 if kpi.unit == "1" else 1_234.56 for kpi in KPIS}, 0.999
                )
                for stage in stages
            )
        ),
        alarms=AlarmPart(
            tuple(
                AlarmLine(
                    f"{n:032x}", Priority(1 + n % 4), f"CB-L{n:02d}B-TIC112-CONTROL.PV",
                    Names(
                        "Zone 12 temperature is above its upper limit of 1,180 °C since 30 minutes "
                        "while the neighbouring zones hold",
                        "十二区温度三十分钟以来高于上限一千一百八十摄氏度，相邻各区保持正常，请检查加热器与热电偶，必要时停止进料并通知维修",
                    ),
                    start_ns + n * MINUTE_NS, None if n % 3 else start_ns + HOUR_NS,
                    "operator.with.a.long.name" if n % 2 else None,
                )
                for n in range(alarms)
            ),
            alarms + 1_000,
            dict.fromkeys(Priority, 265),
            standing=40,
            load=AlarmLoad(
                7.9, 2, 1_060, 345,
                (
                    AlarmFigure(Indicator.PER_HOUR, 67.1, Level.BAD),
                    AlarmFigure(Indicator.MOST_IN_PERIOD, 212.0, Level.BAD),
                    AlarmFigure(Indicator.FLOOD_SHARE, 0.345, Level.BAD),
                    AlarmFigure(Indicator.CHATTERING, 12.0, Level.BAD),
                    AlarmFigure(Indicator.FLEETING, 0.0, Level.GOOD),
                    AlarmFigure(Indicator.MOST_STALE, None, Level.UNJUDGED),
                ),
                123, 84.0, 5_400.0,
                tuple(
                    FrequentLine(
                        f"h:{n}", f"CB-L{n:02d}B-TIC112-CONTROL.ZONE12.PV", Names("Hot", "高"), 99
                    )
                    for n in range(10)
                ),
                mix=dict(zip(Priority, (10, 50, 200, 800), strict=True)),
            ),
        ),
        notes=NotePart(
            tuple(
                NoteLine(
                    f"note{n}", EntryKind.SCRAP if n % 2 else EntryKind.NOTE, stages[n % 8],
                    start_ns + n * MINUTE_NS, 1_234.5 if n % 2 else None,
                    "三号整流器于本班停机检修，预计下一班恢复。" * 3
                    + "Rectifier 3 stopped for repair; back in the next shift. " * 8,
                    "operator.with.a.long.name",
                )
                for n in range(notes)
            ),
            notes,
        ),
        forecast=ForecastPart(
            end_ns - HOUR_NS,
            tuple(
                Outlook(period, end_ns, end_ns + 24 * HOUR_NS,
                        12_345_678.0, 70_000_000.0, 69_123_456.0, 66_000_000.0,
                        72_000_000.0, 0.42)
                for period in (Window.SHIFT, Window.MONTH, Window.YEAR)
            ),
        ),
    )  # fmt: skip


def names_of(site: Site) -> SiteNames:
    """How ``site`` is called."""
    return SiteNames(site.id, Names(site.name_en, site.name_zh))
