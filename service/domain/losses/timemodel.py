"""The time model: calendar → planned → busy → production → net → good, each less its own losses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Bools
from service.domain.kpi import Known, Quantities, product, ratio
from service.domain.losses.events import Event, StageLosses
from service.domain.losses.states import State
from service.domain.losses.totals import reliability


@dataclass(frozen=True, slots=True)
class TimeModel:
    """Where the time of one or several units went, in unit minutes of one window.

    calendar: all of it. off: holiday, overhaul. idle: no order, standing by, curtailed (also where
    an operator gave an EN reason). unknown: planned and busy, but not seen. down: stopped by
    itself; starved, blocked: held up by a neighbour. running: seen making something, slow included.

    planned = calendar − off · busy = planned − idle · seen = busy − unknown ·
    production = seen − down − starved − blocked = running.

    net: minutes that the produced mass takes at capacity. good: the part of net that was good; None
    while the good mass is unknown. made_kg: produced in production time.
    """

    calendar: float
    off: float
    idle: float
    unknown: float
    down: float
    starved: float
    blocked: float
    running: float
    net: Known
    good: Known
    made_kg: float

    @property
    def planned(self) -> float:
        """Calendar time less holiday and overhaul."""
        return self.calendar - self.off

    @property
    def busy(self) -> float:
        """Planned time less no order and curtailment; its unknown minutes included."""
        return self.planned - self.idle

    @property
    def seen(self) -> float:
        """The known part of busy time, which indicators are made of."""
        return self.busy - self.unknown

    @property
    def production(self) -> float:
        """Seen busy time less down, starved and blocked."""
        return self.seen - self.down - self.starved - self.blocked

    @property
    def known_share(self) -> Known:
        """Known part of busy time, 0 to 1; None when nothing was to be busy."""
        return ratio(self.seen, self.busy)


def time_model(
    losses: StageLosses, *, units: Iterable[str] | None = None, good_kg: Known = None
) -> TimeModel:
    """The time model of a stage's units (all, or ``units``) over the whole window.

    good_kg: good part of what these units made in it; None while the laboratory has not said.
    """
    wanted = frozenset(u.id for u in losses.minutes.units) if units is None else frozenset(units)
    rows = np.array([unit.id in wanted for unit in losses.minutes.units], np.bool_)
    minutes = losses.minutes
    state = losses.attributed.state[rows]
    weight = np.broadcast_to(minutes.planned, state.shape)
    curtailed = _curtailed(losses)[rows]

    def spent(*which: State) -> float:
        return float(weight[np.isin(state, which) & ~curtailed].sum())

    idle = spent(State.IDLE) + float(weight[curtailed & (state != State.OFF)].sum())
    producing = np.isin(state, (State.RUNNING, State.SLOW)) & ~curtailed
    kg = np.where(producing & minutes.known[rows], minutes.kg[rows], 0.0).sum(axis=1)
    ideal = np.array([u.capacity_kg_per_h / 60.0 for u in minutes.units if u.id in wanted])
    net = math.fsum((kg / ideal).tolist()) if len(ideal) else None
    made = float(kg.sum())
    return TimeModel(
        calendar=float(state.size),
        off=float((1.0 - weight).sum()),
        idle=idle,
        unknown=spent(State.UNKNOWN),
        down=spent(State.STOPPED),
        starved=spent(State.STARVED),
        blocked=spent(State.BLOCKED),
        running=spent(State.RUNNING, State.SLOW),
        net=net,
        good=product(net, ratio(good_kg, made)),
        made_kg=made,
    )


def quantities(
    time: TimeModel,
    *,
    pq_kg: Known,
    gq_kg: Known = None,
    cm_kg: Known = None,
    energy_kwh: Known = None,
    events: Iterable[Event] = (),
) -> Quantities:
    """What ISO 22400-2 makes its indicators of, from the known part of a time model.

    PBT is the seen busy time, APT the production time, ADET the time down by itself, and
    AUBT = APT + ADET: a starved or blocked unit is planned busy, but not in use. AOET is the seen
    busy time: material flows without separate orders. PRI is the time that a produced tonne takes
    at capacity. PL = CM − PQ. pq_kg, gq_kg, cm_kg: produced, good and consumed mass of the same
    minutes. events: for the maintenance times.
    """
    upkeep = reliability(events, production_h=time.production / 60.0)
    apt_h, adet_h = time.production / 60.0, time.down / 60.0
    loss_kg = None if pq_kg is None or cm_kg is None else cm_kg - pq_kg
    return Quantities(
        apt_h=apt_h,
        pbt_h=time.seen / 60.0,
        aubt_h=apt_h + adet_h,
        adet_h=adet_h,
        aoet_h=time.seen / 60.0,
        cmt_h=upkeep.corrective_h,
        pmt_h=upkeep.planned_h,
        pri_h_per_t=product(ratio(time.net, time.made_kg), 1_000.0 / 60.0),
        pq_t=_tonnes(pq_kg),
        gq_t=_tonnes(gq_kg),
        cm_t=_tonnes(cm_kg),
        pl_t=_tonnes(loss_kg),
        energy_kwh=energy_kwh,
    )


def _tonnes(kg: Known) -> Known:
    return None if kg is None else kg / 1_000.0


def _curtailed(losses: StageLosses) -> Bools:
    """Minutes of events with a reason that takes them from busy time; (U, M)."""
    at = {unit.id: n for n, unit in enumerate(losses.minutes.units)}
    taken = np.zeros(losses.attributed.state.shape, np.bool_)
    for event in losses.events:
        if event.reason.is_not_busy:
            taken[at[event.unit], event.minutes_in(losses.minutes)] = True
    return taken
