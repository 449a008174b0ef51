"""Tables of notifications: the outbox, the log of attempts, and how destinations stand."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from service.state.metadata import metadata
from service.state.tables import Row

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Row, primary_key=True, autoincrement=True),
    Column("destination", String(80), nullable=False),
    Column("alarm", String(40), nullable=False),
    Column("transition", String(40), nullable=False),
    Column("ordinal", BigInteger, nullable=False),  # of the transition: the order of an alarm's
    Column("kind", String(20), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("collect", String(120)),  # what is told together; NULL: the alarm by itself
    Column("digest", String(60)),  # the one that was tried, whose content stays as it is
    Column("bound", String(60)),  # the message of one alarm that tells it, until it is answered
    Column("notice", LargeBinary, nullable=False),  # JSON
    Column("state", String(20), nullable=False),  # pending, delivered, dead, dismissed
    Column("attempts", Integer, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("since_ns", BigInteger, nullable=False),  # since when it is tried; later when replayed
    Column("tried_ns", BigInteger, nullable=False),  # the last attempt, or since_ns
    Column("next_ns", BigInteger, nullable=False),
    Column("handed_ns", BigInteger),  # when another destination was given it as well
    Column("delivered_ns", BigInteger),
    Column("message", String(60)),  # id of the last one that told it
    Column("answer", Text),
    Index("outbox_due", "destination", "state", "next_ns", "alarm", "priority"),
    Index("outbox_stepped", "destination", "state", "tried_ns", "alarm"),
    Index("outbox_since", "destination", "state", "since_ns", "handed_ns"),
    Index("outbox_collect", "destination", "collect"),
    Index("outbox_digest", "destination", "digest"),
    Index("outbox_once", "transition", "destination", unique=True),
    Index("outbox_bound", "destination", "bound"),
    Index("outbox_order", "ordinal"),
    Index("outbox_alarm", "alarm", "destination", "state", "ordinal"),
    Index("outbox_by_state", "state", "seq"),
)
"""One row for each transition and destination."""

attempt = Table(
    "attempt",
    metadata,
    Column("id", Row, primary_key=True, autoincrement=True),
    Column("destination", String(80), nullable=False),
    Column("message", String(60), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("alarm", String(40), index=True),  # NULL: a digest, a test or a heartbeat
    Column("notices", Integer, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("answer", Text, nullable=False),
    Index("attempt_by_destination", "destination", "id"),
)
"""The delivery log. Bounded: ``service.state.outbox.forget``."""

destination = Table(
    "destination",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("circuit", LargeBinary, nullable=False),  # JSON
)
"""How a destination stands that has been tried."""
