"""Mass between the meters: work in progress, lead time, and whether neighbours' scales agree.

Between the meters of a stage's suppliers and its own meter lies what waits before it and what is
inside it. A stage that puts out ``kg`` has taken in kg / yield, of which its side inputs (pitch)
did not come along the line. Bounds are stated, never guessed: minutes that were not seen may have
had anything from nothing to the meter's most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from service.domain.arrays import Float64s
from service.domain.kpi import Known, ratio
from service.domain.line import Line

COVERAGE_FACTOR = 2.0
"""Expanded uncertainty = 2 × standard uncertainty, about 95 % (GUM, JCGM 100, 6.2)."""


@dataclass(frozen=True, slots=True)
class Node:
    """How material passes one stage.

    yield_fraction: output over input, and its own standard uncertainty. side_share: part of the
    input that comes from the side, such as pitch (0.0741 at granulation). suppliers: stage -> part
    of *its* output that comes here (1 in a line without branches).
    """

    stage: str
    yield_fraction: float
    side_share: float = 0.0
    suppliers: Mapping[str, float] = field(default_factory=dict)
    yield_uncertainty: float = 0.0

    def taken_kg(self, out_kg: float) -> float:
        """What the suppliers gave for ``out_kg`` of output."""
        return out_kg * self.taken_per_out

    @property
    def taken_per_out(self) -> float:
        """Kilograms from the suppliers per kilogram of output."""
        return (1.0 - self.side_share) / self.yield_fraction


def nodes_of(line: Line) -> dict[str, Node]:
    """The nodes of a line by stage; a stage that feeds several gives each an equal part.

    line: as it is at the time in question, see ``Line.at``.
    """
    suppliers: dict[str, dict[str, float]] = {stage.id: {} for stage in line.stages}
    for stage in line.stages:
        for follower in stage.feeds:
            suppliers[follower][stage.id] = 1.0 / len(stage.feeds)
    return {s.id: Node(s.id, s.yield_fraction, s.side_share, suppliers[s.id]) for s in line.stages}


@dataclass(frozen=True)
class Output:
    """What a stage put out. kg: (M,) per minute, NaN where unknown. most_kg: no minute has more.
    class_share: the scale's error limit as a share of what it counts (0.005 for class 0.5).
    unseen_min: (M,) for periods that are longer than a minute, or of several meters: how many
    minutes of each are not in ``kg``; else those that are NaN."""

    kg: Float64s
    most_kg: float
    class_share: float = 0.0
    unseen_min: Float64s | None = None

    def bounds_kg(self) -> tuple[Float64s, Float64s]:
        """Least and most that was put out up to each minute's begin, and the end; both (M + 1,)."""
        known = np.where(np.isnan(self.kg), 0.0, self.kg)
        least = np.concatenate(([0.0], np.cumsum(known)))
        unseen_min = np.isnan(self.kg) if self.unseen_min is None else self.unseen_min
        unseen = np.concatenate(([0.0], np.cumsum(unseen_min))) * self.most_kg
        return least * (1.0 - self.class_share), least * (1.0 + self.class_share) + unseen


@dataclass(frozen=True)
class Wip:
    """Work in progress of a stage in kg of its input: at each minute's begin and the end, (M + 1,).

    low, high: what it can be, given unseen minutes, the scales' classes, and the stock-taking.
    """

    stage: str
    low_kg: Float64s
    high_kg: Float64s

    @property
    def kg(self) -> Float64s:
        """The middle of the bounds; exact where they meet."""
        return np.asarray((self.low_kg + self.high_kg) / 2.0, dtype=np.float64)

    @property
    def uncertainty_kg(self) -> Float64s:
        """Half the distance of the bounds."""
        return np.asarray((self.high_kg - self.low_kg) / 2.0, dtype=np.float64)


def work_in_progress(
    node: Node,
    outputs: Mapping[str, Output],
    *,
    start_kg: float,
    start_uncertainty_kg: float = 0.0,
) -> Wip | None:
    """WIP = stock at the start + what the suppliers put out for it − what it took for its output.

    outputs: by stage, all over the same minutes; of this stage and its suppliers. start_kg: found
    by stock-taking. None for a stage without suppliers: nothing measures what comes to it.
    """
    if not node.suppliers:
        return None
    out_low, out_high = outputs[node.stage].bounds_kg()
    low = start_kg - start_uncertainty_kg - out_high * node.taken_per_out
    high = start_kg + start_uncertainty_kg - out_low * node.taken_per_out
    for supplier, part in node.suppliers.items():
        in_low, in_high = outputs[supplier].bounds_kg()
        low, high = low + in_low * part, high + in_high * part
    return Wip(node.stage, low, high)


