"""The fault table: every fault that can be injected into the simulated plant.

Numbers in brackets are those of the fault list in the plant's reference model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.simulator.faults.effects import (
    Effect,
    drifts,
    fails,
    freezes,
    goes_quiet,
    resets,
    shows,
    slows,
    stops_infeed,
)
from connectors.simulator.process.reference import FAMILIES, KILN_IDS, STAGE

BAD_SENSOR_FAILURE = 0x808C_0000
BAD_NO_COMMUNICATION = 0x8031_0000

MILLS_PER_BLOWER = 2
KILNS_PER_OXIDISER = 7


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    target: how people write it; group 1 of pattern is the target as the effect sees it.
    duration_s: how long it lasts unless told otherwise; 0 for what happens once.
    """

    id: str
    what: str
    target: str
    pattern: str
    duration_s: float
    effect: Effect

    def target_of(self, text: str) -> str:
        """The target that ``text`` means; ValueError when it can't be one of this fault."""
        found = re.fullmatch(self.pattern, text)
        if found is None:
            raise ValueError(
                f"fault {self.id} is for a target like {self.target}; came {text or 'nothing'!r}"
            )
        return found.group(1)


def mills_of(blower: str) -> tuple[str, ...]:
    """The crushing lines that a conveying blower serves."""
    at = FAMILIES["BL"].index(blower) * MILLS_PER_BLOWER
    return STAGE["CR"].assets[at : at + MILLS_PER_BLOWER]


def kilns_of(utility: str) -> tuple[str, ...]:
    """The kilns that hang on an oxidiser or on the nitrogen header; of a kiln itself."""
    if utility == "UT-N2":
        return KILN_IDS
    if utility in FAMILIES["RTO"]:
        at = FAMILIES["RTO"].index(utility) * KILNS_PER_OXIDISER
        return KILN_IDS[at : at + KILNS_PER_OXIDISER]
    return (utility,)


KILN = r"(CB-L(?:0[1-9]|1[0-4])[AB])"
ZONE = r"(CB-L(?:0[1-9]|1[0-4])[AB]-TIC1(?:0[1-9]|1\d|2[0-4]))(?:\.PV)?"
MILL = r"(CR-L0[1-8])"
HOUR_S, MINUTE_S = 3_600.0, 60.0

FAULTS = (
    Fault("heater_zone_failed", "a zone's heater fails: OP at 100 %, PV falls, neighbours work [1]",
          "CB-L07B-TIC112", ZONE, 2 * HOUR_S, shows),
    Fault("thermocouple_open", "a zone's thermocouple opens: Bad status, heat is cut [2]",
          "CB-L07B-TIC112", ZONE, HOUR_S, fails(BAD_SENSOR_FAILURE, suffix=".PV")),
    Fault("thermocouple_drift", "a zone's thermocouple drifts: OP creeps at constant PV [3]",
          "CB-L07B-TIC112", ZONE, 48 * HOUR_S, shows),
    Fault("n2_loss", "nitrogen fails: flow and pressure fall, O2 rises, the infeed stops [4]",
          "CB-L07B or UT-N2", KILN[:-1] + "|UT-N2)", 10 * MINUTE_S, stops_infeed(kilns_of)),
    Fault("roller_jam", "saggers jam: drive current up, rows stop [5]",
          "CB-L07B", KILN, 12 * HOUR_S, slows(0.0)),
    Fault("feeder_bridging", "material bridges over a mill's feeder: flow 0, screw fast [6]",
          "CR-L03", MILL, 20 * MINUTE_S, slows(0.0)),
    Fault("scale_drift", "a scale's zero drifts: it counts what isn't there [7]",
          "CR-L03-WQ101.TOT", r"([A-Z]{2}-\w+-W(?:Q\d+\.TOT|IC602\.PV))", 8 * HOUR_S,
          drifts(kg_per_h=60.0, t_per_h=0.06)),
    Fault("screen_blinding", "a screen blinds: oversize up, flow down by 40 % [9]",
          "SC-L02", r"(SC-L(?:0[1-9]|1[0-2]))", HOUR_S, slows(0.6)),
    Fault("filter_blocked", "a mill's bag filter blocks: pressure difference up, mill derated [11]",
          "CR-L03", MILL, HOUR_S, slows(0.8)),
    Fault("agitator_over_torque", "a kettle's agitator sticks: torque up, the batch waits [12]",
          "GR-K12", r"(GR-K(?:0[1-9]|[12]\d|3[0-6]))", HOUR_S, slows(0.0)),
    Fault("blower_trip", "a conveying blower trips: two crushing lines stop [14]",
          "UT-BL2", r"(UT-BL[1-4])", 15 * MINUTE_S, slows(0.0, reach=mills_of)),
    Fault("oxidiser_fault", "an off-gas oxidiser cools: bypass open, its kilns hold [15]",
          "UT-RTO1", r"(UT-RTO[1-4])", 30 * MINUTE_S, slows(0.0, reach=kilns_of)),
    Fault("power_curtailment", "a rectifier's power is cut, its run is prolonged [16]",
          "GZ-G3", r"(GZ-G[1-8])", 4 * HOUR_S, slows(0.0)),
    Fault("bag_shortage", "a bag filler's magazine is empty: it is suspended [17]",
          "PK-P2", r"(PK-P[1-4])", 30 * MINUTE_S, slows(0.0)),
    Fault("communication_loss", "the server (plant), or the PLC of an area, is not reached [18]",
          "plant or CB", r"(plant|CR|GR|CT|CB|GZ|SC|DM|PK|UT)", 2 * MINUTE_S,
          goes_quiet(BAD_NO_COMMUNICATION)),
    Fault("totaliser_reset", "a meter's counter starts again from 0 [19]",
          "CR-L03-WQ101.TOT", r"([A-Z]{2}-\w+-[WK]Q\d+\.TOT)", 0.0, resets),
    Fault("demagnetizer_coil_fault", "a separator's coil fails: current down, the lot blocked [21]",
          "DM-S04", r"(DM-S(?:0[1-9]|1[0-2]))", 30 * MINUTE_S, slows(0.0)),
    Fault("stuck_value", "a value stands still with a Good status [22]",
          "any tag, e.g. CR-L03-WIC101.PV", r"([A-Z]{2}-\S+)", 30 * MINUTE_S, freezes),
)  # fmt: skip
FAULT = {fault.id: fault for fault in FAULTS}


def fault_named(fault_id: str) -> Fault:
    """The row with this id; ValueError lists what there is."""
    if fault_id not in FAULT:
        raise ValueError(f"there is no fault {fault_id!r}; there are {', '.join(FAULT)}")
    return FAULT[fault_id]
