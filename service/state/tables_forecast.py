"""Table of the forecasts of the last weeks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from service.state.metadata import metadata

forecast = Table(
    "forecast",
    metadata,
    Column("origin_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
