"""How a totaliser, or a count of pieces, becomes kilograms: rises, rollovers, resets and gaps."""

from __future__ import annotations

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s, UInt8s
from service.domain.instants import HOUR_NS, seconds
from service.domain.line import Meter, MeterKind
from service.domain.production.minutes import Grade, Portions
from service.domain.production.readings import NO_HOLE

SLACK_UNITS = 1.0
"""One step of the counter, allowed above the maximum rate: readings and counts are not in step."""


def rises(
    meter: Meter, time_ns: Int64s, value: Float64s, hole_ns: Int64s, held_ns: Int64s
) -> Portions:
    """The mass made between neighbouring good readings; shapes (n,) in, portions of length n − 1
    out.

    hole_ns: where the first hole after each reading starts (NO_HOLE without one), shape (n,).
    held_ns: since when the value of each reading has stood, shape (n,), see ``held_since``.

    A rise happened within ``sample_s`` before the reading that shows it, since the source would
    have told us earlier; across a hole it is spread evenly over the hole. A fall is a rollover when
    the counter wraps and the way over the top is possible at ``max_rate_kg_per_h``; otherwise it is
    a reset: what was counted since is an estimate of what was made, short of the part of a sample
    before the reset. Where that part can be a whole piece, or a hole hid more, it is unknown. A
    rise that is faster than the maximum rate since the value began to stand is unknown too; one
    that only a standstill explains (a value that stuck) is an estimate of its minute.
    """
    before, after = time_ns[:-1], time_ns[1:]
    rise = np.diff(value)
    holed = hole_ns[:-1] != NO_HOLE
    allowed = allowed_units(meter, after - before)
    allowed_held = allowed_units(meter, after - held_ns[:-1])

    hides = holed | (meter.kind is MeterKind.COUNT)
    units, grade = _judge(rise, value[1:], hides, allowed, allowed_held, meter.rollover)

    sample_ns = seconds(meter.sample_s)
    hidden_since = np.where(holed, hole_ns[:-1], after) - sample_ns
    start = np.maximum(before, np.minimum(hidden_since, after - sample_ns))
    one_minute = (start // (60 * 10**9)) == ((after - 1) // (60 * 10**9))
    grade = np.where(holed & (grade == Grade.MEASURED) & ~one_minute, Grade.ESTIMATED, grade)
    return Portions(start, after, units * meter.kg_per_unit, grade.astype(np.uint8))


def held_since(time_ns: Int64s, value: Float64s, held_ns: int | None) -> Int64s:
    """Since when the value of each reading has stood; shapes (n,).

    held_ns: of the first reading, when that is known; None for its own time.
    """
    run = np.maximum.accumulate(np.where(np.diff(value) != 0, np.arange(1, len(value)), 0))
    since: Int64s = time_ns[np.append(0, run)]
    if held_ns is not None:
        since[since == time_ns[0]] = min(held_ns, int(time_ns[0]))
    return since


def rolled_over(rise: Float64s, allowed: Float64s, rollover: float | None) -> Bools:
    """Which falls are rollovers: the counter wraps, and the way over the top is possible in the
    time between the readings. The other falls are resets. All of shape (n,)."""
    if rollover is None:
        return np.zeros(len(rise), np.bool_)
    over_top = rise + rollover
    return np.asarray((rise < 0) & (over_top >= 0) & (over_top <= allowed))


def falls(meter: Meter, time_ns: Int64s, value: Float64s) -> tuple[Int64s, Int64s]:
    """When a counter was seen to have been reset, and to have rolled over; two arrays of instants.

    time_ns, value: of its good readings in order, shape (n,).
    """
    rise = np.diff(value)
    wrapped = rolled_over(rise, allowed_units(meter, np.diff(time_ns)), meter.rollover)
    seen_ns = time_ns[1:]
    return seen_ns[(rise < 0) & ~wrapped], seen_ns[wrapped]


def allowed_units(meter: Meter, span_ns: Int64s) -> Float64s:
    """The most that ``meter`` can count in each span, in its tag's unit; shape (n,)."""
    per_hour = meter.max_rate_kg_per_h / meter.kg_per_unit
    return np.asarray(span_ns / HOUR_NS * per_hour + SLACK_UNITS)


def _judge(
    rise: Float64s,
    now: Float64s,
    hides: Bools,
    allowed: Float64s,
    allowed_held: Float64s,
    rollover: float | None,
) -> tuple[Float64s, UInt8s]:
    """Counted units of each step and their grade. hides: where a reset hides what it wiped out."""
    units = rise.copy()
    grade = np.full(len(rise), Grade.MEASURED, np.uint8)
    fell = rise < 0
    if fell.any():
        wrapped = rolled_over(rise, allowed, rollover)
        if rollover is not None:
            units[wrapped] += rollover
        fell = fell & ~wrapped
        units[fell] = now[fell]
        grade[fell] = Grade.ESTIMATED
        grade[fell & hides] = Grade.UNKNOWN
    grade[(units > allowed) & ~fell & (grade == Grade.MEASURED)] = Grade.ESTIMATED
    impossible = (units > allowed_held) | (units < 0)
    grade[impossible] = Grade.UNKNOWN
    units[grade == Grade.UNKNOWN] = np.nan
    return units, grade
