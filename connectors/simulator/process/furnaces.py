"""Graphitization: eight rectifiers, each feeding ten furnaces in turn, one run every 43.2 h."""

from __future__ import annotations

import heapq
from enum import IntEnum

import numpy as np

from connectors.simulator.process.reference import FURNACE_IDS, STAGE, TICK_S
from service.domain.arrays import Float64s

SPEC = STAGE["GZ"]
RECTIFIERS = len(SPEC.assets)
FURNACES = len(FURNACE_IDS)
PER_RECTIFIER = FURNACES // RECTIFIERS
HOUR_S = 3_600.0
RUN_EVERY_S = 43.2 * HOUR_S
ENERGISED_S = 40.0 * HOUR_S
COOL_S = 345.0 * HOUR_S
UNLOAD_S = 3.0 * HOUR_S
EMPTY_S = 12.0 * HOUR_S
"""From the end of an unload to the next load: relining and inspection."""
LOAD_S = 24.0 * HOUR_S
SWITCH_JITTER_S = 360.0
CHARGE_KG = SPEC.nominal_kg_per_s / SPEC.yield_fraction * RUN_EVERY_S / RECTIFIERS
"""About 53 t; the crane takes 55 t at most."""


class Phase(IntEnum):
    """What a furnace is doing; LOAD is also empty, being loaded, or loaded and waiting."""

    LOAD = 0
    POWER = 1
    COOL = 2
    UNLOAD = 3


