"""What a fault does while it lasts: the verbs of the fault table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.simulator.process.burden import Burden


@dataclass(slots=True)
class Consequences:
    """What all active faults together do, below the instruments and above them.

    burden: on the plant's mass. drift: meter tag -> units per hour that it counts too much (for a
    rate: units that it shows too much). reset: counters that start from 0. frozen: tags that keep
    their value. failed: tag, or area such as ``CB``, -> StatusCode. quiet: the server is gone.
    """

    burden: Burden = field(default_factory=Burden)
    drift: dict[str, float] = field(default_factory=dict)
    reset: set[str] = field(default_factory=set)
    frozen: set[str] = field(default_factory=set)
    failed: dict[str, int] = field(default_factory=dict)
    quiet: bool = False


Effect = Callable[[Consequences, str], None]
"""Adds what a fault at this target does."""


def slows(factor: float, *, reach: Callable[[str], tuple[str, ...]] | None = None) -> Effect:
    """The target, or the machines within its ``reach``, keep ``factor`` of their rate or speed."""

    def apply(consequences: Consequences, target: str) -> None:
        for asset in (target,) if reach is None else reach(target):
            consequences.burden.slow(asset, factor)

    return apply


def stops_infeed(reach: Callable[[str], tuple[str, ...]]) -> Effect:
    """Rows go into the kilns within reach empty."""

    def apply(consequences: Consequences, target: str) -> None:
        for kiln in reach(target):
            consequences.burden.stop_infeed(kiln)

    return apply


def fails(status: int, *, suffix: str = "") -> Effect:
    """The target's values are null with ``status``."""

    def apply(consequences: Consequences, target: str) -> None:
        consequences.failed[target + suffix] = status

    return apply


def freezes(consequences: Consequences, target: str) -> None:
    """The target keeps its value, with a Good status."""
    consequences.frozen.add(target)


def resets(consequences: Consequences, target: str) -> None:
    """The counter starts from 0 at the moment of injection."""
    consequences.reset.add(target)


def drifts(*, kg_per_h: float, t_per_h: float) -> Effect:
    """A totaliser counts ``kg_per_h`` too much, a rate shows ``t_per_h`` too much."""

    def apply(consequences: Consequences, target: str) -> None:
        consequences.drift[target] = t_per_h if target.endswith(".PV") else kg_per_h

    return apply


def goes_quiet(status: int) -> Effect:
    """The whole server is gone; of one area only its PLC, and the server says so by ``status``."""

    def apply(consequences: Consequences, target: str) -> None:
        if target == "plant":
            consequences.quiet = True
        else:
            consequences.failed[target] = status

    return apply


def shows(consequences: Consequences, target: str) -> None:
    """Nothing but what the instruments show of it."""
