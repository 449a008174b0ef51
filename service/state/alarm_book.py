"""The alarms that stand and stood, for those who look; what people do goes through the watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, not_, or_, select

from service.domain.alarm import NORMAL, AlarmState, Hold, Phase, Quiet
from service.runtime.progress import Progress
from service.runtime.views import AlarmView, Showing, TransitionView
from service.state.alarm_rows import alarm_view, step_view
from service.state.alarm_writes import IN_ONE
from service.state.database import Database
from service.state.rule_states import load_states
from service.state.tables import alarm, rule_state, transition

_EXPLAINED = func.coalesce(alarm.c.quiet, "") == str(Quiet.INHIBITED)
_HELD = or_(
    rule_state.c.shelved.is_not(None),
    rule_state.c.suppressed.is_not(None),
    rule_state.c.out_of_service.is_not(None),
    func.coalesce(alarm.c.quiet, "") == str(Quiet.SHADOW),
)


class StateAlarmBook:
    """Implements ``service.runtime.views.AlarmBook``. changes: moves on with every committed
    transition."""

    def __init__(self, database: Database, changes: Progress) -> None:
        self._database = database
        self._changes = changes

    @property
    def changes(self) -> Progress:
        """Moves on with every committed transition."""
        return self._changes

    async def alarms(self, showing: Showing, *, limit: int, offset: int = 0) -> Sequence[AlarmView]:
        """Open ones, most urgent and newest first; or all, newest first."""

        def read(connection: Connection) -> list[AlarmView]:
            rows = connection.execute(_wanted(showing).limit(limit).offset(offset)).all()
            return views_of(connection, rows)

        return await self._database.read(read)

    async def alarm(self, alarm_id: str) -> tuple[AlarmView, Sequence[TransitionView]] | None:
        """One alarm with its transitions in order; None when there is no such alarm."""

        def read(connection: Connection) -> tuple[AlarmView, list[TransitionView]] | None:
            row = connection.execute(select(alarm).where(alarm.c.id == alarm_id)).one_or_none()
            if row is None:
                return None
            steps = connection.execute(
                select(transition)
                .where(transition.c.alarm == alarm_id)
                .order_by(transition.c.at_ns, transition.c.seq)
            )
            (view,) = views_of(connection, [row])
            return view, [step_view(step) for step in steps]

        return await self._database.read(read)

    async def members(self, alarm_id: str, *, limit: int) -> Sequence[AlarmView]:
        """The other alarms that belong to one, the newest first."""
        wanted = select(alarm).where(alarm.c.root == alarm_id, alarm.c.id != alarm_id)
        wanted = wanted.order_by(alarm.c.raised_ns.desc()).limit(limit)
        return await self._database.read(lambda c: views_of(c, c.execute(wanted).all()))

    async def steps_of(self, definition: str, *, limit: int) -> Sequence[TransitionView]:
        """The last transitions of a definition, newest first."""
        wanted = (
            select(transition)
            .where(transition.c.definition == definition)
            .order_by(transition.c.at_ns.desc(), transition.c.seq.desc())
            .limit(limit)
        )
        return await self._database.read(lambda c: [step_view(row) for row in c.execute(wanted)])


def _wanted(showing: Showing) -> Select[Any]:
    if showing is Showing.ALL:
        return select(alarm).order_by(alarm.c.raised_ns.desc())
    joined = alarm.outerjoin(rule_state, rule_state.c.definition == alarm.c.definition)
    return (
        select(alarm)
        .select_from(joined)
        .where(alarm.c.phase != str(Phase.NORMAL))
        .where(_HELD if showing is Showing.HELD else not_(or_(_HELD, _EXPLAINED)))
        .order_by(alarm.c.priority, alarm.c.raised_ns.desc())
    )


def views_of(connection: Connection, rows: Sequence[Any]) -> list[AlarmView]:
    """What people see of ``rows`` of the alarm table; one that is open with what holds it."""
    states = load_states(connection, sorted({row.definition for row in rows}))
    members = _members(connection, [row.id for row in rows if row.root == row.id])
    return [alarm_view(row, _holds(row, states), members.get(row.id, 0)) for row in rows]


def _members(connection: Connection, roots: Sequence[str]) -> dict[str, int]:
    """How many other open alarms belong to each of ``roots``."""
    found: dict[str, int] = {}
    for at in range(0, len(roots), IN_ONE):
        wanted = (
            select(alarm.c.root, func.count())
            .where(alarm.c.root.in_(roots[at : at + IN_ONE]), alarm.c.id != alarm.c.root)
            .where(alarm.c.phase != str(Phase.NORMAL))
            .group_by(alarm.c.root)
        )
        found |= {row[0]: row[1] for row in connection.execute(wanted)}
    return found


def _holds(row: Any, states: Mapping[str, AlarmState]) -> Sequence[tuple[Quiet, Hold]]:
    """What holds an alarm that is open."""
    return states.get(row.definition, NORMAL).holds if row.phase != str(Phase.NORMAL) else ()
