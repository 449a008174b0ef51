"""Loss totals: by reason, and so that they add up to plan less actual over the known minutes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from service.domain.kpi import Known, mean_time_between_failures, mean_time_to_restoration
from service.domain.losses.events import Event, StageLosses
from service.domain.losses.reasons import LossKind, Reason
from service.domain.losses.states import State


@dataclass(frozen=True, slots=True)
class LossTotals:
    """Where the difference between plan and actual went, in kg of the stage's output.

    plan_kg, actual_kg: due and made over the known minutes. by_reason: of the events; some may be
    gains. speed_kg: of minutes in no event (ran faster or slower than due; a piece that is not out
    yet). idle_kg: due while there was no order or no power. off_plan_kg: made while nothing was
    due, as a loss, so never positive. unknown_min, unknown_due_kg: unit minutes that were not seen,
    and what was due in them; they are in no other figure.

    plan_kg − actual_kg = Σ by_reason + speed_kg + idle_kg + off_plan_kg.
    """

    plan_kg: float
    actual_kg: float
    by_reason: Mapping[Reason, float]
    speed_kg: float
    idle_kg: float
    off_plan_kg: float
    unknown_min: int
    unknown_due_kg: float
    finished_eq: float

    @property
    def lost_kg(self) -> float:
        """Plan less actual."""
        return self.plan_kg - self.actual_kg

    @property
    def parts_kg(self) -> float:
        """The sum of all parts; equals ``lost_kg`` but for rounding."""
        return math.fsum((*self.by_reason.values(), self.speed_kg, self.idle_kg, self.off_plan_kg))

    def finished_kg(self, kg: float) -> float:
        """``kg`` of the stage's output as finished product."""
        return kg * self.finished_eq


@dataclass(frozen=True, slots=True)
class Reliability:
    """Failures of a set of units.

    failures: stops for a reason of the equipment; one that goes on under another such reason counts
    once, one that goes on from an earlier window not at all. mtbf_h, mttr_h: None without a
    failure. corrective_h, planned_h: all time stopped for equipment reasons, and for planned
    maintenance.
    """

    failures: int
    mtbf_h: Known
    mttr_h: Known
    corrective_h: float
    planned_h: float


def loss_totals(losses: StageLosses, *, units: Iterable[str] | None = None) -> LossTotals:
    """The totals of a stage, or of some of its ``units``, over its whole window."""
    minutes = losses.minutes
    wanted = None if units is None else frozenset(units)
    rows = np.array([wanted is None or unit.id in wanted for unit in minutes.units], np.bool_)
    state = losses.attributed.state[rows]
    due = minutes.due_kg[rows]
    known = minutes.known[rows]
    lost = np.where(known, due - minutes.kg[rows], 0.0)
    by_reason: dict[Reason, float] = defaultdict(float)
    for event in losses.events:
        if event.lost_kg is not None and (wanted is None or event.unit in wanted):
            by_reason[event.reason] += event.lost_kg
    return LossTotals(
        plan_kg=float(due[known].sum()),
        actual_kg=float(minutes.kg[rows][known].sum()),
        by_reason=dict(by_reason),
        speed_kg=float(lost[state == State.RUNNING].sum()),
        idle_kg=float(lost[state == State.IDLE].sum()),
        off_plan_kg=float(lost[state == State.OFF].sum()),
        unknown_min=int(np.count_nonzero(~known)),
        unknown_due_kg=float(due[~known].sum()),
        finished_eq=minutes.finished_eq,
    )


def reliability(events: Iterable[Event], *, production_h: float | None) -> Reliability:
    """MTBF = production time / failures; MTTR = time that these failures lasted / failures.

    production_h: actual production time of the same units over the same window.
    """
    stops = [e for e in events if e.kind is LossKind.STOPPED]
    failed = sorted((e for e in stops if e.reason.is_failure), key=lambda e: (e.unit, e.start_ns))
    outages: list[list[Event]] = []
    for event in failed:
        last = outages[-1][-1] if outages else None
        if last is not None and (last.unit, last.end_ns) == (event.unit, event.start_ns):
            outages[-1].append(event)
        else:
            outages.append([event])
    begun = [outage for outage in outages if not outage[0].began_before]
    restoring_h = math.fsum(e.duration_h for outage in begun for e in outage)
    return Reliability(
        len(begun),
        mean_time_between_failures(apt_h=production_h, failures=len(begun)),
        mean_time_to_restoration(restoring_h=restoring_h, failures=len(begun)),
        math.fsum(e.duration_h for e in failed),
        math.fsum(e.duration_h for e in stops if e.reason is Reason.PM),
    )


def longest(events: Iterable[Event], *, n: int) -> tuple[Event, ...]:
    """The ``n`` events that cost most finished product, the greatest first; unknown ones last."""
    by_cost = sorted(events, key=lambda e: (-(e.lost_finished_kg or 0.0), e.start_ns, e.unit))
    return tuple(by_cost[:n])
