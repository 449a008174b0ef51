"""The fault table: the 22 faults that can be injected into the simulated plant.

Numbers are those of the fault list in the plant's reference model. How often each comes, how long
it lasts and how large it is stands in ``rates``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.simulator.faults.effects import (
    Effect,
    charges_short,
    drifts,
    fails,
    freezes,
    goes_quiet,
    jams,
    resets,
    shows,
    slows,
    stops_infeed,
)
from connectors.simulator.faults.reach import fillers_of, kilns_of, mills_of, rectifiers_of

BAD_SENSOR_FAILURE = 0x808C_0000
BAD_NO_COMMUNICATION = 0x8031_0000


@dataclass(frozen=True, slots=True)
class Size:
    """How large a fault is: what that means, what it usually is, and the range it may have."""

    means: str
    usual: float
    least: float
    most: float


WHOLE = Size("nothing: it is there or not", 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    target: how people write it; group 1 of pattern is the target as the effect sees it.
    duration_s: how long it lasts unless told otherwise; 0 for what happens once. grows: whether its
    size comes little by little over its duration.
    """

    number: int
    id: str
    what: str
    target: str
    pattern: str
    duration_s: float
    effect: Effect
    size: Size = WHOLE
    grows: bool = False

    def target_of(self, text: str) -> str:
        """The target that ``text`` means; ValueError when it can't be one of this fault."""
        found = re.fullmatch(self.pattern, text)
        if found is None:
            raise ValueError(
                f"fault {self.id} is for a target like {self.target}; came {text or 'nothing'!r}"
            )
        return found.group(1)

    def size_of(self, given: float | None) -> float:
        """``given``, or what is usual; ValueError when a fault of this kind can't be so."""
        size = self.size.usual if given is None else given
        if not self.size.least <= size <= self.size.most:
            raise ValueError(
                f"the size of fault {self.id} ({self.size.means}) is {self.size.least:g} to "
                f"{self.size.most:g}; came {size:g}"
            )
        return size


def _lost(usual: float, least: float, most: float) -> Size:
    return Size("share of the rate that is lost", usual, least, most)


KILN = r"(CB-L(?:0[1-9]|1[0-4])[AB])"
ZONE = r"(CB-L(?:0[1-9]|1[0-4])[AB]-TIC1(?:0[1-9]|1\d|2[0-4]))(?:\.PV)?"
MILL = r"(CR-L0[1-8])"
KETTLE = r"(GR-K(?:0[1-9]|[12]\d|3[0-6]))"
MIXER = r"(CT-M(?:0[1-9]|1[0-2]))"
MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0

