"""How a rate becomes kilograms: its integral over the time for which it holds."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Float64s, Int64s, UInt8s
from service.domain.instants import HOUR_NS, MINUTE_NS, seconds
from service.domain.line import Meter
from service.domain.production.minutes import Grade, Portions
from service.domain.production.readings import NO_HOLE
from service.domain.production.windows import UNIT_KG


def integral(
    meter: Meter,
    time_ns: Int64s,
    value: Float64s,
    hole_ns: Int64s,
    hole_length_ns: Int64s,
    until_ns: int,
) -> Portions:
    """The mass made from the first good reading to ``until_ns``; each value holds until the next.

    Shapes (n,) in; portions of at most a minute out. A hole not longer than ``bridge_s`` keeps the
    value before it and is estimated; in a longer one the mass is unknown from the hole's start on.
    Portions end with their minutes, see ``_by_minute``.
    """
    ends = np.append(time_ns[1:], until_ns)
    holed = hole_ns != NO_HOLE
    known_end = np.minimum(hole_ns, ends)
    per_ns = value * meter.kg_per_unit / HOUR_NS
    long = holed & (hole_length_ns > seconds(meter.bridge_s))

    start = np.empty(2 * len(time_ns), np.int64)
    end = np.empty_like(start)
    per = np.empty(len(start))
    grade = np.zeros(len(start), np.uint8)
    start[0::2], end[0::2] = time_ns, known_end
    start[1::2], end[1::2] = known_end, ends
    per[0::2] = per_ns
    per[1::2] = np.where(long, np.nan, per_ns)
    grade[1::2] = np.where(long, Grade.UNKNOWN, Grade.ESTIMATED)
    some = end > start
    return _by_minute(start[some], end[some], per[some], grade[some])


def _by_minute(start_ns: Int64s, end_ns: Int64s, per_ns: Float64s, grade: UInt8s) -> Portions:
    """Portions of constant rate, cut at the minutes' borders.

    A piece is the difference of what its minute would have made by the piece's end and by its
    begin, in whole units: cut wherever, the pieces of a minute add up to the same.
    """
    first = start_ns // MINUTE_NS
    pieces = (end_ns - 1) // MINUTE_NS - first + 1
    of = np.repeat(np.arange(len(start_ns)), pieces)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    minute_ns = (first[of] + nth) * MINUTE_NS
    begin = np.maximum(start_ns[of], minute_ns)
    end = np.minimum(end_ns[of], minute_ns + MINUTE_NS)
    units = per_ns[of] / UNIT_KG
    made = np.rint(units * (end - minute_ns)) - np.rint(units * (begin - minute_ns))
    return Portions(begin, end, made * UNIT_KG, grade[of])
