"""Tables of production, alarms and notifications; those of identity stand in
``tables_identity``."""

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
    Text,
)

from service.state.metadata import metadata

Row = BigInteger().with_variant(Integer, "sqlite")  # SQLite autoincrements INTEGER only

cursor = Table(
    "cursor",
    metadata,
    Column("consumer", String(40), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

accounting = Table(
    "accounting",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

production_hour = Table(
    "production_hour",
    metadata,
    Column("meter", String(80), primary_key=True),
    Column("hour", Integer, primary_key=True),  # hours since 1970, UTC
    Column("kg", LargeBinary, nullable=False),  # 60 × float64, little endian
    Column("grade", LargeBinary, nullable=False),  # 60 × uint8, 255 where not closed
)

measured_hour = Table(
    "measured_hour",
    metadata,
    Column("meter", String(80), primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("kg", LargeBinary, nullable=False),  # as in production_hour
    Column("grade", LargeBinary, nullable=False),  # 255 where nobody states otherwise
)
"""What was measured where a person states otherwise, so that it can come back."""

derived_outbox = Table(
    "derived_outbox",
    metadata,
    Column("id", Row, primary_key=True, autoincrement=True),
    Column("payload", LargeBinary, nullable=False),
)

rule_state = Table(
    "rule_state",
    metadata,
    Column("definition", String(200), primary_key=True),
    Column("phase", String(20), nullable=False),
    Column("pending_ns", BigInteger),
    Column("alarm", String(40)),
    Column("shelved", Text),  # JSON, as the next four
    Column("suppressed", Text),
    Column("out_of_service", Text),
    Column("untold", Text),
    Column("call", Text),
    Column("root", String(40)),
    Column("owed", Boolean, nullable=False),
)

watch_state = Table(
    "watch_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("definition", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("asset", String(80), nullable=False),
    Column("tag", String(80)),
    Column("stage", String(20)),
    Column("phase", String(20), nullable=False),
    Column("message_en", Text, nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("raised_ns", BigInteger, nullable=False),
    Column("returned_ns", BigInteger),
    Column("acknowledged_ns", BigInteger),
    Column("acknowledged_by", String(80)),
    Column("comment", Text),
    Column("value", Float),
    Column("limit", Float),
    Column("unit", String(20), nullable=False),
    Column("quiet", String(20)),  # why nobody was called when it was last raised
    Column("root", String(40), index=True),  # the alarm that explains it; itself when none does
    Index("alarm_by_phase", "phase", "raised_ns"),
    Index("alarm_by_time", "raised_ns", "id"),
    Index("alarm_by_return", "returned_ns"),
)

transition = Table(
    "transition",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),  # the order of one instant
    Column("id", String(40), nullable=False, unique=True),
    Column("alarm", String(40), index=True),  # null when the alarm was normal
    Column("definition", String(200), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("by", String(80)),
    Column("comment", Text),
    Column("value", Float),
    Column("quiet", String(20)),  # why nobody is called; null when people are
    Column("quiet_by", String(200)),
    Index("transition_by_time", "at_ns", "seq"),
)


flood_state = Table(
    "flood_state",
    metadata,
    Column("position", String(80), primary_key=True),
    Column("state", LargeBinary, nullable=False),  # JSON
)
"""How the alarm flood at an operator position stands."""
