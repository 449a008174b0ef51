"""A ledger of a small line that is filled by hand, and the running service's losses over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

import numpy as np

from service.domain.calendar import Calendar, Shift
from service.domain.instants import HOUR_NS, MINUTE_NS, to_ns
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.losses.shifts import Piece, ShiftLosses
from service.domain.plan import Plan
from service.domain.production.minutes import Grade, Minutes
from service.runtime.clock import FakeClock
from service.runtime.ledger import AccountingState, Step
from service.runtime.losses import Losses
from service.runtime.progress import Progress
from service.state.database import Database, open_database
from service.state.ledger import StateLedger
from service.state.losses import StateLosses
from tests.sites import ZONE

START_NS = to_ns(datetime(2026, 3, 2, 8, tzinfo=ZONE))  # a shift begins
FIRST = START_NS // MINUTE_NS
UNITS = ("A1", "A2", "B1")
LINE = Line(
    (Stage("A", "A", "甲", 1.0, 1.0, 1.44, ("B",)), Stage("B", "B", "乙", 1.0, 1.0, 1.44)),
    tuple(Meter(u, u[0], u, f"{u}.TOT", MeterKind.TOTALISER, "plant/main") for u in UNITS),
    "B",
)
PLAN = Plan(
    Calendar(
        ZONE, time(8),
        (Shift("night", time(0)), Shift("day", time(8)), Shift("evening", time(16))),
    ),
    {2026: 8_760_000.0},  # a tonne each hour: A1 and A2 500 kg/h each, B1 1,000
)  # fmt: skip
PACE = {"A1": 500 / 60, "A2": 500 / 60, "B1": 1_000 / 60}


@dataclass
class Closed:
    """Implements ``Closing``."""

    closed_ns: int | None = None
    commits: Progress = field(default_factory=Progress)


@dataclass
class HandFilled:
    """A ledger that is filled by hand, and the losses over it."""

    database: Database
    ledger: StateLedger
    book: StateLosses
    closed: Closed
    clock: FakeClock
    losses: Losses
    kg: dict[str, np.ndarray]

    async def close(self, until_h: float) -> None:
        """Closes the minutes up to ``until_h`` hours after the start, and finds their losses."""
        end = round(until_h * 60)
        begin = ((self.closed.closed_ns or START_NS) - START_NS) // MINUTE_NS
        await self.write(begin, end)
        self.closed.closed_ns = START_NS + end * MINUTE_NS
        await self.clock.advance((end - begin) * 60.0)
        await self.losses.catch_up()

    async def write(self, a: int, b: int) -> None:
        stretches = [(unit, minutes(row[a:b], a)) for unit, row in self.kg.items()]
        await self.ledger.commit(AccountingState(), Step(stretches))

    async def shifts(self, a_h: float = 0.0, b_h: float = 1e4) -> list[ShiftLosses]:
        return await self.book.shifts(
            START_NS + round(a_h * HOUR_NS), START_NS + round(b_h * HOUR_NS)
        )

    async def events(self) -> list[tuple[str, str, float, float, str]]:
        """unit, kind, begin and end in hours, reason of every event."""
        found: dict[str, list[Piece]] = {}
        for shift in await self.shifts():
            for span in shift.stages.values():
                for piece in span.pieces:
                    found.setdefault(piece.id, []).append(piece)
        return [
            (p[0].event.unit, str(p[0].event.kind), hours(p[0].began_ns),
             hours(p[-1].event.end_ns), str(p[-1].event.reason))
            for p in found.values()
        ]  # fmt: skip


def minutes(kg: np.ndarray, at: int = 0) -> Minutes:
    grade = np.where(np.isnan(kg), Grade.UNKNOWN, Grade.MEASURED).astype(np.uint8)
    return Minutes(FIRST + at, kg.copy(), grade)


def at(hour: float) -> int:
    return START_NS + round(hour * HOUR_NS)


def hours(time_ns: int) -> float:
    return (time_ns - START_NS) / HOUR_NS


def steady(days: float) -> dict[str, np.ndarray]:
    return {unit: np.full(round(days * 1440), PACE[unit]) for unit in UNITS}


def stop(kg: dict[str, np.ndarray], unit: str, a_h: float, b_h: float, value: float = 0.0) -> None:
    kg[unit][round(a_h * 60) : round(b_h * 60)] = value


@asynccontextmanager
async def hand_filled(folder: Path, kg: dict[str, np.ndarray]) -> AsyncIterator[HandFilled]:
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        clock = FakeClock(START_NS)
        closed = Closed()
        book = StateLosses(database, LINE)
        losses = Losses(LINE, PLAN, closed, book, book, clock, sparing=0.0)
        yield HandFilled(database, StateLedger(database), book, closed, clock, losses, kg)
