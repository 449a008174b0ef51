"""The journal: what is committed is read back equal, in order, by everyone, also after a
restart."""

from __future__ import annotations

import asyncio
import math
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.batch import Batch, Origin, TimeOrigin, make_batch
from service.domain.coverage import Cover
from service.domain.tag import Tag
from service.journal.codec import CorruptEntry, decode, encode
from service.journal.log import Journal, open_journal
from service.journal.registry import register
from service.runtime.clock import FakeClock, SystemClock
from service.runtime.errors import Fatal


def a_batch(n: int, *, rows: int = 3) -> Batch:
    return make_batch(
        range(rows),
        [n * 1_000 + r for r in range(rows)],
        [float(n)] * rows,
        received_ns=n,
        source="plant",
        position=n,
        covers=(Cover("plant/main", n, n + 1),),
    )


def same(a: Batch, b: Batch) -> bool:
    return encode(a) == encode(b)


@given(
    value=st.lists(st.floats(width=64), max_size=20),
    status=st.integers(0, 2**32 - 1),
    text=st.text(max_size=20),
    origin=st.sampled_from(Origin),
    time_origin=st.sampled_from(TimeOrigin),
)
def test_a_batch_survives_its_bytes(
    value: list[float], status: int, text: str, origin: Origin, time_origin: TimeOrigin
) -> None:
    batch = make_batch(
        range(len(value)),
        [2**62 - n for n in range(len(value))],
        value,
        [status] * len(value),
        received_ns=7,
        text={0: text} if value else {},
        origin=origin,
        time_origin=time_origin,
        source="öäü/中文",
    )
    back = decode(encode(batch))
    assert same(batch, back)
    assert back.value.tobytes() == np.asarray(value, np.float64).tobytes()
    assert back.text == batch.text
    assert back.origin is origin
    assert back.time_origin is time_origin


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x02" + b"\0" * 40, encode(a_batch(1))[:-3]])
def test_a_broken_entry_is_named_corrupt(payload: bytes) -> None:
    with pytest.raises(CorruptEntry, match="journal entry"):
        decode(payload)


async def follow(journal: Journal, after: int, upto: int) -> list[int]:
    seen: list[int] = []
    while not seen or seen[-1] < upto:
        entries = await journal.read(seen[-1] if seen else after)
        seen += [entry.position for entry in entries]
        assert all(entry.batch.position == entry.position for entry in entries)
    return seen


def nothing() -> None:
    pass


async def fill(journal: Journal, numbers: range, committed: Callable[[], None] = nothing) -> None:
    for n in numbers:
        await journal.append(a_batch(n), committed)
    await journal.drain()


async def test_consumers_read_everything_in_order_after_a_restart(tmp_path: Path) -> None:
    clock = SystemClock()
    done: list[int] = []
    async with open_journal(tmp_path, clock=clock, segment_bytes=2_000, floor_bytes=0) as journal:
        for n in range(1, 51):
            await fill(journal, range(n, n + 1), lambda: done.append(1))
        assert len(done) == 50
        assert await follow(journal, 0, 50) == list(range(1, 51))
        assert len(list(tmp_path.glob("*.journal"))) > 5
    async with open_journal(tmp_path, clock=clock, floor_bytes=0) as journal:
        assert journal.last == 50
        assert await follow(journal, 17, 50) == list(range(18, 51))
        await fill(journal, range(51, 53))
        assert await follow(journal, 48, 52) == [49, 50, 51, 52]


async def test_followers_that_are_up_to_date_wait_and_do_not_spin(tmp_path: Path) -> None:
    async with (
        open_journal(tmp_path, clock=SystemClock(), gather_s=0, floor_bytes=0) as journal,
        asyncio.TaskGroup() as group,
    ):
        runner = group.create_task(journal.run())
        followers = [group.create_task(follow(journal, 0, 400)) for _ in range(3)]
        for n in range(1, 401):
            await journal.append(a_batch(n, rows=1), nothing)
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            for follower in followers:
                assert await follower == list(range(1, 401))
        runner.cancel()


async def test_an_entry_exists_once_its_commit_is_noted(tmp_path: Path) -> None:
    async with open_journal(tmp_path, clock=SystemClock(), floor_bytes=0) as journal:
        await fill(journal, range(1, 2))
        journal._segments.append([encode(a_batch(2))])  # the thread is ahead of the loop
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await journal.read(1)


