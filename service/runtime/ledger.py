"""What accounting remembers, and the port to where production is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from service.domain.coverage import Coverage
from service.domain.production.corrections import Corrected, KnownUntil
from service.domain.production.meter import Account
from service.domain.production.minutes import Minutes


@dataclass(slots=True)
class AccountingState:
    """All that accounting must remember between two commits; ``position`` is its journal cursor.

    accounts: by meter. coverage: by item group, as far back as an account needs it.
    resumed_ns: by item group, when its current unbroken liveness began.
    closed_ns: end of the last minute for which every group is done.
    """

    position: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    resumed_ns: dict[str, int] = field(default_factory=dict)
    closed_ns: int | None = None


class Ledger(Protocol):
    """Where production is kept. Called by one task."""

    async def load(self) -> AccountingState:
        """The state of the last commit; a fresh one when there was none."""
        ...

    async def commit(
        self,
        state: AccountingState,
        closed: Sequence[tuple[str, Minutes]],
        *,
        corrected: Sequence[Corrected] = (),
        known: Sequence[KnownUntil] = (),
        measured: Sequence[tuple[str, Minutes]] = (),
    ) -> None:
        """Keeps ``state``, the minutes closed since the last commit, what was ``corrected``, what
        was ``known`` until now, and what was ``measured`` where a person states otherwise
        (NOT_CLOSED where nobody does any more), all or nothing. Raises Retryable when they can't be
        written now."""
        ...

    async def minutes_of(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes of ``meter`` from minute ``first`` on; NOT_CLOSED where nothing is."""
        ...

    async def measured_of(self, meter: str, first: int, n: int) -> Minutes:
        """``minutes_of`` as they were measured, whatever a person states."""
        ...
