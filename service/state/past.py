"""Production of the past, read in bulk: from the state of a running service, or beside it.

SQLite in WAL mode lets others read while the service writes: a reader sees one snapshot, holds
nobody up, and opened read-only can change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.exc import DBAPIError

from service.domain.arrays import Bools, Float64s, Int64s, UInt8s
from service.domain.production.minutes import NOT_CLOSED, Minutes
from service.runtime.errors import Fatal
from service.state.ledger import HOUR_MINUTES
from service.state.metadata import SCHEMA_VERSION
from service.state.tables import accounting, production_hour

AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Hours:
    """Some stored hours of meters, n rows.

    hours: since 1970, int64. kg: shape (n, 60), NaN where unknown. grade: shape (n, 60),
    uint8, see ``Grade``; NOT_CLOSED where nothing is known yet.
    """

    meters: Sequence[str]
    hours: Int64s
    kg: Float64s
    grade: UInt8s

    @property
    def closed(self) -> Bools:
        """Which minutes are closed, be they known or not; shape (n, 60)."""
        return np.asarray(self.grade != NOT_CLOSED)


@contextmanager
def read_only(file: Path) -> Iterator[Connection]:
    """The state in the SQLite file ``file``, whether or not a service runs on it. Fatal when there
    is none, or another version made it."""
    if not file.is_file():
        raise Fatal(
            f"{file}: expected the state of a service that has run, found nothing; run the service "
            f"first, or name its data folder"
        )
    engine = create_engine(f"sqlite:///file:{file.as_posix()}?mode=ro&uri=true")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # one snapshot, whatever the service writes
            version = connection.execute(text("SELECT version FROM schema")).scalar_one_or_none()
            if version != SCHEMA_VERSION:
                raise Fatal(
                    f"{file} has schema version {version}, this version of anodewatch needs "
                    f"{SCHEMA_VERSION}; use the version that made it"
                )
            yield connection
    except DBAPIError as error:
        raise Fatal(f"{file} can't be read: {error.orig}; check that it is a database") from error
    finally:
        engine.dispose()


def closed_through_ns(connection: Connection) -> int | None:
    """End of the last minute for which accounting is done; None before the first."""
    blob = connection.execute(select(accounting.c.state)).scalar_one_or_none()
    if blob is None:
        return None
    found: int | None = orjson.loads(blob)["closed_ns"]
    return found


def hours_between(
    connection: Connection, first: int, end: int, *, meters: Sequence[str] | None = None
) -> Iterator[Hours]:
    """Every stored hour in [first, end), hours since 1970, of ``meters`` (default: all), in no
    order."""
    columns = production_hour.c
    wanted = select(columns.meter, columns.hour, columns.kg, columns.grade).where(
        columns.hour >= first, columns.hour < end
    )
    if meters is not None:  # by the key, instead of through the whole table
        wanted = wanted.where(columns.meter.in_(meters))
    with connection.execution_options(yield_per=AT_ONCE).execute(wanted) as result:
        for rows in result.partitions():
            meters, hours, kg, grade = zip(*rows, strict=True)
            grades = np.frombuffer(b"".join(grade), np.uint8).reshape(-1, HOUR_MINUTES)
            yield Hours(
                meters,
                np.array(hours, np.int64),
                np.frombuffer(b"".join(kg), "<f8").reshape(-1, HOUR_MINUTES),
                grades,
            )


def minutes_between(connection: Connection, first: int, end: int) -> dict[str, Minutes]:
    """The minutes [first, end), since 1970, of every meter of which some hour of them is stored;
    NOT_CLOSED where nothing is."""
    found: dict[str, Minutes] = {}
    n = end - first
    for part in hours_between(connection, first // HOUR_MINUTES, -(-end // HOUR_MINUTES)):
        rows = zip(part.meters, part.hours.tolist(), part.kg, part.grade, strict=True)
        for meter, hour, kg, grade in rows:
            if meter not in found:
                found[meter] = Minutes(first, np.full(n, np.nan), np.full(n, NOT_CLOSED, np.uint8))
            at = hour * HOUR_MINUTES - first
            a, b = max(at, 0), min(at + HOUR_MINUTES, n)
            found[meter].kg[a:b] = kg[a - at : b - at]
            found[meter].grade[a:b] = grade[a - at : b - at]
    return found
