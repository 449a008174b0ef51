"""Tables of identity: people, their sessions and API tokens, and the audit of who did what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from service.state.metadata import metadata
from service.state.tables import Row

person = Table(
    "person",
    metadata,
    Column("key", String(80), primary_key=True),  # the name, however it is written
    Column("name", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password", Text, nullable=False),  # argon2id, encoded with its parameters
    Column("created_ns", BigInteger, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of the secret
    Column("person", ForeignKey("person.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person", ForeignKey("person.key", ondelete="CASCADE"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("used_ns", BigInteger),
    UniqueConstraint("person", "name"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Row, primary_key=True, autoincrement=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Index("audit_by_time", "at_ns"),
)
