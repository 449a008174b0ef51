"""Granulation kettles: batches of 3 t in 8 h, started one after the other."""

from __future__ import annotations

import heapq
from collections import deque
from enum import IntEnum

import numpy as np

from connectors.simulator.process.reference import STAGE, TICK_S
from service.domain.arrays import Bools, Float64s

SPEC = STAGE["GR"]
KETTLES = len(SPEC.assets)
CHARGE_KG = 3_000.0
BATCH_KG = CHARGE_KG * SPEC.yield_fraction
SET_S = 7_200.0
"""A batch that is held without stirring for this long has set; it is dug out and lost."""
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
    scrapped_kg: charges lost.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.phase = np.zeros(KETTLES, np.int8)
        self.since_s = np.zeros(KETTLES)
        self.charge_kg = np.zeros(KETTLES)
        self.out_kg_per_s = np.zeros(KETTLES)
        self.lost_kg = np.zeros(KETTLES)
        self._held_s = np.zeros(KETTLES)
        self._holding = False
        self.scrapped_kg = 0.0
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
        charge: Float64s | None = None,
    ) -> tuple[float, float]:
        """One tick; returns kg taken from the bins and kg discharged.

        demand: 1 is the nominal pace of starts. feed_kg: in the bins. space_kg: behind the stage.
        held: kettles in which a fault keeps the batch. charge: shape (36,), share of a whole charge
        that each takes. None when all are well.
        """
        if held is not None:
            self._hold(held)
        elif self._holding:
            self._holding = False
            self._held_s[:] = 0.0
        while self._due and self._due[0][0] <= now_s:
            _, due = heapq.heappop(self._due)
            wait = held is not None and held[due] and self.phase[due] != Phase.DISCHARGE
            if wait or (self.phase[due] == Phase.COOL and space_kg < BATCH_KG):
                heapq.heappush(self._due, (now_s + 60.0, due))
            elif not self.charge_kg[due]:
                self._leave(due, now_s)
            else:
                self._next_phase(due, now_s)
        self._credit = min(self._credit + demand * STARTS_PER_S * TICK_S, 1.5)
        taken_kg = 0.0
        kettle = self._next_kettle(held) if self._credit >= 1.0 else None
        if kettle is not None:
            share = 1.0 if charge is None else float(charge[kettle])
            need_kg = CHARGE_KG * share * (1.0 - SPEC.pitch_fraction)
            if feed_kg >= need_kg:
                self._credit -= 1.0
                self._idle.remove(kettle)
                self._start(kettle, now_s, share)
                taken_kg = need_kg
        return taken_kg, float(self.out_kg_per_s.sum()) * TICK_S

    def finish_tick(self) -> None:
        """Takes from the kettles what they discharged in this tick."""
        out = self.out_kg_per_s / SPEC.yield_fraction
        self.charge_kg -= out * TICK_S

    def _next_kettle(self, held: Bools | None) -> int | None:
        """The one that has been idle for the longest, and that nothing holds."""
        return next((k for k in self._idle if held is None or not held[k]), None)

    def _hold(self, held: Bools) -> None:
        self._holding = True
        self.lost_kg += held * (SPEC.nominal_kg_per_s / KETTLES * TICK_S)
        stirred = (self.phase != Phase.IDLE) & (self.phase != Phase.DISCHARGE)
        self._held_s = np.where(held & stirred, self._held_s + TICK_S, 0.0)
        for kettle in np.flatnonzero(self._held_s >= SET_S).tolist():
            self.lost_kg[kettle] += self.charge_kg[kettle] * SPEC.yield_fraction
            self.scrapped_kg += float(self.charge_kg[kettle])
            self.charge_kg[kettle] = 0.0

    def _start(self, kettle: int, now_s: float, share: float) -> None:
        self.charge_kg[kettle] = CHARGE_KG * share
        self.lost_kg[kettle] += BATCH_KG * (1.0 - share)
        self._enter(kettle, Phase.CHARGE, now_s)

    def _next_phase(self, kettle: int, now_s: float) -> None:
        done = Phase(self.phase[kettle])
        if done is Phase.DISCHARGE:
            self._leave(kettle, now_s)
            return
        self._enter(kettle, Phase(done + 1), now_s)

    def _leave(self, kettle: int, now_s: float) -> None:
        """Empty: of a batch that is over, or was lost."""
        self.phase[kettle] = Phase.IDLE
        self.since_s[kettle] = now_s
        self.out_kg_per_s[kettle] = 0.0
        self.charge_kg[kettle] = 0.0
        self._idle.append(kettle)

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
