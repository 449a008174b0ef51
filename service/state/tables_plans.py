"""Table of the versions of calendar and plan; a row is never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text

from service.state.metadata import metadata
from service.state.tables import Row

plan_version = Table(
    "plan_version",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("effective_ns", BigInteger, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),  # JSON
    Column("by", String(80), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("change", Text, nullable=False),
)
