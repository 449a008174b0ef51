"""Losses as the running service finds and keeps them: over shifts, corrections and reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from service.domain.calendar import Calendar, Shift
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS, to_ns
from service.domain.line import Line, Meter, MeterKind, Stage
from service.domain.losses.entries import ReasonConflict, version_of
from service.domain.losses.reasons import Reason
from service.domain.losses.shifts import Piece, ShiftLosses
from service.domain.losses.sums import bottleneck_shares, stage_sums, unit_sums
from service.domain.plan import Plan
from service.domain.production.minutes import Grade, Minutes
from service.runtime.accounting import AccountingState
from service.runtime.clock import FakeClock
from service.runtime.losses import Losses, NoSuchEvent
from service.runtime.progress import Progress
from service.state.database import open_database
from service.state.ledger import StateLedger
from service.state.losses import StateLosses

START_NS = to_ns(datetime(2026, 3, 2, 0, tzinfo=UTC))  # 08:00 in Shanghai: a shift begins
FIRST = START_NS // MINUTE_NS
UNITS = ("A1", "A2", "B1")
LINE = Line(
    (Stage("A", "A", "甲", 1.0, 1.0, 1.44, ("B",)), Stage("B", "B", "乙", 1.0, 1.0, 1.44)),
    tuple(Meter(u, u[0], u, f"{u}.TOT", MeterKind.TOTALISER, "plant/main") for u in UNITS),
    "B",
)
PLAN = Plan(
    Calendar(
        ZoneInfo("Asia/Shanghai"), time(8),
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
class Plant:
    """A ledger that is filled by hand, and the losses over it."""

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
        stretches = [
            (unit, Minutes(FIRST + a, row[a:b], np.where(np.isnan(row[a:b]), Grade.UNKNOWN, 0)
                           .astype(np.uint8)))
            for unit, row in self.kg.items()
        ]  # fmt: skip
        await self.ledger.commit(AccountingState(), stretches)

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


def hours(time_ns: int) -> float:
    return (time_ns - START_NS) / HOUR_NS


def steady(days: float) -> dict[str, np.ndarray]:
    return {unit: np.full(round(days * 1440), PACE[unit]) for unit in UNITS}


def stop(kg: dict[str, np.ndarray], unit: str, a_h: float, b_h: float, value: float = 0.0) -> None:
    kg[unit][round(a_h * 60) : round(b_h * 60)] = value


@asynccontextmanager
async def plant(folder: Path, kg: dict[str, np.ndarray]) -> AsyncIterator[Plant]:
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        clock = FakeClock(START_NS)
        closed = Closed()
        book = StateLosses(database, LINE)
        losses = Losses(LINE, PLAN, closed, book, book, clock, sparing=0.0)
        yield Plant(StateLedger(database), book, closed, clock, losses, kg)


async def test_a_stop_over_a_shifts_end_is_one_event(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 7.0, 9.5)
    async with plant(tmp_path, kg) as p:
        await p.close(9.0)
        assert await p.events() == [("A1", "stopped", 7.0, 9.0, "UN")]
        await p.close(24.0)
        assert await p.events() == [("A1", "stopped", 7.0, 9.5, "UN")]
        day = stage_sums(await p.shifts())["A"]
        assert day.totals.by_reason == pytest.approx({Reason.UN: 1_250.0})
        assert day.time.down == 150.0
        first = stage_sums(await p.shifts(0, 8))["A"]
        assert first.totals.by_reason == pytest.approx({Reason.UN: 500.0})
        assert day.upkeep.failures == 0  # nobody said that it was the equipment


async def test_a_reason_stays_with_its_event_whatever_later_readings_say(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 7.0, 9.5)
    async with plant(tmp_path, kg) as p:
        await p.close(7.5)
        asked: dict[str, Any] = {"comment": "bearing", "by": "li", "seen_version": 0}
        (piece,) = await p.losses.say("A1", at(7.2), reason=Reason.EQ_MECH, **asked)
        assert (piece.event.reason, piece.event.open) == (Reason.EQ_MECH, True)
        await p.close(24.0)
        assert await p.events() == [("A1", "stopped", 7.0, 9.5, "EQ-mech")]

        asked["seen_version"] = 1
        await p.losses.say("A1", at(7.2), reason=Reason.EQ_ELEC, **asked)
        kg["A1"][7 * 60 : 7 * 60 + 6] = PACE["A1"]  # late readings: it stopped six minutes later,
        kg["A1"][9 * 60 : 9 * 60 + 15] = PACE["A1"]  # and ran for a while in between
        await p.write(0, 24 * 60)
        await p.losses.corrected(at(7.0), at(9.5))
        assert await p.events() == [
            ("A1", "stopped", 7.1, 9.0, "EQ-elec"),
            ("A1", "stopped", 9.25, 9.5, "EQ-elec"),
        ]
        upkeep = stage_sums(await p.shifts())["A"].upkeep
        assert upkeep.failures == 2
        with pytest.raises(NoSuchEvent):
            await p.losses.say("A1", at(7.05), reason=None, **asked)


async def test_two_who_explain_the_same_event_do_not_overwrite_each_other(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "B1", 3.0, 4.0)
    async with plant(tmp_path, kg) as p:
        await p.close(8.0)
        said: dict[str, Any] = {"comment": "", "seen_version": 0}
        await p.losses.say("B1", at(3.5), reason=Reason.EQ_ELEC, by="li", **said)
        with pytest.raises(ReasonConflict):
            await p.losses.say("B1", at(3.5), reason=Reason.PM, by="wang", **said)
        entries = await p.book.said("B1", at(3.0), at(4.0))
        assert version_of(entries, "B1", at(3.0), at(4.0)) == 1
        await p.losses.say("B1", at(3.5), reason=None, by="wang", comment="", seen_version=1)
        assert [e for e in await p.events() if e[0] == "B1"] == [("B1", "stopped", 3.0, 4.0, "UN")]


async def test_what_was_found_live_is_found_again(tmp_path: Path) -> None:
    """Losses that grew hour by hour, and the same ledger with losses of a fresh start."""
    kg = steady(12)
    stop(kg, "A1", 7.0, 9.5)
    stop(kg, "A2", 30.0, 31.0, np.nan)
    stop(kg, "B1", 50.0, 60.0, 0.6 * PACE["B1"])
    stop(kg, "A2", 100.0, 180.0)  # so long that it stands by after three days
    (tmp_path / "again").mkdir()
    async with plant(tmp_path, kg) as live, plant(tmp_path / "again", kg) as again:
        for hour in range(10, 12 * 24, 10):
            await live.close(hour)
        await again.close(hour)
        events = await live.events()
        assert [e[:4] for e in events if e[0] != "A1"] == [
            ("A2", "unknown", 30.0, 31.0),
            ("B1", "slow", 50.0, 60 + 4 / 60),  # by a mean over a quarter of an hour
            ("A2", "stopped", 100.0, 172.0),
        ]
        assert events == await again.events()
        # A bottleneck's active period is seen as far as the window reaches, and so no further.
        then, now = await live.shifts(), await again.shifts()
        assert [replace(s, bottleneck=()) for s in then] == [replace(s, bottleneck=()) for s in now]


async def test_sums_add_up(tmp_path: Path) -> None:
    kg = steady(3)
    stop(kg, "A1", 7.0, 9.5)
    stop(kg, "A2", 20.0, 21.0, np.nan)
    async with plant(tmp_path, kg) as p:
        await p.close(50.0)
        shifts = await p.shifts()
        assert [s.through_ns - s.span.start_ns for s in shifts] == [8 * HOUR_NS] * 6 + [2 * HOUR_NS]
        stage = stage_sums(shifts)["A"]
        units = unit_sums(shifts, "A")
        assert stage.time.calendar == sum(u.time.calendar for u in units.values()) == 2 * 50 * 60
        assert stage.totals.parts_kg == pytest.approx(stage.totals.lost_kg)
        assert stage.totals.unknown_min == 60
        figures = units["A1"].indicators()
        assert figures["availability"] == pytest.approx((50 - 2.5) / 50)
        assert figures["effectiveness"] == pytest.approx(500 / 720)
        assert figures["oee_index"] is None  # the laboratory has not said
        good = units["A1"].indicators(good_kg=0.9 * units["A1"].time.made_kg)
        assert good["oee_index"] == pytest.approx((50 - 2.5) / 50 * 500 / 720 * 0.9)
        shares = bottleneck_shares(shifts)
        assert sum(s.sole for s in shares) == pytest.approx(1.0)


def at(hour: float) -> int:
    return START_NS + round(hour * HOUR_NS)


async def test_catching_up_with_a_long_past_goes_in_portions(tmp_path: Path) -> None:
    kg = steady(30)
    stop(kg, "A1", 400.0, 402.0)
    async with plant(tmp_path, kg) as p:
        await p.close(30 * 24)
        assert await p.events() == [("A1", "stopped", 400.0, 402.0, "UN")]
        assert p.losses.found.value > 5
        state = await p.book.load()
        assert state.settled_ns is not None
        assert (p.closed.closed_ns or 0) - state.settled_ns <= 4 * DAY_NS + 8 * HOUR_NS
