"""How often alarms were raised, counted in the journal of transitions."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from service.domain.alarm import Quiet, TransitionKind
from service.state.database import Database
from service.state.tables import transition


class StateRaises:
    """Implements ``service.runtime.raises.Raises``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, start_ns: int, end_ns: int) -> Mapping[str, Mapping[Quiet | None, int]]:
        """By definition how often it was raised, by why nobody was called."""
        wanted = (
            select(transition.c.definition, transition.c.quiet, func.count())
            .where(transition.c.kind == str(TransitionKind.RAISED))
            .where(transition.c.at_ns >= start_ns, transition.c.at_ns < end_ns)
            .group_by(transition.c.definition, transition.c.quiet)
        )

        def read(connection: Connection) -> dict[str, dict[Quiet | None, int]]:
            found: dict[str, dict[Quiet | None, int]] = {}
            for definition, quiet, count in connection.execute(wanted):
                by = found.setdefault(definition, {})
                by[None if quiet is None else Quiet(quiet)] = count
            return found

        return await self._database.read(read)
