"""Burden: what faults do to the plant's mass, as arrays that the mass model multiplies by."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from connectors.simulator.process.reference import CONTINUOUS, STAGE, UNIT
from service.domain.arrays import Bools, Float64s


@dataclass(slots=True)
class Burden:
    """Everything is None while no fault touches it, so that a healthy plant costs nothing.

    health: shape (48,), factor of each continuous machine's rate. kettle_held: shape (36,);
    kettle_charge: shape (36,), share of a whole charge that a kettle takes. kiln_run: shape (28,),
    factor of each kiln's speed; kiln_infeed: shape (28,), false where the infeed is stopped;
    kiln_jammed: shape (28,). rectifier_power: shape (8,), share of power that is left.
    """

    health: Float64s | None = None
    kettle_held: Bools | None = None
    kettle_charge: Float64s | None = None
    kiln_run: Float64s | None = None
    kiln_infeed: Bools | None = None
    kiln_jammed: Bools | None = None
    rectifier_power: Float64s | None = None

    @property
    def is_none(self) -> bool:
        """Whether it leaves the mass alone."""
        return all(getattr(self, field.name) is None for field in fields(self))

    def slow(self, asset: str, factor: float) -> None:
        """Leaves ``asset`` with ``factor`` of its rate, speed or power; 0 stops or holds it."""
        family, at = UNIT[asset]
        if family in CONTINUOUS:
            if self.health is None:
                self.health = np.ones(sum(len(STAGE[stage].assets) for stage in CONTINUOUS))
            start = sum(len(STAGE[s].assets) for s in CONTINUOUS[: CONTINUOUS.index(family)])
            self.health[start + at] *= factor
        elif family == "CB":
            if self.kiln_run is None:
                self.kiln_run = np.ones(len(STAGE["CB"].assets))
            self.kiln_run[at] *= factor
        elif family == "GR":
            if self.kettle_held is None:
                self.kettle_held = np.zeros(len(STAGE["GR"].assets), np.bool_)
            self.kettle_held[at] = True
        elif family == "GZ":
            if self.rectifier_power is None:
                self.rectifier_power = np.ones(len(STAGE["GZ"].assets))
            self.rectifier_power[at] *= factor
        else:
            raise ValueError(f"{asset} makes nothing, so nothing can slow it")

    def charge_short(self, kettle: str, share: float) -> None:
        """``kettle`` takes ``share`` less than a whole charge."""
        if self.kettle_charge is None:
            self.kettle_charge = np.ones(len(STAGE["GR"].assets))
        self.kettle_charge[UNIT[kettle][1]] *= 1.0 - share

    def jam(self, kiln: str) -> None:
        """``kiln`` stands, and rows break in it."""
        self.slow(kiln, 0.0)
        if self.kiln_jammed is None:
            self.kiln_jammed = np.zeros(len(STAGE["CB"].assets), np.bool_)
        self.kiln_jammed[UNIT[kiln][1]] = True

    def stop_infeed(self, kiln: str) -> None:
        """Rows go into ``kiln`` empty."""
        if self.kiln_infeed is None:
            self.kiln_infeed = np.ones(len(STAGE["CB"].assets), np.bool_)
        self.kiln_infeed[UNIT[kiln][1]] = False
