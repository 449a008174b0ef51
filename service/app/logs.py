"""Log lines: time, level, room, message with key=value; one line an event."""

from __future__ import annotations

import logging
import sys
import time

CHATTY = ("uvicorn", "httpx", "httpcore", "websockets", "asyncio")
FALSE_ERROR = "ASGI callable returned without completing handshake."
"""uvicorn says this of every WebSocket that was refused, in order, with an answer."""


class UtcFormatter(logging.Formatter):
    """Instants in UTC with milliseconds."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S"
        )


def set_up_logging(level: str) -> None:
    """Logs to standard error from ``level`` (debug, info, warning, error) on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(UtcFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns of its own defaults; what concerns a connection is told by the connector.
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_is_meant)


def _is_meant(record: logging.LogRecord) -> bool:
    return record.msg != FALSE_ERROR
