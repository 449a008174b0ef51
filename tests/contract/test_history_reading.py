"""The contract of history stores: pages, pictures, latest values and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.domain.batch import make_batch
from service.domain.coverage import Cover
from service.domain.instants import DAY_NS, HOUR_NS, LATEST_NS, SECOND_NS
from service.domain.m4 import m4
from service.domain.quality import BAD, GOOD
from service.domain.rows import in_time_order, take
from service.runtime.history import History
from tests.contract.conftest import Store
from tests.contract.history_cases import (
    NOW_NS,
    UNKNOWN,
    WORDS,
    Row,
    batch_of,
    everything,
    rows_of,
    same,
)


@pytest.mark.parametrize("limit", [1, 2, 4, 7, 35, 36, 37])
async def test_pages_hold_every_row_once(history: History, limit: int) -> None:
    tags = [5, 1, WORDS, UNKNOWN, 3]  # whose names sort otherwise than their numbers
    rows = [Row(tag, NOW_NS + at, float(tag)) for at in range(6) for tag in tags]
    rows += [Row(1, NOW_NS + 100 + at, 1.0) for at in range(6)]
    await history.write([batch_of(rows)])
    seen: list[Row] = []
    after = None
    while True:
        page = await history.rows(tags, NOW_NS, LATEST_NS, limit=limit, after=after)
        seen += rows_of(page)
        if len(page) < limit:
            break
        assert len(page) == limit
        after = (int(page.time_ns[-1]), int(page.tag[-1]))
    assert [row.exact for row in seen] == sorted(row.exact for row in rows)


async def test_ranges_are_half_open_and_may_be_empty(history: History) -> None:
    row = Row(1, NOW_NS, 1.0)
    await history.write([batch_of([row])])
    assert same(await history.rows([1], NOW_NS, NOW_NS + 1, limit=5), [row])
    for tags, start_ns, end_ns in [
        ([1], NOW_NS - 10, NOW_NS),
        ([1], NOW_NS + 1, LATEST_NS),
        ([1], NOW_NS, NOW_NS),
        ([2], 0, LATEST_NS),
        ([UNKNOWN], 0, LATEST_NS),
        ([], 0, LATEST_NS),
    ]:
        assert len(await history.rows(tags, start_ns, end_ns, limit=5)) == 0
    assert len(await history.picture([2], 0, LATEST_NS, buckets=5)) == 0
    assert len(await history.picture([], 0, LATEST_NS, buckets=5)) == 0
    assert len(await history.latest([], before_ns=LATEST_NS)) == 0
    assert len(await history.latest([1, 2], before_ns=NOW_NS)) == 0
    assert await history.covers(["plant/main"], 0, LATEST_NS) == ()
    assert await history.covers([], 0, LATEST_NS) == ()


async def test_reading_an_empty_store(history: History) -> None:
    assert len(await everything(history, [1])) == 0
    assert len(await history.latest([1], before_ns=LATEST_NS)) == 0


async def test_latest(store: Store) -> None:
    rows = [
        Row(1, NOW_NS - 200 * DAY_NS, 1.0),
        Row(1, NOW_NS - 2 * HOUR_NS, 2.0),
        Row(1, NOW_NS, 3.0),
        Row(2, NOW_NS - 400 * DAY_NS, 4.0),
        Row(WORDS, NOW_NS - 1, None, GOOD, "运行"),
        Row(3, NOW_NS, None, BAD),
        Row(4, LATEST_NS - 1, 5.0),
        Row(4, NOW_NS - 40 * DAY_NS, 6.0),
    ]
    async with store.open() as history:
        await history.write([batch_of(rows)])
    async with store.open() as history:
        tags = [1, 2, 3, 4, 5, WORDS]
        came = await history.latest(tags, before_ns=NOW_NS + 1)
        assert same(came, [rows[at] for at in (2, 3, 4, 5, 7)])
        came = await history.latest(tags, before_ns=NOW_NS)
        assert same(came, [rows[at] for at in (1, 3, 4, 7)])
        came = await history.latest(tags, before_ns=NOW_NS - 2 * HOUR_NS)
        assert same(came, [rows[at] for at in (0, 3, 7)])


async def test_a_picture_holds_extremes_and_gaps(history: History) -> None:
    """A day of a noisy tag with spikes and a gap, beside a constant one."""
    count = 20_000
    start_ns = NOW_NS - DAY_NS
    time_ns = start_ns + np.arange(count, dtype=np.int64) * (DAY_NS // count)
    value = np.sin(np.arange(count) / 500) + np.random.default_rng(3).normal(0, 0.01, count)
    value[[1_234, 9_999]] = [50.0, -50.0]
    status = np.zeros(count, np.uint32)
    value[5_000:5_003] = math.nan
    status[5_000:5_003] = BAD
    status[7_000] = BAD
    value[7_000] = 1e6  # Bad with a number: no extreme, but a gap
    noisy = make_batch([1] * count, time_ns, value, status, received_ns=NOW_NS)
    await history.write([noisy, batch_of([Row(2, start_ns, 7.0), Row(2, NOW_NS - 1, 7.0)])])

    came = await history.picture([2, 1], start_ns, NOW_NS, buckets=200)
    assert np.all(np.diff(came.time_ns) >= 0)
    one = take(came, np.flatnonzero(came.tag == 1))
    assert same(one, rows_of(take(noisy, m4(noisy, start_ns, NOW_NS, buckets=200))))
    assert len(one) <= 6 * 200
    drawn = one.value[one.status == 0]
    assert (drawn.max(), drawn.min()) == (50.0, -50.0)
    for gap in (5_000, 5_002, 7_000):
        assert time_ns[gap] in one.time_ns
    assert len(came) - len(one) == 2
    assert same(came, rows_of(in_time_order(came)))


async def test_a_picture_of_late_rows_is_that_of_sorted_ones(history: History) -> None:
    order = np.random.default_rng(4).permutation(3_000)
    rows = make_batch([1] * 3_000, NOW_NS + order, np.cos(order), received_ns=NOW_NS)
    for part in np.array_split(np.arange(3_000), 5):
        await history.write([take(rows, part)])
    ordered = in_time_order(rows)
    came = await history.picture([1], NOW_NS, NOW_NS + 3_000, buckets=17)
    expected = take(ordered, m4(ordered, NOW_NS, NOW_NS + 3_000, buckets=17))
    assert same(came, rows_of(expected))


async def test_covers_come_back_merged(store: Store) -> None:
    def cover(start_s: int, end_s: int, group: str = "plant/main") -> Cover:
        return Cover(group, NOW_NS + start_s * SECOND_NS, NOW_NS + end_s * SECOND_NS)

    writes = [
        [cover(0, 5), cover(5, 10)],
        [cover(10, 15)],
        [cover(10, 15)],  # again
        [cover(30, 40), cover(0, 7, 'plant/慢, "slow" = \' \\x'.replace("\\", "/"))],
        [cover(20, 25)],  # late
        [cover(12, 22)],  # bridges
        [cover(39, 45)],
        [cover(2, 4)],  # within
        [cover(50, 50)],  # empty
    ]
    for covers in writes:
        async with store.open() as history:
            await history.write([batch_of([], covers=tuple(covers))])
    async with store.open() as history:
        for covers in writes:
            await history.write([batch_of([], covers=tuple(covers))])
        assert await history.covers(["plant/main"], 0, LATEST_NS) == (cover(0, 25), cover(30, 45))
        at = NOW_NS + 23 * SECOND_NS
        assert await history.covers(["plant/main"], at, at + 10 * SECOND_NS) == (
            cover(23, 25),
            cover(30, 33),
        )
        other = writes[3][1].group
        both = await history.covers([other, "plant/main", "none/none"], NOW_NS, at)
        assert both == (cover(0, 23), cover(0, 7, other))
        assert await history.covers(["plant/main"], at + 4 * SECOND_NS, at + 5 * SECOND_NS) == ()


async def test_covers_over_days_of_keep_alives(history: History) -> None:
    step_ns = 6 * HOUR_NS
    for at in range(20):
        start_ns = NOW_NS + at * step_ns
        keep_alive = Cover("plant/main", start_ns, start_ns + step_ns)
        await history.write([batch_of([], covers=(keep_alive,))])
    whole = (Cover("plant/main", NOW_NS, NOW_NS + 20 * step_ns),)
    assert await history.covers(["plant/main"], 0, LATEST_NS) == whole
    inside = NOW_NS + 50 * HOUR_NS
    cut = (Cover("plant/main", inside, inside + 1),)
    assert await history.covers(["plant/main"], inside, inside + 1) == cut


async def test_random_covers_equal_their_union(history: History) -> None:
    random = np.random.default_rng(11)
    covered = np.zeros(60, np.bool_)
    for _ in range(40):
        start, length = int(random.integers(0, 50)), int(random.integers(1, 8))
        covered[start : start + length] = True
        keep_alive = Cover("plant/main", start * HOUR_NS, (start + length) * HOUR_NS)
        await history.write([batch_of([], covers=(keep_alive,))])
        a, b = sorted(random.integers(0, 60, 2).tolist())
        came = await history.covers(["plant/main"], a * HOUR_NS, (b + 1) * HOUR_NS)
        found = np.zeros(60, np.bool_)
        for cover in came:
            found[cover.start_ns // HOUR_NS : cover.end_ns // HOUR_NS] = True
        assert found[a : b + 1].tolist() == covered[a : b + 1].tolist()
        assert not found[:a].any()
