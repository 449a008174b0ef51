"""What a shift lost and how it ran, from the sums of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from service.domain.kpi import Known
from service.domain.losses.reasons import Reason
from service.domain.losses.shifts import Piece
from service.domain.losses.sums import StageSum
from service.domain.report.content import KpiPart, LossEvent, LossPart, ReasonLoss, StageKpis

MOST_EVENTS = 100
"""Of one report; how many there are is told all the same."""


def loss_part(stages: Mapping[str, StageSum]) -> LossPart:
    """Losses by stage and reason, and the events that cost most, the greatest first."""
    pieces = [piece for one in stages.values() for piece in one.pieces]
    groups: dict[tuple[str, Reason], list[Piece]] = {}
    for piece in pieces:
        groups.setdefault((piece.event.stage, piece.event.reason), []).append(piece)
    reasons = [_reason_loss(stage, reason, of) for (stage, reason), of in groups.items()]
    reasons.sort(key=lambda r: (-(r.plant_kg), -(r.finished_kg or 0.0), -r.hours, r.stage))
    events = [_event(piece) for piece in pieces]
    events.sort(key=lambda e: (-(e.plant_kg), -(e.finished_kg or 0.0), e.start_ns, e.unit))
    return LossPart(tuple(reasons), tuple(events[:MOST_EVENTS]), len(events))


def kpi_part(
    stages: Mapping[str, StageSum], indicators: Mapping[str, Mapping[str, Known]]
) -> KpiPart:
    """Indicators of each of ``stages``."""
    return KpiPart(
        tuple(
            StageKpis(stage, dict(indicators[stage]), one.time.known_share)
            for stage, one in stages.items()
        )
    )


def _reason_loss(stage: str, reason: Reason, pieces: Sequence[Piece]) -> ReasonLoss:
    return ReasonLoss(
        stage,
        reason,
        len(pieces),
        sum(p.event.duration_h for p in pieces),
        _known_sum(p.event.lost_kg for p in pieces),
        _known_sum(p.event.lost_finished_kg for p in pieces),
        sum(p.stake.plant_finished_kg for p in pieces),
    )


def _known_sum(masses: Iterable[Known]) -> Known:
    """The sum of what is known; None when nothing is."""
    known = [mass for mass in masses if mass is not None]
    return sum(known) if known else None


def _event(piece: Piece) -> LossEvent:
    event = piece.event
    said = event.said
    return LossEvent(
        event.unit,
        event.stage,
        event.kind,
        event.reason,
        event.start_ns,
        event.end_ns,
        event.lost_kg,
        event.lost_finished_kg,
        piece.stake.plant_finished_kg,
        None if said is None else said.by,
        "" if said is None else said.comment,
    )
