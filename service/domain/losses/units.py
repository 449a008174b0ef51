"""Work units and their minutes: what each unit of a stage made, and its share of what was due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.domain.arrays import Bools, Float64s, Int64s
from service.domain.instants import MINUTE_NS
from service.domain.line import Stage


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """One machine whose output is metered: a mill, kettle, kiln, rectifier, filler.

    capacity_kg_per_h: what it can do. cycle_min: minutes from one piece to the next at the pace it
    keeps when nothing is wrong: 4.38 for a kiln's rows (263 s), 13.6 for a filler's bags, 480 for a
    kettle, 2,592 for a rectifier; 0 when it makes something every minute. join_min: a piece comes
    out over a time (a kettle's discharge, a furnace's unload); minutes with mass that are not
    further apart than this are one piece.
    """

    id: str
    stage: str
    capacity_kg_per_h: float
    cycle_min: float = 0.0
    join_min: int = 0

    def __post_init__(self) -> None:
        if self.capacity_kg_per_h <= 0.0 or self.cycle_min < 0.0 or self.join_min < 0:
            raise ValueError(
                f"unit {self.id}: capacity must be positive, cycle and join not negative; came "
                f"{self.capacity_kg_per_h:g} kg/h, {self.cycle_min:g} min, {self.join_min} min"
            )


@dataclass(frozen=True)
class StageMinutes:
    """The minutes of all units of one stage, from ``first_minute`` (since 1970, UTC) on.

    U units, M minutes. kg: (U, M) made, NaN where unknown. due_kg: (U, M), each unit's share of
    what the stage has to make; its columns add up to what is due of the stage. planned: (M,),
    planned part of each minute, 0 to 1. idle: (U, M), planned but not busy: no order, curtailed,
    standing by.
    """

    stage: str
    finished_eq: float
    units: tuple[WorkUnit, ...]
    first_minute: int
    kg: Float64s
    due_kg: Float64s
    planned: Float64s
    idle: Bools

    def __post_init__(self) -> None:
        shape = (len(self.units), len(self.planned))
        for name, matrix in (("kg", self.kg), ("due_kg", self.due_kg), ("idle", self.idle)):
            if matrix.shape != shape:
                raise ValueError(
                    f"{self.stage}: {name} has the shape {matrix.shape}; {shape[0]} units and "
                    f"{shape[1]} minutes need {shape}"
                )

    @cached_property
    def known(self) -> Bools:
        """Shape (U, M): whether the minute's mass is known."""
        return np.asarray(~np.isnan(self.kg), dtype=np.bool_)

    @cached_property
    def judged(self) -> Bools:
        """Shape (U, M): planned and busy, so that a unit is expected to run."""
        return np.asarray((self.planned > 0.0) & ~self.idle, dtype=np.bool_)

    @property
    def start_ns(self) -> int:
        """Begin of the first minute."""
        return self.first_minute * MINUTE_NS

    @property
    def end_ns(self) -> int:
        """End of the last minute."""
        return (self.first_minute + len(self.planned)) * MINUTE_NS


def stage_minutes(
    stage: Stage,
    units: tuple[WorkUnit, ...],
    *,
    first_minute: int,
    kg: Float64s,
    finished_due_kg: Float64s,
    planned: Float64s,
    idle: Bools | None = None,
    standing_by: Bools | None = None,
) -> StageMinutes:
    """The minutes of a stage, with what is due shared over the units in service by capacity.

    kg: (U, M), NaN where unknown. finished_due_kg: (M,), finished kg due in each minute. idle:
    (U, M), no order or curtailed; such a unit keeps its share of what is due. standing_by: (U, M),
    see ``standing_by``; the others carry its share.
    """
    nothing = np.zeros(kg.shape, np.bool_)
    spare = nothing if standing_by is None else standing_by
    not_busy = spare if idle is None else idle | spare
    due = finished_due_kg / stage.finished_eq * shares(units, spare)
    return StageMinutes(
        stage.id, stage.finished_eq, units, first_minute, kg, due, planned, not_busy
    )


def shares(units: tuple[WorkUnit, ...], standing_by: Bools) -> Float64s:
    """Each unit's share of the stage, by capacity over the units in service; shape (U, M).

    Columns add up to 1; where no unit is in service, all have their share.
    """
    capacity = np.array([[unit.capacity_kg_per_h] for unit in units])
    serving = np.where(standing_by & ~standing_by.all(axis=0), 0.0, capacity)
    return np.asarray(serving / serving.sum(axis=0), dtype=np.float64)


def standing_by(kg: Float64s, *, after_min: int, idle_before_min: Int64s | None = None) -> Bools:
    """Where a unit stands by: it has made nothing for more than ``after_min`` minutes.

    kg: (U, M), NaN where unknown; an unknown minute neither ends nor lengthens the wait.
    idle_before_min: (U,), how long each unit has made nothing before the first minute; default 0.
    Only the past is looked at, so that a minute's verdict never changes: a kiln that breaks down is
    a loss until it has been out for ``after_min``, a kiln that was out all along never is.
    """
    waits = np.zeros(kg.shape, np.bool_)
    for at, row in enumerate(kg):
        before = 0 if idle_before_min is None else int(idle_before_min[at])
        waits[at] = _waited(row, before) > after_min
    return waits


def _waited(row: Float64s, before_min: int) -> Int64s:
    """Known minutes without mass up to and with each minute, since the last minute with some."""
    empty = np.cumsum(row == 0.0)
    made = row > 0.0
    at_last = np.maximum.accumulate(np.where(made, empty, -1))
    return np.where(at_last >= 0, empty - at_last, empty + before_min).astype(np.int64)