def lead_time_h(*, mean_wip_kg: Known, throughput_kg_per_h: Known) -> Known:
    """Little's law: mean lead time = mean work in progress / mean throughput, in one unit of mass.

    Exact over a window that begins and ends empty (J. D. C. Little, Operations Research 9, 1961);
    else good when the window is long against the lead time. None when nothing passes.
    """
    return ratio(mean_wip_kg, throughput_kg_per_h)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one meter counted over a window.

    kg: of its known minutes. class_share: error limit as a share of kg. step_kg: one step of the
    counter. unseen_min, most_kg_per_min: minutes that are not known, and the most that one has.
    """

    kg: float
    class_share: float
    step_kg: float = 0.0
    unseen_min: int = 0
    most_kg_per_min: float = 0.0

    @property
    def variance(self) -> float:
        """Squared standard uncertainty: the class as a rectangular distribution (limit / √3), and
        one step at either end (step / √6); GUM, JCGM 100, 4.3.7."""
        return (self.kg * self.class_share) ** 2 / 3.0 + self.step_kg**2 / 6.0

    @property
    def hidden_kg(self) -> float:
        """The most that its unseen minutes hold."""
        return self.unseen_min * self.most_kg_per_min


class BalanceState(StrEnum):
    """What a balance says of two neighbours."""

    BALANCED = "balanced"
    SURPLUS = "surplus"
    """More came than can be accounted for: the scale before counts too much, the one behind too
    little, or mass is lost between them."""
    SHORTAGE = "shortage"
    """More was taken than came: the scale behind counts too much, or the one before too little."""
    UNKNOWN = "unknown"
    """The uncertainty is greater than what a balance is worth."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Mass balance over a window before a stage, in kg of its input.

    residual_kg = came − taken − stored. uncertainty_kg: expanded (95 %), with the bounds of unseen
    minutes and of the stock. share: residual over what was taken; None when nothing was.
    """

    came_kg: float
    taken_kg: float
    stored_kg: float
    uncertainty_kg: float
    state: BalanceState

    @property
    def residual_kg(self) -> float:
        """What does not add up."""
        return self.came_kg - self.taken_kg - self.stored_kg

    @property
    def share(self) -> Known:
        """The residual as a share of what was taken."""
        return ratio(self.residual_kg, self.taken_kg)


def balance(
    node: Node,
    came: Mapping[str, Sequence[Weighed]],
    out: Sequence[Weighed],
    *,
    stored_kg: float = 0.0,
    stored_bound_kg: float = 0.0,
    useful_share: float = 0.05,
) -> Balance:
    """Whether what the suppliers' meters counted is what this stage's meters say was taken.

    came: by supplier, its meters. out: this stage's meters. stored_kg: change of the stock between
    them, known within ± ``stored_bound_kg`` (the buffer's size where nothing measures it). With an
    uncertainty of more than ``useful_share`` of the flow the state is UNKNOWN, unless the residual
    is greater still.
    """
    per_out = node.taken_per_out
    out_kg = math.fsum(w.kg for w in out)
    variance = per_out**2 * math.fsum(w.variance for w in out)
    variance += (out_kg * per_out / node.yield_fraction * node.yield_uncertainty) ** 2
    came_kg, hidden_came_kg = 0.0, 0.0
    for supplier, meters in came.items():
        part = node.suppliers[supplier]
        came_kg += part * math.fsum(w.kg for w in meters)
        variance += part**2 * math.fsum(w.variance for w in meters)
        hidden_came_kg += part * math.fsum(w.hidden_kg for w in meters)
    hidden_out_kg = per_out * math.fsum(w.hidden_kg for w in out)
    bound_kg = COVERAGE_FACTOR * math.sqrt(variance) + stored_bound_kg
    # Unseen input can only raise the residual, unseen output only lower it.
    middle_kg = came_kg - out_kg * per_out - stored_kg
    low_kg = middle_kg - bound_kg - hidden_out_kg
    high_kg = middle_kg + bound_kg + hidden_came_kg
    uncertainty_kg = (high_kg - low_kg) / 2.0
    state = BalanceState.BALANCED
    if low_kg > 0.0:
        state = BalanceState.SURPLUS
    elif high_kg < 0.0:
        state = BalanceState.SHORTAGE
    elif uncertainty_kg > useful_share * max(came_kg, out_kg * per_out):
        state = BalanceState.UNKNOWN
    return Balance(came_kg, out_kg * per_out, stored_kg, uncertainty_kg, state)
