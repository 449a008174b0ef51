"""The mass of a meter's unit as it was in force: saggers may hold more from some day on."""

from __future__ import annotations

import numpy as np

from service.domain.line import Meter
from service.domain.production.minutes import Portions


def by_mass_in_force(meter: Meter, portions: Portions) -> Portions:
    """``portions``, made with ``meter.kg_per_unit``, with the mass that was in force as they were
    made; one that lies across a change is cut there. The very same where nothing changes."""
    base = meter.kg_per_unit
    for since_ns, kg_per_unit in meter.masses:
        portions = _cut(portions, since_ns)
        later = portions.start_ns >= since_ns
        if later.any():
            kg = np.where(later, portions.kg * (kg_per_unit / base), portions.kg)
            portions = Portions(portions.start_ns, portions.end_ns, kg, portions.grade)
        base = kg_per_unit
    return portions


def _cut(portions: Portions, at_ns: int) -> Portions:
    across = np.flatnonzero((portions.start_ns < at_ns) & (at_ns < portions.end_ns))
    if not len(across):
        return portions
    at = int(across[0])  # portions do not overlap: at most one lies across an instant
    share = (at_ns - portions.start_ns[at]) / (portions.end_ns[at] - portions.start_ns[at])
    kg = portions.kg[at]
    start = np.insert(portions.start_ns, at + 1, at_ns)
    end = np.insert(portions.end_ns, at, at_ns)
    parts = np.insert(portions.kg, at + 1, kg * (1.0 - share))
    parts[at] = kg * share
    return Portions(start, end, parts, np.insert(portions.grade, at, portions.grade[at]))
