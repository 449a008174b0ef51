"""Sums over units and shifts: time, losses by reason, indicators and bottlenecks of any span."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from service.domain.kpi import KPIS, Known, product, ratio, total
from service.domain.losses.bottleneck import BottleneckShare
from service.domain.losses.entries import ReasonEntry
from service.domain.losses.events import Event
from service.domain.losses.reasons import LossKind, Reason
from service.domain.losses.shifts import Piece, ShiftLosses, StageSpan, UnitSpan
from service.domain.losses.timemodel import TimeModel, quantities
from service.domain.losses.totals import LossTotals, Reliability, reliability

SUMMED = ("calendar", "off", "idle", "unknown", "down", "starved", "blocked", "running", "made_kg")


@dataclass(frozen=True)
class StageSum:
    """One stage, or one unit of it, over a span of shifts. pieces: of its events. energy_kwh: None
    where it is not known of every unit and shift."""

    stage: str
    time: TimeModel
    totals: LossTotals
    pieces: tuple[Piece, ...]
    energy_kwh: Known = None

    @property
    def upkeep(self) -> Reliability:
        """Failures, with the time between them and to repair."""
        return reliability(self.events, production_h=self.time.production / 60.0)

    @property
    def events(self) -> tuple[Event, ...]:
        """The pieces' events, by unit and time."""
        found = (p.event for p in self.pieces)
        return tuple(sorted(found, key=lambda e: (e.unit, e.start_ns)))

    def indicators(self, *, good_kg: Known = None, consumed_kg: Known = None) -> dict[str, Known]:
        """Every indicator of ``kpi.KPIS`` by id; None while what it is made of is unknown.

        good_kg, consumed_kg: of the same units and span, where somebody measured them.
        """
        made_kg = self.time.made_kg if self.time.seen > 0.0 else None
        of = quantities(
            replace(self.time, good=product(self.time.net, ratio(good_kg, made_kg))),
            pq_kg=made_kg,
            gq_kg=good_kg,
            cm_kg=consumed_kg,
            energy_kwh=self.energy_kwh,
            events=self.events,
        )
        return {kpi.id: kpi.of(of) for kpi in KPIS}


@dataclass(frozen=True, slots=True)
class LossEvent:
    """An event, whole: from ``began_ns`` to ``end_ns``, as far as its pieces are known.

    lost_kg, lost_finished_kg: of all its pieces; None for what was not seen. plant_finished_kg:
    what the plant will miss, see ``stake.Stake``. open: it still lasts.
    """

    id: str
    unit: str
    stage: str
    kind: LossKind
    reason: Reason
    began_ns: int
    end_ns: int
    open: bool
    because_of: str | None
    root: str
    lost_kg: Known
    lost_finished_kg: Known
    plant_finished_kg: float
    said: ReasonEntry | None


def whole_events(pieces: Iterable[Piece]) -> list[LossEvent]:
    """The events that ``pieces`` belong to, in the order of their begin."""
    by_id: dict[str, list[Piece]] = {}
    for piece in sorted(pieces, key=lambda p: p.event.start_ns):
        by_id.setdefault(piece.id, []).append(piece)
    found = [_whole(id_, parts) for id_, parts in by_id.items()]
    return sorted(found, key=lambda e: (e.began_ns, e.unit))


def _whole(id_: str, parts: Sequence[Piece]) -> LossEvent:
    last = parts[-1].event
    return LossEvent(
        id=id_,
        unit=last.unit,
        stage=last.stage,
        kind=last.kind,
        reason=last.reason,
        began_ns=parts[0].began_ns,
        end_ns=last.end_ns,
        open=last.open,
        because_of=last.because_of,
        root=parts[0].root,
        lost_kg=total(*(p.event.lost_kg for p in parts)),
        lost_finished_kg=total(*(p.event.lost_finished_kg for p in parts)),
        plant_finished_kg=math.fsum(p.stake.plant_finished_kg for p in parts),
        said=last.said,
    )


def stage_sums(shifts: Sequence[ShiftLosses]) -> dict[str, StageSum]:
    """Every stage over all of ``shifts``."""
    found = {}
    for stage, spans in _by_stage(shifts).items():
        units = [unit for span in spans for unit in span.units.values()]
        found[stage] = _sum(stage, units, [p for span in spans for p in span.pieces])
    return found


def unit_sums(shifts: Sequence[ShiftLosses], stage: str) -> dict[str, StageSum]:
    """Every unit of ``stage`` over all of ``shifts``."""
    spans = _by_stage(shifts).get(stage, [])
    return {
        unit: _sum(
            stage,
            [span.units[unit] for span in spans if unit in span.units],
            [p for span in spans for p in span.pieces if p.event.unit == unit],
        )
        for unit in dict.fromkeys(unit for span in spans for unit in span.units)
    }


def bottleneck_shares(shifts: Sequence[ShiftLosses]) -> tuple[BottleneckShare, ...]:
    """Shares of all of ``shifts`` together, the greatest first."""
    sole: dict[str, float] = defaultdict(float)
    shifting: dict[str, float] = defaultdict(float)
    whole_ns = math.fsum(s.through_ns - s.span.start_ns for s in shifts)
    for shift in shifts:
        weight = (shift.through_ns - shift.span.start_ns) / whole_ns
        for share in shift.bottleneck:
            sole[share.station] += share.sole * weight
            shifting[share.station] += share.shifting * weight
    found = [BottleneckShare(s, sole[s], shifting[s]) for s in sole]
    return tuple(sorted(found, key=lambda share: (-share.total, share.station)))


def _by_stage(shifts: Sequence[ShiftLosses]) -> dict[str, list[StageSpan]]:
    found: dict[str, list[StageSpan]] = {}
    for shift in shifts:
        for stage, span in shift.stages.items():
            found.setdefault(stage, []).append(span)
    return found


def _sum(stage: str, units: Sequence[UnitSpan], pieces: Sequence[Piece]) -> StageSum:
    times = [unit.time for unit in units]
    totals = [unit.totals for unit in units]
    by_reason: dict[Reason, float] = defaultdict(float)
    for one in totals:
        for reason, kg in one.by_reason.items():
            by_reason[reason] += kg
    return StageSum(
        stage,
        TimeModel(
            **{name: math.fsum(getattr(time, name) for time in times) for name in SUMMED},
            net=total(*(time.net for time in times)),
            good=None,
        ),
        LossTotals(
            plan_kg=math.fsum(t.plan_kg for t in totals),
            actual_kg=math.fsum(t.actual_kg for t in totals),
            by_reason=dict(by_reason),
            speed_kg=math.fsum(t.speed_kg for t in totals),
            idle_kg=math.fsum(t.idle_kg for t in totals),
            off_plan_kg=math.fsum(t.off_plan_kg for t in totals),
            unknown_min=sum(t.unknown_min for t in totals),
            unknown_due_kg=math.fsum(t.unknown_due_kg for t in totals),
            finished_eq=totals[-1].finished_eq if totals else 1.0,
        ),
        tuple(pieces),
        total(*(unit.energy_kwh for unit in units)),
    )
