"""Table of manual entries. A row is never deleted; cancelling fills its last columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text, UniqueConstraint

from service.state.metadata import metadata
from service.state.tables import Row

entry = Table(
    "entry",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("amount", Float),  # kg, or bags of a lot
    Column("reason", Text, nullable=False),
    Column("reference", String(80), nullable=False),
    Column("by", String(80), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("key", String(80)),  # makes a retry harmless
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was asked
    Column("cancelled_by", String(80)),
    Column("cancelled_ns", BigInteger),
    Column("cancel_reason", Text),
    UniqueConstraint("by", "key"),
    Index("entry_by_kind", "kind", "seq"),
)
