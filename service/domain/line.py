"""The line: stages in their order, and the meters that measure what each stage puts out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property


class MeterKind(StrEnum):
    """How a meter's tag becomes kilograms."""

    TOTALISER = "totaliser"
    """Cumulative mass; production is its increase."""
    RATE = "rate"
    """Mass per hour; production is its integral over time."""
    COUNT = "count"
    """Cumulative pieces of known mass; production is its increase × mass."""
    BATCH = "batch"
    """Weight of a vessel; production is what left it between settled full and settled empty."""
    ENERGY = "energy"
    """Cumulative energy; its minutes are kWh, and no part of any stage's mass."""


@dataclass(frozen=True, slots=True)
class LoadCell:
    """When the weight of a vessel makes a batch. Weights are in the tag's unit.

    full, empty: it is full from the one up, and empty from the other down. band: it has settled
    when it stayed within so much for ``settle_s``. discharge_s: a discharge takes at most so long.
    cycle_s: a whole batch, from full to full, takes at least so long.
    """

    full: float
    empty: float
    band: float
    settle_s: float = 300.0
    discharge_s: float = 3_600.0
    cycle_s: float = 3_600.0

    @property
    def settle_minutes(self) -> int:
        """``settle_s`` in whole minutes, at least one."""
        return max(math.ceil(self.settle_s / 60.0), 1)

    @property
    def discharge_minutes(self) -> int:
        """``discharge_s`` in whole minutes."""
        return math.ceil(self.discharge_s / 60.0)


@dataclass(frozen=True, slots=True)
class Meter:
    """One instrument that measures a stage's output, or the energy that a unit takes.

    kg_per_unit: kilograms per unit of the tag (1 for kg, 1,000 for t and t/h, the net mass for a
    count, output per weight for a batch). Of an energy meter this and every other mass is kWh.
    rollover: the counter's modulus in the tag's unit; None for a counter that does not wrap.
    max_rate_kg_per_h: no equipment of this kind makes more; tells a rollover from a reset.
    sample_s: how long before a new reading its increase can have happened while the source was
    alive.
    bridge_s: the longest hole of a rate that is bridged as estimated; longer ones are unknown.
    cell: of a batch meter. masses: other kg_per_unit, each from an instant on, the oldest first.
    class_share: error limit as a share of what it counts (0.005 for class 0.5).
    cycle_min, join_min: see ``losses.units.WorkUnit``; 0 for what makes something every minute.
    stuck_s: how long its value stands still at most while its machine runs; None where nothing can
    be said. runs_tag: the machine runs while this tag is above ``runs_above``; None for a machine
    of which nothing but the meter tells.
    """

    id: str
    stage: str
    unit: str
    tag: str
    kind: MeterKind
    item_group: str
    kg_per_unit: float = 1.0
    rollover: float | None = None
    max_rate_kg_per_h: float = 50_000.0
    sample_s: float = 10.0
    bridge_s: float = 60.0
    cell: LoadCell | None = None
    masses: tuple[tuple[int, float], ...] = ()
    cycle_min: float = 0.0
    join_min: int = 0
    stuck_s: float | None = None
    runs_tag: str | None = None
    runs_above: float = 0.0
    class_share: float = 0.0

    @property
    def piece_kg(self) -> float:
        """The heaviest piece that it ever counted; 0 for what does not count pieces."""
        if self.kind is not MeterKind.COUNT:
            return 0.0
        return max(self.kg_per_unit, *(mass for _, mass in self.masses), 0.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One process step of the line.

    finished_eq: finished tonnes per tonne of this stage's output.
    yield_fraction: output over input.
    capacity_t_per_h: what all units together can do.
    feeds: the stages that take its output.
    hourly: whether an hour's output means anything (not for batch furnaces with a 52 t unload).
    side_share: part of the input that comes from the side, such as pitch. buffer_kg: what the
    buffer behind the stage holds at most; None where nobody said.
    """

    id: str
    name_en: str
    name_zh: str
    finished_eq: float
    yield_fraction: float
    capacity_t_per_h: float
    feeds: tuple[str, ...] = ()
    hourly: bool = True
    side_share: float = 0.0
    buffer_kg: float | None = None


@dataclass(frozen=True, slots=True)
class StageChange:
    """From ``effective_ns`` on a stage is as ``stage`` says; its id, feeds and names stay."""

    effective_ns: int
    stage: Stage


@dataclass(frozen=True)
class Line:
    """The stage graph with its meters; ``output_stage`` is where plant output is counted, once.

    stages: as they were before any of ``changes``, which are sorted by their instants. energy: the
    energy meters, which measure no mass.
    """

    stages: tuple[Stage, ...]
    meters: tuple[Meter, ...]
    output_stage: str
    energy: tuple[Meter, ...] = ()
    changes: tuple[StageChange, ...] = ()

    def at(self, time_ns: int) -> Line:
        """The line as it is at ``time_ns``, without later changes; itself when it never changes."""
        if not self.changes:
            return self
        now = {c.stage.id: c.stage for c in self.changes if c.effective_ns <= time_ns}
        stages = tuple(now.get(stage.id, stage) for stage in self.stages)
        return replace(self, stages=stages, changes=())

    def history_of(self, stage: str) -> tuple[tuple[int, Stage], ...]:
        """What ``stage`` was from which instant on, the oldest first; the first from 0 on."""
        changes = [(c.effective_ns, c.stage) for c in self.changes if c.stage.id == stage]
        return ((0, self.stage_by_id[stage]), *changes)

    @property
    def all_meters(self) -> tuple[Meter, ...]:
        """Those of mass and those of energy: all that is accounted for."""
        return (*self.meters, *self.energy)

    @cached_property
    def stage_by_id(self) -> Mapping[str, Stage]:
        return {stage.id: stage for stage in self.stages}

    @cached_property
    def meters_by_stage(self) -> Mapping[str, tuple[Meter, ...]]:
        return {
            stage.id: tuple(m for m in self.meters if m.stage == stage.id) for stage in self.stages
        }

    def required_kg(self, stage: str, *, finished_kg: float) -> float:
        """Output of ``stage`` in kg that ``finished_kg`` of finished product needs."""
        return finished_kg / self.stage_by_id[stage].finished_eq


def cycle_in(feeds: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """The stages of a cycle in a stage graph, or None when material can only go forward."""
    done: set[str] = set()
    path: list[str] = []

    def walk(stage: str) -> tuple[str, ...] | None:
        if stage in path:
            return (*path[path.index(stage) :], stage)
        if stage in done:
            return None
        path.append(stage)
        for follower in feeds.get(stage, ()):
            found = walk(follower)
            if found:
                return found
        path.pop()
        done.add(stage)
        return None

    for stage in feeds:
        found = walk(stage)
        if found:
            return found
    return None
