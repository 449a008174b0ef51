"""Corrections of closed minutes: kept all or nothing, told, and counted in the book."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.domain.production.corrections import Cause, corrected
from service.domain.production.minutes import NOT_CLOSED, Grade, Minutes
from service.runtime.accounting import Accounting
from service.state.corrections import StateCorrections, known_between
from service.state.database import open_database
from service.state.ledger import StateLedger
from tests.runtime.test_accounting import (
    FIRST,
    METER,
    MINUTE_NS,
    TABLE,
    Hurried,
    a_book,
    following,
    give,
    reading,
)

M, E, U = Grade.MEASURED, Grade.ESTIMATED, Grade.UNKNOWN


def minutes(first: int, *rows: tuple[float | None, int]) -> Minutes:
    kg = np.array([np.nan if kg is None else kg for kg, _ in rows])
    return Minutes(first, kg, np.array([grade for _, grade in rows], np.uint8))


@pytest.mark.parametrize(
    ("after", "span", "kg"),
    [
        ([(1.0, M), (2.0, M), (None, U)], None, None),  # the same
        ([(1.0, M), (2.0 + 1e-12, M), (None, U)], None, None),  # the same to the book
        ([(1.0, M), (2.0, M), (3.0, M)], (2, 3), (None, 3.0)),
        ([(1.5, M), (2.0, E), (None, U)], (0, 2), (3.0, 3.5)),
        ([(None, U), (2.0, M), (None, U)], (0, 1), (1.0, None)),
    ],
)
def test_a_correction_is_cut_to_what_differs(
    after: list[tuple[float | None, int]],
    span: tuple[int, int] | None,
    kg: tuple[float | None, float | None] | None,
) -> None:
    before = minutes(10, (1.0, M), (2.0, M), (None, U))
    one = corrected(
        "X", before, minutes(10, *after), cause=Cause.LATE_VALUES, learnt_ns=5, entry=None
    )
    if span is None or kg is None:
        assert one is None
        return
    assert one is not None
    found = one.correction
    assert (found.start_ns // MINUTE_NS - 10, found.end_ns // MINUTE_NS - 10) == span
    assert (found.before.kg, found.after.kg) == kg
    assert found.before.unknown + found.before.measured == span[1] - span[0]


async def test_a_correction_is_kept_with_what_was_known_until_then(tmp_path: Path) -> None:
    clock = Hurried()
    book = a_book()
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        ledger = StateLedger(database)
        accounting = Accounting((METER,), TABLE, ledger, book, clock, lateness_s=2.0)
        async with following(tmp_path / "journal", accounting, clock) as journal:
            rows = [reading(10 * n, 10.0 * n) for n in range(40)]
            await accounting.caught_up(await give(journal, *rows))
            made = book.between("SC", FIRST * MINUTE_NS, (FIRST + 4) * MINUTE_NS)
            assert made.actual_kg == 240.0
            said = minutes(FIRST + 1, (90.0, E), (60.0, M), *[(1.0, E)] * 30)
            done = await accounting.correct(METER.id, said, cause=Cause.ENTRY, entry="e1")
            assert done is not None
            again = await accounting.correct(METER.id, said, cause=Cause.ENTRY, entry="e1")
            assert again is None
        # Minutes that are not closed yet belong to the account, not to a correction.
        closed = done.end_ns // MINUTE_NS - FIRST
        assert 4 <= closed <= 6
        assert (await StateCorrections(database).corrections(limit=9)) == [done]
        assert done.before.kg == 60.0 * (closed - 1)
        assert done.after.kg == 90.0 + 60.0 + closed - 3
        now = await ledger.minutes_of(METER.id, FIRST, 10)
        assert now.kg[:3].tolist() == [60.0, 90.0, 60.0]
        assert now.grade[closed:].tolist() == [NOT_CLOSED] * (10 - closed)
        (then,) = await database.read(lambda c: known_between(c, FIRST, FIRST + 9))
        assert then.minutes.kg.tolist() == [60.0] * (closed - 1)
        assert then.until_ns == book.closed_ns
        assert then.correction == done.id
        # Live, and after a start: the book says the same.
        assert book.between("SC", FIRST * MINUTE_NS, (FIRST + 3) * MINUTE_NS).actual_kg == 210.0
        reopened = a_book()
        for meter, stretch in await ledger.minutes(FIRST // 60):
            reopened.enter(meter, stretch)
        for n in range(closed):
            span = FIRST * MINUTE_NS, (FIRST + n + 1) * MINUTE_NS
            assert reopened.between("SC", *span) == book.between("SC", *span)
        owed = [m for _, m in (await ledger.owed(100))[1]]
        assert owed[-1].first == FIRST + 1
        await StateCorrections(database).forget(
            known_before_ns=then.until_ns + 1, corrections_before_ns=done.learnt_ns
        )
        assert await database.read(lambda c: known_between(c, FIRST, FIRST + 9)) == []
        assert len(await StateCorrections(database).corrections(limit=9)) == 1
