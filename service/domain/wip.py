"""Work in progress by stage, carried forward from stock-takings; lead times by Little's law.

A stock-taking says what lies in or before a stage at an instant; from there on production in and
out moves it. Before any stock-taking it is unknown, never nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from service.domain.balance import Node, Output, Weighed, lead_time_h, nodes_of, work_in_progress
from service.domain.entries.entry import Entry, EntryKind
from service.domain.instants import DAY_NS, HOUR_NS, MINUTE_NS
from service.domain.kpi import Known, ratio, total
from service.domain.line import Line

PASSED_NS = 7 * DAY_NS
"""Throughput for Little's law is that of the known part of so long before: a batch stage puts out
some tens of tonnes at once, and a single day may have none."""

CountedBy = Callable[[str, int, int], Weighed]
"""What all meters of a stage counted over [start_ns, end_ns), whole minutes, together."""


class WhyUnknown(StrEnum):
    """Why nothing is known of a stage's work in progress."""

    NO_STOCK_TAKING = "no_stock_taking"
    NOT_METERED = "not_metered"
    """No metered stage feeds it, or it is not metered itself: nothing tells how it moves."""


@dataclass(frozen=True, slots=True)
class StockTaking:
    """What somebody found in or before ``stage``, in kg of its input, as entered in ``entry``.

    at_ns: begin of the minute in which it was found.
    """

    stage: str
    at_ns: int
    kg: float
    by: str
    entry: str


@dataclass(frozen=True, slots=True)
class StageWip:
    """Work in progress of a stage in kg of its input, within ± ``uncertainty_kg``.

    Below nothing it contradicts itself: the stock-taking, a scale or a yield is wrong. Minutes
    that were not seen may have had anything, so kg is the middle of what it can be. finished_kg:
    what becomes of it. throughput_kg_per_h: of its input, over the known part of ``PASSED_NS``.
    since: the stock-taking that all is counted from. unknown: why kg is None.
    """

    stage: str
    kg: Known = None
    uncertainty_kg: Known = None
    finished_kg: Known = None
    throughput_kg_per_h: Known = None
    since: StockTaking | None = None
    unknown: WhyUnknown | None = None

    @property
    def lead_time_h(self) -> Known:
        """Mean time from the suppliers' meters through this stage's own, by Little's law."""
        return lead_time_h(mean_wip_kg=self.kg, throughput_kg_per_h=self.throughput_kg_per_h)


@dataclass(frozen=True, slots=True)
class LineWip:
    """Work in progress of every stage at ``at_ns``. finished_kg_per_h: the plant's output."""

    at_ns: int
    stages: tuple[StageWip, ...]
    finished_kg_per_h: Known

    @property
    def carried(self) -> tuple[StageWip, ...]:
        """The stages that can have work in progress: something metered feeds them."""
        return tuple(one for one in self.stages if one.unknown is not WhyUnknown.NOT_METERED)

    @property
    def missing(self) -> tuple[str, ...]:
        """The stages whose stock was never taken; the sums are unknown while there are any."""
        return tuple(one.stage for one in self.carried if one.kg is None)

    @property
    def kg(self) -> Known:
        """The sum of what lies before and in the stages, each in its own kg."""
        return total(*(one.kg for one in self.carried)) if self.carried else None

    @property
    def uncertainty_kg(self) -> Known:
        """The sum of the stages' uncertainties, which no averaging makes smaller."""
        return total(*(one.uncertainty_kg for one in self.carried)) if self.carried else None

    @property
    def finished_kg(self) -> Known:
        """What becomes of it all."""
        return total(*(one.finished_kg for one in self.carried)) if self.carried else None

    @property
    def lead_time_h(self) -> Known:
        """Mean time through the line by Little's law, in finished mass, so that it holds for
        branches as well; without what lies before the first meter."""
        return lead_time_h(mean_wip_kg=self.finished_kg, throughput_kg_per_h=self.finished_kg_per_h)


def takings(entries: Iterable[Entry]) -> tuple[StockTaking, ...]:
    """The stock-takings among ``entries`` that stand, by time; of one minute the last entered
    comes last."""
    found = [
        StockTaking(
            entry.draft.subject,
            entry.draft.start_ns // MINUTE_NS * MINUTE_NS,
            entry.draft.amount,
            entry.by,
            entry.id,
        )
        for entry in entries
        if entry.stands and entry.draft.kind is EntryKind.STOCK and entry.draft.amount is not None
    ]
    return tuple(sorted(found, key=lambda one: one.at_ns))


