"""Table of the shift reports."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from service.state.metadata import metadata

shift_report = Table(
    "shift_report",
    metadata,
    Column("shift", String(60), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("shift_name", String(40), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("made_ns", BigInteger, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("actual_kg", Float),  # plant output, for the list
    Column("plan_kg", Float, nullable=False),
    Column("deviation_pct", Float),
    Column("content", Integer, nullable=False),  # version of what the body says
    Column("body", LargeBinary, nullable=False),  # JSON
    Index("shift_report_by_time", "start_ns", "revision"),
)
