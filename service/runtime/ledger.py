"""What accounting must remember, and the port through which it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from service.domain.coverage import Coverage
from service.domain.production.corrections import Corrected, KnownUntil
from service.domain.production.meter import Account
from service.domain.production.minutes import Minutes
from service.domain.production.moved import Moved
from service.domain.production.recount import Span
from service.domain.production.stuck import Standing
from service.runtime.meter_rows import Newest


@dataclass(slots=True)
class AccountingState:
    """All that accounting must remember between two commits; ``position`` is its journal cursor.

    accounts: by meter. coverage: by item group, as far back as an account needs it.
    resumed_ns, lost_ns: by item group, when its current unbroken liveness began, and the one before
    ended.
    closed_ns: end of the last minute for which every group is done.
    newest, standing: by meter. late: by meter, what came late and is not accounted for again yet.
    reopened: by meter, the minute before which minutes that close now were closed once before.
    """

    position: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    resumed_ns: dict[str, int] = field(default_factory=dict)
    lost_ns: dict[str, int] = field(default_factory=dict)
    closed_ns: int | None = None
    newest: dict[str, Newest] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    late: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    reopened: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What a commit keeps with the state, all or nothing.

    closed: minutes closed since the last commit. corrected: of the past. known: what was known of
    both until now. measured: where a person states otherwise (NOT_CLOSED where nobody does any
    more). moved: readings that count at another time than their own.
    """

    closed: Sequence[tuple[str, Minutes]] = ()
    corrected: Sequence[Corrected] = ()
    known: Sequence[KnownUntil] = ()
    measured: Sequence[tuple[str, Minutes]] = ()
    moved: Sequence[Moved] = ()


class Ledger(Protocol):
    """Where production is kept. Called by one task."""

    async def load(self) -> AccountingState:
        """The state of the last commit; a fresh one when there was none."""
        ...

    async def commit(self, state: AccountingState, step: Step) -> None:
        """Keeps ``state`` and ``step``, all or nothing. Raises Retryable when they can't be written
        now."""
        ...

    async def minutes_of(self, meter: str, first: int, n: int) -> Minutes:
        """``n`` minutes of ``meter`` from minute ``first`` on; NOT_CLOSED where nothing is."""
        ...

    async def measured_of(self, meter: str, first: int, n: int) -> Minutes:
        """``minutes_of`` as they were measured, whatever a person states."""
        ...
