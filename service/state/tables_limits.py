"""Table of the limits of drift rules. A row is never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from service.state.metadata import metadata

drift_limits = Table(
    "drift_limits",
    metadata,
    Column("version", String(16), primary_key=True),
    Column("from_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("definition", String(200), nullable=False),
    Column("limits", LargeBinary, nullable=False),
)
