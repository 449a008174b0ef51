"""The tag registry: the number of each tag id, given once and never reused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from service.domain.tag import Tag
from service.domain.tagtable import TagTable
from service.journal.opening import opening

FILE = "registry.db"


def register(folder: Path, tags: Iterable[Tag]) -> TagTable:
    """The table of ``tags`` with their numbers; ids that are new get the next free one.

    The registry lies in ``folder`` (made when missing). A tag that left the list keeps its number
    there. Fatal when it can't be opened.
    """
    wanted = list(tags)
    with opening(folder):
        folder.mkdir(parents=True, exist_ok=True)
        numbers = _numbers(folder / FILE, wanted)
    return TagTable({numbers[tag.id]: tag for tag in wanted})


def _numbers(file: Path, wanted: Sequence[Tag]) -> dict[str, int]:
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS tag "
                "(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE)"
            )
            connection.executemany(
                "INSERT INTO tag (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM tag WHERE id = ?)",
                ((tag.id, tag.id) for tag in wanted),
            )
        return dict(connection.execute("SELECT id, number FROM tag"))


def registered(folder: Path) -> dict[int, str]:
    """Every number ever given with its tag id; empty when there is no registry yet."""
    if not (folder / FILE).exists():
        return {}
    with closing(sqlite3.connect(folder / FILE, timeout=30)) as connection:
        return dict(connection.execute("SELECT number, id FROM tag"))
