"""Questions to the DuckDB file; each function blocks and is given a connection of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from connectors.duckdb.newest import NEVER_NS, Newest
from service.domain.arrays import Int32s, Int64s, UInt8s
from service.domain.batch import Batch, empty_batch
from service.domain.coverage import Cover, Coverage
from service.domain.instants import DAY_NS, EARLIEST_NS, HOUR_NS, MINUTE_NS
from service.domain.m4 import Picture
from service.domain.rows import in_time_order, join

_COLUMNS = "tag, time_ns, value, status, text"
_PART = 200_000
_SPANS = 16
_WINDOWS_NS = (HOUR_NS, DAY_NS, 30 * DAY_NS)


def rows(
    con: duckdb.DuckDBPyConnection,
    tags: Sequence[int],
    start_ns: int,
    end_ns: int,
    *,
    limit: int,
    after: tuple[int, int] | None,
    received_ns: int,
) -> Batch:
    """See ``HistoryReader.rows``."""
    if not tags or limit < 1:
        return empty_batch(received_ns=received_ns)
    page = ""
    if after is not None:
        time_ns, tag = int(after[0]), int(after[1])
        start_ns = max(start_ns, time_ns)
        page = f"AND (time_ns > {time_ns} OR tag > {tag})"
    found = con.sql(
        f"SELECT {_COLUMNS} FROM samples WHERE {_of(tags, start_ns, end_ns)} {page} "
        f"ORDER BY time_ns, tag LIMIT {int(limit)}"
    )
    return to_batch(found.to_arrow_table(), received_ns=received_ns)


def picture(
    con: duckdb.DuckDBPyConnection,
    tags: Sequence[int],
    start_ns: int,
    end_ns: int,
    *,
    buckets: int,
    received_ns: int,
) -> Batch:
    """See ``HistoryReader.picture``. Rows stream through; what is held is the picture."""
    drawing = Picture(start_ns, end_ns, buckets=buckets)
    if tags:
        found = con.sql(
            f"SELECT {_COLUMNS} FROM samples WHERE {_of(tags, start_ns, end_ns)} "
            "ORDER BY tag, time_ns"
        )
        for part in found.to_arrow_reader(_PART):
            drawing.add(to_batch(pa.Table.from_batches([part]), received_ns=received_ns))
    return in_time_order(drawing.rows(received_ns=received_ns))


def latest(
    con: duckdb.DuckDBPyConnection,
    newest: Newest,
    tags: Sequence[int],
    *,
    before_ns: int,
    received_ns: int,
) -> Batch:
    """See ``HistoryReader.latest``. Mostly the instants are known, and only their rows are read."""
    asked = np.unique(np.asarray(tags, np.int32))
    at = newest.of(asked)
    known = (at != NEVER_NS) & (at < before_ns)
    parts = [stored(con, asked[known], at[known], received_ns=received_ns)[0]]
    left = asked[at >= before_ns]
    end_ns = before_ns
    for reach_ns in (*_WINDOWS_NS, before_ns - EARLIEST_NS):
        if not len(left):
            break
        start_ns = before_ns - reach_ns
        part = _last_within(con, left, start_ns, end_ns, received_ns=received_ns)
        parts.append(part)
        left = np.setdiff1d(left, part.tag)
        end_ns = start_ns
    return in_time_order(join(parts, received_ns=received_ns))


def covers(
    con: duckdb.DuckDBPyConnection, groups: Sequence[str], start_ns: int, end_ns: int
) -> tuple[Cover, ...]:
    """See ``HistoryReader.covers``."""
    found = con.execute(
        "SELECT item_group, start_ns, end_ns FROM covers "
        "WHERE list_contains($groups, item_group) AND start_ns < $end AND end_ns > $start",
        {"groups": list(groups), "start": start_ns, "end": end_ns},
    ).fetchall()
    merged: dict[str, Coverage] = {}
    for group, a, b in found:
        merged.setdefault(group, Coverage()).add(a, b)
    return tuple(
        Cover(group, a, b)
        for group in sorted(merged)
        for a, b in merged[group].within(start_ns, end_ns)
    )


def stored(
    con: duckdb.DuckDBPyConnection, tags: Int32s, times_ns: Int64s, *, received_ns: int
) -> tuple[Batch, UInt8s, Int64s]:
    """The stored rows at exactly these (tag, time), with their origins and DuckDB's row ids."""
    if not len(tags):
        return empty_batch(received_ns=received_ns), np.empty(0, np.uint8), np.empty(0, np.int64)
    con.register("wanted", pa.table({"tag": tags, "time_ns": times_ns}))
    try:
        parts = [
            con.sql(
                f"SELECT {_COLUMNS}, origin, samples.rowid AS id "
                "FROM samples SEMI JOIN wanted USING (tag, time_ns) "
                f"WHERE time_ns BETWEEN {a} AND {b}"
            ).to_arrow_table()
            for a, b in spans(times_ns)
        ]
    finally:
        con.unregister("wanted")
    table = pa.concat_tables(parts)
    return (
        to_batch(table, received_ns=received_ns),
        table.column("origin").to_numpy(),
        table.column("id").to_numpy(),
    )


def spans(times_ns: Int64s) -> list[tuple[int, int]]:
    """At most 16 ranges [first, last] that hold all ``times_ns``, split at the widest gaps.

    A few old instants among new ones must not make a query read everything between.
    """
    if not len(times_ns):
        return []
    times = np.unique(times_ns)
    gaps = np.diff(times)
    wide = np.flatnonzero(gaps > 10 * MINUTE_NS)
    if len(wide) >= _SPANS:
        wide = np.sort(wide[np.argsort(gaps[wide])[-(_SPANS - 1) :]])
    return [(int(part[0]), int(part[-1])) for part in np.split(times, wide + 1)]


def to_batch(table: pa.Table, *, received_ns: int) -> Batch:
    """A Batch of an Arrow table with the columns tag, time_ns, value, status, text."""
    words = table.column("text")
    text: dict[int, str] = {}
    if words.null_count < len(words):
        text = {row: word for row, word in enumerate(words.to_pylist()) if word is not None}
    return Batch(
        tag=table.column("tag").to_numpy(),
        time_ns=table.column("time_ns").to_numpy(),
        value=table.column("value").to_numpy(),
        status=table.column("status").to_numpy(),
        received_ns=received_ns,
        text=text,
    )


def _last_within(
    con: duckdb.DuckDBPyConnection, tags: Int32s, start_ns: int, end_ns: int, *, received_ns: int
) -> Batch:
    found = con.sql(
        "SELECT tag, max(time_ns) AS time_ns FROM samples "
        f"WHERE {_of(tags.tolist(), start_ns, end_ns)} GROUP BY tag"
    ).to_arrow_table()
    at = found.column("tag").to_numpy(), found.column("time_ns").to_numpy()
    return stored(con, *at, received_ns=received_ns)[0]


def _of(tags: Iterable[int], start_ns: int, end_ns: int) -> str:
    """Whole numbers go into the text of a query as they are: there is nothing to escape."""
    numbers = ",".join(str(int(tag)) for tag in tags)
    return f"tag IN ({numbers}) AND time_ns >= {int(start_ns)} AND time_ns < {int(end_ns)}"
