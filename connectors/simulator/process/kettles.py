"""Granulation kettles: batches of 3 t in 8 h, started one after the other."""

from __future__ import annotations

import heapq
from collections import deque
from enum import IntEnum

import numpy as np

from connectors.simulator.process.reference import STAGE, TICK_S, Bools

SPEC = STAGE["GR"]
KETTLES = len(SPEC.assets)
CHARGE_KG = 3_000.0
BATCH_KG = CHARGE_KG * SPEC.yield_fraction
JITTER_S = 90.0
"""Standard deviation of a batch's heating time."""


class Phase(IntEnum):
    """What a kettle is doing."""

    IDLE = 0
    CHARGE = 1
    HEAT = 2
    HOLD = 3
    COOL = 4
    DISCHARGE = 5


LASTS_S = {
    Phase.CHARGE: 1_200.0,
    Phase.HEAT: 10_800.0,
    Phase.HOLD: 10_800.0,
    Phase.COOL: 4_200.0,
    Phase.DISCHARGE: 1_800.0,
}
CYCLE_S = sum(LASTS_S.values())
STARTS_PER_S = SPEC.nominal_kg_per_s / BATCH_KG


class Kettles:
    """State of the 36 kettles; masses in kg, times in seconds since the plant's start.

    phase, since_s, charge_kg: of each kettle. out_kg_per_s: discharge of each kettle in this tick.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.phase = np.zeros(KETTLES, np.int8)
        self.since_s = np.zeros(KETTLES)
        self.charge_kg = np.zeros(KETTLES)
        self.out_kg_per_s = np.zeros(KETTLES)
        self.lost_kg = np.zeros(KETTLES)
        # The youngest batch is half an interval old.
        self._credit = 0.5
        self._idle: deque[int] = deque()
        self._due: list[tuple[float, int]] = []
        self._fill_steadily()

    def tick(
        self,
        now_s: float,
        *,
        demand: float,
        feed_kg: float,
        space_kg: float,
        held: Bools | None,
    ) -> tuple[float, float]:
        """One tick; returns kg taken from the bins and kg discharged.

        demand: 1 is the nominal pace of starts. feed_kg: in the bins. space_kg: behind the stage.
        held: kettles in which a fault keeps the batch; None when all are well.
        """
        if held is not None:
            self.lost_kg += held * (SPEC.nominal_kg_per_s / KETTLES * TICK_S)
        while self._due and self._due[0][0] <= now_s:
            _, kettle = heapq.heappop(self._due)
            wait = held is not None and held[kettle] and self.phase[kettle] != Phase.DISCHARGE
            if wait or (self.phase[kettle] == Phase.COOL and space_kg < BATCH_KG):
                heapq.heappush(self._due, (now_s + 60.0, kettle))
            else:
                self._next_phase(kettle, now_s)
        self._credit = min(self._credit + demand * STARTS_PER_S * TICK_S, 1.5)
        taken_kg = 0.0
        need_kg = CHARGE_KG * (1.0 - SPEC.pitch_fraction)
        if self._credit >= 1.0 and self._idle and feed_kg >= need_kg:
            self._credit -= 1.0
            self._start(self._idle.popleft(), now_s)
            taken_kg = need_kg
        return taken_kg, float(self.out_kg_per_s.sum()) * TICK_S

    def finish_tick(self) -> None:
        """Takes from the kettles what they discharged in this tick."""
        out = self.out_kg_per_s / SPEC.yield_fraction
        self.charge_kg -= out * TICK_S

    def _start(self, kettle: int, now_s: float) -> None:
        self.charge_kg[kettle] = CHARGE_KG
        self._enter(kettle, Phase.CHARGE, now_s)

    def _next_phase(self, kettle: int, now_s: float) -> None:
        done = Phase(self.phase[kettle])
        if done is Phase.DISCHARGE:
            self.phase[kettle] = Phase.IDLE
            self.since_s[kettle] = now_s
            self.out_kg_per_s[kettle] = 0.0
            self.charge_kg[kettle] = 0.0
            self._idle.append(kettle)
            return
        self._enter(kettle, Phase(done + 1), now_s)

    def _enter(self, kettle: int, phase: Phase, now_s: float) -> None:
        self.phase[kettle] = phase
        self.since_s[kettle] = now_s
        lasts_s = LASTS_S[phase]
        if phase is Phase.HEAT:
            lasts_s += self._rng.normal(0.0, JITTER_S)
        if phase is Phase.DISCHARGE:
            out_kg = self.charge_kg[kettle] * SPEC.yield_fraction
            self.out_kg_per_s[kettle] = out_kg / lasts_s
        heapq.heappush(self._due, (now_s + lasts_s, kettle))

    def _fill_steadily(self) -> None:
        """Kettles of every age, as starts at the nominal pace would leave them."""
        for kettle in range(KETTLES):
            age_s = round((kettle + 0.5) / STARTS_PER_S / TICK_S) * TICK_S
            if age_s >= CYCLE_S:
                self._idle.appendleft(kettle)
                continue
            phase, began_s = _phase_at(age_s)
            lasts_s = LASTS_S[phase]
            self.phase[kettle] = phase
            self.since_s[kettle] = began_s - age_s
            self.charge_kg[kettle] = CHARGE_KG
            if phase is Phase.DISCHARGE:
                self.out_kg_per_s[kettle] = BATCH_KG / lasts_s
                self.charge_kg[kettle] *= 1.0 - (age_s - began_s) / lasts_s
            heapq.heappush(self._due, (began_s + lasts_s - age_s, kettle))


def _phase_at(age_s: float) -> tuple[Phase, float]:
    """The phase of a batch of this age, and the age at which that phase began."""
    began_s = 0.0
    for phase, lasts_s in LASTS_S.items():
        if age_s < began_s + lasts_s:
            return phase, began_s
        began_s += lasts_s
    raise ValueError(f"a batch takes {CYCLE_S} s; came an age of {age_s} s")
