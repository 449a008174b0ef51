"""What comes late, twice or out of order corrects the past: the outcome is that of its order."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.batch import Batch, Origin
from service.domain.instants import MINUTE_NS
from service.domain.production.corrections import Cause
from service.domain.production.minutes import Grade
from service.runtime.ledger import AccountingState, Step
from service.state.corrections import StateCorrections
from tests.accounted_late import FIRST, METERS, Row, a_batch, a_plant

TORTURE = bool(os.environ.get("ANODEWATCH_TORTURE"))
MINUTES = 24
LAST_S = MINUTES * 60
SHOWN = MINUTES - 2
"""Minutes that are closed at the end whatever the order was."""


def truth(seed: int) -> list[Row]:
    """What three meters say every ten seconds: kg, pieces and t/h, some of it Bad."""
    rng = np.random.default_rng(seed)
    kg, pieces = 600.0, 10
    rows: list[Row] = []
    for second in range(0, LAST_S, 10):
        if rng.random() < 0.8:  # it also stands still
            kg += rng.uniform(0, 12)
            pieces += int(rng.integers(0, 2))
        bad = rng.random(3) < 0.03
        values = (kg % 700.0, float(pieces), float(rng.uniform(0.4, 0.9)))
        rows += [
            (meter, second, None if bad[meter] else value) for meter, value in enumerate(values)
        ]
    return rows


def minute_of(rows: list[Row], minute: int) -> list[Row]:
    return [row for row in rows if row[1] // 60 == minute]


def minute(n: int) -> tuple[float, float]:
    return 60.0 * n, 60.0 * n + 60


def in_order(rows: list[Row]) -> list[Batch]:
    return [
        a_batch(minute_of(rows, n), [minute(n)], received_s=60.0 * n + 60) for n in range(MINUTES)
    ]


async def accounted(batches: list[Batch]) -> dict[str, list[tuple[float | None, int]]]:
    with tempfile.TemporaryDirectory() as folder:
        async with a_plant(Path(folder)) as plant:
            await plant.give(*batches)
            return await plant.minutes(SHOWN)


@dataclass(frozen=True)
class Disorder:
    """How a bad line brings a plant's rows. lost: minutes that only a backfill brings, in so many
    ``parts`` and at ``place``. cuts: after which batches all is accounted for, ``again``: and
    then also what came late."""

    seed: int
    lost: tuple[int, int]
    parts: int
    place: int
    cuts: tuple[int, ...]
    again: tuple[bool, ...]

    def batches(self, rows: list[Row]) -> list[Batch]:
        """``rows`` with some twice, some out of order, some late."""
        lost = range(*self.lost)
        rng = np.random.default_rng(self.seed)
        live: list[Batch] = []
        held_back: list[Row] = []
        for n in range(MINUTES):
            if n in lost:
                continue
            mine = minute_of(rows, n)
            delayed = rng.random(len(mine)) < 0.05
            now = [row for row, late in zip(mine, delayed, strict=True) if not late]
            twice = [mine[k] for k in rng.integers(0, len(mine), 3)]
            old = [row for row in held_back if rng.random() < 0.3]
            held_back = [row for row in held_back if row not in old]
            held_back += [row for row, late in zip(mine, delayed, strict=True) if late]
            sent = [*now, *twice, *old]
            mixed = [sent[k] for k in rng.permutation(len(sent))]
            live.append(a_batch(mixed, [minute(n)], received_s=60.0 * n + 60))
        missed = [row for row in rows if row[1] // 60 in lost]
        backfill = [
            a_batch(
                [missed[k] for k in part],
                [(60.0 * lost.start, 60.0 * lost.stop)] if nth == 0 else [],
                received_s=LAST_S,
                origin=Origin.BACKFILL,
            )
            for nth, part in enumerate(np.array_split(rng.permutation(len(missed)), self.parts))
        ]
        backfill.append(a_batch(held_back, received_s=LAST_S, origin=Origin.BACKFILL))
        place = min(max(self.place, self.lost[0]), len(live))
        return [*live[:place], *backfill, *live[place:]]

    def steps(self, rows: list[Row]) -> list[tuple[list[Batch], bool]]:
        """``batches``, cut where all is accounted for."""
        batches = self.batches(rows)
        places = [0, *sorted(self.cuts), len(batches)]
        return [
            (batches[a:b], again)
            for (a, b), again in zip(pairwise(places), self.again, strict=False)
        ]


disorders = st.builds(
    Disorder,
    seed=st.integers(0, 10_000),
    lost=st.tuples(st.integers(3, 12), st.integers(1, 7)).map(lambda x: (x[0], x[0] + x[1])),
    parts=st.integers(1, 4),
    place=st.integers(0, MINUTES),
    cuts=st.sets(st.integers(1, 16), max_size=5).map(tuple),
    again=st.tuples(*[st.booleans()] * 6),
)


@given(disorder=disorders)
@settings(
    max_examples=300 if TORTURE else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
async def test_disorder_comes_to_the_same_as_order(disorder: Disorder) -> None:
    rows = truth(disorder.seed)
    expected = await accounted(in_order(rows))
    with tempfile.TemporaryDirectory() as folder:
        async with a_plant(Path(folder)) as plant:
            for batches, again in disorder.steps(rows):
                await plant.give(*batches)
                if again:
                    await plant.recount()
            await plant.recount()
            assert await plant.minutes(SHOWN) == expected
            assert await plant.from_history(SHOWN) == expected
        async with a_plant(Path(folder)) as plant:  # and it goes on from there
            assert plant.accounting.owes == 0
            assert await plant.minutes(SHOWN) == expected


async def test_a_backfill_corrects_and_says_so(tmp_path: Path) -> None:
    """A gap that a totaliser bridged by its own delta, and a rate could not."""
    rows: list[Row] = []
    for s in range(0, 1_200, 10):
        made = (
            0.1 * s if s < 300 else 30.0 + 0.3 * (s - 300) if s < 600 else 120.0 + 0.1 * (s - 600)
        )
        rows += [(0, s, made), (1, s, float(s // 100)), (2, s, 0.6)]
    heard = [row for row in rows if not 300 <= row[1] < 600]
    live = [
        a_batch(minute_of(heard, n), [minute(n)], received_s=60.0 * n + 60)
        for n in range(20)
        if not 5 <= n < 10
    ]
    async with a_plant(tmp_path) as plant:
        await plant.give(*live)
        before = await plant.minutes(18)
        assert [grade for _, grade in before["A"][5:10]] == [Grade.ESTIMATED] * 5
        assert [kg for kg, _ in before["C"][5:10]] == [None] * 5
        assert await StateCorrections(plant.database).corrections(limit=9) == []
        missed = [row for row in rows if 300 <= row[1] < 600]
        backfill = a_batch(missed, [(300.0, 600.0)], received_s=1_200.0, origin=Origin.BACKFILL)
        await plant.give(backfill)
        assert plant.accounting.owes == len(METERS)
        await plant.recount()
        after = await plant.minutes(18)
        assert [grade for _, grade in after["A"][5:10]] == [Grade.MEASURED] * 5
        assert after["C"][5:10] == [(10.0, Grade.MEASURED)] * 5
        assert after["A"][0:4] == before["A"][0:4]
        found = await StateCorrections(plant.database).corrections(limit=9)
        assert {one.meter for one in found} == {"A", "B", "C"}
        assert {one.cause for one in found} == {Cause.LATE_VALUES}
        rate = next(one for one in found if one.meter == "C")
        assert (rate.before.kg, rate.before.unknown) == (None, 5)
        assert (rate.after.kg, rate.after.measured) == (50.0, 5)
        # The same once more changes nothing.
        await plant.give(backfill)
        await plant.recount()
        assert await StateCorrections(plant.database).corrections(limit=9) == found
        assert await plant.minutes(18) == after


async def test_what_a_source_says_again_is_not_late(tmp_path: Path) -> None:
    """When it resumes it sends what it holds with old source times; recounting knows."""
    first = [(m, s, v + (s // 60 if m < 2 else 0)) for s in range(0, 300, 10)
             for m, v in enumerate((100.0, 3.0, 0.6))]  # fmt: skip
    stood = [(0, 290, 104.0), (1, 290, 7.0), (2, 400, 0.9)]  # C changed unheard at 400
    later = [(m, s, v) for s in range(610, 1_200, 10) for m, v in enumerate((110.0, 7.0, 0.9))]
    async with a_plant(tmp_path) as plant:
        await plant.give(
            *(a_batch(minute_of(first, n), [(60.0 * n, 60.0 * n + 60)], received_s=60.0 * n + 60)
              for n in range(5)),
            a_batch(stood, [(600.0, 605.0)], received_s=605),
            a_batch(later, [(605.0, 1_200.0)], received_s=1_200),
        )  # fmt: skip
        assert plant.accounting.owes == 0
        shown = await plant.minutes(18)
        assert shown["A"][5:11] == [(0.0, Grade.ESTIMATED)] * 5 + [(6.0, Grade.MEASURED)]
        assert [kg for kg, _ in shown["C"][5:11]] == [None] * 5 + [15.0]
        assert await plant.from_history(18) == shown


class Killed(Exception):
    """The process is gone."""


@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [0, 2], ids=["settling", "recounting"])
async def test_killed_while_it_corrects(tmp_path: Path, nth: int, kept: bool) -> None:
    """At either commit, just before or just after: the outcome is that of one that lived."""
    rows = truth(7)
    live = [one for n, one in enumerate(in_order(rows)) if n not in range(6, 11)]
    missed = [row for row in rows if row[1] // 60 in range(6, 11)]
    backfill = a_batch(missed, [(360.0, 660.0)], received_s=LAST_S, origin=Origin.BACKFILL)
    async with a_plant(tmp_path) as plant:
        await plant.give(*live)
        commit, commits = plant.ledger.commit, iter(range(9))

        async def killed(state: AccountingState, step: Step) -> None:
            if next(commits) != nth:
                return await commit(state, step)
            if kept:
                await commit(state, step)
            raise Killed

        plant.ledger.commit = killed  # type: ignore[method-assign]  a process that dies there
        with pytest.raises(Killed):  # noqa: PT012  at either commit
            await plant.give(backfill)
            await plant.accounting.recount(plant.recounter)
    async with a_plant(tmp_path) as plant:
        await plant.accounting.caught_up(plant.journal.last)
        await plant.recount()
        assert await plant.minutes(SHOWN) == await accounted(in_order(rows))
        found = await StateCorrections(plant.database).corrections(limit=9)
        assert sorted(one.meter for one in found) == ["A", "B", "C"]
        assert all(one.start_ns // MINUTE_NS - FIRST in range(5, 7) for one in found)
