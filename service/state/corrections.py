"""What was corrected afterwards, and what was known until then: kept with the minutes, readable
for as long as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from service.domain.production.corrections import (
    Cause,
    Corrected,
    Correction,
    KnownUntil,
    Tally,
)
from service.domain.production.minutes import Minutes
from service.state.database import Database
from service.state.tables_corrections import correction, known_until


class StateCorrections:
    """Implements ``service.runtime.corrections.CorrectionBook``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def corrections(
        self, *, meter: str | None = None, limit: int, offset: int = 0
    ) -> list[Correction]:
        """Those of ``meter`` (None: all), the newest first."""
        wanted = select(correction).order_by(correction.c.seq.desc()).limit(limit).offset(offset)
        if meter is not None:
            wanted = wanted.where(correction.c.meter == meter)
        return await self._database.read(
            lambda c: [correction_of(row) for row in c.execute(wanted)]
        )

    async def forget(self, *, known_before_ns: int, corrections_before_ns: int) -> None:
        """Drops what was known until before the one instant, and what was learnt before the
        other."""

        def write(connection: Connection) -> None:
            connection.execute(delete(known_until).where(known_until.c.until_ns < known_before_ns))
            connection.execute(
                delete(correction).where(correction.c.learnt_ns < corrections_before_ns)
            )

        await self._database.write(write)


def keep_corrections(
    connection: Connection, changes: Sequence[Corrected], known: Sequence[KnownUntil]
) -> None:
    """Keeps both within the transaction that changes the minutes."""
    if changes:
        connection.execute(insert(correction), [_row(one.correction) for one in changes])
    if known:
        connection.execute(insert(known_until), [_known_row(one) for one in known])


def known_between(connection: Connection, first: int, end: int) -> list[KnownUntil]:
    """What was known of minutes in [first, end), the oldest first."""
    rows = connection.execute(
        select(known_until).where(known_until.c.first < end).order_by(known_until.c.seq)
    )
    return [
        KnownUntil(
            row.meter,
            Minutes(
                row.first,
                np.frombuffer(row.kg, "<f8").astype(np.float64),
                np.frombuffer(row.grade, np.uint8),
            ),
            row.until_ns,
            row.correction,
        )
        for row in rows
        if row.first + len(row.grade) > first
    ]


def correction_of(row: Any) -> Correction:
    """The correction that ``_row`` was given."""
    return Correction(
        row.id,
        row.meter,
        row.start_ns,
        row.end_ns,
        Tally(row.kg_before, row.measured_before, row.estimated_before, row.unknown_before),
        Tally(row.kg_after, row.measured_after, row.estimated_after, row.unknown_after),
        Cause(row.cause),
        row.learnt_ns,
        row.entry,
    )


def _row(one: Correction) -> dict[str, Any]:
    return {
        "id": one.id,
        "meter": one.meter,
        "start_ns": one.start_ns,
        "end_ns": one.end_ns,
        "kg_before": one.before.kg,
        "measured_before": one.before.measured,
        "estimated_before": one.before.estimated,
        "unknown_before": one.before.unknown,
        "kg_after": one.after.kg,
        "measured_after": one.after.measured,
        "estimated_after": one.after.estimated,
        "unknown_after": one.after.unknown,
        "cause": str(one.cause),
        "learnt_ns": one.learnt_ns,
        "entry": one.entry,
        "judged": 0,
    }


def _known_row(one: KnownUntil) -> dict[str, Any]:
    return {
        "meter": one.meter,
        "first": one.minutes.first,
        "kg": one.minutes.kg.astype("<f8").tobytes(),
        "grade": one.minutes.grade.tobytes(),
        "until_ns": one.until_ns,
        "correction": one.correction,
    }
