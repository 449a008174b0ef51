"""Losses shift by shift: found in a wider window, kept for each shift, added up over any span.

A stop that goes on over a shift's end has a piece in each shift. Months are sums of shifts, so that
nothing has to be found again to answer for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.domain.arrays import Float64s
from service.domain.calendar import ShiftSpan
from service.domain.instants import MINUTE_NS
from service.domain.kpi import Known, total
from service.domain.line import Line
from service.domain.losses.bottleneck import (
    Bottlenecks,
    BottleneckShare,
    find_bottlenecks,
    line_stations,
    station_loads,
)
from service.domain.losses.entries import ReasonEntry, fitted
from service.domain.losses.events import (
    Event,
    StageLosses,
    explained,
    find_losses,
    root_stage,
    within,
)
from service.domain.losses.reasons import LossKind
from service.domain.losses.stake import Stake, event_stakes, most_loaded
from service.domain.losses.timemodel import TimeModel, time_model
from service.domain.losses.totals import LossTotals, loss_totals
from service.domain.losses.units import StageMinutes


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of an event that lies in one shift.

    began_ns: when the event began, perhaps in an earlier shift. root: the stage at which the chain
    of starving and blocking that led to it began.
    """

    event: Event
    began_ns: int
    root: str
    stake: Stake

    @property
    def id(self) -> str:
        """Of the event: its unit and the minute in which it began."""
        return event_id(self.event.unit, self.began_ns)


@dataclass(frozen=True, slots=True)
class UnitSpan:
    """One unit over one shift. last_made_ns: end of the last minute, in this shift or before, in
    which it made something; None when it never did as far as is known. energy_kwh: None where no
    meter tells it, or not all of it."""

    time: TimeModel
    totals: LossTotals
    last_made_ns: int | None
    energy_kwh: Known = None


@dataclass(frozen=True)
class StageSpan:
    """One stage over the closed part of one shift."""

    stage: str
    units: Mapping[str, UnitSpan]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class ShiftLosses:
    """One shift, up to ``through_ns``. bottleneck: shares of these minutes by station."""

    span: ShiftSpan
    through_ns: int
    stages: Mapping[str, StageSpan]
    bottleneck: tuple[BottleneckShare, ...]


def event_id(unit: str, began_ns: int) -> str:
    """The id of an event; any minute of it finds it again."""
    return f"{unit}.{began_ns // MINUTE_NS}"


