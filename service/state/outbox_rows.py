"""Rows of the outbox: put in with a transition, and read back as what waits for a destination."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Connection, Row, RowMapping, and_, func, insert, select, true, update

from service.domain.announcing import Announcement
from service.domain.circuit import WORKS, Circuit, CircuitState
from service.runtime.deliver import Pending
from service.runtime.notification import dump_notice, load_notice
from service.runtime.notify import Notice
from service.state.tables_outbox import destination, outbox

NOTICES_AN_ALARM = 50
"""Of one alarm in one message; what is more follows in the next."""
SOME = 500
"""Values that one statement is asked for."""


def put(
    connection: Connection, told: Sequence[tuple[Notice, Sequence[Announcement]]], now_ns: int
) -> None:
    """Puts each notice into the queues of the destinations that are told of it, in the transaction
    of its transition; a destination is given a transition once."""
    last = connection.execute(select(func.coalesce(func.max(outbox.c.ordinal), 0))).scalar_one()
    known = _given(connection, [notice.transition for notice, _ in told])
    rows = [
        _row(notice, kept, one, ordinal, now_ns)
        for ordinal, (notice, announcements) in enumerate(told, start=last + 1)
        for kept in (dump_notice(notice),)
        for one in announcements
        if (notice.transition, one.destination) not in known
    ]
    if rows:
        connection.execute(insert(outbox), rows)


def _given(connection: Connection, transitions: Sequence[str]) -> set[tuple[str, str]]:
    """Which of ``transitions`` a destination has been given before."""
    found: set[tuple[str, str]] = set()
    for at in range(0, len(transitions), SOME):
        wanted = outbox.c.transition.in_(transitions[at : at + SOME])
        rows = connection.execute(select(outbox.c.transition, outbox.c.destination).where(wanted))
        found.update((row[0], row[1]) for row in rows)
    return found


def _row(
    notice: Notice, kept: bytes, told: Announcement, ordinal: int, now_ns: int
) -> dict[str, Any]:
    return {
        "destination": told.destination,
        "alarm": notice.alarm,
        "transition": notice.transition,
        "ordinal": ordinal,
        "kind": str(notice.kind),
        "priority": int(notice.priority),
        "collect": told.collect,
        "notice": kept,
        **fresh(now_ns),
        "since_ns": told.due_ns,
        "next_ns": told.due_ns,
    }


def fresh(now_ns: int) -> dict[str, Any]:
    """What a row says that nobody has tried yet."""
    return {
        "state": "pending",
        "attempts": 0,
        "created_ns": now_ns,
        "since_ns": now_ns,
        "tried_ns": now_ns,
    }


def give(connection: Connection, rows: Sequence[RowMapping], to: str, now_ns: int) -> int:
    """Puts what ``rows`` keep into the queue of ``to`` too, where it isn't yet; how many."""
    known = _given(connection, [row["transition"] for row in rows])
    same = ("alarm", "transition", "ordinal", "kind", "priority", "notice")
    given = [
        {name: row[name] for name in same} | {"destination": to, "next_ns": now_ns} | fresh(now_ns)
        for row in rows
        if (row["transition"], to) not in known
    ]
    if given:
        connection.execute(insert(outbox), given)
    seqs = [row["seq"] for row in rows]
    for at in range(0, len(seqs), SOME):
        handed = update(outbox).where(outbox.c.seq.in_(seqs[at : at + SOME]))
        connection.execute(handed.values(handed_ns=now_ns))
    return len(given)


def pending_of(
    connection: Connection, name: str, alarms: Sequence[str], *, only_bound: bool = False
) -> list[Pending]:
    """What waits for destination ``name`` about each of ``alarms``, in their order; only_bound: of
    that what a message told already."""
    place = func.row_number().over(partition_by=outbox.c.alarm, order_by=outbox.c.ordinal)
    ranked = (
        select(outbox, place.label("place"))
        .where(
            outbox.c.destination == name,
            outbox.c.state == "pending",
            outbox.c.alarm.in_(alarms),
            outbox.c.bound.is_not(None) if only_bound else true(),
        )
        .subquery()
    )
    wanted = select(ranked).where(ranked.c.place <= NOTICES_AN_ALARM).order_by(ranked.c.ordinal)
    rows: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(wanted):
        rows.setdefault(row.alarm, []).append(row)
    newest = newest_told(connection, name, alarms)
    return [_pending(alarm, rows[alarm], newest.get(alarm)) for alarm in alarms if alarm in rows]


def newest_told(connection: Connection, name: str, alarms: Iterable[str]) -> dict[str, Row[Any]]:
    """By alarm the newest row that destination ``name`` has."""
    told = and_(
        outbox.c.destination == name,
        outbox.c.state == "delivered",
        outbox.c.alarm.in_(list(alarms)),
    )
    newest = select(outbox.c.alarm, func.max(outbox.c.ordinal)).where(told)
    pairs = connection.execute(newest.group_by(outbox.c.alarm)).all()
    found = {}
    for alarm, ordinal in pairs:
        one = select(outbox).where(told, outbox.c.alarm == alarm, outbox.c.ordinal == ordinal)
        found[alarm] = connection.execute(one).one()
    return found


def _pending(alarm: str, rows: Sequence[Row[Any]], told: Row[Any] | None) -> Pending:
    """With ``told`` at its end when that is newer: what comes late must not lead back."""
    notices = [load_notice(row.notice) for row in rows]
    if told is not None and told.ordinal > rows[-1].ordinal:
        notices.append(load_notice(told.notice))
    return Pending(
        alarm=alarm,
        seqs=tuple(row.seq for row in rows),
        notices=tuple(notices),
        attempts=max(row.attempts for row in rows),
    )


def load_circuit(connection: Connection, name: str) -> Circuit:
    """How destination ``name`` stands; one that was never tried works."""
    kept = connection.execute(
        select(destination.c.circuit).where(destination.c.name == name)
    ).scalar_one_or_none()
    if kept is None:
        return WORKS
    fields = orjson.loads(kept)
    return Circuit(**(fields | {"state": CircuitState(fields["state"])}))


def keep_circuit(connection: Connection, name: str, circuit: Circuit) -> None:
    """Keeps how destination ``name`` stands."""
    kept = orjson.dumps(asdict(circuit))
    where = destination.c.name == name
    changed = destination.update().where(where).values(circuit=kept)
    if connection.execute(changed).rowcount == 0:
        connection.execute(insert(destination).values(name=name, circuit=kept))
