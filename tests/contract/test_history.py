"""The contract of history stores: what is written is read, once, and the better row stays."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import numpy as np
import pytest

from service.domain.batch import Origin, make_batch
from service.domain.instants import LATEST_NS, SECOND_NS
from service.domain.quality import (
    BAD,
    BAD_OUT_OF_RANGE,
    GOOD,
    UNCERTAIN,
    UNCERTAIN_SUBSTITUTE_VALUE,
)
from service.runtime.history import History, Written
from tests.contract.conftest import Store
from tests.contract.history_cases import (
    NOW_NS,
    STRANGE,
    UNKNOWN,
    WORDS,
    Row,
    batch_of,
    everything,
    rows_of,
    same,
)

EXACT = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    0.1,
    1 / 3,
    1e16,
    1e20,
    1e21,
    1e22,
    123456789012345680000.0,
    float(2**53),
    float(2**53 - 1),
    -float(2**53),
    math.pi,
    math.nextafter(1.0, 2.0),
]

TEXTS = [
    "plain",
    "",
    " blanks around ",
    'quotes " and \' and ""',
    "commas, equals = and # marks",
    "line\nbreak\r\nand\ttab",
    "石墨化 三号炉 负极材料",
    "🔥 emoji 👩‍🔧",
    "backslash \\ and \\\\ and \\n and at the end \\",
    "control \x00 \x01 \x1b \x7f \u2028 \ufeff",
    "x" * 10_000,
]


async def test_values_are_exact_to_the_bit(history: History) -> None:
    rows = [Row(1, NOW_NS + at, value) for at, value in enumerate(EXACT)]
    assert await history.write([batch_of(rows)]) == Written(stored=len(rows))
    assert same(await everything(history, [1]), rows)


async def test_random_bits_survive(history: History) -> None:
    random = np.random.default_rng(7)
    value = random.integers(-(2**63), 2**63, 2_000).view(np.float64)
    value = value[np.isfinite(value)]
    time_ns = NOW_NS + np.arange(len(value))
    await history.write([make_batch([3] * len(value), time_ns, value, received_ns=NOW_NS)])
    came = await everything(history, [3])
    assert came.value.view(np.int64).tolist() == value.view(np.int64).tolist()


async def test_status_is_exact(history: History) -> None:
    codes = [0, 1, 0x480, UNCERTAIN, UNCERTAIN_SUBSTITUTE_VALUE, BAD, 0x7FFF_FFFF, 0xFFFF_FFFF]
    rows = [Row(2, NOW_NS + at, 1.5, status) for at, status in enumerate(codes)]
    await history.write([batch_of(rows)])
    assert same(await everything(history, [2]), rows)


async def test_nulls_keep_their_status_and_infinities_are_refused(history: History) -> None:
    rows = [Row(1, NOW_NS, None, BAD_OUT_OF_RANGE), Row(1, NOW_NS + 1, None, GOOD)]
    unfit = [Row(1, NOW_NS + 2, math.inf), Row(1, NOW_NS + 3, -math.inf), Row(1, LATEST_NS, 1.0)]
    written = await history.write([batch_of([*unfit, *rows])])
    assert written == Written(stored=2, refused=3)
    assert same(await everything(history, [1]), rows)


async def test_texts_are_exact(history: History) -> None:
    rows = [Row(WORDS, NOW_NS + at, None, GOOD, text) for at, text in enumerate(TEXTS)]
    rows.append(Row(WORDS, NOW_NS + 100, None, BAD))
    await history.write([batch_of(rows)])
    assert same(await everything(history, [WORDS]), rows)


async def test_texts_and_numbers_of_one_tag_and_in_one_batch(history: History) -> None:
    rows = [
        Row(1, NOW_NS, 1.0),
        Row(1, NOW_NS + 1, None, GOOD, "a word in a number's place"),
        Row(WORDS, NOW_NS, None, GOOD, "运行"),
        Row(WORDS, NOW_NS + 1, 2.0),
    ]
    await history.write([batch_of(rows)])
    assert same(await everything(history, [1, WORDS]), rows)


async def test_times_are_exact_from_1970_to_2199(history: History) -> None:
    times = [0, 1, 999_999_999, NOW_NS, NOW_NS + 1, LATEST_NS - 1]
    rows = [Row(1, time_ns, 1.0) for time_ns in times]
    await history.write([batch_of(rows)])
    assert same(await everything(history, [1]), rows)
    assert same(await history.rows([1], NOW_NS, NOW_NS + 1, limit=9), rows[3:4])
    assert same(await history.latest([1], before_ns=LATEST_NS), rows[5:])


async def test_strange_names_and_tags_that_left_the_list(history: History) -> None:
    rows = [Row(STRANGE, NOW_NS, 1.0), Row(UNKNOWN, NOW_NS, 2.0), Row(1, NOW_NS, 3.0)]
    await history.write([batch_of(rows)])
    assert same(await everything(history, [STRANGE, UNKNOWN]), rows[:2])
    assert same(await everything(history, [STRANGE]), rows[:1])
    assert same(await history.latest([UNKNOWN, STRANGE], before_ns=LATEST_NS), rows[:2])


async def test_writing_again_changes_nothing(store: Store) -> None:
    rows = [Row(tag, NOW_NS + at * SECOND_NS, at + tag / 10) for at in range(50) for tag in (1, 2)]
    rows += [Row(1, NOW_NS - 1, None, BAD), Row(WORDS, NOW_NS, None, GOOD, "运行")]
    batches = [batch_of(rows), batch_of([Row(2, NOW_NS - 5, 1.0)], origin=Origin.BACKFILL)]
    async with store.open() as history:
        first = await history.write(batches)
        before = await everything(history, [1, 2, WORDS])
        assert await history.write(batches) == first == Written(stored=len(rows) + 1)
    async with store.open() as history:
        assert await history.write(batches) == first
        assert same(await everything(history, [1, 2, WORDS]), rows_of(before))


async def test_duplicates_late_and_out_of_order(history: History) -> None:
    await history.write([batch_of([Row(1, NOW_NS + 50, 1.0), Row(1, NOW_NS + 10, 2.0)])])
    written = await history.write(
        [
            batch_of([Row(1, NOW_NS + 30, 3.0), Row(1, NOW_NS + 30, 4.0), Row(1, NOW_NS, 5.0)]),
            batch_of([Row(1, NOW_NS + 30, 6.0), Row(1, NOW_NS + 20, 7.0)]),
            batch_of([Row(1, NOW_NS + 20, 7.0)]),
        ]
    )
    assert written == Written(stored=4, superseded=2)
    expected = [(0, 5.0), (10, 2.0), (20, 7.0), (30, 6.0), (50, 1.0)]
    assert same(await everything(history, [1]), [Row(1, NOW_NS + at, v) for at, v in expected])


@pytest.mark.parametrize("as_null", [False, True])
async def test_precedence_of_every_pair(store: Store, *, as_null: bool) -> None:
    """Each pair at an instant of its own; first across writes, then within one write."""
    states = [(o, s) for o in Origin for s in (GOOD, UNCERTAIN, BAD)]
    pairs = [(old, new) for old in states for new in states]
    second = None if as_null else 2.0
    for tag, together in ((1, False), (2, True)):
        expected, writes = [], []
        for at, ((old_origin, old_status), (new_origin, new_status)) in enumerate(pairs):
            time_ns = NOW_NS + at * SECOND_NS
            old, new = Row(tag, time_ns, 1.0, old_status), Row(tag, time_ns, second, new_status)
            wins = {
                Origin.DERIVED: True,
                Origin.BACKFILL: old_origin is Origin.BACKFILL,
                Origin.LIVE: not (new_status == BAD and old_status == GOOD),
            }[new_origin]
            expected.append(new if wins else old)
            writes.append([batch_of([old], origin=old_origin), batch_of([new], origin=new_origin)])
        async with store.open() as history:
            if together:
                await history.write([batch for pair in writes for batch in pair])
            else:
                await history.write([old for old, _ in writes])
        async with store.open() as history:
            if not together:
                written = await history.write([new for _, new in writes])
                assert written.superseded == sum(row.value == 1.0 for row in expected)
            assert same(await everything(history, [tag]), expected)


async def test_a_better_origin_protects_the_same_value(history: History) -> None:
    at = Row(1, NOW_NS, 1.0)
    await history.write([batch_of([at], origin=Origin.BACKFILL)])
    await history.write([batch_of([at])])
    worse = replace(at, value=2.0)
    written = await history.write([batch_of([worse], origin=Origin.BACKFILL)])
    assert written == Written(superseded=1)
    assert same(await everything(history, [1]), [at])


async def test_a_null_takes_the_place_of_a_number_and_a_number_of_a_null(history: History) -> None:
    known = [Row(1, NOW_NS + at, 1.0) for at in range(3)]
    unknown = [Row(1, NOW_NS + at, None, 0x809B_0000) for at in range(3)]
    for rows in (known, unknown, known, unknown):
        await history.write([batch_of(rows, origin=Origin.DERIVED)])
        assert same(await everything(history, [1]), rows)


async def test_two_thousand_tags_in_one_write(history: History) -> None:
    tags = list(range(1, 2_001))
    rows = [Row(tag, NOW_NS + at * SECOND_NS, tag + at / 10) for at in range(3) for tag in tags]
    assert await history.write([batch_of(rows)]) == Written(stored=6_000)
    assert same(await everything(history, tags), rows)
    assert same(await history.latest(tags, before_ns=LATEST_NS), rows[-2_000:])
    backfill = [replace(row, value=-1.0) for row in rows[:2_000]]
    backfill += [Row(tag, NOW_NS - SECOND_NS, -1.0) for tag in tags]
    written = await history.write([batch_of(backfill, origin=Origin.BACKFILL)])
    assert written == Written(stored=2_000, superseded=2_000)


async def test_months_old_constants_among_new_values(history: History) -> None:
    """What servers send again after each reconnect: old, equal, and no harm."""
    old = [Row(tag, NOW_NS - tag * 3_600 * SECOND_NS, 1.0, BAD * (tag % 2)) for tag in range(1, 60)]
    new = [Row(tag, NOW_NS, 2.0) for tag in range(1, 60)]
    await history.write([batch_of(old)])
    await history.write([batch_of(new)])
    assert await history.write([batch_of([*old, *new])]) == Written(stored=118)
    assert same(await everything(history, list(range(1, 60))), [*old, *new])


async def test_an_empty_write(history: History) -> None:
    assert await history.write([]) == Written()
    assert await history.write([batch_of([])]) == Written()


async def test_reads_and_writes_go_on_side_by_side(history: History) -> None:
    async def write() -> None:
        for at in range(20):
            await history.write([batch_of([Row(1, NOW_NS + at, 1.0), Row(2, NOW_NS + at, 2.0)])])

    async def read() -> None:
        for _ in range(20):
            for tag in (1, 2):
                came = await everything(history, [tag])
                assert came.time_ns.tolist() == [NOW_NS + at for at in range(len(came))]

    await asyncio.gather(write(), read(), read())
    assert len(await everything(history, [1, 2])) == 40
