"""Writes to the DuckDB file: one transaction each; the functions block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from connectors.duckdb.newest import Newest
from connectors.duckdb.reading import stored
from service.domain.arrays import Int64s
from service.domain.batch import Batch
from service.domain.coverage import Cover, Coverage
from service.domain.precedence import Origins, Resolution, gather, resolve
from service.domain.rows import take
from service.runtime.history import Written


def write(
    con: duckdb.DuckDBPyConnection, newest: Newest, batches: Sequence[Batch], *, received_ns: int
) -> Written:
    """See ``HistoryWriter.write``. Everything or nothing is stored; raises duckdb.Error."""
    rows, origin, refused = gather(batches, received_ns=received_ns)
    con.begin()
    try:
        settled = _write_rows(con, newest, rows, origin)
        _write_covers(con, (cover for batch in batches for cover in batch.covers))
        con.commit()
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a broken file has no transaction any more
            con.rollback()
        raise
    newest.add(rows.tag, rows.time_ns)
    return Written(settled.stored, settled.superseded, refused)


def _write_rows(
    con: duckdb.DuckDBPyConnection, newest: Newest, rows: Batch, origin: Origins
) -> Resolution:
    """Only rows that aren't newer than all of their tag can meet a stored one; the others go
    straight in."""
    known = np.flatnonzero(rows.time_ns <= newest.of(rows.tag))
    there, there_origin, there_id = stored(
        con, rows.tag[known], rows.time_ns[known], received_ns=rows.received_ns
    )
    settled = resolve(rows, origin, there, there_origin)
    _discard(con, there.time_ns[settled.discard], there_id[settled.discard])
    _append(con, take(rows, settled.keep), origin[settled.keep])
    return settled


def _append(con: duckdb.DuckDBPyConnection, rows: Batch, origin: Origins) -> None:
    if not len(rows):
        return
    text = pa.nulls(len(rows), pa.string())
    if rows.text:
        text = pa.array([rows.text.get(row) for row in range(len(rows))], pa.string())
    columns = {
        "tag": rows.tag,
        "time_ns": rows.time_ns,
        "value": pa.array(rows.value, from_pandas=True),  # NaN becomes NULL
        "status": rows.status,
        "origin": origin,
        "text": text,
    }
    con.register("incoming", pa.table(columns))
    try:
        con.execute("INSERT INTO samples SELECT * FROM incoming")
    finally:
        con.unregister("incoming")


def _discard(con: duckdb.DuckDBPyConnection, times_ns: Int64s, ids: Int64s) -> None:
    if not len(ids):
        return
    con.register("losers", pa.table({"id": ids}))
    try:
        con.execute(
            "DELETE FROM samples WHERE rowid IN (SELECT id FROM losers) "
            "AND time_ns BETWEEN ? AND ?",
            [int(times_ns.min()), int(times_ns.max())],
        )
    finally:
        con.unregister("losers")


def _write_covers(con: duckdb.DuckDBPyConnection, covers: Iterable[Cover]) -> None:
    merged: dict[str, Coverage] = {}
    for cover in covers:
        merged.setdefault(cover.group, Coverage()).add(cover.start_ns, cover.end_ns)
    for group, coverage in merged.items():
        for start_ns, end_ns in coverage.intervals:
            _write_cover(con, group, start_ns, end_ns)


def _write_cover(con: duckdb.DuckDBPyConnection, group: str, start_ns: int, end_ns: int) -> None:
    """Merges [start_ns, end_ns) with what it touches; a keep-alive mostly extends one interval."""
    touching = "item_group = ? AND start_ns <= ? AND end_ns >= ?"
    touched = con.execute(
        f"SELECT start_ns, end_ns FROM covers WHERE {touching}", [group, end_ns, start_ns]
    ).fetchall()
    first_ns = min([start_ns, *(a for a, _ in touched)])
    last_ns = max([end_ns, *(b for _, b in touched)])
    if touched == [(first_ns, last_ns)]:
        return
    if len(touched) == 1 and touched[0][0] == first_ns:
        con.execute(
            "UPDATE covers SET end_ns = ? WHERE item_group = ? AND start_ns = ?",
            [last_ns, group, first_ns],
        )
        return
    con.execute(f"DELETE FROM covers WHERE {touching}", [group, end_ns, start_ns])
    con.execute("INSERT INTO covers VALUES (?, ?, ?)", [group, first_ns, last_ns])
