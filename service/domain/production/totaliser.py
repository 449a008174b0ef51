"""How a totaliser, or a count of pieces, becomes kilograms: rises, rollovers, resets and gaps."""

from __future__ import annotations

import numpy as np

from service.domain.instants import HOUR_NS, seconds
from service.domain.line import Meter
from service.domain.production.minutes import Float64s, Grade, Int64s, Portions, UInt8s
from service.domain.production.readings import NO_HOLE

SLACK_UNITS = 1.0
"""One step of the counter, allowed above the maximum rate: readings and counts are not in step."""


def rises(meter: Meter, time_ns: Int64s, value: Float64s, hole_ns: Int64s) -> Portions:
    """The mass made between neighbouring good readings; shapes (n,) in, portions of length n − 1
    out.

    hole_ns: where the first hole after each reading starts (NO_HOLE without one), shape (n,).

    A rise happened within ``sample_s`` before the reading that shows it, since the source would
    have told
    us earlier; across a hole it is spread evenly over the hole. A fall is a rollover when the
    counter wraps
    and the way over the top is possible at ``max_rate_kg_per_h``; otherwise it is a reset: what was
    counted since is production when nothing else was hidden by a hole, and unknown when it was. A
    rise that
    is faster than the maximum rate is unknown too.
    """
    before, after = time_ns[:-1], time_ns[1:]
    rise = np.diff(value)
    holed = hole_ns[:-1] != NO_HOLE
    allowed = (after - before) / HOUR_NS * meter.max_rate_kg_per_h / meter.kg_per_unit + SLACK_UNITS

    units, grade = _judge(rise, value[1:], holed, allowed, meter.rollover)

    sample_ns = seconds(meter.sample_s)
    hidden_since = np.where(holed, hole_ns[:-1], after) - sample_ns
    start = np.maximum(before, np.minimum(hidden_since, after - sample_ns))
    one_minute = (start // (60 * 10**9)) == ((after - 1) // (60 * 10**9))
    grade = np.where(holed & (grade == Grade.MEASURED) & ~one_minute, Grade.ESTIMATED, grade)
    return Portions(start, after, units * meter.kg_per_unit, grade.astype(np.uint8))


def _judge(
    rise: Float64s,
    now: Float64s,
    holed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    allowed: Float64s,
    rollover: float | None,
) -> tuple[Float64s, UInt8s]:
    """Counted units of each step and their grade."""
    units = rise.copy()
    grade = np.full(len(rise), Grade.MEASURED, np.uint8)
    fell = rise < 0
    if fell.any():
        if rollover is not None:
            over_top = rise + rollover
            wrapped = fell & (over_top >= 0) & (over_top <= allowed)
            units[wrapped] = over_top[wrapped]
            fell = fell & ~wrapped
        units[fell] = now[fell]
        grade[fell] = Grade.ESTIMATED
        grade[fell & holed] = Grade.UNKNOWN
    impossible = (units > allowed) | (units < 0)
    grade[impossible] = Grade.UNKNOWN
    units[grade == Grade.UNKNOWN] = np.nan
    return units, grade
