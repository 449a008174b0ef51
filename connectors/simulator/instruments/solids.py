"""Instruments of crushing, coating, screening, demagnetization and packaging."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from connectors.simulator.instruments.gauge import Look, Moment, ramp
from connectors.simulator.process.reference import METER_SLICES, STAGE
from service.domain.arrays import Float64s
from service.domain.instants import to_datetime

LOOKS = {
    "CR": {
        "WIC101.PV": Look(0.006, 3),
        "WIC101.SP": Look(0.0, 2),
        "WT102.PV": Look(4.0, 0),
        "SIC103.PV": Look(0.3, 1),
        "II110.PV": Look(1.5, 1),
        "VT111.PV": Look(0.15, 2),
        "PDT120.PV": Look(25.0, 0),
    },
    "CT": {
        "FFIC301.PV": Look(0.06, 2),
        "TIC303.PV": Look(1.5, 1),
        "WT304.PV": Look(2.0, 0),
        "WT305.PV": Look(0.5, 1),
        "II306.PV": Look(2.0, 1),
    },
    "SC": {
        "WIC501.PV": Look(0.005, 3),
        "WT502.PV": Look(0.3, 2),
        "VT504.PV": Look(0.8, 2),
    },
    "DM": {"II601.PV": Look(0.5, 1), "TT603.PV": Look(1.0, 1)},
    "PK": {"WT701.PV": Look(0.0, 1)},
}

HOPPER_KG = 800.0
MIXER_BATCH_KG = 1_000.0
BAGS_IN_MAGAZINE = 100
BAGS_LEFT_AT_REFILL = 20
WORN_A, WORN_MM_PER_S = 80.0, 6.0
"""What a mill's current and vibration rise by when all of its rate is lost."""
OFF_RECIPE = 1.2
"""Share of the pitch that is missing when rework takes all of a mixer's time."""
BLIND_OVERSIZE = 27.5
"""% of oversize more when a screen lets nothing through."""
EXECUTE, SUSPENDED = 6, 5
"""PackML states (OPC UA 30050)."""


def crushing(moment: Moment) -> Mapping[str, Float64s]:
    """Eight lines: weigh belt, hopper, screw, mill, bag filter."""
    rate = moment.plant.mass.flow.views[0] * 3.6
    ground_kg = moment.plant.amounts(moment.time_ns)[METER_SLICES["CR"]]
    setpoint = _nominal_t_per_h("CR") * moment.plant.mass.demand[0]
    screw = 24.0 * rate / setpoint
    filter_pa = 600.0 + 350.0 * rate
    for at, lasting_s, _ in moment.struck("feeder_bridging", "CR"):
        screw[at] = 24.0 + 32.0 * ramp(lasting_s, 10.0)
    for at, lasting_s, _ in moment.struck("filter_blocked", "CR"):
        filter_pa[at] += (1_950.0 - filter_pa[at]) * ramp(lasting_s, 240.0)
    running = np.ones(len(rate))
    for at, _, _ in moment.struck("blower_trip", "CR"):
        running[at] = 0.0
    current, vibration = 55.0 + 40.0 * rate, 2.0 + 0.8 * rate
    for at, _, worn in moment.struck("mill_wear", "CR"):
        # The mill is as full as before, but grinds less.
        current[at] += 40.0 * rate[at] * worn / (1.0 - worn) + WORN_A * worn
        vibration[at] += WORN_MM_PER_S * worn
    return {
        "WIC101.PV": rate,
        "WIC101.SP": np.full(len(rate), setpoint),
        "WT102.PV": 700.0 + _sawtooth(ground_kg, HOPPER_KG),
        "SIC103.PV": screw * running,
        "II110.PV": current * running,
        "VT111.PV": vibration * running,
        "PDT120.PV": filter_pa * running,
        "M110.ST": running,
    }


