"""What the laboratory and the scales say of quality: lots on hold, released bags, good mass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.domain.entries.entry import LABORATORY, Entry, EntryKind


@dataclass(frozen=True, slots=True)
class Lot:
    """The bags of one lot that were ever held, and how many of them were released."""

    id: str
    held: int
    released: int

    @property
    def standing(self) -> int:
        """Bags that are on hold now."""
        return self.held - self.released


def lots(entries: Iterable[Entry]) -> tuple[Lot, ...]:
    """Every lot that the laboratory spoke of, by id; cancelled entries do not count."""
    held: dict[str, int] = {}
    released: dict[str, int] = {}
    for entry in entries:
        said = entry.draft
        if not entry.stands or said.kind not in LABORATORY or said.amount is None:
            continue
        of = held if said.kind is EntryKind.HOLD else released
        of[said.subject] = of.get(said.subject, 0) + int(said.amount)
    return tuple(
        Lot(lot, held.get(lot, 0), released.get(lot, 0)) for lot in sorted({*held, *released})
    )


def scrap_kg(entries: Iterable[Entry], stage: str, *, start_ns: int, end_ns: int) -> float:
    """Scrap of ``stage`` that was made within [start_ns, end_ns), in kg of its own output."""
    return sum(
        entry.draft.amount or 0.0
        for entry in entries
        if entry.stands
        and entry.draft.kind is EntryKind.SCRAP
        and entry.draft.subject == stage
        and start_ns <= entry.draft.start_ns < end_ns
    )


def good_kg(made_kg: float | None, scrapped_kg: float) -> float | None:
    """GQ of ISO 22400-2: what was made less its scrap, never below nothing; None while what was
    made is unknown."""
    return None if made_kg is None else max(made_kg - scrapped_kg, 0.0)
