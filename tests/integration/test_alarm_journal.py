"""What was journaled of alarms stays: nobody changes or deletes a transition, not even by hand."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from service.state.database import Database, open_database
from service.state.immutable import POSTGRESQL, REFUSAL
from service.state.tables import transition
from tests.alarm_lives import definition, journal, life

T0 = 1_780_000_000 * 10**9
LIFE = life(definition(), 0, seen=(5, "li.na", "seen"), stands_s=60)

WAYS = [
    "UPDATE transition SET by = 'somebody else'",
    "UPDATE transition SET comment = NULL WHERE kind = 'acknowledged'",
    "DELETE FROM transition",
    "DELETE FROM transition WHERE kind = 'returned'",
    "INSERT OR REPLACE INTO transition SELECT * FROM transition",
    "REPLACE INTO transition SELECT * FROM transition WHERE kind = 'raised'",
    """INSERT INTO transition SELECT * FROM transition WHERE true
    ON CONFLICT (id) DO UPDATE SET by = 'somebody else'""",
    """INSERT OR REPLACE INTO transition (seq, id, definition, kind, at_ns, recorded_ns)
    VALUES (1, 'new', 'd', 'raised', 0, 0)""",
    "UPDATE OR IGNORE transition SET at_ns = 0",
]


async def kept(database: Database) -> list[tuple[object, ...]]:
    return await database.read(
        lambda c: [tuple(row) for row in c.execute(select(transition).order_by(transition.c.id))]
    )


@pytest.mark.parametrize("way", WAYS)
async def test_the_database_refuses(tmp_path: Path, way: str) -> None:
    file = tmp_path / "state.db"
    async with open_database(f"sqlite:///{file}") as database:
        await journal(database, T0, [LIFE])
        before = await kept(database)
        assert len(before) == 4
        with pytest.raises(IntegrityError, match=REFUSAL):
            await database.write(lambda c: c.exec_driver_sql(way))
        with sqlite3.connect(file) as other, pytest.raises(sqlite3.IntegrityError, match=REFUSAL):
            other.execute(way)
        other.close()
        assert await kept(database) == before


async def test_what_is_journaled_again_changes_nothing(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path / 'state.db'}") as database:
        await journal(database, T0, [LIFE])
        before = await kept(database)
        await journal(database, T0, [LIFE])
        assert await kept(database) == before
        await journal(database, T0, [life(definition(), 100)])
        assert len(await kept(database)) == 5


def test_postgresql_is_told_the_same() -> None:
    """Without a server to ask: the statements name the table as it is made."""
    made = str(CreateTable(transition).compile(dialect=postgresql.dialect()))
    assert made.strip().startswith("CREATE TABLE transition (")
    assert all("transition" in statement for statement in POSTGRESQL)
    assert "BEFORE UPDATE OR DELETE OR TRUNCATE ON transition" in POSTGRESQL[1]
