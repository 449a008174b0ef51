"""Shift reports in the state database, as they were made."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from service.domain.report.content import CONTENT, ShiftReport
from service.runtime.errors import Rejected
from service.runtime.reports import ReportCard
from service.state.database import Database
from service.state.tables_reports import shift_report

REPORT = TypeAdapter(ShiftReport)
"""To JSON and back, to the last bit."""


class StateReports:
    """Implements ``service.runtime.reports.ReportStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, report: ShiftReport) -> None:
        """Keeps a new revision; one that is kept already stays as it is."""
        row = {
            "shift": report.shift,
            "revision": report.revision,
            "shift_name": report.shift_name,
            "start_ns": report.start_ns,
            "end_ns": report.end_ns,
            "made_ns": report.made_ns,
            "final": report.final,
            "actual_kg": report.plant.shift.actual_kg,
            "plan_kg": report.plant.shift.plan_kg,
            "deviation_pct": report.plant.shift.deviation_pct,
            "content": report.content,
            "body": REPORT.dump_json(report),
        }

        def write(connection: Connection) -> None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(shift_report).values(**row))
            except IntegrityError:
                return  # what was reported then stays

        await self._database.write(write)

    async def find(self, shift: str, revision: int | None = None) -> ShiftReport | None:
        """That revision, or the newest. Rejected when a newer version of the service made it."""
        c = shift_report.c
        wanted = select(c.content, c.body).where(c.shift == shift)
        if revision is not None:
            wanted = wanted.where(c.revision == revision)
        wanted = wanted.order_by(c.revision.desc()).limit(1)
        row = await self._database.read(lambda at: at.execute(wanted).one_or_none())
        if row is None:
            return None
        if row.content != CONTENT:
            raise Rejected(
                f"shift report {shift} has content {row.content}, this version of anodewatch reads "
                f"{CONTENT}; use the version that made it"
            )
        return REPORT.validate_json(row.body)

    async def cards(self, *, limit: int, offset: int = 0) -> list[ReportCard]:
        """The newest revision of each shift, the newest shift first."""
        c = shift_report.c
        newest = (
            select(c.shift, func.max(c.revision).label("revision")).group_by(c.shift).subquery()
        )
        wanted = (
            select(*[c[name] for name in ReportCard.__dataclass_fields__])
            .join(newest, (newest.c.shift == c.shift) & (newest.c.revision == c.revision))
            .order_by(c.start_ns.desc())
            .limit(limit)
            .offset(offset)
        )
        rows = await self._database.read(lambda at: at.execute(wanted).mappings().all())
        return [ReportCard(**row) for row in rows]
