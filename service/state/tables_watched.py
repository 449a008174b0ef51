"""When the service watched: spans from one start to the last sign of life."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from service.state.metadata import metadata

watched = Table(
    "watched",
    metadata,
    Column("start_ns", BigInteger, primary_key=True),
    Column("end_ns", BigInteger, nullable=False),
)
