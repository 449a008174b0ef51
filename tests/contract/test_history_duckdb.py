"""The embedded history: kill -9, a full disk, a second process, and what is no DuckDB file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import duckdb
import numpy as np
import pytest
from pydantic import ValidationError

from connectors.duckdb.history import open_history
from connectors.duckdb.reading import spans
from connectors.duckdb.settings import DuckDbSettings
from service.domain.batch import make_batch
from service.domain.coverage import Cover
from service.domain.instants import HOUR_NS, LATEST_NS
from service.domain.tagtable import TagTable
from service.runtime.clock import FakeClock
from service.runtime.errors import Fatal, Retryable
from service.runtime.history import History
from tests.contract.duckdb_writer import TAGS, nth_batch
from tests.contract.history_cases import NOW_NS, Row, batch_of, everything, same


def opened(
    folder: Path, settings: DuckDbSettings | None = None
) -> AbstractAsyncContextManager[History]:
    return open_history(
        settings or DuckDbSettings(), folder=folder, table=TagTable({}), clock=FakeClock(NOW_NS)
    )


@asynccontextmanager
async def writer(*arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contract.duckdb_writer",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def lines_of(process: asyncio.subprocess.Process, *, until: str | None = None) -> list[str]:
    """What it prints, up to the line ``until`` or the end."""
    assert process.stdout is not None
    lines: list[str] = []
    while line := (await process.stdout.readline()).decode().strip():
        lines.append(line)
        if line == until:
            break
    return lines


async def check(history: History, count: int) -> None:
    """Everything of the first ``count`` batches is there, once, and later values won."""
    came = await everything(history, range(TAGS))
    expected: dict[tuple[int, int], float] = {}
    for nth in range(count):
        batch = nth_batch(nth)
        keys = zip(batch.time_ns.tolist(), batch.tag.tolist(), strict=True)
        expected.update(zip(keys, batch.value.tolist(), strict=True))
    known = came.time_ns < 50 * count  # what a batch on its way at the end changed lies beyond
    found = dict(
        zip(
            zip(came.time_ns[known].tolist(), came.tag[known].tolist(), strict=True),
            came.value[known].tolist(),
            strict=True,
        )
    )
    assert found == {key: value for key, value in expected.items() if key[0] < 50 * count}
    assert len(set(zip(came.time_ns.tolist(), came.tag.tolist(), strict=True))) == len(came)
    covers = await history.covers(["plant/main"], 0, LATEST_NS)
    assert len(covers) == 1
    assert covers[0].start_ns == 0
    assert covers[0].end_ns >= 50 * (count - 1) + 100


@pytest.mark.parametrize("writes", [3, 60, 110])
async def test_nothing_that_was_written_is_lost_by_kill_9(tmp_path: Path, writes: int) -> None:
    async with writer(tmp_path) as process:
        lines = await lines_of(process, until=f"wrote {writes}")
        await asyncio.sleep(0.002 * writes)  # somewhere within a later write
        process.kill()
        lines += await lines_of(process)
    count = len(lines)
    assert lines == [f"wrote {nth}" for nth in range(count)]
    async with opened(tmp_path) as history:
        await check(history, count)
        await history.write([nth_batch(count - 1), nth_batch(count)])
        await check(history, count + 1)


@pytest.mark.parametrize(
    ("full_at_bytes", "first_rows", "where"),
    [(1_500_000, 0, "Failed to commit"), (28_000_000, 3_000_000, "Failed to create checkpoint")],
)
async def test_a_full_disk_is_retryable_and_heals(
    tmp_path: Path, full_at_bytes: int, first_rows: int, where: str
) -> None:
    async with writer(tmp_path, full_at_bytes, first_rows) as process:
        lines = await lines_of(process)
        assert await process.wait() == 0
    failures = [line for line in lines if line.startswith("full")]
    assert len(failures) == 1
    assert str(tmp_path) in failures[0]
    assert where in failures[0]
    async with opened(tmp_path) as history:
        await check(history, len(lines) - 1)
        assert len(await history.latest([TAGS], before_ns=LATEST_NS)) == min(first_rows, 1)


async def test_a_second_process_is_told_who_has_the_file(tmp_path: Path) -> None:
    async with writer(tmp_path) as process:
        await lines_of(process, until="wrote 1")
        with pytest.raises(Fatal) as told:
            async with opened(tmp_path):
                pass
        message = str(told.value)
        assert str(tmp_path / "history.duckdb") in message
        assert f"PID {process.pid}" in message
        assert "stop that one, or ask it for the values through its API" in message
    async with opened(tmp_path) as history:
        assert len(await everything(history, range(TAGS))) > 0


async def test_what_is_no_duckdb_file(tmp_path: Path) -> None:
    (tmp_path / "history.duckdb").write_bytes(b"something else" * 1_000)
    with pytest.raises(Fatal, match="move it away to begin with an empty history"):
        async with opened(tmp_path):
            pass


async def test_a_read_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    time_ns = np.arange(400_000)
    async with opened(tmp_path) as history:
        many = make_batch(time_ns % 97, time_ns, time_ns * 1.0, received_ns=0)
        await history.write([many])
    async with opened(tmp_path, DuckDbSettings(timeout_s=0.02)) as history:
        with pytest.raises(Retryable, match=r"within 0\.02 s"):
            await history.picture(list(range(97)), 0, 400_000, buckets=4_000)
        row = Row(1, NOW_NS, 1.0)
        async with asyncio.timeout(20):
            while True:  # the machine may be busy; what matters is that it works again
                try:
                    await history.write([batch_of([row])])
                    assert same(await history.rows([1], NOW_NS, NOW_NS + 1, limit=1), [row])
                    break
                except Retryable:
                    await asyncio.sleep(0.05)


async def test_a_cancelled_read_leaves_the_store_working(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        await history.write([batch_of([Row(1, NOW_NS, 1.0)])])
        for _ in range(20):
            reading = asyncio.ensure_future(everything(history, [1]))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        assert len(await everything(history, [1])) == 1


def test_spans_hold_all_times_and_few_ranges() -> None:
    assert spans(np.empty(0, np.int64)) == []
    times = np.array([5, 7, 6, 10 * HOUR_NS, 10 * HOUR_NS + 1], np.int64)
    assert spans(times) == [(5, 7), (10 * HOUR_NS, 10 * HOUR_NS + 1)]
    scattered = np.arange(1_000, dtype=np.int64) ** 2 * HOUR_NS
    found = spans(scattered)
    assert len(found) == 16
    assert all(any(a <= at <= b for a, b in found) for at in scattered.tolist())
    assert sum(b - a for a, b in found) < scattered[-1]


@pytest.mark.parametrize(
    "settings",
    [{"memory_limit_gb": 0.5}, {"file": "../elsewhere"}, {"threads": 0}, {"colour": "red"}],
)
def test_settings_are_checked(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DuckDbSettings.model_validate({"kind": "duckdb", **settings})


async def test_coverage_takes_one_row_for_each_stretch(tmp_path: Path) -> None:
    async with opened(tmp_path) as history:
        for at in range(50):
            keep_alive = Cover("plant/main", at * HOUR_NS, (at + 1) * HOUR_NS)
            await history.write([batch_of([], covers=(keep_alive,))])
    with duckdb.connect(tmp_path / "history.duckdb") as con:
        assert con.execute("FROM covers").fetchall() == [("plant/main", 0, 50 * HOUR_NS)]
