"""The state database: SQLAlchemy Core over SQLite (default) or PostgreSQL, off the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    Table,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from service.runtime.errors import Fatal, Retryable
from service.state import (  # noqa: F401  they belong to the schema
    immutable,
    tables,
    tables_corrections,
    tables_entries,
    tables_forecast,
    tables_heartbeat,
    tables_identity,
    tables_limits,
    tables_losses,
    tables_outbox,
    tables_plans,
    tables_reports,
    tables_watched,
)
from service.state.metadata import SCHEMA_VERSION, metadata

T = TypeVar("T")

schema = Table("schema", metadata, Column("version", Integer, primary_key=True))


class Database:
    """Transactions on the state. Writes are serialised through one thread; reads run beside
    them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._write_engine = engine.execution_options(writes=True)
        self._writing = ThreadPoolExecutor(1, "state-write")
        self._reading = ThreadPoolExecutor(2, "state-read")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in one transaction, all or nothing. Retryable when the database is busy,
        full
        or away."""
        return await self._run(self._writing, self._write_engine, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs ``work``, which only reads, on one consistent snapshot."""
        return await self._run(self._reading, self._engine, work)

    def create_schema(self) -> None:
        """Makes the missing tables. Fatal when another version made the database, which then
        stays as it is."""
        with self._write_engine.begin() as connection:
            schema.create(connection, checkfirst=True)
            versions = connection.execute(select(schema.c.version)).scalars().all()
            if versions not in ([], [SCHEMA_VERSION]):
                raise Fatal(
                    f"state database {self._engine.url!r} has schema version "
                    f"{', '.join(map(str, versions))}, this version of anodewatch needs "
                    f"{SCHEMA_VERSION}; use the version that made it, or start with an empty "
                    f"data folder"
                )
            metadata.create_all(connection)
            if not versions:
                connection.execute(insert(schema).values(version=SCHEMA_VERSION))

    def close(self) -> None:
        """Ends the threads and connections; after the last transaction."""
        self._writing.shutdown()
        self._reading.shutdown()
        self._engine.dispose()

    async def _run(
        self, executor: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], T]
    ) -> T:
        def transaction() -> T:
            try:
                with engine.begin() as connection:
                    return work(connection)
            except OperationalError as error:
                raise Retryable(f"state database: {error.orig}") from error
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise Retryable(f"state database: {error.orig}") from error
                raise

        # A transaction that has begun is finished even when its task is cancelled.
        running = asyncio.get_running_loop().run_in_executor(executor, transaction)
        return await asyncio.shield(running)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """The database at ``url`` (``sqlite:///FILE`` or ``postgresql+psycopg://…``) with its schema.

    Fatal when it can't be opened, naming it and the remedy.
    """
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    database = Database(engine)
    try:
        try:
            await asyncio.to_thread(database.create_schema)
        except DBAPIError as error:
            raise Fatal(
                f"state database {engine.url!r} can't be opened: {error.orig}; "
                f"check that it is a database, writable and not on a full disk"
            ) from error
        yield database
    finally:
        database.close()


def _engine(url: str) -> Engine:
    """Fatal, without repeating ``url`` and the password in it, when it is none that is known."""
    try:
        return create_engine(url)
    except (ArgumentError, ImportError) as error:
        raise Fatal(
            f"state database: expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME, "
            f"came an address with {url.split(':', 1)[0]!r}; correct it, or install its driver"
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
