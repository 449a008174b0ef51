"""Forecasts in the state database, and what the plant made before the book of production begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, delete, insert, select

from service.domain.arrays import Float64s
from service.domain.forecast.outlook import Band, Basis, Forecast, Open, Outlook, Reason
from service.domain.plan import Window
from service.state.database import Database
from service.state.ledger import HOUR_MINUTES
from service.state.past import hours_between
from service.state.tables_forecast import forecast as forecast_table


class StateForecasts:
    """Implements ``service.runtime.forecast.ForecastStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, from_ns: int) -> list[Forecast]:
        """Those with an origin from ``from_ns`` on, in order of time."""
        columns = forecast_table.c
        wanted = select(forecast_table).where(columns.origin_ns >= from_ns)

        def read(connection: Connection) -> list[Forecast]:
            rows = connection.execute(wanted.order_by(columns.origin_ns))
            return [forecast_from(row.origin_ns, orjson.loads(row.body)) for row in rows]

        return await self._database.read(read)

    async def keep(self, forecast: Forecast, *, forget_before_ns: int) -> None:
        """Keeps ``forecast`` and forgets those with an earlier origin."""
        columns = forecast_table.c
        outlooks = {str(window): one for window, one in forecast.outlooks.items()}
        body = orjson.dumps({"history_h": forecast.history_h, "outlooks": outlooks})

        def write(connection: Connection) -> None:
            gone = (columns.origin_ns < forget_before_ns) | (
                columns.origin_ns == forecast.origin_ns
            )
            connection.execute(delete(forecast_table).where(gone))
            row = {"origin_ns": forecast.origin_ns, "body": body}
            connection.execute(insert(forecast_table).values(**row))

        await self._database.write(write)

    async def made(self, meters: Sequence[str], first: int, end: int) -> tuple[Float64s, Float64s]:
        """Known kg of ``meters`` in each hour, and the known share of each."""

        def read(connection: Connection) -> tuple[Float64s, Float64s]:
            kg, minutes = np.zeros(end - first), np.zeros(end - first)
            for part in hours_between(connection, first, end, meters=meters):
                known = part.closed & ~np.isnan(part.kg)
                at = part.hours - first
                np.add.at(kg, at, np.where(known, part.kg, 0.0).sum(axis=1))
                np.add.at(minutes, at, known.sum(axis=1))
            return kg, minutes / (HOUR_MINUTES * max(len(meters), 1))

        return await self._database.read(read)


def forecast_from(origin_ns: int, body: dict[str, Any]) -> Forecast:
    """The forecast that ``keep`` was given."""
    outlooks = {Window(window): _outlook(said) for window, said in body["outlooks"].items()}
    return Forecast(origin_ns, body["history_h"], outlooks)


def _outlook(said: dict[str, Any] | str) -> Outlook | Reason:
    if isinstance(said, str):
        return Reason(said)
    return Outlook(
        Open(**said["period"]),
        Basis(**said["basis"]),
        said["median_kg"],
        tuple(Band(**band) for band in said["bands"]),
        said["p_target"],
    )
