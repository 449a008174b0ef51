"""A manual entry: what somebody states about the plant, who and when, and how it was taken back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry is about, and with it what its subject and its amount are."""

    WEIGHBRIDGE = "weighbridge"
    """The weighed mass of an unload, in kg; subject: the meter that measured it."""
    SCRAP = "scrap"
    """Mass that is no good, in kg; subject: the stage that made it."""
    HOLD = "hold"
    """Bags that the laboratory holds; subject: the lot."""
    RELEASE = "release"
    """Bags that the laboratory releases; subject: the lot."""
    CORRECTION = "correction"
    """What a meter truly made over a span, in kg; subject: the meter."""
    STOCK = "stock"
    """Work in progress in or before a stage that was found by stock-taking, in kg of its input;
    subject: the stage."""
    NOTE = "note"
    """A shift note; subject: a stage, or nothing for the whole plant. It has no amount."""


METERED = frozenset({EntryKind.WEIGHBRIDGE, EntryKind.CORRECTION})
"""Kinds that say what a meter truly made, and so change Production."""
LABORATORY = frozenset({EntryKind.HOLD, EntryKind.RELEASE})


class EntryRefused(ValueError):
    """Something about a draft is wrong; the message names the field and the remedy."""


class EntryClash(EntryRefused):
    """The draft is well formed, but contradicts what was entered before."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody states, before it is kept.

    start_ns, end_ns: of what it is about; equal for an instant. amount: kg or bags by ``kind``,
    None for a note. reference: a run, a furnace, a weighbridge ticket; may be empty. reason: why it
    is entered, or the note's text.
    """

    kind: EntryKind
    subject: str
    start_ns: int
    end_ns: int
    amount: float | None
    reason: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who took an entry back, when and why; the entry itself stays readable for ever."""

    by: str
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A draft that was kept: by whom, and when it was entered (not what it is about)."""

    id: str
    draft: Draft
    by: str
    at_ns: int
    cancellation: Cancellation | None = None

    @property
    def stands(self) -> bool:
        """Whether it still counts."""
        return self.cancellation is None