async def test_segments_go_when_every_cursor_has_passed(tmp_path: Path) -> None:
    async with open_journal(
        tmp_path, clock=SystemClock(), segment_bytes=2_000, floor_bytes=0
    ) as journal:
        for n in range(1, 51):
            await fill(journal, range(n, n + 1))
        before = len(list(tmp_path.glob("*.journal")))
        await journal.trim({"history": 40, "watch": 20})
        assert 1 < len(list(tmp_path.glob("*.journal"))) < before
        assert await follow(journal, 20, 50) == list(range(21, 51))


async def test_positions_are_never_given_twice(tmp_path: Path) -> None:
    clock = SystemClock()
    async with open_journal(tmp_path, clock=clock, next_position=101, floor_bytes=0) as journal:
        await journal.append(a_batch(101), nothing)
        await journal.drain()
        assert journal.last == 101


async def test_a_reader_waits_for_news(tmp_path: Path) -> None:
    async with (
        open_journal(tmp_path, clock=SystemClock(), gather_s=0, floor_bytes=0) as journal,
        asyncio.TaskGroup() as group,
    ):
        runner = group.create_task(journal.run())
        reader = group.create_task(journal.read(0))
        await journal.append(a_batch(1), nothing)
        assert [e.position for e in await reader] == [1]
        runner.cancel()


async def test_under_the_floor_of_free_disk_nothing_is_committed_and_it_says_so(
    tmp_path: Path,
) -> None:
    async with (
        open_journal(tmp_path, clock=SystemClock(), gather_s=0, floor_bytes=2**62) as journal,
        asyncio.TaskGroup() as group,
    ):
        runner = group.create_task(journal.run())
        await journal.append(a_batch(1), nothing)
        async with asyncio.timeout(10):
            while journal.held is None:
                await asyncio.sleep(0.001)
        assert "free disk" in journal.held
        assert journal.last == 0
        runner.cancel()


async def test_an_end_that_comes_while_a_write_fails_is_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def full(_folder: Path) -> None:
        writing.set()
        go_on.wait(10)
        raise OSError("no space left")

    async with open_journal(tmp_path, clock=SystemClock(), gather_s=0, floor_bytes=0) as journal:
        monkeypatch.setattr("service.journal.log.shutil.disk_usage", full)
        runner = asyncio.create_task(journal.run())
        await journal.append(a_batch(1), nothing)
        await asyncio.to_thread(writing.wait, 10)
        runner.cancel()
        await asyncio.sleep(0)
        go_on.set()
        done, _ = await asyncio.wait((runner,), timeout=2)
        assert done
        assert runner.cancelled()
        monkeypatch.undo()
        await journal.drain()
        assert journal.last == 1


async def test_a_drain_that_takes_too_long_ends_though_its_write_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    usage = shutil.disk_usage

    def slow(folder: Path) -> object:
        go_on.wait(10)
        return usage(folder)

    async with open_journal(tmp_path, clock=SystemClock(), gather_s=0, floor_bytes=0) as journal:
        monkeypatch.setattr("service.journal.log.shutil.disk_usage", slow)
        await journal.append(a_batch(1), nothing)
        asyncio.get_running_loop().call_later(0.1, go_on.set)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await journal.drain()
        assert journal.last == 1


def test_numbers_stay_when_the_list_is_reordered(tmp_path: Path) -> None:
    a, b, c = (Tag(id=f"CR-L01-T{n}.PV", connector="plant", node="x") for n in "abc")
    first = register(tmp_path, [a, b])
    second = register(tmp_path, [c, b])
    third = register(tmp_path, [a, c, b])
    assert second.number(b.id) == first.number(b.id)
    assert third.number(a.id) == first.number(a.id)
    assert len({third.number(t.id) for t in (a, b, c)}) == 3
    assert a.id not in second


def test_nan_is_nan() -> None:
    assert math.isnan(decode(encode(make_batch([1], [1], [math.nan], received_ns=0))).value[0])


async def test_a_journal_that_can_not_be_opened_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("no folder", encoding="utf-8")
    with pytest.raises(Fatal, match=r"journal .*/journal can't be opened: .*full disk"):
        register(tmp_path / "journal", ())
    with pytest.raises(Fatal, match="can't be opened"):
        async with open_journal(tmp_path / "journal", clock=FakeClock(0)):
            pass
