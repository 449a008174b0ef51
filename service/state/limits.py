"""The limits of drift rules: once set, a definition's version keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from service.domain.detection.limits import Limits
from service.domain.rules import ChartKind
from service.state.database import Database
from service.state.tables_limits import drift_limits


class StateLimits:
    """Implements ``service.runtime.watch_drift.KeptLimits``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Mapping[str, Sequence[Limits]]:
        """All limits by version, in order of time."""
        return await self._database.read(kept_limits)

    async def keep(self, definition: str, version: str, limits: Limits) -> None:
        """Keeps limits; those that were kept for the same version and time stay."""
        row = {
            "version": version,
            "from_ns": limits.from_ns,
            "definition": definition,
            "limits": orjson.dumps(limits),
        }

        def write(connection: Connection) -> None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(drift_limits).values(**row))
            except IntegrityError:
                return

        await self._database.write(write)


def kept_limits(connection: Connection) -> dict[str, list[Limits]]:
    """All limits by version, in order of time; none where an older service made the state."""
    if not inspect(connection).has_table(drift_limits.name):
        return {}
    found: dict[str, list[Limits]] = {}
    for row in connection.execute(select(drift_limits).order_by(drift_limits.c.from_ns)):
        values = orjson.loads(row.limits)
        kind, limits = ChartKind(values.pop("kind")), tuple(values.pop("limits"))
        found.setdefault(row.version, []).append(Limits(kind=kind, limits=limits, **values))
    return found
