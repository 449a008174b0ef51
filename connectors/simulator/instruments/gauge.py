"""What all instruments have in common: their moment, their noise, and how finely they show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from connectors.simulator.faults.reach import assets_of
from connectors.simulator.plant import Plant
from connectors.simulator.process.reference import UNIT
from service.domain.arrays import Float64s
from service.domain.instants import SECOND_NS


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant at which the instruments are read.

    time_ns: UTC. time_s: seconds since the plant's start. elapsed_s: since the reading before.
    """

    plant: Plant
    time_ns: int
    elapsed_s: float

    @property
    def time_s(self) -> float:
        return (self.time_ns - self.plant.start_ns) / SECOND_NS

    def strikes(self, fault: str) -> list[tuple[str, float, float]]:
        """Targets of the active faults of this kind, for how long each has been so, and its size
        by now."""
        return [
            (i.target, (self.time_ns - i.injected_ns) / SECOND_NS, i.size_at(self.time_ns))
            for i in self.plant.board.of_kind(fault)
        ]

    def struck(self, fault: str, family: str) -> list[tuple[int, float, float]]:
        """The machines of ``family`` that the fault reaches: place in the family, lasting seconds,
        size."""
        return [
            (UNIT[asset][1], lasting_s, size)
            for target, lasting_s, size in self.strikes(fault)
            for asset in dict.fromkeys((target, *assets_of(target)))
            if asset in UNIT and UNIT[asset][0] == family
        ]


Gauges = Callable[[Moment], Mapping[str, Float64s]]
"""Reads all instruments of one family: attribute -> value of each machine in the family's order."""
Texts = Callable[[Moment], Mapping[str, list[str]]]
"""The same for instruments that show text."""


@dataclass(frozen=True, slots=True)
class Look:
    """How an instrument shows its value: noise amplitude in its unit, and decimals."""

    noise: float = 0.0
    decimals: int = 0


def ramp(lasting_s: float, tau_s: float) -> float:
    """How far a first-order lag has come, 0 to 1."""
    return 1.0 - math.exp(-lasting_s / tau_s)


class Wobble:
    """Smooth noise about ±1 that depends on nothing but seed, signal and time.

    Three sines of about 37 s, 8 min and 2 h with phases and periods of their own: whoever asks for
    the same instant gets the same noise, so that generated history and live values fit together.
    """

    PERIODS_S = np.array([37.0, 480.0, 7_200.0])
    WEIGHTS = np.array([0.35, 0.35, 0.3])

    def __init__(self, seed: int, signals: Sequence[str]) -> None:
        """signals: their names; a name decides the phases, whatever else is in the list."""
        drawn = np.array(
            [np.random.default_rng([seed, crc32(name.encode())]).random((2, 3)) for name in signals]
        ).reshape(-1, 2, 3)
        self._phase = 2.0 * math.pi * drawn[:, 0]
        self._omega = 2.0 * math.pi / (self.PERIODS_S * (0.7 + 0.7 * drawn[:, 1]))

    def at(self, time_s: float) -> Float64s:
        """Shape (signals,)."""
        return np.asarray(np.sin(self._omega * time_s + self._phase) @ self.WEIGHTS)
