"""The plant's mass flow: the eight stages with the buffers between them, one tick at a time."""

from __future__ import annotations

import numpy as np

from connectors.simulator.process import kilns
from connectors.simulator.process.burden import Burden
from connectors.simulator.process.flow import Flow
from connectors.simulator.process.furnaces import Furnaces
from connectors.simulator.process.kettles import Kettles
from connectors.simulator.process.kilns import Kilns
from connectors.simulator.process.reference import (
    CONTINUOUS,
    METER_SLICES,
    METERS,
    STAGE,
    STAGES,
    TICK_S,
    UNIT,
)

CR, GR, CT, CB, GZ, SC, DM, PK = range(8)
GAIN = 0.25
"""How strongly a stage's demand follows the levels before and behind it."""
LEAST_DEMAND, MOST_DEMAND = 0.80, 1.12
BAG_KG = STAGE["PK"].kg_per_unit


class MassModel:
    """Masses in kg, rates in kg/s, time in seconds since the start.

    amount: shape (120,), what every meter has measured since the start, in units of its tag
    (t for a rate), in the order of ``METERS``. buffer_kg, capacity_kg: of the buffer behind each
    stage. taken_kg: what each stage took in (buffer and pitch); made_kg: what it put out.
    """

    def __init__(self, seed: int) -> None:
        flow, kettles, kiln, furnaces, bags = np.random.default_rng(seed).spawn(5)
        self.flow = Flow(flow)
        self.kettles = Kettles(kettles)
        self.kilns = Kilns(kiln)
        self.furnaces = Furnaces(furnaces)
        self._bags = bags
        self.now_s = 0.0
        self.amount = np.zeros(len(METERS))
        self.capacity_kg = [s.buffer_d * 86_400.0 * s.nominal_kg_per_s for s in STAGES]
        self.buffer_kg = [0.5 * capacity for capacity in self.capacity_kg]
        self.taken_kg = [0.0] * len(STAGES)
        self.made_kg = [0.0] * len(STAGES)
        self.demand = [1.0] * len(STAGES)
        self.bag_kg = BAG_KG * np.array([0.1, 0.35, 0.6, 0.85])
        self.rejected_bags = np.zeros(len(self.bag_kg))
        self._lost_kg = {
            "GR": self.kettles.lost_kg,
            "CB": self.kilns.lost_kg,
            "GZ": self.furnaces.lost_kg,
            **dict(zip(CONTINUOUS, self.flow.lost_views, strict=True)),
        }
        self._steady = self.amount[: METER_SLICES["GR"].start]
        self._discharge = self.amount[METER_SLICES["GR"]]
        self._unload = self.amount[METER_SLICES["GZ"]]
        self._saggers = self.amount[METER_SLICES["CB"]]
        self._good_bags = self.amount[METER_SLICES["PK"]]

    def tick(self, burden: Burden) -> None:
        """Moves the plant by ``TICK_S`` under what faults do to it."""
        self._set_demand()
        demand = self.demand
        rates = self.flow.propose([demand[s] for s in (CR, CT, SC, DM, PK)], burden.health)
        self._continuous(CR, 0, rates[0])
        self._granulate(burden)
        self._continuous(CT, 1, rates[1])
        self._carbonize(burden)
        self._graphitize(burden)
        self._continuous(SC, 2, rates[2])
        self._continuous(DM, 3, rates[3])
        self._continuous(PK, 4, rates[4])
        steady = self.flow.rate[: len(self._steady)] * TICK_S
        steady[METER_SLICES["DM"]] /= STAGE["DM"].kg_per_unit
        self._steady += steady
        self._fill_bags()
        self.now_s += TICK_S

    def lost_kg(self, asset: str) -> float:
        """Output of ``asset`` that faults have cost since the start; 0 for what makes nothing."""
        family, at = UNIT[asset]
        return float(self._lost_kg[family][at]) if family in self._lost_kg else 0.0

    def _set_demand(self) -> None:
        """Operators' level control: full behind slows a stage, full before it speeds it up."""
        before = 0.5
        for stage in range(len(STAGES)):
            behind = self.buffer_kg[stage] / self.capacity_kg[stage] if stage != PK else 0.5
            wish = 1.0 + GAIN * (before - behind)
            self.demand[stage] = min(max(wish, LEAST_DEMAND), MOST_DEMAND)
            before = behind

    def _space_kg(self, stage: int) -> float:
        return max(self.capacity_kg[stage] - self.buffer_kg[stage], 0.0)

    def _continuous(self, stage: int, place: int, rate_kg_per_s: float) -> None:
        """Starved and blocked alike slow all machines of the stage by one factor."""
        spec = STAGES[stage]
        out_kg = rate_kg_per_s * TICK_S
        share = 1.0
        if stage != CR:
            need_kg = out_kg * spec.from_buffer_per_out
            if need_kg > self.buffer_kg[stage - 1]:
                share = self.buffer_kg[stage - 1] / need_kg
        if stage != PK and out_kg * share > self._space_kg(stage):
            share = self._space_kg(stage) / out_kg
        if share < 1.0:
            self.flow.views[place] *= share
            out_kg *= share
        # What a filler puts into bags is whole; its 0.1 % is lost as rejected bags.
        yield_fraction = 1.0 if stage == PK else spec.yield_fraction
        self.taken_kg[stage] += out_kg / yield_fraction
        if stage != CR:
            self.buffer_kg[stage - 1] -= out_kg / yield_fraction * (1.0 - spec.pitch_fraction)
        if stage != PK:
            self.buffer_kg[stage] += out_kg
            self.made_kg[stage] += out_kg

    def _granulate(self, burden: Burden) -> None:
        taken_kg, out_kg = self.kettles.tick(
            self.now_s,
            demand=self.demand[GR],
            feed_kg=self.buffer_kg[CR],
            space_kg=self._space_kg(GR),
            held=burden.kettle_held,
            charge=burden.kettle_charge,
        )
        self.buffer_kg[CR] -= taken_kg
        self.taken_kg[GR] += taken_kg / (1.0 - STAGES[GR].pitch_fraction)
        self._deliver(GR, out_kg)
        self._discharge += self.kettles.out_kg_per_s * TICK_S
        self.kettles.finish_tick()

    def _carbonize(self, burden: Burden) -> None:
        blocked = self._space_kg(CB) <= kilns.KILNS * kilns.ROW_OUT_KG
        before = self.kilns.rows_out.copy()
        rows_in, rows_out = self.kilns.tick(
            self.now_s,
            demand=0.0 if blocked else self.demand[CB],
            feed_kg=self.buffer_kg[CT],
            run=burden.kiln_run,
            infeed=burden.kiln_infeed,
            jammed=burden.kiln_jammed,
        )
        self.buffer_kg[CT] -= rows_in * kilns.ROW_IN_KG
        self.taken_kg[CB] += rows_in * kilns.ROW_IN_KG
        self._deliver(CB, rows_out * kilns.ROW_OUT_KG)
        if rows_out:
            self._saggers += (self.kilns.rows_out - before) * kilns.SAGGERS_PER_ROW

    def _graphitize(self, burden: Burden) -> None:
        loaded_kg, unloaded_kg, _ = self.furnaces.tick(
            self.now_s,
            queue_kg=self.buffer_kg[CB],
            space_kg=self._space_kg(GZ),
            power=burden.rectifier_power,
        )
        self.buffer_kg[CB] -= loaded_kg
        self.taken_kg[GZ] += loaded_kg
        self._deliver(GZ, unloaded_kg)
        if unloaded_kg:
            self._unload += self.furnaces.unload_kg_per_s * TICK_S

    def _deliver(self, stage: int, kg: float) -> None:
        self.buffer_kg[stage] += kg
        self.made_kg[stage] += kg

    def _fill_bags(self) -> None:
        self.bag_kg += self.flow.views[4] * TICK_S
        if self.bag_kg.max() < BAG_KG:
            return
        for filler in np.flatnonzero(self.bag_kg >= BAG_KG).tolist():
            self.bag_kg[filler] -= BAG_KG
            if self._bags.random() > STAGES[PK].yield_fraction:
                self.rejected_bags[filler] += 1
            else:
                self._good_bags[filler] += 1
                self.made_kg[PK] += BAG_KG
