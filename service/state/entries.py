"""Manual entries in the state database: each kept, and taken back, together with its audit row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from service.domain.entries.entry import Cancellation, Draft, Entry, EntryKind
from service.domain.instants import to_iso
from service.state.database import Database
from service.state.identity_rows import note
from service.state.tables_entries import entry as entry_table


class StateEntries:
    """Implements ``service.runtime.entries.EntryStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self) -> list[Entry]:
        """Every entry that counts, in the order of entering."""
        wanted = (
            select(entry_table)
            .where(entry_table.c.cancelled_ns.is_(None))
            .order_by(entry_table.c.seq)
        )
        return await self._read(wanted)

    async def page(self, kind: EntryKind | None, *, limit: int, offset: int) -> list[Entry]:
        """Entries of ``kind`` (None: all), cancelled ones too, the newest first."""
        wanted = select(entry_table).order_by(entry_table.c.seq.desc()).limit(limit).offset(offset)
        if kind is not None:
            wanted = wanted.where(entry_table.c.kind == str(kind))
        return await self._read(wanted)

    async def find(self, entry: str) -> Entry | None:
        """The entry with this id."""
        found = await self._read(select(entry_table).where(entry_table.c.id == entry))
        return found[0] if found else None

    async def of_key(self, by: str, key: str) -> tuple[Entry, str] | None:
        """What ``by`` entered with ``key``, and the fingerprint of what was asked."""
        wanted = select(entry_table).where(entry_table.c.by == by, entry_table.c.key == key)

        def read(connection: Connection) -> tuple[Entry, str] | None:
            row = connection.execute(wanted).mappings().one_or_none()
            return None if row is None else (entry_of(row), row["fingerprint"])

        return await self._database.read(read)

    async def keep(self, entry: Entry, *, key: str | None, fingerprint: str) -> None:
        """Keeps a new entry with its audit row."""

        def write(connection: Connection) -> None:
            values = {**row_of(entry), "key": key, "fingerprint": fingerprint}
            connection.execute(insert(entry_table).values(**values))
            note(connection, entry.at_ns, entry.by, f"enter {entry.draft.kind}", said(entry))

        await self._database.write(write)

    async def cancel(self, entry: Entry) -> None:
        """Keeps the cancellation of ``entry`` with its audit row."""
        gone = entry.cancellation
        if gone is None:
            raise ValueError(f"entry {entry.id} has no cancellation to keep")

        def write(connection: Connection) -> None:
            connection.execute(
                update(entry_table)
                .where(entry_table.c.id == entry.id)
                .values(cancelled_by=gone.by, cancelled_ns=gone.at_ns, cancel_reason=gone.reason)
            )
            what = f"{said(entry)}; cancelled: {gone.reason}"
            note(connection, gone.at_ns, gone.by, f"cancel {entry.draft.kind}", what)

        await self._database.write(write)

    async def _read(self, wanted: Any) -> list[Entry]:
        return await self._database.read(
            lambda c: [entry_of(row) for row in c.execute(wanted).mappings()]
        )


def said(entry: Entry) -> str:
    """The entry in one line, for the audit."""
    draft = entry.draft
    span = to_iso(draft.start_ns)
    if draft.end_ns != draft.start_ns:
        span += f" to {to_iso(draft.end_ns)}"
    amount = "" if draft.amount is None else f" {draft.amount:.15g}"
    reference = f" [{draft.reference}]" if draft.reference else ""
    return f"{entry.id} {draft.subject or 'plant'}{amount}{reference} {span}: {draft.reason}"


def row_of(entry: Entry) -> dict[str, Any]:
    """The columns of a standing entry."""
    draft = entry.draft
    return {
        "id": entry.id,
        "kind": str(draft.kind),
        "subject": draft.subject,
        "start_ns": draft.start_ns,
        "end_ns": draft.end_ns,
        "amount": draft.amount,
        "reason": draft.reason,
        "reference": draft.reference,
        "by": entry.by,
        "at_ns": entry.at_ns,
    }


def entry_of(row: RowMapping) -> Entry:
    """The entry that ``row_of`` was given, with its cancellation."""
    draft = Draft(
        EntryKind(row["kind"]),
        row["subject"],
        row["start_ns"],
        row["end_ns"],
        row["amount"],
        row["reason"],
        row["reference"],
    )
    gone = None
    if row["cancelled_ns"] is not None:
        gone = Cancellation(row["cancelled_by"], row["cancelled_ns"], row["cancel_reason"])
    return Entry(row["id"], draft, row["by"], row["at_ns"], gone)
