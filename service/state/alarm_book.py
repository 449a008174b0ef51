"""The alarms that stand and stood, for those who look; acknowledging goes through the watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from service.domain.alarm import Phase, Priority, TransitionKind
from service.runtime.progress import Progress
from service.runtime.views import AlarmView, TransitionView
from service.runtime.watch import Watch
from service.state.database import Database
from service.state.tables import alarm, transition


class StateAlarmBook:
    """Implements ``service.runtime.views.AlarmBook``."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self._database = database
        self._watch = watch

    @property
    def changes(self) -> Progress:
        """Moves on with every committed transition."""
        return self._watch.transitions

    async def alarms(self, *, active: bool, limit: int, offset: int = 0) -> Sequence[AlarmView]:
        """Those not in NORMAL (active), most urgent and newest first; or all, newest first."""
        wanted = select(alarm).limit(limit).offset(offset)
        if active:
            wanted = wanted.where(alarm.c.phase != str(Phase.NORMAL))
            wanted = wanted.order_by(alarm.c.priority, alarm.c.raised_ns.desc())
        else:
            wanted = wanted.order_by(alarm.c.raised_ns.desc())
        return await self._database.read(lambda c: [_view(row) for row in c.execute(wanted)])

    async def alarm(self, alarm_id: str) -> tuple[AlarmView, Sequence[TransitionView]] | None:
        """One alarm with its transitions in order; None when there is no such alarm."""

        def read(connection: Connection) -> tuple[AlarmView, list[TransitionView]] | None:
            row = connection.execute(select(alarm).where(alarm.c.id == alarm_id)).one_or_none()
            if row is None:
                return None
            steps = connection.execute(
                select(transition)
                .where(transition.c.alarm == alarm_id)
                .order_by(transition.c.at_ns, transition.c.recorded_ns, transition.c.kind)
            )
            return _view(row), [_step(step) for step in steps]

        return await self._database.read(read)

    async def acknowledge(self, alarm_id: str, *, by: str, comment: str | None) -> None:
        """Acknowledges for the person ``by``; raises ``watch.NothingToAcknowledge``."""
        await self._watch.acknowledge(alarm_id, by=by, comment=comment)


def _view(row: Any) -> AlarmView:
    return AlarmView(
        id=row.id,
        rule=row.rule,
        kind=row.kind,
        priority=Priority(row.priority),
        asset=row.asset,
        tag=row.tag,
        stage=row.stage,
        phase=Phase(row.phase),
        message_en=row.message_en,
        message_zh=row.message_zh,
        raised_ns=row.raised_ns,
        returned_ns=row.returned_ns,
        acknowledged_ns=row.acknowledged_ns,
        acknowledged_by=row.acknowledged_by,
        comment=row.comment,
        value=row.value,
        limit=row.limit,
        unit=row.unit,
    )


def _step(row: Any) -> TransitionView:
    return TransitionView(
        id=row.id,
        kind=TransitionKind(row.kind),
        at_ns=row.at_ns,
        recorded_ns=row.recorded_ns,
        by=row.by,
        comment=row.comment,
        value=row.value,
    )
