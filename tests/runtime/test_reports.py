"""Shift reports are made when a shift is over, kept as they were, and corrected by new ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from service.domain.calendar import ShiftSpan
from service.domain.instants import HOUR_NS, MINUTE_NS
from service.domain.production.book import ProductionBook
from service.domain.production.minutes import Minutes
from service.domain.report.content import Absence, Change, Missing, Part
from service.domain.report.shifts import shift_id
from service.runtime.clock import FakeClock
from service.runtime.reports import (
    PATIENCE_NS,
    REVISED_AGAIN_NS,
    NoSuchReport,
    Reports,
    Sections,
    not_kept,
)
from service.state.database import Database, open_database
from service.state.reports import REPORT, StateReports
from tests.sample_reports import book_of, fill, full_report, names_of, sample_site, shift_of

SITE = sample_site()
SPAN = shift_of(SITE)
SHIFT = shift_id(SITE.calendar, SPAN)


@dataclass
class Rig:
    """Reports over a real state database, a book that tests fill, and parts that they choose."""

    database: Database
    book: ProductionBook
    clock: FakeClock
    losses: Missing

    def reports(self) -> Reports:
        """A fresh one, as after a start."""

        async def losses(_span: ShiftSpan, _waits: bool) -> Missing:
            return self.losses

        sections = Sections(losses, not_kept, not_kept, not_kept, not_kept)
        return Reports(names_of(SITE), self.book, sections, StateReports(self.database), self.clock)

    async def kept(self) -> list[tuple[str, int]]:
        cards = await StateReports(self.database).cards(limit=100)
        return [(card.shift, card.revision) for card in cards]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        book = book_of(SITE)
        yield Rig(database, book, FakeClock(SPAN.end_ns), Missing(Absence.NOT_KEPT))


async def test_a_report_is_made_once_the_last_minute_is_closed(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns - MINUTE_NS)
    reports = rig.reports()
    await reports.catch_up()
    assert await rig.kept() == []
    fill(rig.book, SPAN.end_ns - MINUTE_NS, SPAN.end_ns)
    await reports.catch_up()
    assert await rig.kept() == [(SHIFT, 1)]
    report = await reports.report(SHIFT)
    assert report.final
    assert report.plant.shift.known_share == 1.0
    assert report.plant.shift.actual_kg == pytest.approx(report.plant.shift.plan_kg)
    await reports.catch_up()
    assert await rig.kept() == [(SHIFT, 1)]


async def test_a_silent_plant_is_reported_as_unknown(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns - HOUR_NS)
    reports = rig.reports()
    await rig.clock.advance(PATIENCE_NS / 1e9)
    await reports.catch_up()
    report = await reports.report("last")
    assert (report.revision, report.final) == (1, False)
    assert report.stages[0].unknown_min == pytest.approx(60.0)
    assert report.plant.shift.known_share == pytest.approx(7 / 8)


async def test_a_part_that_comes_later_is_waited_for_but_not_for_ever(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns)
    rig.losses = Missing(Absence.NOT_YET)
    reports = rig.reports()
    await reports.catch_up()
    assert await rig.kept() == []
    await rig.clock.advance(PATIENCE_NS / 1e9)
    await reports.catch_up()
    assert (await reports.report(SHIFT)).losses == Missing(Absence.NOT_YET)


async def test_after_a_start_slow_parts_are_waited_for_again(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns)
    await rig.clock.advance(8 * 3_600.0)
    rig.losses = Missing(Absence.NOT_YET)
    reports = rig.reports()
    await reports.catch_up()
    assert await rig.kept() == []
    rig.losses = Missing(Absence.NOT_KEPT)
    await reports.catch_up()
    assert (SHIFT, 1) in await rig.kept()


async def test_after_a_downtime_every_shift_gets_its_report(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns - 48 * HOUR_NS, SPAN.end_ns)
    await rig.reports().catch_up()
    spans = SITE.calendar.shifts_between(SPAN.start_ns - 48 * HOUR_NS, SPAN.end_ns)
    assert len(spans) == 7
    expected = [(shift_id(SITE.calendar, span), 1) for span in reversed(spans)]
    assert await rig.kept() == expected


async def test_what_was_reported_stays_and_a_correction_says_what_it_changed(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns)
    reports = rig.reports()
    await reports.catch_up()
    first = await reports.report(SHIFT)
    meter = SITE.line.meters_by_stage["CR"][0]
    minute = SPAN.start_ns // MINUTE_NS
    was = first.stages[0].shift.actual_kg
    assert was is not None
    kg = was / len(SITE.line.meters_by_stage["CR"]) / 480
    before = _minutes(minute, kg, 60)
    rig.book.correct(meter.id, before, replace(before, kg=before.kg * 2))
    await reports.catch_up()
    assert await rig.kept() == [(SHIFT, 1)], "one shift is revised once an hour at most"
    await rig.clock.advance(REVISED_AGAIN_NS / 1e9)
    await reports.catch_up()
    await reports.catch_up()
    second = await reports.report(SHIFT)
    assert second.revision == 2
    (change,) = second.changes
    assert change == Change(Part.MADE, "CR", was, second.stages[0].shift.actual_kg)
    assert change.now == pytest.approx(was + 60 * kg)
    assert await reports.report(SHIFT, 1) == first
    with pytest.raises(NoSuchReport, match="revision 3"):
        await reports.report(SHIFT, 3)


async def test_the_shift_that_is_on_is_shown_so_far_and_not_kept(rig: Rig) -> None:
    fill(rig.book, SPAN.start_ns, SPAN.end_ns)
    reports = rig.reports()
    await rig.clock.advance(3_600.0)
    fill(rig.book, SPAN.end_ns, SPAN.end_ns + HOUR_NS, part=0.5)
    report = await reports.report("current")
    assert (report.revision, report.final) == (0, False)
    assert report.plant.shift.deviation_pct == pytest.approx(-50.0)
    assert report.until_ns == SPAN.end_ns + HOUR_NS
    assert report.shift == reports.current()
    assert (await rig.kept()) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("2026-03-10-Z", "there is no shift"),
        ("yesterday", "expected a production day and one of"),
        ("2026-13-10-A", "there is no shift"),
        ("9999-12-31-day", "there is no shift"),
        ("2026-12-01-day", "begins only at"),
        ("2024-12-01-day", "production is at hand"),
    ],
)
async def test_no_such_report_says_why(rig: Rig, asked: str, said: str) -> None:
    with pytest.raises(NoSuchReport, match=said):
        await rig.reports().report(asked)


async def test_a_report_is_kept_to_the_last_bit(rig: Rig) -> None:
    store, report = StateReports(rig.database), full_report()
    await store.keep(report)
    assert await store.find(report.shift) == report
    await store.keep(replace(report, made_ns=1))
    assert await store.find(report.shift) == report, "what is kept stays as it is"
    assert REPORT.validate_json(REPORT.dump_json(report)) == report


def _minutes(first: int, kg: float, n: int) -> Minutes:
    return Minutes(first, np.full(n, kg), np.zeros(n, np.uint8))
