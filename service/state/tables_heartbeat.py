"""Table of the service's last proof of life."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from service.state.metadata import metadata

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("lived_ns", BigInteger, nullable=False),
)
