"""Manual entries, lots on hold and the audit on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer, Request
from service.domain.entries import entry as domain
from service.domain.entries import quality
from service.domain.entries.entry import LABORATORY, EntryKind
from service.runtime.identity import AuditRow

UNIT = {kind: "bags" if kind in LABORATORY else "kg" for kind in EntryKind} | {EntryKind.NOTE: ""}


class NewEntry(Request):
    """Something to enter.

    subject: a meter (weighbridge, correction), a stage (scrap, stock, note; empty: the plant) or a
    lot (hold, release). amount: kg, or whole bags of a lot; none for a note.
    """

    kind: EntryKind
    subject: Annotated[str, Field(max_length=200, examples=["GZ-G3"])] = ""
    start: Annotated[str, Field(description="the instant it is about, or a correction's begin")]
    end: Annotated[str | None, Field(description="a correction's end")] = None
    amount: Annotated[float | None, Field(examples=[52_140.0])] = None
    reason: Annotated[
        str, Field(max_length=2_000, description="why it is entered, or the note's text")
    ]
    reference: Annotated[
        str, Field(max_length=200, description="a run, a furnace or a weighbridge ticket")
    ] = ""


class Cancelling(Request):
    """Why an entry is taken back."""

    reason: Annotated[str, Field(max_length=2_000)]


class Cancellation(Answer):
    """Who took an entry back, when and why."""

    by: str
    at: Instant
    reason: str


class Entry(Answer):
    """What somebody entered. start, end: what it is about; at: when it was entered."""

    id: str
    kind: EntryKind
    subject: str
    start: Instant
    end: Instant
    amount: float | None
    unit: Annotated[str, Field(description="of amount: kg, bags, or empty")]
    reason: str
    reference: str
    by: str
    at: Instant
    cancelled: Cancellation | None

    @classmethod
    def of(cls, entry: domain.Entry) -> Entry:
        draft, gone = entry.draft, entry.cancellation
        return cls(
            id=entry.id,
            kind=draft.kind,
            subject=draft.subject,
            start=iso(draft.start_ns),
            end=iso(draft.end_ns),
            amount=draft.amount,
            unit=UNIT[draft.kind],
            reason=draft.reason,
            reference=draft.reference,
            by=entry.by,
            at=iso(entry.at_ns),
            cancelled=None
            if gone is None
            else Cancellation(by=gone.by, at=iso(gone.at_ns), reason=gone.reason),
        )


class Entries(Answer):
    """Entries, the newest first; cancelled ones too."""

    entries: list[Entry]


class Lot(Answer):
    """Bags of one lot that were held, were released, and are on hold now."""

    id: str
    held_bags: int
    released_bags: int
    standing_bags: int

    @classmethod
    def of(cls, lot: quality.Lot) -> Lot:
        return cls(
            id=lot.id,
            held_bags=lot.held,
            released_bags=lot.released,
            standing_bags=lot.standing,
        )


class Lots(Answer):
    """Every lot that the laboratory spoke of, and the stock on hold."""

    lots: list[Lot]
    standing_bags: int
    released_bags: int

    @classmethod
    def of(cls, found: tuple[quality.Lot, ...]) -> Lots:
        return cls(
            lots=[Lot.of(lot) for lot in found],
            standing_bags=sum(lot.standing for lot in found),
            released_bags=sum(lot.released for lot in found),
        )


class AuditEntry(Answer):
    """Who did what, and when."""

    id: int
    at: Instant
    by: str
    action: str
    subject: str

    @classmethod
    def of(cls, row: AuditRow) -> AuditEntry:
        return cls(id=row.id, at=iso(row.at_ns), by=row.by, action=row.action, subject=row.subject)


class Audit(Answer):
    """The record of who did what, the newest first."""

    audit: list[AuditEntry]
