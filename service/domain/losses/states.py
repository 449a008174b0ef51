"""What a unit does in each minute, told from its own output alone, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from service.domain.arrays import Bools, Float64s, Int8s
from service.domain.losses.activity import NO_PIECE, Made, made_per_minute
from service.domain.losses.masks import centred_mean, joined, lasting, latched
from service.domain.losses.units import StageMinutes


class State(IntEnum):
    """A unit's minute. From STOPPED on something is lost, or not known."""

    OFF = 0
    """Not planned."""
    IDLE = 1
    """Planned, but not busy: no order, curtailed, standing by."""
    RUNNING = 2
    SLOW = 3
    STOPPED = 4
    STARVED = 5
    BLOCKED = 6
    UNKNOWN = 7


@dataclass(frozen=True, slots=True)
class Detection:
    """Thresholds of what counts as stopped and as slow; minutes, and shares of the unit's due.

    stop_share: a minute with no more than this is still (a scale trembles). shortest_stop_min,
    merge_stops_min: shorter stops stay part of running; stops closer than this are one.
    patience: a piece is late after this many of its cycles. slow_below, slow_until: a running unit
    is slow once its mean falls below the one, until it reaches the other. slow_mean_min: over how
    many minutes the mean is taken (a piece's cycle, if that is longer). shortest_slow_min,
    merge_slow_min: as for stops.
    """

    stop_share: float = 0.02
    shortest_stop_min: int = 3
    merge_stops_min: int = 2
    patience: float = 1.5
    slow_below: float = 0.80
    slow_until: float = 0.90
    slow_mean_min: int = 15
    shortest_slow_min: int = 20
    merge_slow_min: int = 10


DETECTION = Detection()


@dataclass(frozen=True)
class StageStates:
    """The states of a stage's units beside their minutes; made: when the mass was made.

    state: (U, M) of ``State``. made: (U, M), NaN where unknown or not told yet.
    """

    minutes: StageMinutes
    state: Int8s
    made: Float64s


def judge_units(minutes: StageMinutes, settings: Detection) -> StageStates:
    """The state of every unit in every minute, without a look at its neighbours.

    Unknown minutes are UNKNOWN, never STOPPED, and no stop or slow stretch is drawn across them.
    At the end of the window a stretch may still be too short to count; it counts as running until
    it is not.
    """
    state = np.empty(minutes.kg.shape, np.int8)
    made = np.empty(minutes.kg.shape)
    for at, unit in enumerate(minutes.units):
        work = made_per_minute(minutes.kg[at], unit, patience=settings.patience)
        made[at] = work.kg
        mean_min = max(settings.slow_mean_min, round(unit.cycle_min))
        state[at] = _judge(
            work,
            minutes.due_kg[at],
            known=minutes.known[at],
            judged=minutes.judged[at],
            planned=np.asarray(minutes.planned > 0.0, dtype=np.bool_),
            mean_min=mean_min,
            settings=settings,
        )
    return StageStates(minutes, state, made)


def _judge(
    work: Made,
    due: Float64s,
    *,
    known: Bools,
    judged: Bools,
    planned: Bools,
    mean_min: int,
    settings: Detection,
) -> Int8s:
    """The states of one unit; all columns of shape (M,)."""
    expected = judged & (due > 0.0)
    seen = expected & known
    made = work.kg
    still = seen & (made <= settings.stop_share * due)
    stopped = joined(still, gap=settings.merge_stops_min, over=seen)
    stopped = lasting(stopped, shortest=settings.shortest_stop_min)

    running = seen & ~stopped
    told = running & ~np.isnan(made)
    mean = centred_mean(made, told, width=mean_min)
    wanted = centred_mean(due, told, width=mean_min)
    slow = running & latched(
        running & (mean < settings.slow_below * wanted),
        ~running | (mean >= settings.slow_until * wanted),
    )
    # A piece is slow or not as a whole, else its mass would fall on one side of a cut.
    slow = running & slow[work.middle] & (work.middle != NO_PIECE)
    slow = joined(slow, gap=settings.merge_slow_min, over=running)
    slow = lasting(slow, shortest=max(settings.shortest_slow_min, 1))

    state = np.full(len(made), State.RUNNING, np.int8)
    state[slow] = State.SLOW
    state[stopped] = State.STOPPED
    state[expected & ~known] = State.UNKNOWN
    state[~expected] = State.IDLE
    state[~planned] = State.OFF
    return state
