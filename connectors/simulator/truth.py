"""The truth of the simulated plant: what every meter really measured, minute by minute."""

from __future__ import annotations

import numpy as np

from connectors.simulator.process.reference import METER_INDEX, METER_SLICES, METERS
from service.domain.arrays import Float64s
from service.domain.instants import MINUTE_NS

KG_PER_UNIT = np.array([meter.kg_per_unit for meter in METERS])


class Truth:
    """True output, unquantised, in kilograms; meters are named by their tags.

    A count is true when the piece is complete: a bag when it is full, a row when it has left.
    """

    def __init__(self, start_ns: int) -> None:
        self._first_minute = start_ns // MINUTE_NS
        self._at_minute = [np.zeros(len(METERS))]

    @property
    def first_minute(self) -> int:
        """Number of the first minute since 1970 (UTC)."""
        return self._first_minute

    @property
    def minutes(self) -> int:
        """Complete minutes so far."""
        return len(self._at_minute) - 1

    def record(self, amount: Float64s) -> None:
        """Notes the meters' amounts at the end of a minute; shape (120,) in units of their tags."""
        self._at_minute.append(amount.copy())

    def kg(self, tag: str) -> Float64s:
        """Kilograms of each complete minute of one meter, shape (minutes,); KeyError if unknown."""
        at = METER_INDEX[tag]
        column = np.array([amounts[at] for amounts in self._at_minute])
        return np.diff(column) * METERS[at].kg_per_unit

    def all_kg(self) -> Float64s:
        """Kilograms of each complete minute, shape (minutes, 120), columns as in ``METERS``."""
        return np.asarray(np.diff(np.stack(self._at_minute), axis=0) * KG_PER_UNIT)

    def stage_kg(self, stage: str) -> Float64s:
        """Kilograms of each complete minute of all meters of a stage, shape (minutes,)."""
        where = METER_SLICES[stage]
        amounts = np.stack([amounts[where] for amounts in self._at_minute])
        return np.asarray(np.diff(amounts, axis=0) @ KG_PER_UNIT[where])
