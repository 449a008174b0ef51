"""The state database on a real file: transactions, other versions, and files that are none."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from service.runtime.errors import Fatal, Retryable
from service.state.database import open_database
from service.state.metadata import SCHEMA_VERSION

NOTE = text("INSERT INTO audit (at_ns, \"by\", action, subject) VALUES (1, 'a', 'b', 'c')")
NOTES = text("SELECT count(*) FROM audit")


def add_note(connection: Connection) -> None:
    connection.execute(NOTE)


def count_notes(connection: Connection) -> int:
    return int(connection.execute(NOTES).scalar_one())


async def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await database.write(add_note)

        def half(connection: Connection) -> None:
            add_note(connection)
            raise KeyError("half way")

        with pytest.raises(KeyError):
            await database.write(half)
        assert await database.read(count_notes) == 1
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        assert await database.read(count_notes) == 1


async def test_what_has_begun_is_finished(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        begun, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def slow(connection: Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)
            add_note(connection)

        writing = asyncio.create_task(database.write(slow))
        await begun.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        go_on.set()
        assert await database.write(count_notes) == 1


async def test_many_writers_wait_for_each_other(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await asyncio.gather(*(database.write(add_note) for _ in range(50)))
        assert await database.read(count_notes) == 50


async def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        assert await database.write(pragmas) == ["wal", 2, 1]


async def test_a_full_disk_is_retryable(tmp_path: Path) -> None:
    def fill(connection: Connection) -> None:
        connection.execute(text("UPDATE audit SET subject = zeroblob(10000000)"))

    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:

        def limited(connection: Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            add_note(connection)
            fill(connection)

        with pytest.raises(Retryable, match="full"):
            await database.write(limited)


async def test_another_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with open_database(f"sqlite:///{file}"):
        pass
    with sqlite3.connect(file) as other:
        other.execute("UPDATE schema SET version = ?", (SCHEMA_VERSION + 1,))
        other.execute("DROP TABLE audit")
    other.close()
    with pytest.raises(Fatal, match=f"has schema version {SCHEMA_VERSION + 1}"):
        async with open_database(f"sqlite:///{file}"):
            pass
    with sqlite3.connect(file) as other:
        names = [name for (name,) in other.execute("SELECT name FROM sqlite_master")]
    other.close()
    assert "audit" not in names


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///{folder}/none/state.db", "can't be opened: unable to open database file"),
        ("sqlite:///{folder}", "can't be opened: unable to open database file"),
        ("sqlite:///{folder}/junk.db", "can't be opened: file is not a database"),
        ("somewhere", "expected sqlite:///FILE or postgresql"),
        ("nosuch://host/name", "expected sqlite:///FILE or postgresql"),
        ("postgresql+nosuch://host/name", "expected sqlite:///FILE or postgresql"),
    ],
)
async def test_what_cannot_be_opened_is_named(tmp_path: Path, url: str, words: str) -> None:
    (tmp_path / "junk.db").write_bytes(b"this is no database " * 500)
    with pytest.raises(Fatal, match="state database") as told:
        async with open_database(url.format(folder=tmp_path)):
            pass
    assert words in str(told.value)


async def test_a_password_in_the_address_is_not_told() -> None:
    with pytest.raises(Fatal) as told:
        async with open_database("nosuch://anodewatch:very-secret@host/name"):
            pass
    assert "very-secret" not in str(told.value)
