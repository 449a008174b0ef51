"""Retrospective entries: beside the alarms, which they never change, and told to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from service.domain.production.corrections import Correction
from service.domain.retrospect import Finding, Raised, Retrospective, why
from service.runtime.corrections import RetrospectiveView
from service.state.corrections import correction_of
from service.state.database import Database
from service.state.tables import alarm
from service.state.tables_corrections import correction, retrospective


class StateRetrospect:
    """Implements ``service.runtime.corrections.Retrospect``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def retrospective(self, *, limit: int, offset: int = 0) -> list[RetrospectiveView]:
        """Entries, the newest first."""
        wanted = (
            select(retrospective).order_by(retrospective.c.seq.desc()).limit(limit).offset(offset)
        )
        return await self._database.read(lambda c: [_view(row) for row in c.execute(wanted)])

    async def unjudged(self) -> list[Correction]:
        """Corrections for which the alarms were not looked back on yet."""
        wanted = select(correction).where(correction.c.judged == 0).order_by(correction.c.seq)
        return await self._database.read(
            lambda c: [correction_of(row) for row in c.execute(wanted)]
        )

    async def keep(
        self, entries: Sequence[Retrospective], judged: Sequence[Correction], now_ns: int
    ) -> None:
        """Keeps ``entries`` that are new, and that ``judged`` were looked at, all or nothing."""
        rows = [_row(one, now_ns) for one in entries]

        def write(connection: Connection) -> None:
            known = set(connection.execute(select(retrospective.c.id)).scalars())
            fresh = [row for row in rows if row["id"] not in known]
            if fresh:
                connection.execute(insert(retrospective), fresh)
            for one in judged:
                connection.execute(
                    update(correction).where(correction.c.id == one.id).values(judged=1)
                )

        await self._database.write(write)

    async def forget(self, before_ns: int) -> None:
        """Drops what was found before ``before_ns``."""

        def write(connection: Connection) -> None:
            connection.execute(delete(retrospective).where(retrospective.c.found_ns < before_ns))

        await self._database.write(write)


def raised_between(
    connection: Connection, definition: str, start_ns: int, end_ns: int
) -> list[Raised]:
    """Alarms of ``definition`` that stood at any time in [start_ns, end_ns)."""
    columns = alarm.c
    rows = connection.execute(
        select(alarm).where(
            columns.definition == definition,
            columns.raised_ns < end_ns,
            (columns.returned_ns.is_(None)) | (columns.returned_ns >= start_ns),
        )
    )
    return [Raised(row.id, row.raised_ns, row.returned_ns, row.value) for row in rows]


def _row(one: Retrospective, now_ns: int) -> dict[str, Any]:
    why_en, why_zh = why(one)
    return {
        "id": one.id,
        "finding": str(one.finding),
        "definition": one.definition.id,
        "rule": one.definition.rule,
        "priority": int(one.definition.priority),
        "asset": one.definition.asset,
        "stage": one.definition.stage,
        "message_en": one.definition.message_en,
        "message_zh": one.definition.message_zh,
        "alarm": one.alarm,
        "at_ns": one.at_ns,
        "value_then": one.value_then,
        "value_now": one.value_now,
        "why_en": why_en,
        "why_zh": why_zh,
        "found_ns": now_ns,
    }


def _view(row: Any) -> RetrospectiveView:
    return RetrospectiveView(
        id=row.id,
        finding=Finding(row.finding),
        rule=row.rule,
        priority=row.priority,
        asset=row.asset,
        stage=row.stage,
        message_en=row.message_en,
        message_zh=row.message_zh,
        alarm=row.alarm,
        at_ns=row.at_ns,
        value_then=row.value_then,
        value_now=row.value_now,
        why_en=row.why_en,
        why_zh=row.why_zh,
        found_ns=row.found_ns,
    )
