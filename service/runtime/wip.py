"""Work in progress as the running service knows it: what people found, and what was made since."""

from __future__ import annotations

from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.production.book import ProductionBook
from service.domain.wip import LineWip, line_wip, takings
from service.runtime.clock import Clock
from service.runtime.entries import Entries


class WorkInProgress:
    """Carries stock-takings forward by the book; remembers nothing of its own, so that an entry, a
    cancellation and a correction count at once."""

    def __init__(self, line: Line, book: ProductionBook, entries: Entries, clock: Clock) -> None:
        self._line = line
        self._book = book
        self._entries = entries
        self._clock = clock

    def now(self) -> LineWip:
        """As far as minutes are closed; a stock-taking that is newer stands as it was found."""
        at_ns = self._book.closed_ns or self._clock.now_ns() // MINUTE_NS * MINUTE_NS
        found = takings(self._entries.standing)
        return line_wip(self._line, found, self._book.weighed, at_ns=at_ns)

    def at(self, time_ns: int) -> LineWip:
        """As it was at the begin of the minute of ``time_ns``, by what is known of it now."""
        at_ns = time_ns // MINUTE_NS * MINUTE_NS
        found = [one for one in takings(self._entries.standing) if one.at_ns <= at_ns]
        return line_wip(self._line, found, self._book.weighed, at_ns=at_ns)