class Furnaces:
    """State of 80 furnaces and 8 rectifiers; masses in kg, times in seconds since the start.

    phase, mass_kg: of each furnace. energised_s: of each rectifier's run (0 between runs).
    furnace: the furnace under power of each rectifier, -1 between runs. runs: started so far.
    unload_kg_per_s: by rectifier.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.phase = np.full(FURNACES, Phase.COOL, np.int8)
        self.mass_kg = np.full(FURNACES, CHARGE_KG * SPEC.yield_fraction)
        self.energised_s = np.zeros(RECTIFIERS)
        self.furnace = np.full(RECTIFIERS, -1)
        self.runs = np.full(RECTIFIERS, 100)
        self.unload_kg_per_s = np.zeros(RECTIFIERS)
        self.lost_kg = np.zeros(RECTIFIERS)
        self._load_kg_per_s = np.zeros(FURNACES)
        self._load_sum = 0.0
        self._out_kg_per_s = np.zeros(FURNACES)
        self._target_kg = np.full(FURNACES, CHARGE_KG)
        self._next_start_s = [0.0] * RECTIFIERS
        self._next_furnace = [0] * RECTIFIERS
        self._due: list[tuple[float, int]] = []
        self._fill_steadily()

    def tick(
        self, now_s: float, *, queue_kg: float, space_kg: float, power: Float64s | None
    ) -> tuple[float, float, float]:
        """One tick; returns kg loaded from the queue, kg unloaded, and kg burnt off.

        power: shape (8,), share of each rectifier's power that curtailment leaves; None for all.
        """
        while self._due and self._due[0][0] <= now_s:
            _, furnace = heapq.heappop(self._due)
            self._turn(furnace, now_s, space_kg)
        burnt_kg = self._run(now_s, power)
        loaded_kg = 0.0
        if self._load_sum:
            wanted_kg = self._load_sum * TICK_S
            loaded_kg = min(wanted_kg, max(queue_kg, 0.0))
            self.mass_kg += self._load_kg_per_s * (loaded_kg / self._load_sum)
        unloaded_kg = float(self.unload_kg_per_s.sum()) * TICK_S
        if unloaded_kg:
            self.mass_kg -= self._out_kg_per_s * TICK_S
        return loaded_kg, unloaded_kg, burnt_kg

    def _run(self, now_s: float, power: Float64s | None) -> float:
        """Starts and ends runs; returns kg burnt off by those that ended."""
        under_power = self.furnace >= 0
        step = under_power * float(TICK_S)
        if power is not None:
            share = SPEC.nominal_kg_per_s / RECTIFIERS * TICK_S
            self.lost_kg += under_power * (1.0 - power) * share
            step *= power
        self.energised_s += step
        burnt_kg = 0.0
        if self.energised_s.max() >= ENERGISED_S:
            for g in np.flatnonzero(self.energised_s >= ENERGISED_S).tolist():
                furnace = int(self.furnace[g])
                burnt_kg += float(self.mass_kg[furnace]) * (1.0 - SPEC.yield_fraction)
                self.mass_kg[furnace] *= SPEC.yield_fraction
                self.phase[furnace] = Phase.COOL
                self.furnace[g] = -1
                self.energised_s[g] = 0.0
                heapq.heappush(self._due, (now_s + COOL_S, furnace))
        if min(self._next_start_s) <= now_s:
            for g, start_s in enumerate(self._next_start_s):
                if start_s <= now_s and (power is None or power[g] > 0.0):
                    self._start(g, now_s)
        return burnt_kg

    def _start(self, g: int, now_s: float) -> None:
        furnace = g * PER_RECTIFIER + self._next_furnace[g]
        ready = self.phase[furnace] == Phase.LOAD and self._is_full(furnace)
        if self.furnace[g] >= 0 or not ready:
            return
        self.furnace[g] = furnace
        self.phase[furnace] = Phase.POWER
        self.runs[g] += 1
        self._next_furnace[g] = (self._next_furnace[g] + 1) % PER_RECTIFIER
        self._next_start_s[g] = now_s + RUN_EVERY_S + self._rng.normal(0.0, SWITCH_JITTER_S)

    def _turn(self, furnace: int, now_s: float, space_kg: float) -> None:
        """The next step of a furnace whose time has come."""
        match Phase(self.phase[furnace]):
            case Phase.COOL if space_kg < self.mass_kg[furnace]:
                heapq.heappush(self._due, (now_s + 1_800.0, furnace))
            case Phase.COOL:
                self.phase[furnace] = Phase.UNLOAD
                self._set_out(furnace, float(self.mass_kg[furnace]) / UNLOAD_S)
                heapq.heappush(self._due, (now_s + UNLOAD_S, furnace))
            case Phase.UNLOAD:
                self.phase[furnace] = Phase.LOAD
                self.mass_kg[furnace] = 0.0
                self._set_out(furnace, 0.0)
                heapq.heappush(self._due, (now_s + EMPTY_S, furnace))
            case Phase.LOAD if self._is_full(furnace):
                self._set_load(furnace, 0.0)
            case Phase.LOAD if self._load_kg_per_s[furnace]:
                heapq.heappush(self._due, (now_s + 60.0, furnace))
            case _:
                self._target_kg[furnace] = CHARGE_KG * (1.0 + self._rng.normal(0.0, 0.008))
                self._set_load(furnace, float(self._target_kg[furnace]) / LOAD_S)
                heapq.heappush(self._due, (now_s + LOAD_S, furnace))

    def _is_full(self, furnace: int) -> bool:
        return bool(self.mass_kg[furnace] >= 0.999 * self._target_kg[furnace])

    def _set_load(self, furnace: int, kg_per_s: float) -> None:
        self._load_kg_per_s[furnace] = kg_per_s
        self._load_sum = float(self._load_kg_per_s.sum())

    def _set_out(self, furnace: int, kg_per_s: float) -> None:
        self._out_kg_per_s[furnace] = kg_per_s
        self.unload_kg_per_s = self._out_kg_per_s.reshape(RECTIFIERS, PER_RECTIFIER).sum(axis=1)

    def _fill_steadily(self) -> None:
        """Furnaces of every age, as run starts staggered over the rectifiers would leave them."""
        for g in range(RECTIFIERS):
            into_s = g * RUN_EVERY_S / RECTIFIERS
            self._next_start_s[g] = RUN_EVERY_S - into_s
            for k in range(PER_RECTIFIER):
                furnace = g * PER_RECTIFIER + (PER_RECTIFIER - k) % PER_RECTIFIER
                self._age(g, furnace, into_s + k * RUN_EVERY_S)
            self._next_furnace[g] = 1

    def _age(self, g: int, furnace: int, age_s: float) -> None:
        """Puts a furnace where it is ``age_s`` after its last run started."""
        empty_s = ENERGISED_S + COOL_S + UNLOAD_S + EMPTY_S
        if age_s < ENERGISED_S:
            self.phase[furnace] = Phase.POWER
            self.mass_kg[furnace] = CHARGE_KG
            self.furnace[g] = furnace
            self.energised_s[g] = age_s
        elif age_s < ENERGISED_S + COOL_S:
            heapq.heappush(self._due, (ENERGISED_S + COOL_S - age_s, furnace))
        elif age_s < empty_s:
            self.phase[furnace] = Phase.LOAD
            self.mass_kg[furnace] = 0.0
            heapq.heappush(self._due, (empty_s - age_s, furnace))
        else:
            share = min((age_s - empty_s) / LOAD_S, 1.0)
            self.phase[furnace] = Phase.LOAD
            self.mass_kg[furnace] = share * CHARGE_KG
            if share < 1.0:
                self._set_load(furnace, CHARGE_KG / LOAD_S)
                heapq.heappush(self._due, (empty_s + LOAD_S - age_s, furnace))
