"""Losses in the state database: each shift's figures and events, and what operators said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import orjson
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from service.domain.instants import HOUR_NS, MINUTE_NS, to_iso
from service.domain.line import Line
from service.domain.losses.entries import ReasonEntry
from service.domain.losses.reasons import LossKind
from service.domain.losses.shifts import Piece, ShiftLosses
from service.domain.production.minutes import NOT_CLOSED
from service.runtime.losses import LossState
from service.runtime.lossfinding import Recorded
from service.state.database import Database
from service.state.identity_rows import note
from service.state.ledger import HOUR_MINUTES
from service.state.loss_rows import (
    entry_of,
    figures_as,
    last_made_of,
    piece_of,
    piece_row,
    shift_of,
)
from service.state.past import hours_between
from service.state.tables import production_hour
from service.state.tables_corrections import correction
from service.state.tables_losses import loss_piece, loss_reason, loss_shift, loss_state


class StateLosses:
    """Implements ``service.runtime.losses.LossStore`` and ``Statements``, and answers for spans."""

    def __init__(self, database: Database, line: Line) -> None:
        self._database = database
        self._meters = [meter.id for meter in line.all_meters]

    async def load(self) -> LossState:
        """The state of the last ``keep``; a fresh one when there was none."""
        blob = await self._database.read(
            lambda c: c.execute(select(loss_state.c.state)).scalar_one_or_none()
        )
        return LossState() if blob is None else LossState(**orjson.loads(blob))

    async def first_ns(self) -> int | None:
        """Begin of the first closed minute; None when there is none."""
        return await self._database.read(_first_ns)

    async def recorded(self, start_ns: int, end_ns: int) -> Recorded:
        """What is known of [start_ns, end_ns), and of what lies before."""
        return await self._database.read(lambda c: self._recorded(c, start_ns, end_ns))

    async def corrected_since(self, number: int) -> tuple[int, list[tuple[int, int]]]:
        """Spans whose production was corrected after correction ``number``, and the number of the
        last."""
        c = correction.c
        wanted = select(c.seq, c.start_ns, c.end_ns).where(c.seq > number).order_by(c.seq)

        def read(connection: Connection) -> tuple[int, list[tuple[int, int]]]:
            rows = connection.execute(wanted).all()
            return (rows[-1].seq if rows else number), [(r.start_ns, r.end_ns) for r in rows]

        return await self._database.read(read)

    async def keep(self, shifts: Sequence[ShiftLosses], state: LossState) -> None:
        """Keeps ``shifts`` in place of what was kept of them, and ``state``."""
        blob = orjson.dumps(asdict(state))

        def write(connection: Connection) -> None:
            for shift in shifts:
                _keep(connection, shift)
            if shifts:
                _join(connection, shifts[-1])
            if connection.execute(update(loss_state).values(state=blob)).rowcount == 0:
                connection.execute(insert(loss_state).values(id=1, state=blob))

        await self._database.write(write)

    async def shifts(self, start_ns: int, end_ns: int) -> list[ShiftLosses]:
        """Every kept shift that overlaps [start_ns, end_ns), in order."""

        def read(connection: Connection) -> list[ShiftLosses]:
            overlaps = (loss_shift.c.start_ns < end_ns) & (loss_shift.c.end_ns > start_ns)
            rows = connection.execute(
                select(loss_shift).where(overlaps).order_by(loss_shift.c.start_ns)
            ).all()
            if not rows:
                return []
            found = connection.execute(
                select(loss_piece)
                .where(loss_piece.c.shift_ns.between(rows[0].start_ns, rows[-1].start_ns))
                .order_by(loss_piece.c.unit, loss_piece.c.start_ns)
            ).mappings()
            pieces: dict[int, list[Piece]] = {}
            for row in found:
                pieces.setdefault(row["shift_ns"], []).append(piece_of(row))
            return [shift_of(row, pieces.get(row.start_ns, [])) for row in rows]

        return await self._database.read(read)

    async def event(self, unit: str, minute_ns: int) -> list[Piece]:
        """The pieces of the event of ``unit`` that covers a minute; none when there is no such."""
        c = loss_piece.c

        def read(connection: Connection) -> list[Piece]:
            covers = (c.unit == unit) & (c.start_ns <= minute_ns) & (c.end_ns > minute_ns)
            began_ns = connection.execute(select(c.began_ns).where(covers)).scalar()
            if began_ns is None:
                return []
            rows = connection.execute(
                select(loss_piece)
                .where(c.unit == unit, c.began_ns == began_ns)
                .order_by(c.start_ns)
            ).mappings()
            return [piece_of(row) for row in rows]

        return await self._database.read(read)

    async def said(self, unit: str, start_ns: int, end_ns: int) -> list[ReasonEntry]:
        """All that was said about a stretch of a unit's time, in the order of saying."""
        return await self._database.read(
            lambda c: _entries(c, start_ns, end_ns, loss_reason.c.unit == unit)
        )

    async def statements(self, start_ns: int, end_ns: int) -> list[ReasonEntry]:
        """All that was said about any unit within [start_ns, end_ns), in the order of saying."""
        return await self._database.read(lambda c: _entries(c, start_ns, end_ns))

    async def append(self, entry: ReasonEntry) -> None:
        """Keeps a statement with its audit row."""

        def write(connection: Connection) -> None:
            connection.execute(
                insert(loss_reason).values(
                    unit=entry.unit,
                    start_ns=entry.start_ns,
                    end_ns=entry.end_ns,
                    reason=None if entry.reason is None else str(entry.reason),
                    comment=entry.comment,
                    by=entry.by,
                    at_ns=entry.at_ns,
                    version=entry.version,
                    whole=entry.whole,
                )
            )
            span = f"{to_iso(entry.start_ns)} to {to_iso(entry.end_ns)}"
            what = f"{entry.unit} {entry.reason or 'taken back'} {span}: {entry.comment}"
            note(connection, entry.at_ns, entry.by, "loss reason", what)

        await self._database.write(write)

    def _recorded(self, connection: Connection, start_ns: int, end_ns: int) -> Recorded:
        first, n = start_ns // HOUR_NS, -(-end_ns // HOUR_NS) - start_ns // HOUR_NS
        kg = {meter: np.full(n * HOUR_MINUTES, np.nan) for meter in self._meters}
        for part in hours_between(connection, first, first + n, meters=self._meters):
            for meter, hour, row in zip(part.meters, part.hours.tolist(), part.kg, strict=True):
                at = (hour - first) * HOUR_MINUTES
                kg[meter][at : at + HOUR_MINUTES] = row
        skip = (start_ns % HOUR_NS) // MINUTE_NS
        until = skip + (end_ns - start_ns) // MINUTE_NS
        return Recorded(
            {meter: row[skip:until] for meter, row in kg.items()},
            _last_made(connection, start_ns),
            _carried(connection, start_ns),
            _entries(connection, start_ns, end_ns),
        )


