"""What people enter, through the real ledger: Production follows, and follows back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from service.domain.entries.entry import Draft, EntryClash, EntryKind, EntryRefused
from service.domain.line import Line
from service.domain.production.book import ProductionBook
from service.domain.production.corrections import Cause
from service.domain.production.minutes import Grade, Minutes
from service.journal.log import Journal
from service.runtime.accounting import Accounting
from service.runtime.entries import Asked, Entries
from service.state.corrections import StateCorrections
from service.state.database import Database, open_database
from service.state.entries import StateEntries
from service.state.ledger import StateLedger
from tests.runtime.test_accounting import (
    FIRST,
    LINE,
    METER,
    MINUTE_NS,
    TABLE,
    Hurried,
    a_book,
    following,
    give,
    reading,
)

BATCHWISE = Line((replace(LINE.stages[0], hourly=False),), (METER,), "SC")
ASKED = Asked("li.wei", "key-0001")


@dataclass
class Rig:
    database: Database
    ledger: StateLedger
    book: ProductionBook
    entries: Entries
    accounting: Accounting
    journal: Journal

    async def kg(self, first: int, n: int) -> list[float]:
        """As the ledger has it; the book has to say the same sum."""
        kept = await self.ledger.minutes_of(METER.id, FIRST + first, n)
        span = (FIRST + first) * MINUTE_NS, (FIRST + first + n) * MINUTE_NS
        window = self.book.between("SC", *span)
        assert (window.actual_kg or 0.0) == pytest.approx(float(np.nansum(kept.kg)))
        return [round(kg, 6) for kg in kept.kg.tolist()]

    async def until(self, minute: int, kg_per_minute: float) -> None:
        """A counter that counts on to the end of ``minute``; closed up to two minutes before."""
        start = self.counted
        for n in range(self.told_s, minute * 60, 10):
            self.counted = start + kg_per_minute * (n + 10 - self.told_s) / 60
            await give(self.journal, reading(n + 10, self.counted))
        self.told_s = minute * 60
        await self.accounting.caught_up(self.journal.last)

    told_s: int = 0
    counted: float = 0.0


@asynccontextmanager
async def rig(folder: Path, line: Line = LINE) -> AsyncIterator[Rig]:
    clock = Hurried()
    async with open_database(f"sqlite:///{folder / 'state.db'}") as database:
        ledger, book = StateLedger(database), a_book()
        entries = Entries(StateEntries(database), line, clock)
        accounting = Accounting(
            (METER,), TABLE, ledger, book, clock, lateness_s=2.0, stated=entries.stated
        )
        await accounting.load()
        await entries.load()
        for meter, minutes in await ledger.minutes(FIRST // 60):
            book.enter(meter, minutes)
        await entries.apply(accounting, await ledger.spans_beneath())
        async with following(folder / "journal", accounting, clock) as journal:
            yield Rig(database, ledger, book, entries, accounting, journal)


def correction(first: int, n: int, kg: float) -> Draft:
    start_ns = (FIRST + first) * MINUTE_NS
    return Draft(
        EntryKind.CORRECTION, METER.id, start_ns, start_ns + n * MINUTE_NS, kg, "belt slipped"
    )


async def test_a_correction_changes_production_and_is_recorded(tmp_path: Path) -> None:
    async with rig(tmp_path) as at:
        await give(at.journal, reading(0, 0.0))
        await at.until(12, 60.0)
        entry, is_new = await at.entries.enter(correction(2, 3, 270.0), ASKED)
        assert is_new
        assert await at.kg(1, 5) == [60.0, 90.0, 90.0, 90.0, 60.0]
        again, is_new = await at.entries.enter(correction(2, 3, 270.0), ASKED)
        assert (again, is_new) == (entry, False)

        (told,) = await StateCorrections(at.database).corrections(limit=9)
        assert (told.cause, told.entry, told.meter) == (Cause.ENTRY, entry.id, METER.id)
        assert (told.before.kg, told.after.kg) == (180.0, 270.0)
        assert (told.before.measured, told.after.estimated) == (3, 3)
        owed = [minutes for _, minutes in (await at.ledger.owed(1_000))[1]]
        assert owed[-1].kg.tolist() == [90.0] * 3  # the history is told too

        await at.entries.cancel(entry.id, by="li.wei", reason="wrong belt")
        assert await at.kg(1, 5) == [60.0] * 5
        back = (await StateCorrections(at.database).corrections(limit=9))[0]
        assert (back.entry, back.after) == (entry.id, told.before)


async def test_minutes_that_close_later_are_corrected_then(tmp_path: Path) -> None:
    async with rig(tmp_path) as at:
        await give(at.journal, reading(0, 0.0))
        await at.until(6, 60.0)
        entry, _ = await at.entries.enter(correction(2, 8, 800.0), ASKED)
        assert (await at.kg(1, 3))[1:] == [100.0, 100.0]
        await at.until(15, 60.0)
        assert await at.kg(1, 11) == [60.0] + [100.0] * 8 + [60.0] * 2
        await at.entries.cancel(entry.id, by="li.wei", reason="it did not slip")
        assert await at.kg(1, 11) == [60.0] * 11


async def test_what_late_values_change_comes_back_when_an_entry_goes(tmp_path: Path) -> None:
    async with rig(tmp_path) as at:
        await give(at.journal, reading(0, 0.0))
        await at.until(12, 60.0)
        entry, _ = await at.entries.enter(correction(2, 3, 270.0), ASKED)
        late = Minutes(FIRST + 1, np.full(3, 75.0), np.full(3, Grade.MEASURED, np.uint8))
        await at.accounting.correct(METER.id, late, cause=Cause.LATE_VALUES)
        assert await at.kg(1, 5) == [75.0, 90.0, 90.0, 90.0, 60.0]
        await at.entries.cancel(entry.id, by="li.wei", reason="wrong belt")
        assert await at.kg(1, 5) == [75.0, 75.0, 75.0, 60.0, 60.0]


async def test_a_start_makes_good_what_a_crash_left_undone(tmp_path: Path) -> None:
    async with rig(tmp_path) as at:
        await give(at.journal, reading(0, 0.0))
        await at.until(12, 60.0)
        # Kept, and then the process died before Production was told.
        at.entries._production = None
        kept, _ = await at.entries.enter(correction(2, 2, 200.0), ASKED)
        assert await at.kg(1, 4) == [60.0] * 4
    async with rig(tmp_path) as at:
        assert await at.kg(1, 4) == [60.0, 100.0, 100.0, 60.0]
        at.entries._production = None
        await at.entries.cancel(kept.id, by="li.wei", reason="no")
    async with rig(tmp_path) as at:
        assert await at.kg(1, 4) == [60.0] * 4
        assert list(at.entries.standing) == []


async def test_a_weighed_unload_replaces_the_measured_one(tmp_path: Path) -> None:
    async with rig(tmp_path, BATCHWISE) as at:
        await give(at.journal, reading(0, 0.0))
        await at.until(5, 0.0)
        await at.until(15, 100.0)
        weighed = Draft(
            EntryKind.WEIGHBRIDGE, METER.id, (FIRST + 9) * MINUTE_NS, (FIRST + 9) * MINUTE_NS,
            1_050.0, "ticket 4711", "G3-R00102",
        )  # fmt: skip
        with pytest.raises(EntryRefused, match="may not have ended"):
            await at.entries.enter(weighed, ASKED)
        await at.until(60, 0.0)
        entry, _ = await at.entries.enter(weighed, ASKED)
        span = entry.draft.start_ns // MINUTE_NS - FIRST, entry.draft.end_ns // MINUTE_NS - FIRST
        assert span == (5, 15)
        kept = await at.ledger.minutes_of(METER.id, FIRST, 60)
        assert kept.kg[5:15].tolist() == pytest.approx([105.0] * 10)
        assert float(kept.kg[:58].sum()) == 1_050.0
        assert set(kept.grade[5:15].tolist()) == {Grade.MEASURED}
        with pytest.raises(EntryClash, match="already"):
            await at.entries.enter(weighed, Asked("wang", None))
