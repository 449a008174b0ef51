"""Instruments of granulation and graphitization."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from connectors.simulator.instruments.gauge import Look, Moment, ramp
from connectors.simulator.process import furnaces, kettles
from connectors.simulator.process.kettles import Phase
from connectors.simulator.process.reference import STAGE
from service.domain.arrays import Float64s

LOOKS = {
    "GR": {
        "WT201.PV": Look(3.0, 0),
        "TIC202.PV": Look(1.2, 1),
        "NT203.PV": Look(15.0, 0),
        "AT204.PV": Look(0.08, 2),
        "SIC205.PV": Look(0.2, 1),
    },
    "GZ": {"JT401.PV": Look(0.05, 2), "ET405.PV": Look(0.4, 1), "IT406.PV": Look(0.0, 0)},
    "FURNACE": {"WT403.PV": Look(0.0, 2)},
}

HEATED_C, CHARGED_C, DISCHARGED_C = 620.0, 140.0, 120.0

LOAD_CELL_TAU_S = 900.0
ABNORMAL_VOLTS = 0.6

FIRST_MW, RISE_MW, BEND = 10.5, 5.8, 0.8
"""Power of a run rises from 10.5 to 16.3 MW: 549 MWh in 40 h."""


def granulation(moment: Moment) -> Mapping[str, Float64s]:
    """36 kettles."""
    state = moment.plant.mass.kettles
    into_s = moment.time_s - state.since_s
    phase = state.phase
    heating = np.clip(into_s / kettles.LASTS_S[Phase.HEAT], 0.0, 1.0)
    cooling = np.clip(into_s / kettles.LASTS_S[Phase.COOL], 0.0, 1.0)
    temperature = np.select(
        [phase == Phase.IDLE, phase == Phase.CHARGE, phase == Phase.HEAT, phase == Phase.HOLD],
        [90.0, CHARGED_C, CHARGED_C + (HEATED_C - CHARGED_C) * heating, HEATED_C],
        DISCHARGED_C,
    )
    down = HEATED_C + (DISCHARGED_C - HEATED_C) * cooling
    temperature = np.where(phase == Phase.COOL, down, temperature)
    stirred = (phase != Phase.IDLE).astype(np.float64)
    torque = stirred * (350.0 + 550.0 * np.where(phase == Phase.HEAT, heating, 0.5))
    speed = 32.0 * stirred
    for at, lasting_s, _ in moment.struck("agitator_over_torque", "GR"):
        torque[at] += (1_900.0 - torque[at]) * ramp(lasting_s, 60.0)
        speed[at] *= 1.0 - 0.8 * ramp(lasting_s, 60.0)
    weight = state.charge_kg.copy()
    for at, lasting_s, size in moment.struck("load_cell_fault", "GR"):
        # A step that decays, whatever is in the kettle; what stays makes its batches short.
        weight[at] += kettles.CHARGE_KG * size * (1.0 + np.exp(-lasting_s / LOAD_CELL_TAU_S))
    return {
        "WT201.PV": weight,
        "TIC202.PV": temperature,
        "NT203.PV": torque,
        "AT204.PV": np.full(len(phase), 0.5),
        "SIC205.PV": speed,
        "ST.PHASE": phase.astype(np.float64),
    }


def rectifiers(moment: Moment) -> Mapping[str, Float64s]:
    """Eight rectifiers: power, energy, voltage and current of the run."""
    state = moment.plant.mass.furnaces
    share = state.energised_s / furnaces.ENERGISED_S
    power = np.where(state.furnace >= 0, FIRST_MW + RISE_MW * share**BEND, 0.0)
    for at, _, cut in moment.struck("power_curtailment", "GZ"):
        power[at] *= 1.0 - cut
    volts = np.where(power > 0.0, 175.0 - 60.0 * share, 0.0)
    for at, _, missing in moment.struck("gz_run_abnormal", "GZ"):
        # A resistance too high: less power although the volts rise.
        power[at] *= 1.0 - missing
        volts[at] *= 1.0 + ABNORMAL_VOLTS * missing
    whole_runs = np.where(state.furnace >= 0, state.runs - 1, state.runs)
    return {
        "JT401.PV": power,
        "JQ402.TOT": np.floor(whole_runs * _run_kwh(np.ones(1)) + _run_kwh(share)),
        "ET405.PV": volts,
        "IT406.PV": np.divide(power * 1e6, volts, out=np.zeros(len(power)), where=volts > 0.0),
    }


def runs(moment: Moment) -> Mapping[str, list[str]]:
    """The run that each rectifier works on, or worked on last."""
    numbers = moment.plant.mass.furnaces.runs.tolist()
    names = [asset.removeprefix("GZ-") for asset in STAGE["GZ"].assets]
    return {"RUN.ID": [f"{name}-R{n:05d}" for name, n in zip(names, numbers, strict=True)]}


def boxes(moment: Moment) -> Mapping[str, Float64s]:
    """80 furnaces: what is in them, and what they are doing."""
    state = moment.plant.mass.furnaces
    return {"WT403.PV": state.mass_kg / 1000.0, "ST.PHASE": state.phase.astype(np.float64)}


def _run_kwh(share: Float64s) -> Float64s:
    """Energy of a run after ``share`` of its 40 h, in kWh: the integral of the power curve."""
    hours = furnaces.ENERGISED_S / 3_600.0
    mwh = hours * (FIRST_MW * share + RISE_MW / (1.0 + BEND) * share ** (1.0 + BEND))
    return np.asarray(mwh * 1000.0)