def _first_ns(connection: Connection) -> int | None:
    columns = production_hour.c
    hour: int | None = connection.execute(select(func.min(columns.hour))).scalar_one_or_none()
    if hour is None:
        return None
    rows = connection.execute(select(columns.grade).where(columns.hour == hour)).scalars()
    closed = [np.flatnonzero(np.frombuffer(grade, np.uint8) != NOT_CLOSED) for grade in rows]
    first = min((int(minutes[0]) for minutes in closed if len(minutes)), default=0)
    return hour * HOUR_NS + first * MINUTE_NS


def _keep(connection: Connection, shift: ShiftLosses) -> None:
    start_ns = shift.span.start_ns
    connection.execute(delete(loss_shift).where(loss_shift.c.start_ns == start_ns))
    connection.execute(delete(loss_piece).where(loss_piece.c.shift_ns == start_ns))
    connection.execute(
        insert(loss_shift).values(
            start_ns=start_ns,
            shift=shift.span.shift.id,
            end_ns=shift.span.end_ns,
            through_ns=shift.through_ns,
            figures=orjson.dumps(figures_as(shift), option=orjson.OPT_NON_STR_KEYS),
        )
    )
    rows = [piece_row(p, start_ns) for span in shift.stages.values() for p in span.pieces]
    if rows:
        connection.execute(insert(loss_piece), rows)


def _join(connection: Connection, last: ShiftLosses) -> None:
    """Gives events that go on behind ``last``, in shifts kept before, the begin they have now."""
    c = loss_piece.c
    behind = connection.execute(
        select(c.unit, c.kind, c.began_ns).where(c.start_ns == last.through_ns)
    ).all()
    if not behind:
        return
    begins = {
        (p.event.unit, str(p.event.kind)): p.began_ns
        for span in last.stages.values()
        for p in span.pieces
        if p.event.end_ns == last.through_ns
    }
    for unit, kind, was_ns in behind:
        now_ns = begins.get((unit, kind), last.through_ns)
        if now_ns != was_ns:
            rest = and_(c.unit == unit, c.began_ns == was_ns, c.start_ns >= last.through_ns)
            connection.execute(update(loss_piece).where(rest).values(began_ns=now_ns))


def _last_made(connection: Connection, before_ns: int) -> dict[str, int]:
    """By unit the end of the last minute in which it made something, as the last shift before
    ``before_ns`` knows it."""
    figures = connection.execute(
        select(loss_shift.c.figures)
        .where(loss_shift.c.end_ns <= before_ns)
        .order_by(loss_shift.c.start_ns.desc())
        .limit(1)
    ).scalar_one_or_none()
    return {} if figures is None else last_made_of(orjson.loads(figures))


def _carried(connection: Connection, at_ns: int) -> dict[str, tuple[LossKind, int]]:
    c = loss_piece.c
    rows = connection.execute(select(c.unit, c.kind, c.began_ns).where(c.end_ns == at_ns))
    return {unit: (LossKind(kind), began_ns) for unit, kind, began_ns in rows}


def _entries(
    connection: Connection, start_ns: int, end_ns: int, *also: ColumnElement[bool]
) -> list[ReasonEntry]:
    c = loss_reason.c
    wanted = select(loss_reason).where(c.start_ns < end_ns, c.end_ns > start_ns, *also)
    return [entry_of(row) for row in connection.execute(wanted.order_by(c.id)).mappings()]
