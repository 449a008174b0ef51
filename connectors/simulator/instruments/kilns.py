"""Instruments of the kilns: 24 heater zones, atmosphere, rows and the roller drive.

Temperatures and atmosphere have a memory of their own, because they need minutes to come back
when a fault is over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from connectors.simulator.faults.reach import kilns_of
from connectors.simulator.instruments.gauge import Look, Moment, ramp
from connectors.simulator.process import kilns
from connectors.simulator.process.reference import UNIT
from service.domain.arrays import Float64s

ZONES = 24
SETPOINT_C = 1_150.0
LOOKS = {
    "CB": {
        **{f"TIC{101 + zone}.PV": Look(1.2, 1) for zone in range(ZONES)},
        **{f"TIC{101 + zone}.OP": Look(1.5, 1) for zone in range(ZONES)},
        "AT120.PV": Look(5.0, 1),
        "PT121.PV": Look(2.0, 1),
        "FIC122.PV": Look(3.0, 1),
        "ROW.INTERVAL": Look(0.0, 0),
        "II140.PV": Look(0.6, 1),
    }
}

HEATER_TAU_S = 2_400.0
HEATER_DROP_C = 190.0
NEIGHBOUR_DROP_C = 9.0
NEIGHBOUR_OP = 16.0
BURNOUT_DROP_C = 140.0
FULL_OP, NO_OP = 110.0, -10.0
"""Beyond the range, so that noise does not move an output that has reached its end."""
RECOVERY_TAU_S = 900.0
ATMOSPHERE_TAU_S = 25.0
GOOD_N2, GOOD_PA, GOOD_PPM = 260.0, 18.0, 18.0
LOST_N2, LOST_PA, LOST_PPM = 12.0, 1.0, 650.0
DRIVE_A, JAMMED_A = 22.0, 57.0


class KilnGauges:
    """Reads the instruments of all 28 kilns."""

    def __init__(self) -> None:
        self._off_c = np.zeros((kilns.KILNS, ZONES))
        self._n2 = np.full(kilns.KILNS, GOOD_N2)
        self._pa = np.full(kilns.KILNS, GOOD_PA)
        self._ppm = np.full(kilns.KILNS, GOOD_PPM)
        profile = 52.0 + 14.0 * np.exp(-np.arange(ZONES) / 5.0)
        self._op = profile + np.linspace(-2.0, 2.0, kilns.KILNS)[:, None]

    def __call__(self, moment: Moment) -> Mapping[str, Float64s]:
        pv, op = self._zones(moment)
        self._atmosphere(moment)
        state = moment.plant.mass.kilns
        current = np.where(state.in_service, DRIVE_A, 0.0)
        for at, lasting_s, _ in moment.struck("roller_jam", "CB"):
            current[at] += (JAMMED_A - DRIVE_A) * ramp(lasting_s, 20.0)
        since_push_s = np.minimum(moment.time_s - state.pushed_s, 3_600.0)
        row_s = np.where(state.in_service, np.maximum(state.row_s, since_push_s), 0.0)
        shown = {
            "AT120.PV": self._ppm.copy(),
            "PT121.PV": self._pa.copy(),
            "FIC122.PV": self._n2.copy(),
            "KQ130.TOT": state.rows_in * float(kilns.SAGGERS_PER_ROW),
            "ROW.INTERVAL": np.minimum(row_s, 3_600.0),
            "II140.PV": current,
            "M140.ST": state.in_service.astype(np.float64),
        }
        for zone in range(ZONES):
            shown[f"TIC{101 + zone}.PV"] = pv[:, zone]
            shown[f"TIC{101 + zone}.OP"] = op[:, zone]
        return shown

    @property
    def n2_sum(self) -> float:
        """Nitrogen that all kilns take, Nm³/h."""
        return float(self._n2.sum())

    def _zones(self, moment: Moment) -> tuple[Float64s, Float64s]:
        """Zone temperatures and heater outputs, shapes (28, 24)."""
        goal = np.zeros_like(self._off_c)
        tau_s = np.full_like(self._off_c, RECOVERY_TAU_S)
        op = self._op - 0.25 * self._off_c
        for kiln, zone, _, _ in _struck_zones(moment, "heater_zone_failed"):
            goal[kiln, zone], tau_s[kiln, zone] = -HEATER_DROP_C, HEATER_TAU_S
            op[kiln, zone] = FULL_OP
            for beside in (zone - 1, zone + 1):
                if 0 <= beside < ZONES and tau_s[kiln, beside] != HEATER_TAU_S:
                    goal[kiln, beside] = -NEIGHBOUR_DROP_C
                    op[kiln, beside] += NEIGHBOUR_OP
        for kiln, zone, _, _ in _struck_zones(moment, "thermocouple_open"):
            goal[kiln, zone], tau_s[kiln, zone] = -BURNOUT_DROP_C, HEATER_TAU_S
            op[kiln, zone] = NO_OP
        for kiln, zone, lasting_s, per_h in _struck_zones(moment, "thermocouple_drift"):
            op[kiln, zone] += per_h * lasting_s / 3_600.0
        self._off_c += (goal - self._off_c) * -np.expm1(-moment.elapsed_s / tau_s)
        return SETPOINT_C + self._off_c, np.clip(op, NO_OP, FULL_OP)

    def _atmosphere(self, moment: Moment) -> None:
        lost = np.zeros(kilns.KILNS, np.bool_)
        for target, _, _ in moment.strikes("n2_loss"):
            for kiln in kilns_of(target):
                lost[UNIT[kiln][1]] = True
        step = -math.expm1(-moment.elapsed_s / ATMOSPHERE_TAU_S)
        # Oxygen follows the pressure: air comes in when there is none left to keep it out.
        slow = -math.expm1(-moment.elapsed_s / (3.0 * ATMOSPHERE_TAU_S))
        self._n2 += (np.where(lost, LOST_N2, GOOD_N2) - self._n2) * step
        self._pa += (np.where(lost, LOST_PA, GOOD_PA) - self._pa) * step
        self._ppm += (np.where(lost, LOST_PPM, GOOD_PPM) - self._ppm) * slow


def _struck_zones(moment: Moment, fault: str) -> list[tuple[int, int, float, float]]:
    """Kiln and zone (from 0) of each active fault of this kind, for how long, and its size."""
    return [
        (UNIT[asset][1], int(loop.removeprefix("TIC")) - 101, lasting_s, size)
        for target, lasting_s, size in moment.strikes(fault)
        for asset, loop in [target.rsplit("-", 1)]
    ]
