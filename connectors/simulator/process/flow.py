"""The machines that run continuously: mills, mixers, screens, separators and bag fillers."""

from __future__ import annotations

import math

import numpy as np

from connectors.simulator.process.reference import CONTINUOUS, STAGE, TICK_S
from service.domain.arrays import Float64s

NOISE = 0.03
"""Standard deviation of one machine's rate, as a share of it."""
NOISE_S = 900.0
"""Correlation time of that noise."""
DECAY = math.exp(-TICK_S / NOISE_S)
KICKS = 4096
"""Ticks whose random numbers are drawn at once."""


class Flow:
    """Output rates of the 48 continuous machines in kg/s, in the order of ``CONTINUOUS``.

    For the fillers of PK the rate is what runs into the bags. views, lost_views: the parts of
    ``rate`` and ``lost_kg`` that belong to each stage.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        specs = [STAGE[stage] for stage in CONTINUOUS]
        counts = [len(spec.assets) for spec in specs]
        self._starts = np.cumsum([0, *counts[:-1]])
        self._nominal = np.repeat(
            [s.nominal_kg_per_s / n for s, n in zip(specs, counts, strict=True)], counts
        )
        self._capacity = np.repeat([spec.capacity_t_per_h / 3.6 for spec in specs], counts)
        self._rng = rng
        self._noise = rng.normal(0.0, NOISE, len(self._nominal))
        self._kicks = np.empty((0, len(self._nominal)))
        self._at = 0
        self.rate = np.array(self._nominal)
        self.lost_kg = np.zeros(len(self._nominal))
        self.views = np.split(self.rate, self._starts[1:])
        self.lost_views = np.split(self.lost_kg, self._starts[1:])

    def propose(self, control: list[float], health: Float64s | None) -> list[float]:
        """What the machines would do for one tick; returns the sum of each stage in kg/s.

        control: demand on each stage, 1 is nominal. health: shape (48,), what faults leave of each
        machine's rate; None when all are well.
        """
        if self._at == len(self._kicks):
            kick = NOISE * math.sqrt(1.0 - DECAY**2)
            self._kicks = self._rng.normal(0.0, kick, (KICKS, len(self.rate)))
            self._at = 0
        noise, rate = self._noise, self.rate
        noise *= DECAY
        noise += self._kicks[self._at]
        self._at += 1
        np.add(noise, 1.0, out=rate)
        rate *= self._nominal
        for view, demand in zip(self.views, control, strict=True):
            view *= demand
        np.minimum(rate, self._capacity, out=rate)
        if health is not None:
            self.lost_kg += rate * (1.0 - health) * TICK_S
            rate *= health
        sums: list[float] = np.add.reduceat(rate, self._starts).tolist()
        return sums
