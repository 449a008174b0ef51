"""What is due of the outbox: alarm by alarm, and what is told together."""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)

from service.domain.alarm import Priority
from service.runtime.deliver import Bundle, Gathered, Portion, Rest
from service.runtime.digest import Tally
from service.runtime.notification import load_notice
from service.state.outbox_rows import newest_told, pending_of
from service.state.tables_outbox import outbox

AT_A_TIME = 200
"""Rows of a digest that are held at once."""


def read_due(connection: Connection, name: str, now_ns: int, limit: int) -> Portion:
    """What is due for destination ``name``: up to ``limit`` alarms by themselves, most urgent
    first, and everything that is told together."""
    heads = _heads(name, now_ns)
    alone = connection.execute(
        select(heads.c.alarm, func.count().over())
        .where(_is_alone(heads))
        .order_by(heads.c.priority, heads.c.ordinal)
        .limit(limit)
    ).all()
    key = func.coalesce(heads.c.digest, heads.c.collect)
    together = connection.execute(
        select(key, heads.c.digest.is_not(None), func.min(heads.c.priority))
        .where(or_(and_(heads.c.digest.is_not(None), heads.c.is_ready), _is_collected(heads)))
        .group_by(key, heads.c.digest.is_not(None))
        .order_by(func.min(heads.c.priority), func.min(heads.c.ordinal))
    ).all()
    return Portion(
        pending_of(connection, name, [row[0] for row in alone]),
        alone[0][1] if alone else 0,
        [Bundle(row[0], bool(row[1]), Priority(row[2])) for row in together],
    )


def next_due(connection: Connection, name: str) -> int | None:
    """When the first of what waits for destination ``name`` is due. What waits for a digest that
    was tried has no time of its own."""
    other = outbox.alias()
    held = exists().where(
        outbox.c.digest.is_(None),
        other.c.alarm == outbox.c.alarm,
        other.c.destination == name,
        other.c.state == "pending",
        other.c.digest.is_not(None),
    )
    first = select(outbox.c.next_ns).where(_pending_at(name), ~held).order_by(outbox.c.next_ns)
    return connection.execute(first.limit(1)).scalar_one_or_none()


def gather(
    connection: Connection, name: str, what: Bundle | Rest, now_ns: int, *, listed: int
) -> Gathered | None:
    """What one message tells together, counted row by row. Where something comes late, what is
    listed of its alarm ends with the newest notice that the destination has."""
    columns = (
        outbox.c.seq, outbox.c.notice, outbox.c.attempts, outbox.c.alarm, outbox.c.ordinal,
    )  # fmt: skip
    wanted = select(*columns).where(_pending_at(name), _rows_of(name, what, now_ns))
    tally = Tally(listed)
    found = connection.execute(
        wanted.order_by(outbox.c.ordinal).execution_options(yield_per=AT_A_TIME)
    )
    last: dict[str, int] = {}
    for seq, notice, attempts, alarm, ordinal in found:
        tally.add(seq, load_notice(notice), attempts=attempts)
        last[alarm] = ordinal
    for alarm, told in newest_told(connection, name, tally.shown).items():
        if told.ordinal > last[alarm]:
            tally.end(load_notice(told.notice))
    return tally.result()


def _rows_of(name: str, what: Bundle | Rest, now_ns: int) -> ColumnElement[bool]:
    if isinstance(what, Bundle) and what.is_settled:
        return outbox.c.digest == what.key
    if isinstance(what, Bundle):
        mine = select(outbox.c.alarm).where(_pending_at(name), outbox.c.collect == what.key)
        whole = (
            select(outbox.c.alarm)
            .where(_pending_at(name), outbox.c.alarm.in_(mine))
            .group_by(outbox.c.alarm)
            .having(func.count() == func.count(outbox.c.collect), func.count(outbox.c.digest) == 0)
        )
        return outbox.c.alarm.in_(whole)
    heads = _heads(name, now_ns)
    rest = select(heads.c.alarm).where(or_(_is_alone(heads), _is_collected(heads)))
    if what.apart:
        rest = rest.where(heads.c.alarm.not_in(what.apart))
    return outbox.c.alarm.in_(rest)


def _heads(name: str, now_ns: int) -> Subquery:
    """The alarms of which something is due. is_alone: some of it was not collected. collect: what
    is due was collected under. digest: the one that was tried before. is_ready: whether that is to
    be tried again.

    A row is also due when its last attempt lies in the future: the clock stepped back.
    """
    due = or_(outbox.c.next_ns <= now_ns, outbox.c.tried_ns > now_ns)
    return (
        select(
            outbox.c.alarm,
            (func.count() > func.count(outbox.c.collect)).label("is_alone"),
            func.min(case((due, outbox.c.collect))).label("collect"),
            func.max(outbox.c.digest).label("digest"),
            (func.count(case((and_(due, outbox.c.digest.is_not(None)), 1))) > 0).label("is_ready"),
            func.min(outbox.c.priority).label("priority"),
            func.min(outbox.c.ordinal).label("ordinal"),
        )
        .where(_pending_at(name), outbox.c.alarm.in_(_due_alarms(name, now_ns)))
        .group_by(outbox.c.alarm)
        .subquery()
    )


def _due_alarms(name: str, now_ns: int) -> Select[tuple[str]]:
    by_time = select(outbox.c.alarm).where(_pending_at(name), outbox.c.next_ns <= now_ns)
    stepped = select(outbox.c.alarm).where(_pending_at(name), outbox.c.tried_ns > now_ns)
    found = by_time.union(stepped).subquery()
    return select(found.c.alarm)


def _is_alone(heads: Subquery) -> ColumnElement[bool]:
    return and_(heads.c.digest.is_(None), heads.c.is_alone)


def _is_collected(heads: Subquery) -> ColumnElement[bool]:
    return and_(heads.c.digest.is_(None), heads.c.is_alone.is_(False))


def _pending_at(name: str) -> ColumnElement[bool]:
    return and_(outbox.c.destination == name, outbox.c.state == "pending")
