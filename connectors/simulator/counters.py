"""What the meters show: whole units that wrap and reset, as real counters do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from connectors.simulator.process.reference import METER_INDEX, METER_SLICES, METERS
from service.domain.arrays import Float64s

HOUR_S = 3_600.0
RATES = METER_SLICES["DM"]
RATE_DECIMALS = 3


class Counters:
    """Registers of the 120 meters, in the order of ``METERS``; a rate has none and shows itself.

    The register holds ⌊amount + drift − base⌋ modulo the counter's rollover, in the tag's unit.
    """

    def __init__(
        self, rng: np.random.Generator, rollover: Mapping[str, float], preset: Mapping[str, float]
    ) -> None:
        unknown = sorted(preset.keys() - METER_INDEX.keys())
        if unknown:
            raise ValueError(f"{unknown[0]} is no meter of the plant, so it can't be preset")
        self._modulus = np.array([rollover.get(meter.tag, np.inf) for meter in METERS])
        shows = np.floor(rng.uniform(1e5, 5e6, len(METERS)) / [m.kg_per_unit for m in METERS])
        for tag, value in preset.items():
            shows[METER_INDEX[tag]] = value
        shows[RATES] = 0.0
        self._base = -shows
        self._drifted = np.zeros(len(METERS))
        self._step = np.zeros(len(METERS))
        self._drifting = False

    def drift(self, per_hour: Mapping[str, float], elapsed_s: float, rise: Float64s) -> None:
        """Lets meters run on, or hang back: tag -> units per hour (a rate's drift shows at once).

        rise: shape (120,), what the meters measured meanwhile; no counter runs backwards.
        """
        if not per_hour and not self._drifting:
            return
        self._drifting = bool(per_hour)
        self._step[:] = 0.0
        for tag, units in per_hour.items():
            at = METER_INDEX[tag]
            too_much = units * elapsed_s / HOUR_S
            if not METERS[at].is_rate:
                too_much = max(too_much, -float(rise[at]))
            self._step[at] = too_much
        self._drifted += self._step

    def drifted_kg(self, tag: str) -> float:
        """What meter ``tag`` has shown too much so far; 0 for what is no meter."""
        at = METER_INDEX.get(tag)
        return 0.0 if at is None else float(self._drifted[at]) * METERS[at].kg_per_unit

    def reset(self, tag: str, amount: Float64s) -> None:
        """The register of ``tag`` starts from 0 while the meters stand at ``amount``."""
        at = METER_INDEX[tag]
        self._base[at] = amount[at] + self._drifted[at]

    def read(
        self,
        amount: Float64s,
        rate_t_per_h: Float64s,
        drift: Mapping[str, float],
        *,
        behind: float,
    ) -> Float64s:
        """What the meters show; shape (120,).

        amount: shape (120,). rate_t_per_h: shape (12,), of the rate meters. drift: as in ``drift``.
        behind: how much of the last step of ``drift`` is still to come, 0 to 1.
        """
        shown = amount + self._drifted
        if self._drifting and behind:
            shown -= self._step * behind
        shown -= self._base
        np.floor(shown, out=shown)
        np.fmod(shown, self._modulus, out=shown)
        rates = np.round(rate_t_per_h, RATE_DECIMALS)
        for tag, units in drift.items():
            if METERS[METER_INDEX[tag]].is_rate:
                rates[METER_INDEX[tag] - RATES.start] += units
        shown[RATES] = rates
        return shown
