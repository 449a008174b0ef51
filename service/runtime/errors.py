"""How a connector classifies what went wrong outside; the runtime owns the retry policy."""

from __future__ import annotations


class ConnectorError(Exception):
    """Something outside went wrong. The message names the thing, what was expected, what came,
    what to do."""


class Retryable(ConnectorError):
    """It may work later: connection refused, time-out, server busy. ``retry_after_s`` is the other
    side's wish."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(ConnectorError):
    """The other side understood and said no: wrong credentials, bad request. Retried slowly, shown
    and alarmed."""


class Fatal(ConnectorError):
    """It can't work as configured. Retried slowly, shown and alarmed; siblings live."""


class EndOfSource(ConnectorError):
    """A finite source (a replay, a simulation) has nothing more to give."""
