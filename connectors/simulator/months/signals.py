"""What the meters of a month show, with everything that is wrong with signals and nothing that is
wrong with the plant: a reading at the end of each minute, as it came and as it is dated."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.coverage import Coverage
from service.domain.instants import MINUTE_NS, SECOND_NS
from service.domain.line import Meter, MeterKind

KINDS = ("communication", "plc", "reset", "reset in a gap", "rollover", "stuck", "clock")
EACH = 3
"""Of every kind in a month; a plant has fewer in a year."""
SLOT_DAYS = 1.4
FLUTTER = 0.003
"""Of a flow within the minute, as a share: what keeps a living rate from standing still."""
LONGEST_MIN = 720
STUCK_PIECES_MIN = 75
"""The shortest time for which a count of pieces sticks: a shorter one is no different from a slow
machine."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, from ``minute`` of the month on for ``lasts`` minutes.

    target: a meter's id, a stage (of a PLC), or "plant". offset_s: of a clock.
    """

    kind: str
    target: str
    minute: int
    lasts: int
    offset_s: float = 0.0


@dataclass(slots=True)
class Signals:
    """Readings of one meter, one at the end of each minute; all shape (minutes,).

    came: whether it reached the service. time_ns: as dated; received_ns, told_ns: when it came, and
    up to when the source had told all before.
    """

    came: Bools
    time_ns: Int64s
    received_ns: Int64s
    told_ns: Int64s
    value: Float64s
    usable: Bools


@dataclass(frozen=True, slots=True)
class Shown:
    """All meters of a month. coverage: of the plant's one item group."""

    meters: dict[str, Signals]
    coverage: Coverage
    troubles: tuple[Trouble, ...] = field(default=())


def draw_troubles(
    rng: np.random.Generator, meters: list[Meter], minutes: int, *, from_minute: int
) -> tuple[Trouble, ...]:
    """``EACH`` of every kind, each at a time and on a meter of its own, so that what can be known
    of one is not spoilt by another; in the order of time."""
    slot = int(SLOT_DAYS * 1_440)
    slots = rng.permutation((minutes - from_minute) // slot)
    kinds = [kind for kind in KINDS for _ in range(EACH)]
    if len(kinds) > len(slots):
        raise ValueError(f"{len(kinds)} troubles need {len(kinds) * SLOT_DAYS:g} days or more")
    found: list[Trouble] = []
    for kind, at in zip(kinds, slots.tolist(), strict=False):
        minute = from_minute + at * slot + int(rng.integers(60, slot - LONGEST_MIN - 120))
        hit = {one.target for one in found}
        found.append(_draw(rng, kind, minute, [m for m in meters if m.id not in hit]))
    return tuple(sorted(found, key=lambda one: one.minute))


def show(
    rng: np.random.Generator,
    meters: list[Meter],
    made_kg: dict[str, Float64s],
    troubles: tuple[Trouble, ...],
    *,
    start_ns: int,
) -> Shown:
    """What ``meters`` show of ``made_kg``, each of shape (minutes,), under ``troubles``."""
    minutes = len(next(iter(made_kg.values())))
    ends_ns = start_ns + (np.arange(minutes, dtype=np.int64) + 1) * MINUTE_NS
    alive = np.ones(minutes, np.bool_)
    offset_ns = np.zeros(minutes, np.int64)
    for one in troubles:
        span = slice(one.minute, one.minute + one.lasts)
        if one.kind in ("communication", "reset in a gap"):
            alive[span] = False
        elif one.kind == "clock":
            offset_ns[span] = round(one.offset_s * SECOND_NS)
    shown = {}
    for meter in meters:
        own = [one for one in troubles if one.target in (meter.id, meter.stage, "plant")]
        value = _value(rng, meter, made_kg[meter.id], own)
        usable = np.ones(minutes, np.bool_)
        for one in own:
            if one.kind == "plc":
                usable[one.minute : one.minute + one.lasts] = False
        shown[meter.id] = Signals(
            alive, ends_ns + offset_ns, ends_ns, ends_ns - SECOND_NS, value, usable
        )
    # A source that lives proves it each second; a reading at a minute's end is the last of it.
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alive, [False]]).astype(np.int8)))
    spans = [
        (int(ends_ns[a]) - MINUTE_NS * (a == 0), int(ends_ns[b - 1]) + SECOND_NS)
        for a, b in edges.reshape(-1, 2).tolist()
    ]
    return Shown(shown, Coverage(spans), troubles)


def _draw(rng: np.random.Generator, kind: str, minute: int, meters: list[Meter]) -> Trouble:
    counters = [m for m in meters if m.kind is not MeterKind.RATE]
    watched = [m for m in meters if m.stuck_s is not None]
    lasts = int(np.clip(np.exp(rng.normal(np.log(40.0), 1.3)), 2, LONGEST_MIN))
    match kind:
        case "communication":
            return Trouble(kind, "plant", minute, lasts)
        case "plc":
            return Trouble(kind, _one(rng, meters).stage, minute, lasts)
        case "reset" | "rollover":
            return Trouble(kind, _one(rng, counters).id, minute, 0)
        case "reset in a gap":
            # The counter starts anew in the middle of what nobody sees.
            return Trouble(kind, _one(rng, counters).id, minute, lasts)
        case "stuck":
            meter = _one(rng, watched)
            least = STUCK_PIECES_MIN if meter.kind is MeterKind.COUNT else 15
            return Trouble(kind, meter.id, minute, max(lasts, least))
        case _:
            offset_s = float(rng.choice([-1.0, 1.0]) * np.exp(rng.uniform(np.log(20.0), 10.0)))
            return Trouble(kind, "plant", minute, lasts, offset_s)


def _one(rng: np.random.Generator, meters: list[Meter]) -> Meter:
    return meters[int(rng.integers(len(meters)))]


def _value(
    rng: np.random.Generator, meter: Meter, made_kg: Float64s, own: list[Trouble]
) -> Float64s:
    """What the register of ``meter`` shows at the end of each minute."""
    if meter.kind is MeterKind.RATE:
        flutter = rng.normal(0.0, FLUTTER, len(made_kg))
        value = np.round(made_kg * 60.0 / meter.kg_per_unit * (1.0 + flutter), 3)
    else:
        amount = np.cumsum(made_kg) / meter.kg_per_unit
        base = float(rng.uniform(1e5, 5e6))
        rolls = [one for one in own if one.kind == "rollover"]
        if rolls and meter.rollover is not None:
            base = meter.rollover - float(amount[rolls[0].minute]) - 1e-6
        shown = np.floor(amount + base)
        for one in own:
            if one.kind in ("reset", "reset in a gap"):
                at = one.minute + one.lasts // 2
                shown[at:] = np.floor(amount[at:] - (amount[at - 1] if at else 0.0))
        value = shown if meter.rollover is None else np.mod(shown, meter.rollover)
    for one in own:
        if one.kind == "stuck":
            value[one.minute : one.minute + one.lasts] = value[one.minute - 1]
    return np.asarray(value)
