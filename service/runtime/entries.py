"""Entering by hand: drafts judged against what stands, kept with their audit, and taken back."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.domain.entries.entry import Cancellation, Draft, Entry, EntryClash, EntryKind
from service.domain.entries.judge import judge_cancel, judged
from service.domain.line import Line
from service.runtime.clock import Clock
from service.runtime.identity import Role

LEAST_ROLE = {
    EntryKind.WEIGHBRIDGE: Role.OPERATOR,
    EntryKind.SCRAP: Role.OPERATOR,
    EntryKind.HOLD: Role.OPERATOR,
    EntryKind.RELEASE: Role.OPERATOR,
    EntryKind.NOTE: Role.OPERATOR,
    EntryKind.CORRECTION: Role.ENGINEER,
}
"""Who may enter, and take back, which kind: operators write down, engineers correct a meter."""


class NoSuchEntry(Exception):
    """There is no entry with this id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an entry is asked for with: who, and the key that makes a retry harmless (None: each
    request enters anew)."""

    by: str
    key: str | None = None


class EntryStore(Protocol):
    """Where entries are kept, for ever. Called by one task at a time for writing; raises Retryable
    when the state can't be used now."""

    async def standing(self) -> list[Entry]:
        """Every entry that counts, in the order of entering."""
        ...

    async def page(self, kind: EntryKind | None, *, limit: int, offset: int) -> list[Entry]:
        """Entries of ``kind`` (None: all), cancelled ones too, the newest first."""
        ...

    async def find(self, entry: str) -> Entry | None:
        """The entry with this id."""
        ...

    async def of_key(self, by: str, key: str) -> tuple[Entry, str] | None:
        """What ``by`` entered with ``key``, and the fingerprint of what was asked."""
        ...

    async def keep(self, entry: Entry, *, key: str | None, fingerprint: str) -> None:
        """Keeps a new entry with its audit row, all or nothing."""
        ...

    async def cancel(self, entry: Entry) -> None:
        """Keeps the cancellation of ``entry`` with its audit row, all or nothing."""
        ...


class Entries:
    """The entries of a site. Called concurrently; what changes something goes one by one."""

    def __init__(self, store: EntryStore, line: Line, clock: Clock) -> None:
        self._store = store
        self._line = line
        self._clock = clock
        self._changing = asyncio.Lock()
        self._standing: list[Entry] = []

    async def load(self) -> None:
        """Takes up what stands; before anything else."""
        self._standing = await self._store.standing()

    @property
    def standing(self) -> Sequence[Entry]:
        """The entries that count now, in the order of entering."""
        return self._standing

    async def page(
        self, kind: EntryKind | None = None, *, limit: int, offset: int = 0
    ) -> Sequence[Entry]:
        """Entries of ``kind`` (None: all), cancelled ones too, the newest first."""
        return await self._store.page(kind, limit=limit, offset=offset)

    async def entry(self, entry: str) -> Entry:
        """The entry with this id; NoSuchEntry."""
        found = await self._store.find(entry)
        if found is None:
            raise NoSuchEntry(f"there is no entry {entry[:60]!r}; GET /api/v1/entries lists them")
        return found

    async def enter(self, draft: Draft, asked: Asked) -> tuple[Entry, bool]:
        """The entry, and whether it is new: the same draft with the same key is entered once.

        Raises EntryRefused, EntryClash (also for a key that entered something else), Retryable.
        """
        fingerprint = hashlib.sha256(repr(draft).encode()).hexdigest()
        async with self._changing:
            if asked.key is not None:
                known = await self._store.of_key(asked.by, asked.key)
                if known is not None:
                    return self._again(known, fingerprint), False
            now_ns = self._clock.now_ns()
            kept = judged(draft, line=self._line, standing=self._standing, now_ns=now_ns)
            entry = Entry(secrets.token_hex(8), kept, asked.by, now_ns)
            await self._store.keep(entry, key=asked.key, fingerprint=fingerprint)
            self._standing = [*self._standing, entry]
            return entry, True

    async def cancel(self, entry: str, *, by: str, reason: str) -> Entry:
        """Takes an entry back. Raises NoSuchEntry, EntryRefused, EntryClash, Retryable."""
        async with self._changing:
            found = await self.entry(entry)
            reason = judge_cancel(found, standing=self._standing, reason=reason)
            gone = replace(found, cancellation=Cancellation(by, self._clock.now_ns(), reason))
            await self._store.cancel(gone)
            self._standing = [one for one in self._standing if one.id != entry]
            return gone

    def _again(self, known: tuple[Entry, str], fingerprint: str) -> Entry:
        entry, was = known
        if was != fingerprint:
            raise EntryClash(
                f"Idempotency-Key: it entered something else before ({entry.id}); send a new key "
                f"with each new entry"
            )
        return entry
