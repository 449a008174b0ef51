"""The shift reports of a site, with those who tell their parts."""

from __future__ import annotations

from service.domain.calendar import ShiftSpan
from service.domain.production.book import ProductionBook
from service.domain.report.content import Names, NotePart
from service.domain.report.make import SiteNames
from service.domain.report.notes import notes_of
from service.runtime.clock import Clock
from service.runtime.entries import Entries
from service.runtime.reports import Reports, Section, Sections, not_kept
from service.settings import Site
from service.state.database import Database
from service.state.report_alarms import ShiftAlarms
from service.state.reports import StateReports


def open_reports(
    site: Site, book: ProductionBook, database: Database, entries: Entries, clock: Clock
) -> Reports:
    """The reports of ``site``; nothing runs yet."""
    sections = Sections(
        losses=not_kept,
        kpis=not_kept,
        alarms=ShiftAlarms(database),
        notes=_notes(entries),
        forecast=not_kept,
    )
    names = SiteNames(site.id, Names(site.name_en, site.name_zh))
    return Reports(names, book, sections, StateReports(database), clock)


def _notes(entries: Entries) -> Section[NotePart]:
    async def notes(span: ShiftSpan) -> NotePart:
        return notes_of(entries.standing, span)

    return notes
