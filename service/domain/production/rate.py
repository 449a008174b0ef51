"""How a rate becomes kilograms: its integral over the time for which it holds."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Float64s, Int64s
from service.domain.instants import HOUR_NS, seconds
from service.domain.line import Meter
from service.domain.production.minutes import Grade, Portions
from service.domain.production.readings import NO_HOLE


def integral(
    meter: Meter,
    time_ns: Int64s,
    value: Float64s,
    hole_ns: Int64s,
    hole_length_ns: Int64s,
    until_ns: int,
) -> Portions:
    """The mass made from the first good reading to ``until_ns``; each value holds until the next.

    Shapes (n,) in; up to 2 n portions out. A hole not longer than ``bridge_s`` keeps the value
    before it and
    is estimated; in a longer one the mass is unknown from the hole's start on.
    """
    ends = np.append(time_ns[1:], until_ns)
    holed = hole_ns != NO_HOLE
    known_end = np.minimum(hole_ns, ends)
    per_ns = value * meter.kg_per_unit / HOUR_NS
    long = holed & (hole_length_ns > seconds(meter.bridge_s))

    start = np.empty(2 * len(time_ns), np.int64)
    end = np.empty_like(start)
    kg = np.empty(len(start))
    grade = np.zeros(len(start), np.uint8)
    start[0::2], end[0::2] = time_ns, known_end
    start[1::2], end[1::2] = known_end, ends
    kg[0::2] = per_ns * (known_end - time_ns)
    kg[1::2] = np.where(long, np.nan, per_ns * (ends - known_end))
    grade[1::2] = np.where(long, Grade.UNKNOWN, Grade.ESTIMATED)
    some = end > start
    return Portions(start[some], end[some], kg[some], grade[some])
