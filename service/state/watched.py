"""When the service watched, in the state database."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from service.state.database import Database
from service.state.tables_watched import watched


class StateWatched:
    """Implements ``service.runtime.alarm_figures.WatchedSpans``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def extend(self, start_ns: int, end_ns: int) -> None:
        """The span that began at ``start_ns`` reaches to ``end_ns`` now."""

        def write(connection: Connection) -> None:
            mine = update(watched).where(watched.c.start_ns == start_ns).values(end_ns=end_ns)
            if connection.execute(mine).rowcount == 0:
                connection.execute(insert(watched).values(start_ns=start_ns, end_ns=end_ns))

        await self._database.write(write)

    async def between(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """The spans that reach into [start_ns, end_ns), in order and disjoint."""
        c = watched.c
        wanted = (
            select(c.start_ns, c.end_ns)
            .where(c.end_ns > start_ns, c.start_ns < end_ns)
            .order_by(c.start_ns)
        )
        rows = await self._database.read(lambda at: at.execute(wanted).all())
        found: list[tuple[int, int]] = []
        for begin_ns, until_ns in rows:
            # After a clock that was set back two spans can overlap: what is known is known once.
            begin_ns = max(begin_ns, found[-1][1] if found else begin_ns)
            if begin_ns < until_ns:
                found.append((begin_ns, until_ns))
        return found
