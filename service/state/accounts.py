"""Accounts of any window of the recorded past."""

from __future__ import annotations

import asyncio
from functools import partial

from service.domain.line import Line
from service.domain.production.stated import StageAccount, account
from service.state.database import Database
from service.state.past import minutes_between


class StateAccounts:
    """Implements ``service.runtime.accounts.Accounts``: reading and adding up in worker threads."""

    def __init__(self, database: Database, line: Line) -> None:
        self._database = database
        self._line = line

    async def between(self, first_minute: int, end_minute: int) -> tuple[StageAccount, ...]:
        """The account of each stage over the minutes [first, end), since 1970."""
        read = partial(minutes_between, first=first_minute, end=end_minute)
        minutes = await self._database.read(read)
        span = (first_minute, end_minute - first_minute)
        return await asyncio.to_thread(account, self._line, minutes, span)
