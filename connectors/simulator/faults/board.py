"""The board of faults: what was injected, what is active, and what it all does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.simulator.faults.effects import Consequences
from connectors.simulator.faults.table import FAULT, Fault, fault_named, kilns_of, mills_of
from connectors.simulator.process.reference import FAMILIES, UNIT
from service.domain.instants import seconds

NEVER_NS = 2**63 - 1
REMEMBERED = 10_000
"""Injections whose record is kept."""


@dataclass(frozen=True, slots=True)
class Label:
    """The record of one injected fault, for whoever checks what was found of it.

    lost_t: tonnes of the stage's output that it has truly cost so far (0 for a fault that only
    shows, or only hides).
    """

    fault: str
    target: str
    injected_ns: int
    ends_ns: int
    ended_ns: int | None
    lost_t: float


@dataclass(slots=True)
class Injection:
    """One fault on the board. lost_before_kg: what its assets had lost when it began."""

    fault: Fault
    target: str
    assets: tuple[str, ...]
    injected_ns: int
    ends_ns: int
    lost_before_kg: float
    ended_ns: int | None = None
    lost_kg: float = 0.0


class Board:
    """All injections, oldest first. Time only moves forward."""

    def __init__(self) -> None:
        self._all: deque[Injection] = deque(maxlen=REMEMBERED)
        self._active: list[Injection] = []
        self.consequences = Consequences()
        self.next_end_ns = NEVER_NS

    @property
    def active(self) -> tuple[Injection, ...]:
        """What is in force."""
        return tuple(self._active)

    @property
    def all(self) -> tuple[Injection, ...]:
        """Every injection so far, as far as they are kept."""
        return tuple(self._all)

    def add(
        self,
        fault_id: str,
        target: str,
        *,
        at_ns: int,
        duration_s: float | None,
        lost_before_kg: Mapping[str, float] | None = None,
    ) -> Injection:
        """Puts a fault on the board; ValueError for an unknown fault or a target it can't have."""
        fault = fault_named(fault_id)
        aimed = fault.target_of(target)
        lasts_s = fault.duration_s if duration_s is None or not fault.duration_s else duration_s
        if lasts_s < 0:
            raise ValueError(f"a fault lasts 0 s or longer; came {lasts_s} s")
        assets = assets_of(aimed)
        before = sum((lost_before_kg or {}).get(asset, 0.0) for asset in assets)
        injection = Injection(fault, aimed, assets, at_ns, at_ns + seconds(lasts_s), before)
        self._all.append(injection)
        if lasts_s:
            self._active.append(injection)
            self._rebuild()
        else:
            injection.ended_ns = at_ns
        return injection

    def ending(self, now_ns: int, *, target: str | None = None) -> list[Injection]:
        """Ends what has run out at ``now_ns``; with ``target`` also what is there (all for "")."""
        over = [
            i
            for i in self._active
            if i.ends_ns <= now_ns
            or (target is not None and target in ("", i.target, i.fault.id, *i.assets))
        ]
        for injection in over:
            injection.ended_ns = min(injection.ends_ns, now_ns)
            self._active.remove(injection)
        if over:
            self._rebuild()
        return over

    def since_ns(self, fault_id: str) -> dict[str, int]:
        """Targets of the active faults of this kind, and when each began."""
        if fault_id not in FAULT:
            raise ValueError(f"there is no fault {fault_id!r}")
        return {i.target: i.injected_ns for i in self._active if i.fault.id == fault_id}

    def _rebuild(self) -> None:
        self.consequences = consequences_of(self._active)
        self.next_end_ns = min((i.ends_ns for i in self._active), default=NEVER_NS)


def consequences_of(injections: Iterable[Injection]) -> Consequences:
    """What these faults do together."""
    together = Consequences()
    for injection in injections:
        injection.fault.effect(together, injection.target)
    return together


def consequences_at(fault_id: str, target: str) -> Consequences:
    """What one fault does alone; ValueError as in ``Board.add``."""
    alone = Consequences()
    fault = fault_named(fault_id)
    fault.effect(alone, fault.target_of(target))
    return alone


def assets_of(target: str) -> tuple[str, ...]:
    """The machines whose output a fault at ``target`` touches."""
    if target in FAMILIES["BL"]:
        return mills_of(target)
    if target in FAMILIES["RTO"] or target == "UT-N2":
        return kilns_of(target)
    asset = target if target in UNIT else target.rsplit("-", 1)[0]
    return (asset,) if asset in UNIT else ()
