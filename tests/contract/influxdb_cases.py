"""What the InfluxDB tests share: settings on a bucket of its own, and an opened history."""

from __future__ import annotations

import itertools
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from connectors.influxdb.history import open_history
from connectors.influxdb.settings import InfluxDbSettings
from service.domain.tagtable import TagTable
from service.runtime.clock import FakeClock
from service.runtime.history import History
from tests.contract.history_cases import NOW_NS
from tests.influxdb_server import InfluxDbServer

_buckets = itertools.count()


def settings_for(server: InfluxDbServer, **more: Any) -> InfluxDbSettings:
    bucket = f"influxdb{next(_buckets)}"
    return InfluxDbSettings.model_validate(
        {"kind": "influxdb", "url": server.url, "bucket": bucket} | more
    )


def opened(
    settings: InfluxDbSettings, table: TagTable | None = None
) -> AbstractAsyncContextManager[History]:
    return open_history(
        settings, folder=Path(), table=table or TagTable({}), clock=FakeClock(NOW_NS)
    )
