"""Instruments of the utilities: oxidisers, nitrogen, power and blowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from connectors.simulator.instruments.batches import rectifiers
from connectors.simulator.instruments.gauge import Look, Moment, ramp
from connectors.simulator.process.reference import FAMILIES
from service.domain.arrays import Float64s

LOOKS = {
    "RTO": {"TT150.PV": Look(4.0, 1)},
    "N2": {"PT160.PV": Look(5.0, 1), "FT161.PV": Look(20.0, 0)},
    "EL": {"JT170.PV": Look(0.4, 2)},
    "BL": {"PT181.PV": Look(40.0, 0)},
}

CHAMBER_C, FAILED_C = 805.0, 690.0
HEADER_KPA, LOST_KPA = 650.0, 180.0
OTHER_MW = 31.0
"""All of the site but the rectifiers."""
BLOWN_PA = 5_200.0


def oxidisers(moment: Moment) -> Mapping[str, Float64s]:
    """Chamber temperature and bypass."""
    n = len(FAMILIES["RTO"])
    chamber, bypass = np.full(n, CHAMBER_C), np.zeros(n)
    for at, lasting_s, _ in moment.struck("oxidiser_fault", "RTO"):
        chamber[at] += (FAILED_C - CHAMBER_C) * ramp(lasting_s, 90.0)
        bypass[at] = 1.0
    return {"TT150.PV": chamber, "ZS151.ST": bypass}


def nitrogen(kilns_take: Callable[[], float]) -> Callable[[Moment], Mapping[str, Float64s]]:
    """The header; ``kilns_take``: Nm³/h of all kilns."""

    def read(moment: Moment) -> Mapping[str, Float64s]:
        pressure = np.full(1, HEADER_KPA)
        for at, lasting_s, _ in moment.struck("n2_loss", "N2"):
            pressure[at] += (LOST_KPA - HEADER_KPA) * ramp(lasting_s, 15.0)
        return {"PT160.PV": pressure, "FT161.PV": np.full(1, kilns_take())}

    return read


def power(moment: Moment) -> Mapping[str, Float64s]:
    """Power and energy of the site."""
    of_rectifiers = rectifiers(moment)
    base_kwh = OTHER_MW * moment.time_s / 3.6
    return {
        "JT170.PV": np.full(1, OTHER_MW + of_rectifiers["JT401.PV"].sum()),
        "JQ171.TOT": np.floor(np.full(1, base_kwh + of_rectifiers["JQ402.TOT"].sum())),
    }


def blowers(moment: Moment) -> Mapping[str, Float64s]:
    """Conveying blowers."""
    running = np.ones(len(FAMILIES["BL"]))
    for at, _, _ in moment.struck("blower_trip", "BL"):
        running[at] = 0.0
    return {"M180.ST": running, "PT181.PV": BLOWN_PA * running}