FAULTS = (
    Fault(1, "heater_zone_failed",
          "a zone's heater fails: OP at 100 %, PV falls, neighbours work, slow rows",
          "CB-L07B-TIC112", ZONE, 2 * HOUR_S, slows(reach=kilns_of), _lost(0.1, 0.02, 0.5)),
    Fault(2, "thermocouple_open",
          "a zone's thermocouple opens: Bad status, heat is cut, the kiln holds",
          "CB-L07B-TIC112", ZONE, HOUR_S,
          fails(BAD_SENSOR_FAILURE, suffix=".PV", then=slows(reach=kilns_of))),
    Fault(3, "thermocouple_drift", "a zone's thermocouple drifts: OP creeps at constant PV",
          "CB-L07B-TIC112", ZONE, 2 * DAY_S, shows,
          Size("% of heater output per hour", 0.8, 0.05, 2.0)),
    Fault(4, "n2_loss", "nitrogen fails: flow and pressure fall, O2 rises, the infeed stops",
          "CB-L07B or UT-N2", KILN[:-1] + "|UT-N2)", 10 * MINUTE_S, stops_infeed(kilns_of)),
    Fault(5, "roller_jam", "a roller breaks, saggers jam: drive current up, rows stop, some break",
          "CB-L07B", KILN, 12 * HOUR_S, jams),
    Fault(6, "feeder_bridging", "material bridges over a mill's feeder: flow 0, screw fast",
          "CR-L03", MILL, 20 * MINUTE_S, slows()),
    Fault(7, "scale_drift", "a scale's zero drifts: it counts what isn't there",
          "CR-L03-WQ101.TOT", r"([A-Z]{2}-\w+-W(?:Q\d+\.TOT|IC602\.PV))", 8 * HOUR_S, drifts,
          Size("kg/h that it shows too much", 60.0, -200.0, 200.0)),
    Fault(8, "load_cell_fault",
          "a kettle's load cell steps and decays, whatever is inside: batches get too small",
          "GR-K12", KETTLE, 10 * HOUR_S, charges_short,
          Size("share of the charge that is missing", 0.1, 0.02, 0.3)),
    Fault(9, "screen_blinding", "a screen blinds: oversize up, flow down",
          "SC-L02", r"(SC-L(?:0[1-9]|1[0-2]))", HOUR_S, slows(), _lost(0.4, 0.1, 0.5)),
    Fault(10, "mill_wear", "a mill wears: its rate declines over weeks, its current rises",
          "CR-L03", MILL, 21 * DAY_S, slows(),
          Size("share of the rate that is lost at the end", 0.15, 0.02, 0.4), grows=True),
    Fault(11, "filter_blocked", "a mill's bag filter blocks: pressure difference up, mill derated",
          "CR-L03", MILL, HOUR_S, slows(), _lost(0.2, 0.05, 0.5)),
    Fault(12, "agitator_over_torque",
          "a kettle's agitator sticks: torque up, speed down; after 2 h its batch is lost",
          "GR-K12", KETTLE, 3 * HOUR_S, slows()),
    Fault(13, "pitch_ratio_deviation",
          "a pitch feeder leaves the recipe: loss in weight tells another ratio, rework",
          "CT-M03", MIXER, 2 * HOUR_S, slows(),
          Size("share of the mixer's time that rework takes", 0.25, 0.05, 0.6)),
    Fault(14, "blower_trip", "a conveying blower trips: two crushing lines stop",
          "UT-BL2", r"(UT-BL[1-4])", 15 * MINUTE_S, slows(reach=mills_of)),
    Fault(15, "oxidiser_fault", "an off-gas oxidiser cools: bypass open, its kilns hold",
          "UT-RTO1", r"(UT-RTO[1-4])", 30 * MINUTE_S, slows(reach=kilns_of)),
    Fault(16, "power_curtailment", "the power of a rectifier, or of all, is cut: runs are deferred",
          "GZ-G3 or UT-EL", r"(GZ-G[1-8]|UT-EL)", 4 * HOUR_S, slows(reach=rectifiers_of),
          Size("share of the power that is cut", 1.0, 0.2, 1.0)),
    Fault(17, "bag_shortage", "the magazine of a bag filler, or of all, is empty: suspended",
          "PK-P2 or PK", r"(PK-P[1-4]|PK)", 30 * MINUTE_S, slows(reach=fillers_of)),
    Fault(18, "communication_loss", "the server (plant), or the PLC of an area, is not reached",
          "plant or CB", r"(plant|CR|GR|CT|CB|GZ|SC|DM|PK|UT)", 2 * MINUTE_S,
          goes_quiet(BAD_NO_COMMUNICATION)),
    Fault(19, "totaliser_reset", "a meter's counter starts again from 0",
          "CR-L03-WQ101.TOT", r"([A-Z]{2}-\w+-[WK]Q\d+\.TOT)", 0.0, resets),
    Fault(20, "gz_run_abnormal",
          "a furnace's resistance is wrong: kWh behind its curve, volts and amperes out of step",
          "GZ-G3", r"(GZ-G[1-8])", 6 * HOUR_S, slows(),
          Size("share of the power that is missing", 0.3, 0.1, 0.7)),
    Fault(21, "demagnetizer_coil_fault", "a separator's coil fails: current down, the lot blocked",
          "DM-S04", r"(DM-S(?:0[1-9]|1[0-2]))", 30 * MINUTE_S, slows()),
    Fault(22, "stuck_value", "a value stands still with a Good status",
          "any tag, e.g. CR-L03-WIC101.PV", r"([A-Z]{2}-\S+)", 30 * MINUTE_S, freezes),
)  # fmt: skip
FAULT = {fault.id: fault for fault in FAULTS}


def fault_named(fault_id: str) -> Fault:
    """The row with this id; ValueError lists what there is."""
    if fault_id not in FAULT:
        raise ValueError(f"there is no fault {fault_id!r}; there are {', '.join(FAULT)}")
    return FAULT[fault_id]
