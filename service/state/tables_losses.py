"""Tables of loss accounting: figures and events of each shift, and what operators said of them."""

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
from service.state.tables import Row

loss_state = Table(
    "loss_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

loss_shift = Table(
    "loss_shift",
    metadata,
    Column("start_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("shift", String(80), nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("through_ns", BigInteger, nullable=False),
    Column("figures", LargeBinary, nullable=False),
)

loss_piece = Table(
    "loss_piece",
    metadata,
    Column("shift_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("unit", String(80), primary_key=True),
    Column("start_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("began_ns", BigInteger, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("because_of", String(20)),
    Column("root", String(20), nullable=False),
    Column("lost_kg", Float),
    Column("lost_finished_kg", Float),
    Column("stake", LargeBinary, nullable=False),
    Column("began_before", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("said", LargeBinary),
    Index("loss_piece_by_event", "unit", "began_ns"),
)

loss_reason = Table(
    "loss_reason",
    metadata,
    Column("id", Row, primary_key=True, autoincrement=True),
    Column("unit", String(80), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("reason", String(20)),  # null takes back what was said before
    Column("comment", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("whole", Boolean, nullable=False),
    Index("loss_reason_by_unit", "unit", "start_ns"),
)
