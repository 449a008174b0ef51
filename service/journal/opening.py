"""What is said when the journal's files can't be opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.runtime.errors import Fatal


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Fatal, which names ``folder`` and the remedy, where files in it can't be opened."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise Fatal(
            f"journal {folder} can't be opened: {error}; "
            f"check that it is a writable folder, and not on a full disk"
        ) from error
