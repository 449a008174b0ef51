"""What was told to whom, for those who look."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from service.runtime.views import DeliveryView
from service.state.database import Database
from service.state.tables_outbox import outbox


class StateDeliveries:
    """Implements ``service.runtime.views.Deliveries``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deliveries(self, *, limit: int) -> Sequence[DeliveryView]:
        """The newest ``limit``, newest first."""
        wanted = select(outbox).order_by(outbox.c.seq.desc()).limit(limit)
        return await self._database.read(
            lambda connection: [
                DeliveryView(
                    id=row.seq,
                    transition=row.transition,
                    kind=row.kind,
                    message=row.message,
                    destination=row.destination,
                    alarm=row.alarm,
                    state=row.state,
                    attempts=row.attempts,
                    next_attempt_ns=row.next_ns if row.state == "pending" else None,
                    last_error=None if row.state == "delivered" else row.answer,
                    created_ns=row.created_ns,
                    delivered_ns=row.delivered_ns,
                )
                for row in connection.execute(wanted)
            ]
        )
