"""The history of alarms in the state database: filters, pages and the journal of steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, or_, select, tuple_

from service.domain.alarm import AlarmDefinition, Phase, Priority, Quiet, TransitionKind
from service.runtime.alarm_history import AlarmFilter, JournalLine, Place
from service.runtime.views import AlarmView
from service.state.alarm_book import views_of
from service.state.database import Database
from service.state.tables import alarm, transition

STEPS_AT_ONCE = 1_000
"""Of one read: none holds the database for long."""


class StateAlarmHistory:
    """Implements ``service.runtime.alarm_history.AlarmHistory``.

    definitions: the alarms that the site knows, for steps of those that were normal.
    """

    def __init__(self, database: Database, definitions: Mapping[str, AlarmDefinition]) -> None:
        self._database = database
        self._definitions = definitions

    async def page(
        self, which: AlarmFilter, *, limit: int, after: Place | None = None
    ) -> Sequence[AlarmView]:
        """The newest first, from ``after`` on."""
        c = alarm.c
        wanted = select(alarm).where(*_alarms(which))
        if which.start_ns is not None:
            wanted = wanted.where(c.raised_ns >= which.start_ns)
        if which.end_ns is not None:
            wanted = wanted.where(c.raised_ns < which.end_ns)
        if after is not None:
            wanted = wanted.where(tuple_(c.raised_ns, c.id) < after)
        wanted = wanted.order_by(c.raised_ns.desc(), c.id.desc()).limit(limit)
        return await self._database.read(lambda at: views_of(at, at.execute(wanted).all()))

    async def steps(self, which: AlarmFilter) -> AsyncIterator[Sequence[JournalLine]]:
        """Every step in order, STEPS_AT_ONCE at most at a time."""
        t = transition.c
        own = and_(alarm.c.id.is_not(None), *_alarms(which))
        of_normal = and_(t.alarm.is_(None), *_of_normal(which))
        every = (
            select(transition, *(alarm.c[name].label(f"a_{name}") for name in OF_ALARM))
            .outerjoin_from(transition, alarm, t.alarm == alarm.c.id)
            .where(or_(own, of_normal))
            .order_by(t.at_ns, t.seq)
            .limit(STEPS_AT_ONCE)
        )
        if which.start_ns is not None:
            every = every.where(t.at_ns >= which.start_ns)
        if which.end_ns is not None:
            every = every.where(t.at_ns < which.end_ns)
        wanted = every
        while True:
            lines, place = await self._database.read(partial(self._lines, wanted))
            yield [line for line in lines if line.alarm is not None or _fits(line, which)]
            if len(lines) < STEPS_AT_ONCE:
                return
            wanted = every.where(tuple_(t.at_ns, t.seq) > place)

    def _lines(
        self, wanted: Select[Any], connection: Connection
    ) -> tuple[list[JournalLine], tuple[int, int]]:
        """What ``wanted`` finds, and the place of its last step."""
        rows = connection.execute(wanted).all()
        return [self._line(row) for row in rows], (rows[-1].at_ns, rows[-1].seq) if rows else (0, 0)

    def _line(self, row: Any) -> JournalLine:
        about = {name: getattr(row, f"a_{name}") for name in OF_ALARM}
        known = self._definitions.get(row.definition)
        if row.alarm is None and known is not None:
            about = {name: getattr(known, name, None) for name in OF_ALARM}
        phase, priority = about.pop("phase"), about.pop("priority")
        return JournalLine(
            id=row.id,
            at_ns=row.at_ns,
            recorded_ns=row.recorded_ns,
            kind=TransitionKind(row.kind),
            by=row.by,
            comment=row.comment,
            quiet=None if row.quiet is None else Quiet(row.quiet),
            quiet_by=row.quiet_by,
            value=row.value,
            alarm=row.alarm,
            definition=row.definition,
            priority=None if priority is None else Priority(priority),
            state=None if phase is None else Phase(phase),
            **about,
        )


OF_ALARM = (
    "rule",
    "priority",
    "asset",
    "tag",
    "stage",
    "limit",
    "unit",
    "message_en",
    "message_zh",
    "phase",
)


def _alarms(which: AlarmFilter) -> list[ColumnElement[bool]]:
    """What an alarm has to be, but for the time."""
    c = alarm.c
    found: list[ColumnElement[bool]] = []
    if which.stages:
        found.append(c.stage.in_(which.stages))
    if which.rules:
        found.append(c.rule.in_(which.rules))
    if which.priorities:
        found.append(c.priority.in_([int(one) for one in which.priorities]))
    if which.phases:
        found.append(c.phase.in_([str(one) for one in which.phases]))
    if which.text:
        written = (c.message_en, c.message_zh, c.asset, c.tag, c.rule)
        found.append(or_(*(one.icontains(which.text, autoescape=True) for one in written)))
    t = transition.alias().c  # a step of its own, whichever is looked at outside
    if which.person:
        found.append(exists().where(t.alarm == c.id, t.by == which.person))
    if which.quiet:
        found.append(exists().where(t.alarm == c.id, t.quiet.in_([str(q) for q in which.quiet])))
    return found


def _of_normal(which: AlarmFilter) -> list[ColumnElement[bool]]:
    """What a step of a normal alarm has to be, as far as the database knows."""
    t = transition.c
    found: list[ColumnElement[bool]] = []
    if which.phases:
        found.append(false())  # it is of no occurrence, which alone has a state
    if which.person:
        found.append(t.by == which.person)
    if which.quiet:
        found.append(t.quiet.in_([str(one) for one in which.quiet]))
    return found


def _fits(line: JournalLine, which: AlarmFilter) -> bool:
    """Whether the step of a normal alarm is one of ``which`` by what the site says of it."""
    written = (line.message_en, line.message_zh, line.asset, line.tag, line.rule)
    return (
        (not which.stages or line.stage in which.stages)
        and (not which.rules or line.rule in which.rules)
        and (not which.priorities or line.priority in which.priorities)
        and any(which.text.lower() in (text or "").lower() for text in written)
    )
