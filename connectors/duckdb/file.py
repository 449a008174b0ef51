"""The open DuckDB file: opened again after a failure, its errors classified."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb

from connectors.duckdb.newest import Newest
from connectors.duckdb.settings import DuckDbSettings
from service.runtime.errors import ConnectorError, Fatal, Rejected, Retryable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS samples (
    tag INTEGER NOT NULL, time_ns BIGINT NOT NULL, value DOUBLE, status UINTEGER NOT NULL,
    origin UTINYINT NOT NULL, text VARCHAR
);
CREATE TABLE IF NOT EXISTS covers (
    item_group VARCHAR NOT NULL, start_ns BIGINT NOT NULL, end_ns BIGINT NOT NULL
);
"""
# No primary key: it costs four fifths of the speed and twenty times the space. There is one writer,
# and it keeps (tag, time_ns) unique itself.

_REFUSALS = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.NotSupportedError,
    duckdb.ProgrammingError,
)
"""What is wrong with the question or the values, not with the file."""


class HistoryFile:
    """One file, opened by one process. Its methods block; they may be called from any thread."""

    def __init__(self, path: Path, settings: DuckDbSettings) -> None:
        self.path = path
        self._settings = settings
        self._lock = threading.Lock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._newest = Newest()

    def cursor(self) -> tuple[duckdb.DuckDBPyConnection, Newest]:
        """A connection of one's own, to be closed, and the newest instants of this opening.

        Opens the file when it isn't open. Raises ConnectorError.
        """
        with self._lock:
            if self._root is None:
                self._root, self._newest = self._open()
            return self._root.cursor(), self._newest

    def close(self) -> None:
        """Writes everything into the file and lets it go; harmless when it isn't open."""
        with self._lock:
            root, self._root = self._root, None
        if root is not None:
            root.close()

    def classify(self, error: duckdb.Error) -> ConnectorError:
        """What ``error`` means for the caller. A file that failed is opened anew at the next
        use."""
        words = str(error).strip()
        if isinstance(error, duckdb.InterruptException):
            return Retryable(
                f"{self.path}: interrupted, it took longer than {self._settings.timeout_s} s"
            )
        if isinstance(error, duckdb.OutOfMemoryException):
            return Retryable(
                f"{self.path}: {self._settings.memory_limit_gb} GB of memory were not enough; "
                f"raise memory_limit_gb of the history ({words})"
            )
        if isinstance(error, _REFUSALS):
            return Rejected(f"{self.path}: DuckDB refuses: {words}")
        self._abandon()  # after a full disk only a new opening works
        return Retryable(f"{self.path} can't be read or written: {words}")

    def _open(self) -> tuple[duckdb.DuckDBPyConnection, Newest]:
        settings = self._settings
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            root = duckdb.connect(
                self.path,
                config={
                    "memory_limit": f"{settings.memory_limit_gb}GB",
                    "threads": settings.threads,
                    "autoinstall_known_extensions": False,  # a plant's network has no internet
                    "autoload_known_extensions": False,
                },
            )
        except (duckdb.Error, OSError) as error:
            raise self._not_opened(error) from error
        try:
            root.execute(_SCHEMA)
            return root, Newest.load(root)
        except duckdb.Error as error:
            root.close()
            raise self._not_opened(error) from error

    def _not_opened(self, error: duckdb.Error | OSError) -> ConnectorError:
        words = str(error).strip()
        if "lock" in words.lower():
            return Fatal(
                f"{self.path} is held by another process ({words}); one process at a time can have "
                "it: stop that one, or ask it for the values through its API"
            )
        if "No space left" in words:
            return Retryable(f"{self.path} can't be opened, the disk is full: {words}")
        return Fatal(
            f"{self.path} can't be opened as a DuckDB file: {words}; check its permissions, or "
            "move it away to begin with an empty history"
        )

    def _abandon(self) -> None:
        try:
            self.close()
        except duckdb.Error:  # it is broken already; what matters is that it is opened anew
            return
