"""Losses as rows: what ``ShiftLosses``, ``Piece`` and ``ReasonEntry`` are in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import time
from typing import Any

import orjson
from sqlalchemy import RowMapping

from service.domain.calendar import Shift, ShiftSpan
from service.domain.losses.bottleneck import BottleneckShare
from service.domain.losses.entries import ReasonEntry
from service.domain.losses.events import Event
from service.domain.losses.reasons import LossKind, Reason
from service.domain.losses.shifts import Piece, ShiftLosses, StageSpan, UnitSpan
from service.domain.losses.stake import Stake
from service.domain.losses.timemodel import TimeModel
from service.domain.losses.totals import LossTotals

TIMES = tuple(field.name for field in fields(TimeModel))
TOTALS = tuple(field.name for field in fields(LossTotals))


def figures_as(shift: ShiftLosses) -> dict[str, Any]:
    """The figures of a shift as JSON values; its pieces are rows of their own."""
    return {
        "shift_start": f"{shift.span.shift.start:%H:%M}",
        "bottleneck": [[b.station, b.sole, b.shifting] for b in shift.bottleneck],
        "stages": {
            stage: {
                unit: [
                    [getattr(one.time, name) for name in TIMES],
                    [getattr(one.totals, name) for name in TOTALS],
                    one.last_made_ns,
                    one.energy_kwh,
                ]
                for unit, one in span.units.items()
            }
            for stage, span in shift.stages.items()
        },
    }


def last_made_of(figures: Mapping[str, Any]) -> dict[str, int]:
    """By unit, when it last made something; without those that never did."""
    return {
        unit: last_ns
        for units in figures["stages"].values()
        for unit, (_, _, last_ns, _) in units.items()
        if last_ns is not None
    }


def shift_of(row: Any, pieces: Sequence[Piece]) -> ShiftLosses:
    """The shift of a row of ``loss_shift`` and its pieces."""
    figures = orjson.loads(row.figures)
    shift = Shift(row.shift, time.fromisoformat(figures["shift_start"]))
    return ShiftLosses(
        ShiftSpan(shift, row.start_ns, row.end_ns),
        row.through_ns,
        {
            stage: StageSpan(
                stage,
                {unit: _unit_span(*values) for unit, values in units.items()},
                tuple(p for p in pieces if p.event.stage == stage),
            )
            for stage, units in figures["stages"].items()
        },
        tuple(BottleneckShare(*values) for values in figures["bottleneck"]),
    )


def _unit_span(
    times: Sequence[Any],
    totals: Sequence[Any],
    last_made_ns: int | None,
    energy_kwh: float | None,
) -> UnitSpan:
    figures = dict(zip(TOTALS, totals, strict=True))
    figures["by_reason"] = {Reason(r): kg for r, kg in figures["by_reason"].items()}
    return UnitSpan(TimeModel(*times), LossTotals(**figures), last_made_ns, energy_kwh)


def piece_row(piece: Piece, shift_ns: int) -> dict[str, Any]:
    """The columns of a piece in the shift that begins at ``shift_ns``."""
    event = piece.event
    return {
        "shift_ns": shift_ns,
        "unit": event.unit,
        "start_ns": event.start_ns,
        "end_ns": event.end_ns,
        "began_ns": piece.began_ns,
        "stage": event.stage,
        "kind": str(event.kind),
        "reason": str(event.reason),
        "because_of": event.because_of,
        "root": piece.root,
        "lost_kg": event.lost_kg,
        "lost_finished_kg": event.lost_finished_kg,
        "stake": orjson.dumps(asdict(piece.stake)),
        "began_before": event.began_before,
        "open": event.open,
        "said": None if event.said is None else orjson.dumps(asdict(event.said)),
    }


def piece_of(row: RowMapping) -> Piece:
    """The piece that ``piece_row`` was given."""
    said = None if row["said"] is None else orjson.loads(row["said"])
    if said is not None:
        said["reason"] = None if said["reason"] is None else Reason(said["reason"])
    event = Event(
        unit=row["unit"],
        stage=row["stage"],
        kind=LossKind(row["kind"]),
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        reason=Reason(row["reason"]),
        because_of=row["because_of"],
        lost_kg=row["lost_kg"],
        lost_finished_kg=row["lost_finished_kg"],
        began_before=row["began_before"],
        open=row["open"],
        said=None if said is None else ReasonEntry(**said),
    )
    return Piece(event, row["began_ns"], row["root"], Stake(**orjson.loads(row["stake"])))


def entry_of(row: RowMapping) -> ReasonEntry:
    """The statement of a row of ``loss_reason``."""
    return ReasonEntry(
        unit=row["unit"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        reason=None if row["reason"] is None else Reason(row["reason"]),
        comment=row["comment"],
        by=row["by"],
        at_ns=row["at_ns"],
        version=row["version"],
        whole=row["whole"],
    )
