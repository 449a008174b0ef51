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


Effect = Callable[[Consequences, str, float], None]
"""Adds what a fault at this target does; the last is its size, as the fault table gives it."""
Reach = Callable[[str], tuple[str, ...]]
"""The machines that a target serves."""


def slows(*, reach: Reach | None = None) -> Effect:
    """The target, or the machines within its reach, lose ``size`` of their rate, speed or power."""

    def apply(consequences: Consequences, target: str, size: float) -> None:
        for asset in (target,) if reach is None else reach(target):
            consequences.burden.slow(asset, 1.0 - size)

    return apply


def jams(consequences: Consequences, target: str, size: float) -> None:
    """A kiln stands, and rows next to its outlet break."""
    consequences.burden.jam(target)


def charges_short(consequences: Consequences, target: str, size: float) -> None:
    """A kettle takes ``size`` less than a whole charge."""
    consequences.burden.charge_short(target, size)


def stops_infeed(reach: Reach) -> Effect:
    """Rows go into the kilns within reach empty."""

    def apply(consequences: Consequences, target: str, size: float) -> None:
        for kiln in reach(target):
            consequences.burden.stop_infeed(kiln)

    return apply


def fails(status: int, *, suffix: str = "", then: Effect | None = None) -> Effect:
    """The target's values are null with ``status``; ``then`` is what that leads to."""

    def apply(consequences: Consequences, target: str, size: float) -> None:
        consequences.failed[target + suffix] = status
        if then is not None:
            then(consequences, target, size)

    return apply


def freezes(consequences: Consequences, target: str, size: float) -> None:
    """The target keeps its value, with a Good status."""
    consequences.frozen.add(target)


def resets(consequences: Consequences, target: str, size: float) -> None:
    """The counter starts from 0 at the moment of injection."""
    consequences.reset.add(target)


def drifts(consequences: Consequences, target: str, size: float) -> None:
    """A totaliser counts ``size`` kg/h too much, a rate shows that much too much in t/h."""
    units = size / 1_000.0 if target.endswith(".PV") else size
    consequences.drift[target] = consequences.drift.get(target, 0.0) + units


def goes_quiet(status: int) -> Effect:
    """The whole server is gone; of one area only its PLC, and the server says so by ``status``."""

    def apply(consequences: Consequences, target: str, size: float) -> None:
        if target == "plant":
            consequences.quiet = True
        else:
            consequences.failed[target] = status

    return apply


def shows(consequences: Consequences, target: str, size: float) -> None:
    """Nothing but what the instruments show of it."""
