"""The ledger: production per meter and hour, what accounting remembers, and what history is still
owed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from functools import partial
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, Table, delete, insert, select, update

from service.domain.coverage import Coverage
from service.domain.production.batches import Settled, Vessel
from service.domain.production.meter import Account
from service.domain.production.minutes import NOT_CLOSED, Minutes, OpenMinutes
from service.domain.production.stuck import Standing
from service.runtime.ledger import AccountingState, Step
from service.state.corrections import keep_corrections
from service.state.database import Database
from service.state.moved import keep_moved
from service.state.tables import accounting, derived_outbox, measured_hour, production_hour

HOUR_MINUTES = 60


class StateLedger:
    """Implements ``service.runtime.ledger.Ledger`` and ``service.runtime.derived.Owed``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> AccountingState:
        """The state of the last commit; a fresh one when there was none."""
        blob = await self._database.read(
            lambda c: c.execute(select(accounting.c.state)).scalar_one_or_none()
        )
        return AccountingState() if blob is None else state_from(orjson.loads(blob))

    async def commit(self, state: AccountingState, step: Step) -> None:
        """Keeps the minutes, the corrections with what was known until then, what was measured
        beneath, the state with its cursor, and what history is owed, in one transaction."""
        blob = orjson.dumps(state_as(state))
        made = [*step.closed, *((one.correction.meter, one.after) for one in step.corrected)]

        def write(connection: Connection) -> None:
            for meter, minutes in made:
                _store(connection, production_hour, meter, minutes)
            for meter, minutes in step.measured:
                _store(connection, measured_hour, meter, minutes)
            if made:
                owed = [{"payload": _pack(meter, minutes)} for meter, minutes in made]
                connection.execute(insert(derived_outbox), owed)
            keep_corrections(connection, step.corrected, step.known)
            keep_moved(connection, step.moved)
            if connection.execute(update(accounting).values(state=blob)).rowcount == 0:
                connection.execute(insert(accounting).values(id=1, state=blob))

        await self._database.write(write)

    async def minutes(self, from_hour: int) -> list[tuple[str, Minutes]]:
        """Every closed minute from hour ``from_hour`` (since 1970) on, per meter in order of
        time."""

        def read(connection: Connection) -> list[tuple[str, Minutes]]:
            rows = connection.execute(
                select(production_hour)
                .where(production_hour.c.hour >= from_hour)
                .order_by(production_hour.c.meter, production_hour.c.hour)
            )
            return [found for row in rows for found in _closed(row.meter, row.hour, row)]

        return await self._database.read(read)

    async def minutes_of(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes of ``meter`` from minute ``first`` on; NOT_CLOSED where nothing is."""
        return await self._database.read(
            partial(_minutes_of, table=production_hour, meter=meter, first=first, n=n)
        )

    async def measured_of(self, meter: str, first: int, n: int) -> Minutes:
        """``minutes_of`` as they were measured, whatever a person states."""

        def read(connection: Connection) -> Minutes:
            made = _minutes_of(connection, production_hour, meter, first, n)
            beneath = _minutes_of(connection, measured_hour, meter, first, n)
            kept = beneath.grade != NOT_CLOSED
            made.kg[kept], made.grade[kept] = beneath.kg[kept], beneath.grade[kept]
            return made

        return await self._database.read(read)

    async def spans_beneath(self) -> list[tuple[str, int, int]]:
        """Where a person states, or stated, something else: (meter, first minute, n), by hours."""
        rows = await self._database.read(
            lambda c: c.execute(select(measured_hour.c.meter, measured_hour.c.hour)).all()
        )
        return [(row.meter, row.hour * HOUR_MINUTES, HOUR_MINUTES) for row in rows]

    async def owed(self, limit: int) -> tuple[int, list[tuple[str, Minutes]]]:
        """The oldest minutes that history does not have yet, and the number to ``settle`` them
        with."""

        def read(connection: Connection) -> tuple[int, list[tuple[str, Minutes]]]:
            rows = connection.execute(
                select(derived_outbox).order_by(derived_outbox.c.id).limit(limit)
            ).all()
            return (rows[-1].id if rows else 0), [_unpack(row.payload) for row in rows]

        return await self._database.read(read)

    async def settled(self, number: int) -> None:
        """History has everything up to ``number``."""

        def write(connection: Connection) -> None:
            connection.execute(delete(derived_outbox).where(derived_outbox.c.id <= number))

        await self._database.write(write)


def minutes_in(connection: Connection, meter: str, first: int, n: int) -> Minutes:
    """``n`` minutes of ``meter`` from minute ``first`` on; NOT_CLOSED where nothing is."""
    return _minutes_of(connection, production_hour, meter, first, n)


def _minutes_of(connection: Connection, table: Table, meter: str, first: int, n: int) -> Minutes:
    hours = table.c.hour.between(first // HOUR_MINUTES, (first + n) // HOUR_MINUTES)
    found = Minutes(first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
    for row in connection.execute(select(table).where(table.c.meter == meter, hours)):
        a = max(row.hour * HOUR_MINUTES, first)
        b = min((row.hour + 1) * HOUR_MINUTES, first + n)
        if a >= b:
            continue
        there = slice(a - row.hour * HOUR_MINUTES, b - row.hour * HOUR_MINUTES)
        found.kg[a - first : b - first] = np.frombuffer(row.kg, "<f8")[there]
        found.grade[a - first : b - first] = np.frombuffer(row.grade, np.uint8)[there]
    return found


def _store(connection: Connection, table: Table, meter: str, minutes: Minutes) -> None:
    for hour, at, part in _by_hour(minutes):
        where = (table.c.meter == meter) & (table.c.hour == hour)
        row = connection.execute(select(table).where(where)).one_or_none()
        kg = np.full(HOUR_MINUTES, np.nan)
        grade = np.full(HOUR_MINUTES, NOT_CLOSED, np.uint8)
        if row is not None:
            kg[:] = np.frombuffer(row.kg, "<f8")
            grade[:] = np.frombuffer(row.grade, np.uint8)
        kg[at : at + len(part)] = part.kg
        grade[at : at + len(part)] = part.grade
        values = {"kg": kg.astype("<f8").tobytes(), "grade": grade.tobytes()}
        if row is None:
            connection.execute(insert(table).values(meter=meter, hour=hour, **values))
        else:
            connection.execute(update(table).where(where).values(**values))


def _by_hour(minutes: Minutes) -> Iterator[tuple[int, int, Minutes]]:
    """(hour, first minute within it, the minutes of that hour)."""
    done = 0
    while done < len(minutes):
        hour, at = divmod(minutes.first + done, HOUR_MINUTES)
        n = min(HOUR_MINUTES - at, len(minutes) - done)
        part = slice(done, done + n)
        yield hour, at, Minutes(minutes.first + done, minutes.kg[part], minutes.grade[part])
        done += n


def _closed(meter: str, hour: int, row: Any) -> Iterator[tuple[str, Minutes]]:
    """The stretches of closed minutes of one stored hour."""
    kg = np.frombuffer(row.kg, "<f8")
    grade = np.frombuffer(row.grade, np.uint8)
    closed = np.flatnonzero(grade != NOT_CLOSED)
    for stretch in np.split(closed, np.flatnonzero(np.diff(closed) > 1) + 1):
        if len(stretch):
            first = hour * HOUR_MINUTES + int(stretch[0])
            yield meter, Minutes(first, kg[stretch], grade[stretch])


def _pack(meter: str, minutes: Minutes) -> bytes:
    kg = [None if np.isnan(v) else v for v in minutes.kg.tolist()]
    return orjson.dumps([meter, minutes.first, kg, minutes.grade.tolist()])


def _unpack(payload: bytes) -> tuple[str, Minutes]:
    meter, first, kg, grade = orjson.loads(payload)
    return meter, Minutes(
        first,
        np.array([np.nan if v is None else v for v in kg], np.float64),
        np.array(grade, np.uint8),
    )


def state_as(state: AccountingState) -> dict[str, Any]:
    """``state`` as JSON values."""
    return {
        "position": state.position,
        "closed_ns": state.closed_ns,
        "resumed_ns": state.resumed_ns,
        "lost_ns": state.lost_ns,
        "coverage": {group: cover.intervals for group, cover in state.coverage.items()},
        "newest": {
            meter: [at_ns, None if math.isnan(value) else value]
            for meter, (at_ns, value) in state.newest.items()
        },
        "standing": {meter: astuple(one) for meter, one in state.standing.items()},
        "late": state.late,
        "reopened": state.reopened,
        "accounts": {meter: _account_as(account) for meter, account in state.accounts.items()},
    }


def state_from(values: Mapping[str, Any]) -> AccountingState:
    """The state that ``state_as`` was given."""
    return AccountingState(
        position=values["position"],
        closed_ns=values["closed_ns"],
        resumed_ns=dict(values["resumed_ns"]),
        coverage={
            group: Coverage((a, b) for a, b in spans) for group, spans in values["coverage"].items()
        },
        accounts={meter: _account_from(row) for meter, row in values["accounts"].items()},
        # Earlier versions kept none of these.
        lost_ns=dict(values.get("lost_ns", {})),
        newest={
            meter: (at_ns, math.nan if value is None else value)
            for meter, (at_ns, value) in values.get("newest", {}).items()
        },
        standing={m: Standing(*row) for m, row in values.get("standing", {}).items()},
        late={
            meter: tuple((a, b) for a, b in spans)
            for meter, spans in values.get("late", {}).items()
        },
        reopened=dict(values.get("reopened", {})),
    )


def _account_as(account: Account) -> list[Any]:
    left = account.open
    opened = None if left is None else [left.first, left.kg.tolist(), left.grade.tolist()]
    vessel = None if account.vessel is None else astuple(account.vessel)
    return [account.last_ns, account.last_value, account.hole_ns, opened, account.held_ns, vessel]


def _account_from(row: Sequence[Any]) -> Account:
    # Earlier versions kept neither held_ns nor vessel.
    last_ns, last_value, hole_ns, opened, held_ns, vessel = [*row, None, None][:6]
    left = None
    if opened is not None:
        first, kg, grade = opened
        left = OpenMinutes(first, np.array(kg, np.float64), np.array(grade, np.uint8))
    kept = None if vessel is None else _vessel_from(vessel)
    value = np.nan if last_value is None else last_value
    return Account(last_ns, value, hole_ns, left, held_ns, kept)


def _vessel_from(row: Sequence[Any]) -> Vessel:
    minute, value, recent, settled, level, since, disturbed, unseen, began, waiting = row
    return Vessel(
        minute,
        _number(value),
        tuple((_number(a), _number(b), _number(c)) for a, b, c in recent),
        None if settled is None else Settled(settled),
        level,
        since,
        disturbed,
        unseen,
        began,
        tuple((time_ns, _number(one)) for time_ns, one in waiting),
    )


def _number(value: float | None) -> float:
    """NaN is null in JSON."""
    return math.nan if value is None else value