def can_carry(line: Line, stage: str) -> bool:
    """Whether meters tell both what comes to ``stage`` and what it takes."""
    suppliers = [one.id for one in line.stages if stage in one.feeds]
    return bool(suppliers) and all(line.meters_by_stage.get(s) for s in (stage, *suppliers))


def line_wip(
    line: Line, found: Sequence[StockTaking], counted: CountedBy, *, at_ns: int
) -> LineWip:
    """Work in progress at ``at_ns``, a whole minute, up to which ``counted`` is asked.

    found: see ``takings``; the last of each stage counts, and one that is newer than ``at_ns``
    stands as it was found.
    """
    now = line.at(at_ns)
    nodes = nodes_of(now)
    last = {one.stage: one for one in found}
    stages = []
    for stage in now.stages:
        if not can_carry(line, stage.id):
            stages.append(StageWip(stage.id, unknown=WhyUnknown.NOT_METERED))
            continue
        node = nodes[stage.id]
        out_kg_per_h = _per_known_hour(now, counted, stage.id, at_ns)
        passed = None if out_kg_per_h is None else node.taken_kg(out_kg_per_h)
        since = last.get(stage.id)
        if since is None:
            why = WhyUnknown.NO_STOCK_TAKING
            stages.append(StageWip(stage.id, throughput_kg_per_h=passed, unknown=why))
            continue
        kg, uncertainty_kg = carried_kg(line, since, counted, until_ns=max(at_ns, since.at_ns))
        finished_kg = kg / node.taken_per_out * stage.finished_eq
        stages.append(StageWip(stage.id, kg, uncertainty_kg, finished_kg, passed, since))
    out = now.stage_by_id[now.output_stage]
    out_kg_per_h = _per_known_hour(now, counted, out.id, at_ns)
    finished = None if out_kg_per_h is None else out_kg_per_h * out.finished_eq
    return LineWip(at_ns, tuple(stages), finished)


def carried_kg(
    line: Line, since: StockTaking, counted: CountedBy, *, until_ns: int
) -> tuple[float, float]:
    """Work in progress at ``until_ns`` and its uncertainty; each minute goes by the yields that
    held then."""
    kg, uncertainty_kg = since.kg, 0.0
    turns = {c.effective_ns // MINUTE_NS * MINUTE_NS for c in line.changes}
    edges = sorted({since.at_ns, until_ns, *(t for t in turns if since.at_ns < t < until_ns)})
    for start_ns, end_ns in pairwise(edges):
        node = nodes_of(line.at(start_ns + MINUTE_NS - 1))[since.stage]
        wip = work_in_progress(
            node,
            _outputs(node, counted, start_ns, end_ns),
            start_kg=kg,
            start_uncertainty_kg=uncertainty_kg,
        )
        if wip is None:
            raise ValueError(f"{since.stage}: nothing feeds it, so its stock can't be carried")
        kg, uncertainty_kg = float(wip.kg[-1]), float(wip.uncertainty_kg[-1])
    return kg, uncertainty_kg


def _outputs(node: Node, counted: CountedBy, start_ns: int, end_ns: int) -> dict[str, Output]:
    """What ``node`` and its suppliers put out, as one period."""
    weighed = {stage: counted(stage, start_ns, end_ns) for stage in (node.stage, *node.suppliers)}
    return {
        stage: Output(
            np.array([one.kg]),
            one.most_kg_per_min,
            one.class_share,
            np.array([float(one.unseen_min)]),
        )
        for stage, one in weighed.items()
    }


def _per_known_hour(line: Line, counted: CountedBy, stage: str, at_ns: int) -> Known:
    """Kilograms that ``stage`` put out per hour of the known part of the time before."""
    passed = counted(stage, at_ns - PASSED_NS, at_ns)
    meters = len(line.meters_by_stage[stage])
    known_h = PASSED_NS / HOUR_NS - (passed.unseen_min / 60.0 / meters if meters else 0.0)
    return ratio(passed.kg, known_h) if meters else None
