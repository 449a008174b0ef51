"""Tables of what was corrected afterwards, and of what was known until then."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from service.state.metadata import metadata
from service.state.tables import Row

correction = Table(
    "correction",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("meter", String(80), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("kg_before", Float),
    Column("measured_before", Integer, nullable=False),  # minutes
    Column("estimated_before", Integer, nullable=False),
    Column("unknown_before", Integer, nullable=False),
    Column("kg_after", Float),
    Column("measured_after", Integer, nullable=False),
    Column("estimated_after", Integer, nullable=False),
    Column("unknown_after", Integer, nullable=False),
    Column("cause", String(20), nullable=False),
    Column("learnt_ns", BigInteger, nullable=False),
    Column("entry", String(40)),
    Column("judged", Integer, nullable=False),  # 1 once the rules were tried on it again
    Index("correction_by_time", "learnt_ns"),
    Index("correction_by_judged", "judged"),
)

retrospective = Table(
    "retrospective",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("finding", String(20), nullable=False),
    Column("definition", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("asset", String(80), nullable=False),
    Column("stage", String(20)),
    Column("message_en", Text, nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("alarm", String(40)),
    Column("at_ns", BigInteger, nullable=False),
    Column("value_then", Float),
    Column("value_now", Float),
    Column("why_en", Text, nullable=False),
    Column("why_zh", Text, nullable=False),
    Column("found_ns", BigInteger, nullable=False),
)

moved_reading = Table(
    "moved_reading",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("meter", String(80), nullable=False),
    Column("said_ns", BigInteger, nullable=False),
    Column("held_ns", BigInteger, nullable=False),
    Column("value", Float),
    Column("usable", Integer, nullable=False),
    Column("stays", Integer, nullable=False),
    Index("moved_reading_by_held", "held_ns"),
    Index("moved_reading_by_said", "said_ns"),
)

known_until = Table(
    "known_until",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("meter", String(80), nullable=False),
    Column("first", Integer, nullable=False),  # minutes since 1970, UTC
    Column("kg", LargeBinary, nullable=False),  # n × float64, little endian
    Column("grade", LargeBinary, nullable=False),  # n × uint8, 255 where not closed
    Column("until_ns", BigInteger, nullable=False),  # the last minute judged with it ended then
    Column("correction", String(40)),  # None: closed late, by the meter's own next reading
    Index("known_until_by_time", "until_ns"),
)