def coating(moment: Moment) -> Mapping[str, Float64s]:
    """Twelve heated mixers with their loss-in-weight pitch feeders."""
    spec = STAGE["CT"]
    coated_kg = moment.plant.amounts(moment.time_ns)[METER_SLICES["CT"]]
    share = np.mod(coated_kg, MIXER_BATCH_KG) / MIXER_BATCH_KG
    pitch_kg = coated_kg * spec.pitch_fraction / spec.yield_fraction
    running = moment.plant.mass.flow.views[1] > 0.0
    ratio = np.full(len(share), 100.0 * spec.pitch_fraction)
    for at, lasting_s, size in moment.struck("pitch_ratio_deviation", "CT"):
        short = OFF_RECIPE * size * ramp(lasting_s, 60.0)
        ratio[at] *= 1.0 - short
        pitch_kg[at] *= 1.0 - short
    return {
        "FFIC301.PV": ratio,
        "TIC303.PV": np.full(len(share), 182.0),
        "WT304.PV": MIXER_BATCH_KG * np.clip(np.where(share < 0.9, share / 0.2, 0.0), 0.0, 1.0),
        "WT305.PV": 100.0 + _sawtooth(pitch_kg, 350.0),
        "II306.PV": np.where(running, 62.0 + 18.0 * share, 8.0),
        "ST.PHASE": np.where(running, np.digitize(share, [0.2, 0.9]) + 1.0, 0.0),
    }


def screening(moment: Moment) -> Mapping[str, Float64s]:
    """Twelve ultrasonic screens."""
    rate = moment.plant.mass.flow.views[2] * 3.6
    oversize = np.full(len(rate), 2.6)
    for at, lasting_s, size in moment.struck("screen_blinding", "SC"):
        oversize[at] += BLIND_OVERSIZE * size * ramp(lasting_s, 300.0)
    running = rate > 0.0
    return {
        "WIC501.PV": rate / STAGE["SC"].yield_fraction,
        "WT502.PV": oversize,
        "VT504.PV": np.where(running, 31.0, 0.0),
        "M501.ST": running.astype(np.float64),
    }


def demagnetization(moment: Moment) -> Mapping[str, Float64s]:
    """Twelve electromagnetic separators; the outlet rate itself is a meter."""
    rate = moment.plant.mass.flow.views[3]
    current = np.full(len(rate), 82.0)
    coil = np.full(len(rate), 68.0)
    for at, lasting_s, _ in moment.struck("demagnetizer_coil_fault", "DM"):
        current[at] -= 64.0 * ramp(lasting_s, 4.0)
        coil[at] += 55.0 * ramp(lasting_s, 200.0)
    return {"II601.PV": current, "TT603.PV": coil, "M601.ST": (rate > 0.0).astype(np.float64)}


def packaging(moment: Moment) -> Mapping[str, Float64s]:
    """Four bag fillers; good bags are a meter."""
    mass = moment.plant.mass
    rejected = mass.rejected_bags.copy()
    bags = mass.amount[METER_SLICES["PK"]] + rejected
    magazine = BAGS_IN_MAGAZINE - np.mod(bags, BAGS_IN_MAGAZINE - BAGS_LEFT_AT_REFILL)
    state = np.full(len(bags), float(EXECUTE))
    for at, _, _ in moment.struck("bag_shortage", "PK"):
        magazine[at] = 0.0
        state[at] = SUSPENDED
    return {
        "WT701.PV": mass.bag_kg.copy(),
        "KQ703.TOT": rejected,
        "LT704.PV": magazine,
        "ST.STATE": state,
    }


def lots(moment: Moment) -> Mapping[str, list[str]]:
    """The lot that each filler works on: one a day."""
    day = to_datetime(moment.time_ns).strftime("%Y%m%d")
    return {"LOT.ID": [f"{asset.removeprefix('PK-')}-{day}" for asset in STAGE["PK"].assets]}


def _nominal_t_per_h(stage: str) -> float:
    """Of one machine."""
    return STAGE[stage].nominal_kg_per_s * 3.6 / len(STAGE[stage].assets)


def _sawtooth(total_kg: Float64s, size_kg: float) -> Float64s:
    """A hopper that empties as ``total_kg`` grows and is filled up again when it is empty."""
    return np.asarray(size_kg - np.mod(total_kg, size_kg))
