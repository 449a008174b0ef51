"""Who is told of a transition goes into the outbox in the transaction that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
from sqlalchemy import Connection, func, insert, select, update

from service.domain.alarm import AlarmDefinition, AlarmState, Transition, TransitionKind
from service.domain.announcing import (
    Announcement,
    Announcing,
    Floods,
    announcements,
    counted,
)
from service.domain.flood import FloodState
from service.domain.oncall import Moment
from service.domain.routing import Heard, Subject, hear
from service.runtime.notification import notice_of
from service.runtime.notify import Notice, SiteName
from service.state.alarm_writes import IN_ONE, Step
from service.state.outbox_rows import put
from service.state.tables import flood_state, transition
from service.state.tables_outbox import outbox

CALLS = (TransitionKind.RAISED, TransitionKind.RERAISED, TransitionKind.ESCALATED)
"""What calls people anew, as the routes say then; the rest is told to those who were called."""
ALARMS = (TransitionKind.RAISED, TransitionKind.RERAISED)
"""What an operator counts as an alarm."""


class Announcer:
    """Decides by ``announcing`` who is told, and remembers how the floods stand. when: the shift
    that is on at an instant."""

    def __init__(
        self, site: SiteName, announcing: Announcing, when: Callable[[int], Moment]
    ) -> None:
        self._site = site
        self._announcing = announcing
        self._when = when
        self.floods: Floods = {}
        """As the last transaction that was kept left them."""

    def begin(self, connection: Connection, now_ns: int) -> Telling:
        """What one transaction tells at ``now_ns``."""
        return Telling(connection, self._site, self._announcing, self._when, now_ns, self.floods)


class Telling:
    """What one transaction tells. Take over ``floods`` once the transaction is kept."""

    def __init__(
        self,
        connection: Connection,
        site: SiteName,
        announcing: Announcing,
        when: Callable[[int], Moment],
        now_ns: int,
        floods: Floods,
    ) -> None:
        self._connection = connection
        self._site = site
        self._announcing = announcing
        self._when = when
        self._now_ns = now_ns
        self._moment: Moment | None = None
        self._told: list[tuple[Notice, Sequence[Announcement]]] = []
        self._heard_now: dict[str, list[str]] = {}
        self._before: dict[str, list[str]] = {}
        self.floods = floods

    def tell_all(self, steps: Sequence[Step]) -> None:
        """Has each of ``steps`` told, in order."""
        alarms = list({one.alarm for _, one, _ in steps if one.alarm is not None})
        for at in range(0, len(alarms), IN_ONE):
            these = outbox.c.alarm.in_(alarms[at : at + IN_ONE])
            told = select(outbox.c.alarm, outbox.c.destination).where(these).distinct()
            for row in self._connection.execute(told):
                self._before.setdefault(row.alarm, []).append(row.destination)
        for definition, one, state in steps:
            self._tell(definition, one, state)

    def _tell(self, definition: AlarmDefinition, one: Transition, state: AlarmState) -> None:
        """Has ``one`` told, after which the alarm stands at ``state``; nothing when nobody is
        called about it."""
        notice = notice_of(self._site, definition, one, state)
        if notice is None:
            return
        subject = Subject.of(definition)
        if one.kind in ALARMS:
            self.floods = counted(
                self._announcing.flooding, self.floods, subject.stage, self._now_ns
            )
        told = announcements(
            self._announcing,
            self._heard(notice, subject),
            subject,
            now_ns=self._now_ns,
            floods=self.floods,
            root=notice.root,
        )
        if told:
            self._told.append((notice, told))
            self._heard_now.setdefault(notice.alarm, []).extend(one.destination for one in told)

    def keep(self, before: Floods) -> None:
        """Keeps what is told, and what changed in the floods since ``before``."""
        if self._told:
            put(self._connection, self._told, self._now_ns)
        for position, state in self.floods.items():
            if before.get(position) == state:
                continue
            kept = orjson.dumps([state.recent_ns, state.since_ns, state.alarms])
            where = flood_state.c.position == position
            found = self._connection.execute(update(flood_state).where(where).values(state=kept))
            if found.rowcount == 0:
                self._connection.execute(insert(flood_state).values(position=position, state=kept))

    def _heard(self, notice: Notice, subject: Subject) -> tuple[Heard, ...]:
        routing = self._announcing.routing
        called: tuple[Heard, ...] = ()
        if notice.kind in CALLS:
            if self._moment is None:
                self._moment = self._when(self._now_ns)
            called = hear(routing, subject, self._moment, step=self._steps(notice))
            if notice.kind is TransitionKind.ESCALATED:
                return called
        names = {one.destination for one in called}
        before = (name for name in self._told_before(notice.alarm) if name not in names)
        return (*called, *(Heard(name) for name in before if name in routing.destinations))

    def _steps(self, notice: Notice) -> int:
        """How often the alarm has been escalated since somebody took care of it last, this
        transition included."""
        if notice.kind is TransitionKind.RAISED:
            return 0
        mine = (transition.c.alarm == notice.alarm) & (transition.c.at_ns <= notice.at_ns)
        acknowledged = mine & (transition.c.kind == str(TransitionKind.ACKNOWLEDGED))
        answered_ns = self._connection.execute(
            select(func.coalesce(func.max(transition.c.at_ns), -1)).where(acknowledged)
        ).scalar_one()
        before = self._connection.execute(
            select(func.count()).where(
                mine,
                transition.c.kind == str(TransitionKind.ESCALATED),
                transition.c.at_ns > answered_ns,
                transition.c.id != notice.transition,
            )
        ).scalar_one()
        return before + (notice.kind is TransitionKind.ESCALATED)

    def _told_before(self, alarm: str) -> list[str]:
        """Who was told of ``alarm`` before, in this transaction or an earlier one."""
        return sorted({*self._before.get(alarm, ()), *self._heard_now.get(alarm, ())})


def load_floods(connection: Connection) -> Floods:
    """How the floods stood when the last run ended."""
    return {row.position: _flood(row.state) for row in connection.execute(select(flood_state))}


def _flood(kept: bytes) -> FloodState:
    recent_ns, since_ns, alarms = orjson.loads(kept)
    return FloodState(tuple(recent_ns), since_ns, alarms)
