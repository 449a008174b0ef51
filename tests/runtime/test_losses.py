"""Losses as the running service finds and keeps them: over shifts, corrections and reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.domain.batch import Batch
from service.domain.instants import DAY_NS, HOUR_NS
from service.domain.losses.entries import ReasonConflict, version_of
from service.domain.losses.reasons import Reason
from service.domain.losses.sums import bottleneck_shares, stage_sums, unit_sums
from service.domain.production.corrections import Cause, corrected
from service.domain.quality import BAD_NO_DATA, GOOD
from service.domain.tagtable import TagTable
from service.domain.wip import LineWip, StageWip
from service.runtime.derived_losses import shift_tags, write_shifts
from service.runtime.ledger import AccountingState, Step
from service.runtime.live import LiveTable
from service.runtime.losses import NoSuchEvent
from tests.lossplant import LINE, PACE, at, hand_filled, hours, minutes, steady, stop


async def test_a_stop_over_a_shifts_end_is_one_event(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 7.0, 9.5)
    async with hand_filled(tmp_path, kg) as p:
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
    kg = steady(15)
    stop(kg, "A1", 7.0, 9.5)
    async with hand_filled(tmp_path, kg) as p:
        await p.close(7.5)
        asked: dict[str, Any] = {"comment": "bearing", "by": "li", "seen_version": 0}
        (piece,) = await p.losses.say("A1", at(7.2), reason=Reason.EQ_MECH, **asked)
        assert (piece.event.reason, piece.event.open) == (Reason.EQ_MECH, True)
        await p.close(24.0)
        assert await p.events() == [("A1", "stopped", 7.0, 9.5, "EQ-mech")]

        asked["seen_version"] = 1
        await p.losses.say("A1", at(7.2), reason=Reason.EQ_ELEC, **asked)
        await p.close(14 * 24)
        was = minutes(kg["A1"][: 24 * 60])
        kg["A1"][7 * 60 : 7 * 60 + 6] = PACE["A1"]  # late readings: it stopped six minutes later,
        kg["A1"][9 * 60 : 9 * 60 + 15] = PACE["A1"]  # and ran for a while in between
        now = minutes(kg["A1"][: 24 * 60])
        change = corrected("A1", was, now, cause=Cause.LATE_VALUES, learnt_ns=p.clock.now_ns())
        assert change is not None
        await p.ledger.commit(AccountingState(), Step(corrected=[change]))
        await p.close(14 * 24 + 1)
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
    async with hand_filled(tmp_path, kg) as p:
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
    async with hand_filled(tmp_path, kg) as live, hand_filled(tmp_path / "again", kg) as again:
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
    async with hand_filled(tmp_path, kg) as p:
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


async def test_catching_up_with_a_long_past_goes_in_portions(tmp_path: Path) -> None:
    kg = steady(30)
    stop(kg, "A1", 400.0, 402.0)
    async with hand_filled(tmp_path, kg) as p:
        await p.close(30 * 24)
        assert await p.events() == [("A1", "stopped", 400.0, 402.0, "UN")]
        assert p.losses.found.value > 5
        state = await p.book.load()
        assert state.settled_ns is not None
        assert (p.closed.closed_ns or 0) - state.settled_ns <= 4 * DAY_NS + 8 * HOUR_NS


async def test_what_lies_before_the_record_is_not_unknown(tmp_path: Path) -> None:
    async with hand_filled(tmp_path, steady(1)) as p:
        assert await p.book.first_ns() is None
        await p.write(24, 60)  # the service was started 24 minutes after the hour
        assert await p.book.first_ns() == at(0.4)


class Store:
    """Keeps what history is given, the last of each tag and time."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], tuple[float, int]] = {}
        self.news = asyncio.Event()

    async def write(self, batches: Sequence[Batch]) -> None:
        for b in batches:
            for row in zip(b.tag.tolist(), b.time_ns.tolist(), b.value, b.status, strict=True):
                self.rows[row[0], row[1]] = (float(row[2]), int(row[3]))
        self.news.set()


class Lying:
    """Implements ``Stock``: what lies before B grows by a tonne each hour."""

    def at(self, time_ns: int) -> LineWip:
        kg = 500.0 + 1_000.0 * hours(time_ns)
        return LineWip(
            time_ns,
            (StageWip("A"), StageWip("B", kg, 0.0, kg, throughput_kg_per_h=1_000.0)),
            None,
        )


async def test_a_shifts_figures_are_tags_like_any_other(tmp_path: Path) -> None:
    kg = steady(1)
    stop(kg, "A1", 7.0, 9.5)
    stop(kg, "B1", 8.0, 16.0, np.nan)
    table = TagTable(dict(enumerate(shift_tags(LINE), 1)))
    store, live = Store(), LiveTable(table)
    async with hand_filled(tmp_path, kg) as p, asyncio.TaskGroup() as group:
        writing = group.create_task(
            write_shifts(
                p.losses,
                p.book,
                Lying(),
                store,
                live,
                table,
                p.clock,  # type: ignore[arg-type]
            )
        )
        await p.close(7.5)  # the first shift is written while it goes on, and again
        await p.close(20.0)
        while (table.number("B-SHIFT.KNOWN"), at(16)) not in store.rows:  # the last to be written
            await store.news.wait()
            store.news.clear()
        writing.cancel()

    def value(tag: str, hour: float) -> tuple[float, int]:
        return store.rows[table.number(tag), at(hour)]

    assert value("A-SHIFT.PLAN", 0) == (pytest.approx(8.0), GOOD)
    assert value("A-SHIFT.MADE", 0) == (pytest.approx(7.5), GOOD)
    assert value("A-SHIFT.LOST", 0) == (pytest.approx(0.5), GOOD)
    assert value("A-SHIFT.AVAIL", 0) == (pytest.approx(100 * 15 / 16), GOOD)
    assert value("A-SHIFT.OEE", 0) == (pytest.approx(100 * 15 / 16 * 500 / 720), GOOD)
    assert value("B-SHIFT.STORED", 0) == (pytest.approx(-0.5), GOOD)  # B took more than A made
    assert np.isnan(value("A-SHIFT.STORED", 0)[0])  # nothing measures what comes to A
    assert np.isnan(value("B-SHIFT.STORED", 8)[0])
    assert value("B-SHIFT.WIP", 0) == (pytest.approx(8.5), GOOD)  # at the shift's end
    assert value("B-SHIFT.LEAD", 0) == (pytest.approx(8.5), GOOD)
    assert value("B-SHIFT.WIP", 16) == (pytest.approx(20.5), GOOD)  # so far
    for unknown_tag in ("A-SHIFT.WIP", "A-SHIFT.LEAD"):
        assert value(unknown_tag, 0)[1] == BAD_NO_DATA
    assert value("B-SHIFT.PLAN", 8) == (pytest.approx(8.0), GOOD)
    unknown, status = value("B-SHIFT.AVAIL", 8)  # not seen is not zero
    assert np.isnan(unknown)
    assert status == BAD_NO_DATA
    assert value("B-SHIFT.KNOWN", 8) == (0.0, GOOD)
