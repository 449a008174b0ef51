"""Versions of calendar and plan in the state database, each with its audit row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from service.domain.calendar import Calendar, Downtime, DowntimeKind, Shift
from service.domain.planversion import PlanVersion, Ramp
from service.runtime.planning import Kept
from service.state.database import Database
from service.state.identity_rows import note
from service.state.tables_plans import plan_version


class StatePlans:
    """Implements ``service.runtime.planning.PlanStore``. first: the site's own version, which gives
    zone and begin of the day to all."""

    def __init__(self, database: Database, first: PlanVersion) -> None:
        self._database = database
        self._first = first

    async def versions(self) -> list[Kept]:
        """Every version that people made, the oldest first."""
        return await self._database.read(lambda c: kept_versions(c, self._first))

    async def keep(self, kept: Kept) -> None:
        """Keeps a new version with its audit row."""

        def write(connection: Connection) -> None:
            connection.execute(
                insert(plan_version).values(
                    effective_ns=kept.version.effective_ns,
                    body=orjson.dumps(body_of(kept.version)),
                    by=kept.by,
                    at_ns=kept.at_ns,
                    reason=kept.reason,
                    change=kept.change,
                )
            )
            note(connection, kept.at_ns, kept.by, "change plan", f"{kept.change}: {kept.reason}")

        await self._database.write(write)


def kept_versions(connection: Connection, first: PlanVersion) -> list[Kept]:
    """Every version that people made of ``first``, the oldest first."""
    rows = connection.execute(select(plan_version).order_by(plan_version.c.effective_ns))
    return [
        Kept(
            version_from(orjson.loads(row.body), row.effective_ns, first.calendar),
            row.by,
            row.at_ns,
            row.reason,
            row.change,
        )
        for row in rows
    ]


def body_of(version: PlanVersion) -> dict[str, Any]:
    """``version`` as JSON values, without its instant."""
    calendar = version.calendar
    return {
        "shifts": [[shift.id, f"{shift.start:%H:%M}"] for shift in calendar.shifts],
        "downtimes": [[d.start_ns, d.end_ns, d.reason, str(d.kind)] for d in calendar.downtimes],
        "crews": version.crews,
        "target_kg": {str(year): kg for year, kg in version.target_kg.items()},
        "month_weight": {str(month): weight for month, weight in version.month_weight.items()},
        "ramps": [[str(r.first), str(r.end), r.start_share] for r in version.ramps],
    }


def version_from(body: dict[str, Any], effective_ns: int, base: Calendar) -> PlanVersion:
    """The version that ``body_of`` was given, in the zone of ``base``."""
    calendar = replace(
        base,
        shifts=tuple(Shift(name, time.fromisoformat(start)) for name, start in body["shifts"]),
        downtimes=tuple(
            Downtime(start_ns, end_ns, reason, DowntimeKind(kind))
            for start_ns, end_ns, reason, kind in body["downtimes"]
        ),
    )
    return PlanVersion(
        effective_ns,
        calendar,
        {int(year): kg for year, kg in body["target_kg"].items()},
        {int(month): weight for month, weight in body["month_weight"].items()},
        tuple(
            Ramp(date.fromisoformat(first), date.fromisoformat(end), share)
            for first, end, share in body["ramps"]
        ),
        body["crews"],
    )
