"""What a loss puts at stake for the plant: severity follows the bottleneck.

A unit's lost tonnes are not the plant's. Where a stage has spare units, the others do its work;
where buffers lie between the stage and the bottleneck, the bottleneck does not feel it. At the
bottleneck itself an hour lost is lost for the plant, at its capacity: a rectifier down for 24 h
costs 1.21 t/h × 24 h × 0.969 = 28 t finished, a kiln down for 24 h nothing while five are spare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain.alarm import Priority
from service.domain.arrays import Float64s
from service.domain.kpi import Known, ratio
from service.domain.line import Line
from service.domain.losses.events import Event, StageLosses
from service.domain.losses.reasons import LossKind
from service.domain.losses.states import State


@dataclass(frozen=True, slots=True)
class Stake:
    """Finished kilograms behind a loss.

    unit: what the unit itself is short of its capacity. stage: what remains after the stage's other
    units have taken over what they can. plant: what remains after the buffers up to the bottleneck,
    so what the plant will miss. win_back_h: hours for which the units that were down have to run at
    capacity to make ``plant`` good; 0 when there is nothing, None when they have no spare capacity.
    """

    unit_finished_kg: float
    stage_finished_kg: float
    plant_finished_kg: float
    win_back_h: Known


@dataclass(frozen=True, slots=True)
class PriorityScale:
    """From how many finished tonnes at stake a loss has which priority; less is LOW."""

    critical_t: float = 20.0
    high_t: float = 5.0
    medium_t: float = 1.0

    def of(self, stake: Stake) -> Priority:
        """The priority of a loss."""
        at_stake_t = stake.plant_finished_kg / 1_000.0
        if at_stake_t >= self.critical_t:
            return Priority.CRITICAL
        if at_stake_t >= self.high_t:
            return Priority.HIGH
        return Priority.MEDIUM if at_stake_t >= self.medium_t else Priority.LOW


def outage(
    *,
    down_kg_per_h: float,
    capacity_kg_per_h: float,
    required_kg_per_h: float,
    hours: float,
    finished_eq: float,
    is_bottleneck: bool,
    cover_finished_kg: float = 0.0,
) -> Stake:
    """The stake when units of ``down_kg_per_h`` together are down for ``hours``.

    capacity_kg_per_h: of all units of the stage, spare ones included. required_kg_per_h: what the
    stage has to make. cover_finished_kg: see ``cover_finished_kg``.
    """
    unit = down_kg_per_h * hours * finished_eq
    left_kg_per_h = capacity_kg_per_h - down_kg_per_h
    stage = max(required_kg_per_h - left_kg_per_h, 0.0) * hours * finished_eq
    plant = max(stage - cover_finished_kg, 0.0)
    if is_bottleneck:
        stage = plant = unit
    spare_kg_per_h = down_kg_per_h * (1.0 - required_kg_per_h / capacity_kg_per_h)
    return _stake(unit, stage, plant, spare_kg_per_h * finished_eq)


def event_stakes(
    losses: StageLosses, *, is_bottleneck: bool, cover_finished_kg: float = 0.0
) -> tuple[tuple[Event, Stake], ...]:
    """Every event of a stage with its stake; events at one time share what they cause together.

    In each minute the stage is short by what is due less what its units can do: nothing when down,
    what it makes when slow, its capacity otherwise (running, standing by, or not seen). The first
    ``cover_finished_kg`` of the window's shortage are absorbed. Starved and blocked stretches cost
    only at the bottleneck; elsewhere the stake is that of the stage which caused them, so stakes of
    different stages are not to be added up.
    """
    minutes, state = losses.minutes, losses.attributed.state
    capacity = np.array([[u.capacity_kg_per_h / 60.0] for u in minutes.units])
    counted = (State.STOPPED, State.STARVED, State.BLOCKED) if is_bottleneck else (State.STOPPED,)
    made = losses.attributed.states.made
    missing = np.where(np.isin(state, counted), capacity, 0.0)
    slow_of = minutes.due_kg if is_bottleneck else np.broadcast_to(capacity, state.shape)
    slow = (state == State.SLOW) & ~np.isnan(made)
    missing[slow] = np.maximum(slow_of - made, 0.0)[slow]
    missing *= minutes.planned * minutes.finished_eq
    stage, plant = _shared(losses, missing, cover_finished_kg)
    if is_bottleneck:
        stage = plant = missing

    at = {unit.id: n for n, unit in enumerate(minutes.units)}
    load = _per_hour(minutes.due_kg.sum(axis=0)) / (float(capacity.sum()) * 60.0)
    found = []
    for event in losses.events:
        row, columns = at[event.unit], event.minutes_in(minutes)
        unit_kg, stage_kg, plant_kg = (
            float(kg[row, columns].sum()) if event.kind is not LossKind.UNKNOWN else 0.0
            for kg in (missing, stage, plant)
        )
        spare = minutes.units[row].capacity_kg_per_h * (1.0 - load) * minutes.finished_eq
        found.append((event, _stake(unit_kg, stage_kg, plant_kg, spare)))
    return tuple(found)


def most_loaded(line: Line) -> str:
    """The stage whose required output comes nearest to its capacity: the bottleneck by design."""
    return min(line.stages, key=lambda s: (s.capacity_t_per_h * s.finished_eq, s.id)).id


def cover_finished_kg(
    feeds: Mapping[str, Sequence[str]],
    *,
    stage: str,
    bottleneck: str,
    stock_finished_kg: Mapping[str, float],
    space_finished_kg: Mapping[str, float],
) -> float:
    """What the buffers between ``stage`` and the bottleneck absorb, in finished kg.

    Before the bottleneck that is the stock behind ``stage`` and all stages on the way; behind it
    the free space behind the bottleneck and all stages up to the one before ``stage``. Both are
    given by the stage that the buffer lies behind; one that is not named absorbs nothing. 0 for the
    bottleneck itself and for a stage that no way leads to it or from it.
    """
    onwards = _reached(feeds, stage)
    if bottleneck in onwards:
        on_way = [s for s in onwards if bottleneck in _reached(feeds, s) and s != bottleneck]
        return sum(stock_finished_kg.get(s, 0.0) for s in (stage, *on_way) if s != bottleneck)
    behind = _reached(feeds, bottleneck)
    if stage in behind:
        on_way = [s for s in behind if stage in _reached(feeds, s)]
        return sum(space_finished_kg.get(s, 0.0) for s in (bottleneck, *on_way))
    return 0.0


def _shared(
    losses: StageLosses, missing: Float64s, cover_finished_kg: float
) -> tuple[Float64s, Float64s]:
    """(U, M) of what the stage, and the plant, are short of, by the units that miss it."""
    minutes = losses.minutes
    capacity = np.array([[u.capacity_kg_per_h / 60.0] for u in minutes.units])
    able = capacity * minutes.planned * minutes.finished_eq
    # A unit that is curtailed can't help, though nobody misses what it doesn't make.
    curtailed = minutes.idle & (minutes.due_kg > 0.0)
    absent = np.where(curtailed, able, missing)
    due = minutes.due_kg.sum(axis=0) * minutes.finished_eq
    short = np.maximum(due - (able - absent).sum(axis=0), 0.0)
    every = absent.sum(axis=0)
    short[every <= 0.0] = 0.0
    share = np.divide(missing, every, out=np.zeros_like(missing), where=every > 0.0)
    felt = np.diff(np.maximum(np.cumsum(short) - cover_finished_kg, 0.0), prepend=0.0)
    return share * short, share * felt


def _stake(unit: float, stage: float, plant: float, spare_per_h: float) -> Stake:
    return Stake(unit, stage, plant, ratio(plant, spare_per_h) if plant > 0.0 else 0.0)


def _per_hour(due_kg: Float64s) -> float:
    """Mean due per hour over the minutes in which something is due; due_kg: (M,)."""
    some = due_kg > 0.0
    return float(due_kg[some].mean()) * 60.0 if some.any() else 0.0


def _reached(feeds: Mapping[str, Iterable[str]], stage: str) -> tuple[str, ...]:
    """All stages behind ``stage``."""
    found: list[str] = []
    ahead = list(feeds.get(stage, ()))
    while ahead:
        following = ahead.pop(0)
        if following not in found:
            found.append(following)
            ahead += feeds.get(following, ())
    return tuple(found)
