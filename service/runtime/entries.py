"""Entering by hand: drafts judged against what stands, kept with their audit, and taken back."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.domain.entries.amend import (
    LONGEST_UNLOAD_MINUTES,
    NEAR_NS,
    Stated,
    stated,
    unload_at,
)
from service.domain.entries.entry import (
    METERED,
    Cancellation,
    Draft,
    Entry,
    EntryClash,
    EntryKind,
)
from service.domain.entries.judge import judge_cancel, judge_overlap, judged
from service.domain.instants import MINUTE_NS
from service.domain.line import Line
from service.domain.production.minutes import Minutes
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.identity import Role

LEAST_ROLE = {
    EntryKind.WEIGHBRIDGE: Role.OPERATOR,
    EntryKind.SCRAP: Role.OPERATOR,
    EntryKind.HOLD: Role.OPERATOR,
    EntryKind.RELEASE: Role.OPERATOR,
    EntryKind.STOCK: Role.OPERATOR,
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


class Measured(Protocol):
    """The production that entries change. Called by one task at a time."""

    async def measured(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes from minute ``first`` on as they were measured; NOT_CLOSED where nothing
        is closed."""
        ...

    async def restate(self, meter: str, first: int, n: int, *, entry: str) -> None:
        """Brings ``n`` minutes into line with what is stated now; ``entry`` came, or went. Doing it
        again changes nothing."""
        ...


class Entries:
    """The entries of a site. Called concurrently; what changes something goes one by one.

    An entry is kept first and then brought into Production: ``apply`` makes good what a crash in
    between has left undone.
    """

    def __init__(self, store: EntryStore, line: Line, clock: Clock) -> None:
        self._store = store
        self._production: Measured | None = None
        self._line = line
        self._clock = clock
        self._changing = asyncio.Lock()
        self._standing: list[Entry] = []
        self._stated: Sequence[Stated] = ()

    async def load(self) -> None:
        """Takes up what stands; before anything else."""
        self._standing = await self._store.standing()
        self._stated = stated(self._standing)

    async def apply(self, production: Measured, beneath: Iterable[tuple[str, int, int]]) -> None:
        """Brings Production into line with what stands, and from now on with every change.

        beneath: (meter, first minute, n) of where something was stated.
        """
        self._production = production
        for one in self._stated:
            await production.restate(one.meter, one.first, one.end - one.first, entry=one.entry)
        for meter, first, n in beneath:
            await production.restate(meter, first, n, entry="")

    @property
    def standing(self) -> Sequence[Entry]:
        """The entries that count now, in the order of entering."""
        return self._standing

    def stated(self) -> Sequence[Stated]:
        """What people state now that meters made."""
        return self._stated

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
            if kept.kind is EntryKind.WEIGHBRIDGE:
                kept = await self._of_unload(kept)
            entry = Entry(secrets.token_hex(8), kept, asked.by, now_ns)
            await self._store.keep(entry, key=asked.key, fingerprint=fingerprint)
            await self._stand([*self._standing, entry], entry)
            return entry, True

    async def cancel(self, entry: str, *, by: str, reason: str) -> Entry:
        """Takes an entry back. Raises NoSuchEntry, EntryRefused, EntryClash, Retryable."""
        async with self._changing:
            found = await self.entry(entry)
            reason = judge_cancel(found, standing=self._standing, reason=reason)
            gone = replace(found, cancellation=Cancellation(by, self._clock.now_ns(), reason))
            await self._store.cancel(gone)
            await self._stand([one for one in self._standing if one.id != entry], gone)
            return gone

    async def _stand(self, standing: list[Entry], changed: Entry) -> None:
        """Takes ``standing`` for what counts now, and Production with it."""
        self._standing = standing
        self._stated = stated(standing)
        draft = changed.draft
        if draft.kind in METERED and self._production is not None:
            first = draft.start_ns // MINUTE_NS
            n = draft.end_ns // MINUTE_NS - first
            await self._production.restate(draft.subject, first, n, entry=changed.id)

    async def _of_unload(self, draft: Draft) -> Draft:
        """A weighed mass with the span of the unload that it belongs to; EntryRefused, EntryClash
        when there is none, or when it was weighed before."""
        around = (LONGEST_UNLOAD_MINUTES * MINUTE_NS) + NEAR_NS
        first = (draft.start_ns - around) // MINUTE_NS
        n = 2 * around // MINUTE_NS
        if self._production is None:
            raise Retryable("production is not open yet; try again in a moment")
        measured = await self._production.measured(draft.subject, first, n)
        start_ns, end_ns = unload_at(draft.subject, measured, draft.start_ns)
        found = replace(draft, start_ns=start_ns, end_ns=end_ns)
        judge_overlap(found, self._standing)
        return found

    def _again(self, known: tuple[Entry, str], fingerprint: str) -> Entry:
        entry, was = known
        if was != fingerprint:
            raise EntryClash(
                f"Idempotency-Key: it entered something else before ({entry.id}); send a new key "
                f"with each new entry"
            )
        return entry
