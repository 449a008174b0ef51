"""The board of faults: what was injected, what is active, and what it all does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.simulator.faults.effects import Consequences
from connectors.simulator.faults.reach import assets_of
from connectors.simulator.faults.table import FAULT, Fault, fault_named
from service.domain.instants import HOUR_NS, seconds

NEVER_NS = 2**63 - 1
REMEMBERED = 10_000
"""Injections whose record is kept."""


@dataclass(frozen=True, slots=True)
class Label:
    """The record of one injected fault, for whoever checks what was found of it.

    fault, target, size: what and where; injected_ns, ends_ns, ended_ns: from when to when.
    lost_t: tonnes of its machines' output that it has truly cost so far: the integral, at each
    machine, of the rate that faults take away while it would otherwise have run, and what was
    scrapped. Nothing is taken off for what the line wins back later, and while two faults share a
    machine, each is told the loss of both. 0 for a fault that only shows, or only hides.
    false_t: tonnes that a meter showed too much because of it (a drifting scale).
    """

    fault: str
    target: str
    size: float
    injected_ns: int
    ends_ns: int
    ended_ns: int | None
    lost_t: float
    false_t: float


@dataclass(slots=True)
class Injection:
    """One fault on the board. assets: machines whose mass it touches. lost_before_kg: what those
    had lost when it began; drifted_before: what its target had counted too much, in kg."""

    fault: Fault
    target: str
    size: float
    assets: tuple[str, ...]
    injected_ns: int
    ends_ns: int
    lost_before_kg: float
    drifted_before_kg: float
    ended_ns: int | None = None
    lost_kg: float = 0.0
    false_kg: float = 0.0

    def size_at(self, now_ns: int) -> float:
        """Its size; of what grows, by whole hours, so that it does not depend on who looks when."""
        if not self.fault.grows:
            return self.size
        hours = max(now_ns - self.injected_ns, 0) // HOUR_NS
        return self.size * min(hours * HOUR_NS / max(self.ends_ns - self.injected_ns, 1), 1.0)


class Board:
    """All injections, oldest first. Time only moves forward."""

    def __init__(self) -> None:
        self._all: deque[Injection] = deque(maxlen=REMEMBERED)
        self._active: list[Injection] = []
        self.consequences = Consequences()
        self.next_end_ns = NEVER_NS
        self.next_growth_ns = NEVER_NS

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
        size: float | None = None,
        lost_before_kg: Mapping[str, float] | None = None,
        drifted_before_kg: float = 0.0,
    ) -> Injection:
        """Puts a fault on the board; ValueError for an unknown fault, or a target or size that it
        can't have."""
        fault = fault_named(fault_id)
        aimed = fault.target_of(target)
        lasts_s = fault.duration_s if duration_s is None or not fault.duration_s else duration_s
        if lasts_s < 0:
            raise ValueError(f"a fault lasts 0 s or longer; came {lasts_s} s")
        assets = () if consequences_at(fault_id, aimed).burden.is_none else assets_of(aimed)
        before = sum((lost_before_kg or {}).get(asset, 0.0) for asset in assets)
        injection = Injection(
            fault=fault,
            target=aimed,
            size=fault.size_of(size),
            assets=assets,
            injected_ns=at_ns,
            ends_ns=at_ns + seconds(lasts_s),
            lost_before_kg=before,
            drifted_before_kg=drifted_before_kg,
        )
        self._all.append(injection)
        if lasts_s:
            self._active.append(injection)
            self._rebuild(at_ns)
        else:
            injection.ended_ns = at_ns
        return injection

    def ending(self, now_ns: int, *, target: str | None = None) -> list[Injection]:
        """Ends what has run out at ``now_ns``; with ``target`` also what is there (all for "")."""
        over = [
            i
            for i in self._active
            if i.ends_ns <= now_ns
            or (
                target is not None
                and target in ("", i.target, i.fault.id, *i.assets, *assets_of(i.target))
            )
        ]
        for injection in over:
            injection.ended_ns = min(injection.ends_ns, now_ns)
            self._active.remove(injection)
        if over:
            self._rebuild(now_ns)
        return over

    def grow(self, now_ns: int) -> None:
        """Lets the faults that grow have the size of ``now_ns``, when it is time for that."""
        if self.next_growth_ns <= now_ns:
            self._rebuild(now_ns)

    def of_kind(self, fault_id: str) -> list[Injection]:
        """The active faults of this kind."""
        if fault_id not in FAULT:
            raise ValueError(f"there is no fault {fault_id!r}")
        return [i for i in self._active if i.fault.id == fault_id]

    def _rebuild(self, now_ns: int) -> None:
        self.consequences = consequences_of(self._active, now_ns)
        self.next_end_ns = min((i.ends_ns for i in self._active), default=NEVER_NS)
        self.next_growth_ns = min(
            (_next_hour_ns(i, now_ns) for i in self._active if i.fault.grows), default=NEVER_NS
        )


def consequences_of(injections: Iterable[Injection], now_ns: int) -> Consequences:
    """What these faults do together at ``now_ns``."""
    together = Consequences()
    for injection in injections:
        injection.fault.effect(together, injection.target, injection.size_at(now_ns))
    return together


def consequences_at(fault_id: str, target: str) -> Consequences:
    """What one fault of its usual size does alone; ValueError as in ``Board.add``."""
    alone = Consequences()
    fault = fault_named(fault_id)
    fault.effect(alone, fault.target_of(target), fault.size.usual)
    return alone


def _next_hour_ns(injection: Injection, now_ns: int) -> int:
    hours = max(now_ns - injection.injected_ns, 0) // HOUR_NS + 1
    return injection.injected_ns + hours * HOUR_NS