def find_shifts(
    line: Line,
    minutes: Sequence[StageMinutes],
    spans: Sequence[ShiftSpan],
    *,
    entries: Sequence[ReasonEntry] = (),
    carried: Mapping[str, tuple[LossKind, int]] | None = None,
    last_made_ns: Mapping[str, int] | None = None,
    kwh: Mapping[str, Float64s] | None = None,
) -> list[ShiftLosses]:
    """The losses of each of ``spans``, which lie within the window of ``minutes``.

    The window reaches further back, so that pieces of long cycles are seen whole, and further on,
    where there is more: later minutes tell what earlier ones were. carried: by unit the kind, and
    the begin, of an event that ended where the window begins, and may go on in it. last_made_ns:
    see ``window.line_minutes``. kwh: by unit, over the window's minutes, NaN where unknown.
    """
    whole, said = _explained(line, minutes, entries)
    first_minute = minutes[0].first_minute
    bottleneck = _bottlenecks(line, whole)
    n = len(minutes[0].planned)
    found = []
    for span in spans:
        a = max(span.start_ns // MINUTE_NS - first_minute, 0)
        b = min(span.end_ns // MINUTE_NS - first_minute, n)
        if a >= b:
            continue
        cut = {stage: within(losses, a, b, said) for stage, losses in whole.items()}
        through_ns = (first_minute + b) * MINUTE_NS
        found.append(
            ShiftLosses(
                span,
                through_ns,
                {
                    stage: StageSpan(
                        stage,
                        _unit_spans(
                            whole[stage].minutes, losses, (a, b), last_made_ns or {}, kwh or {}
                        ),
                        _pieces(line, whole, losses, carried or {}),
                    )
                    for stage, losses in cut.items()
                },
                bottleneck.within(a, b).shares,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """Every stage over some time, and the same cut to a window within."""

    whole: Mapping[str, StageLosses]
    window: Mapping[str, StageLosses]


def look(
    line: Line,
    minutes: Sequence[StageMinutes],
    entries: Sequence[ReasonEntry],
    *,
    first_minute: int,
    end_minute: int,
) -> Look:
    """The losses of ``minutes``, and of the window [first_minute, end_minute) within."""
    whole, said = _explained(line, minutes, entries)
    a, b = first_minute - minutes[0].first_minute, end_minute - minutes[0].first_minute
    return Look(whole, {stage: within(losses, a, b, said) for stage, losses in whole.items()})


def _explained(
    line: Line, minutes: Sequence[StageMinutes], entries: Sequence[ReasonEntry]
) -> tuple[dict[str, StageLosses], list[ReasonEntry]]:
    """The losses with what operators said, and their statements fitted to the events."""
    raw = find_losses(minutes, {stage.id: stage.feeds for stage in line.stages})
    events = [(e.unit, e.start_ns, e.end_ns) for one in raw.values() for e in one.events]
    said = fitted(entries, events)
    return {stage: explained(losses, said) for stage, losses in raw.items()}, said


def _bottlenecks(line: Line, losses: Mapping[str, StageLosses]) -> Bottlenecks:
    by_unit = [stage.id for stage in line.stages if not stage.hourly]
    return find_bottlenecks(
        line_stations(losses, by_unit=by_unit), load=station_loads(losses, by_unit=by_unit)
    )


def _began_ns(event: Event, carried: Mapping[str, tuple[LossKind, int]]) -> int:
    if event.began_before and event.unit in carried:
        kind, began_ns = carried[event.unit]
        if kind is event.kind:
            return began_ns
    return event.start_ns


def _pieces(
    line: Line,
    whole: Mapping[str, StageLosses],
    losses: StageLosses,
    carried: Mapping[str, tuple[LossKind, int]],
) -> tuple[Piece, ...]:
    """The pieces of one stage's events in ``losses``, which is cut from ``whole``."""
    stage = losses.minutes.stage
    pieces = []
    for event, stake in event_stakes(losses, is_bottleneck=stage == most_loaded(line)):
        around = _around(whole[stage].events, event)
        piece = replace(
            event,
            began_before=around.start_ns < event.start_ns or around.began_before,
            open=around.end_ns > event.end_ns or around.open,
        )
        pieces.append(Piece(piece, _began_ns(around, carried), root_stage(whole, around), stake))
    return tuple(pieces)


def _unit_spans(
    window: StageMinutes,
    losses: StageLosses,
    columns: tuple[int, int],
    last_made_ns: Mapping[str, int],
    kwh: Mapping[str, Float64s],
) -> dict[str, UnitSpan]:
    """The units of ``losses``, whose minutes are these ``columns`` of ``window``."""
    first, end = columns
    units = {}
    for unit, row in zip(window.units, window.kg[:, :end], strict=True):
        made = np.flatnonzero(row > 0.0)
        last_ns = last_made_ns.get(unit.id)
        if len(made):
            last_ns = (window.first_minute + int(made[-1]) + 1) * MINUTE_NS
        units[unit.id] = UnitSpan(
            time_model(losses, units=[unit.id]),
            loss_totals(losses, units=[unit.id]),
            last_ns,
            total(*kwh[unit.id][first:end].tolist()) if unit.id in kwh else None,
        )
    return units


def _around(events: Sequence[Event], piece: Event) -> Event:
    """The event of the whole window that ``piece`` was cut from."""
    return next(
        e for e in events if e.unit == piece.unit and e.start_ns <= piece.start_ns < e.end_ns
    )
