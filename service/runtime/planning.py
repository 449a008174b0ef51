"""Planning: the plan that is in force, and how people change it while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.domain.line import Line
from service.domain.plan import Plan, Window
from service.domain.planning import (
    Meaning,
    PlanClash,
    PlanRefused,
    Proposal,
    meaning,
    proposed,
)
from service.domain.planversion import PlanVersion
from service.domain.production.book import ProductionBook
from service.runtime.clock import Clock

NEARLY_ALL = 0.9
"""With less of the year known a catch-up rate would mislead."""
MOST_REASON = 500
YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that somebody made: who, when, why, and in a few words what it changed."""

    version: PlanVersion
    by: str
    at_ns: int
    reason: str
    change: str


class PlanStore(Protocol):
    """Where versions are kept, for ever. Raises Retryable when the state can't be used now."""

    async def versions(self) -> list[Kept]:
        """Every version that people made, the oldest first."""
        ...

    async def keep(self, kept: Kept) -> None:
        """Keeps a new version with its audit row, all or nothing."""
        ...


class Planning:
    """The site's plan with all its versions. Called concurrently; changes go one by one.

    first: the site's own version. The version's number is how many were made before it: 0 is the
    site's.
    """

    def __init__(self, store: PlanStore, first: PlanVersion, line: Line, clock: Clock) -> None:
        self._store = store
        self._first = first
        self._line = line
        self._clock = clock
        self._kept: list[Kept] = []
        self._plan = Plan.of([first])
        self._book: ProductionBook | None = None
        self._told: list[Callable[[Plan], None]] = []
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Takes up what people changed; before anything is judged."""
        self._kept = await self._store.versions()
        self._plan = Plan.of(self._versions())

    def judge_with(self, book: ProductionBook, *others: Callable[[Plan], None]) -> None:
        """From now on ``book`` judges against the plan as it is changed, and the ``others`` are
        told it."""
        self._book = book
        self._told = list(others)

    @property
    def plan(self) -> Plan:
        """All versions together."""
        return self._plan

    @property
    def newest(self) -> PlanVersion:
        """The version that was made last; it may not be in force yet."""
        return self._versions()[-1]

    @property
    def in_force(self) -> PlanVersion:
        """The version that is in force now."""
        return self._plan.version_at(self._clock.now_ns())

    @property
    def kept(self) -> Sequence[Kept]:
        """Every version that people made, the oldest first."""
        return self._kept

    @property
    def number(self) -> int:
        """Of the newest version."""
        return len(self._kept)

    def now_ns(self) -> int:
        """What time it is for those who plan."""
        return self._clock.now_ns()

    def preview(self, proposal: Proposal) -> tuple[PlanVersion, Meaning]:
        """What ``proposal`` would make, and mean; nothing is changed. Raises PlanRefused."""
        version = proposed(self.newest, proposal, now_ns=self._clock.now_ns())
        after = Plan.of([*self._versions(), version])
        from_ns = _first_difference_ns(self._plan, after, version.effective_ns)
        return version, meaning(
            self._plan,
            after,
            self._line.at(from_ns),
            effective_ns=from_ns,
            produced_kg=self._produced_kg(from_ns),
        )

    async def change(
        self, proposal: Proposal, *, by: str, reason: str, change: str, based_on: int | None
    ) -> tuple[Kept, Meaning]:
        """Makes a new version, which the book judges against from its instant on.

        based_on: the number of the version that was looked at; None to take any. Raises
        PlanRefused, PlanClash when another one was made since, Retryable.
        """
        reason = reason.strip()
        if not reason or len(reason) > MOST_REASON:
            raise PlanRefused(f"reason: say in 1 to {MOST_REASON} characters why it is changed")
        async with self._changing:
            if based_on is not None and based_on != self.number:
                raise PlanClash(
                    f"based_on: the plan is at version {self.number}, you looked at {based_on}; "
                    f"look again"
                )
            version, means = self.preview(proposal)
            kept = Kept(version, by, self._clock.now_ns(), reason, change)
            await self._store.keep(kept)
            self._kept = [*self._kept, kept]
            self._plan = Plan.of(self._versions())
            if self._book is not None:
                await asyncio.to_thread(self._book.replan, self._plan)
            for tell in self._told:
                tell(self._plan)
            return kept, means

    def _versions(self) -> list[PlanVersion]:
        return [self._first, *(kept.version for kept in self._kept)]

    def _produced_kg(self, effective_ns: int) -> float | None:
        """Finished kg of the year in which ``effective_ns`` lies, 0 before it began; None while too
        little of it is known."""
        book = self._book
        if book is None or book.closed_ns is None:
            return None
        calendar = self._plan.calendar
        if calendar.year_of(effective_ns) > calendar.year_of(book.closed_ns - 1):
            return 0.0
        year = book.plant(Window.YEAR)
        if year is None or year.known_share < NEARLY_ALL:
            return None
        return year.actual_kg


def _first_difference_ns(before: Plan, after: Plan, effective_ns: int) -> int:
    """From when on a change is to be looked at: where it takes effect, or the begin of the first
    year after that it changes; a downtime of next year leaves this one alone."""
    year = after.calendar.year_of(effective_ns)
    for later in range(year, year + YEARS_AHEAD):
        start_ns = max(after.calendar.year_bounds_ns(later)[0], effective_ns)
        rates = (before.rate_at_kg_per_h(start_ns), after.rate_at_kg_per_h(start_ns))
        if rates[0] != rates[1]:
            return start_ns
    return effective_ns
