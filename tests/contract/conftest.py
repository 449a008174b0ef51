"""The history stores, each as a thing that can be opened again on the same data."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.duckdb.history import open_history as open_duckdb
from connectors.duckdb.settings import DuckDbSettings
from connectors.influxdb.history import open_history as open_influxdb
from connectors.influxdb.settings import InfluxDbSettings
from service.domain.tag import Tag, TagKind
from service.domain.tagtable import TagTable
from service.runtime.clock import FakeClock
from service.runtime.history import History
from tests.contract.history_cases import NOW_NS, STRANGE, WORDS
from tests.influxdb_server import InfluxDbServer, run_influxdb


@pytest.fixture(scope="session")
def table() -> TagTable:
    """2,000 numbers from 1 on, and the special ones."""
    tags = {
        n: Tag(f"CB-L{n // 100:02d}A-TIC{n % 100:03d}.PV", "plant", f"s={n}")
        for n in range(1, 2_001)
    }
    tags[WORDS] = Tag("GZ-G3-RUN.ID", "plant", "s=w", kind=TagKind.TEXT)
    tags[STRANGE] = Tag("甲 =,'\"/.*|()[]{}^$+?-窑🔥", "plant", "s=x")
    return TagTable(tags)


@dataclass(frozen=True, slots=True)
class Store:
    """One kind of history, on data of its own."""

    kind: str
    open: Callable[[], AbstractAsyncContextManager[History]]


@pytest.fixture(scope="session")
def influxdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDbServer]:
    with run_influxdb(tmp_path_factory.mktemp("influxdb")) as server:
        yield server


@pytest.fixture
def server(influxdb: InfluxDbServer) -> Iterator[InfluxDbServer]:
    """The InfluxDB, in order again after the test."""
    yield influxdb
    influxdb.heal()


_buckets = itertools.count()


@pytest.fixture(params=["duckdb", "influxdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path, table: TagTable) -> Store:
    clock = FakeClock(NOW_NS)
    if request.param == "duckdb":
        embedded = DuckDbSettings(timeout_s=20)
        return Store(
            "duckdb", lambda: open_duckdb(embedded, folder=tmp_path, table=table, clock=clock)
        )
    server: InfluxDbServer = request.getfixturevalue("influxdb")
    settings = InfluxDbSettings.model_validate(
        {"kind": "influxdb", "url": server.url, "bucket": f"contract{next(_buckets)}"}
    )
    return Store(
        "influxdb", lambda: open_influxdb(settings, folder=tmp_path, table=table, clock=clock)
    )


@pytest.fixture
async def history(store: Store) -> AsyncIterator[History]:
    async with store.open() as opened:
        yield opened
