"""What a later look at the same shift says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.domain.report.content import (
    AlarmPart,
    Change,
    LossPart,
    NotePart,
    Part,
    ShiftReport,
)

SAME_KG = 0.5
"""Masses that differ by less are the same: reports show tonnes with up to three digits."""
SAME_LOSS_KG = 50.0
"""Losses are found again as long cycles come out; less than this part of a tonne is no news."""
SAME_SHARE = 0.001


def changes(was: ShiftReport, now: ShiftReport) -> tuple[Change, ...]:
    """What ``now`` says of the shift otherwise than ``was``, by part and subject.

    Only what happened in the shift counts: sums of month and year move with every correction of
    another shift, indicators follow their losses, and a forecast is that of its own moment.
    """
    found = [
        *_differing(Part.MADE, _made(was), _made(now), SAME_KG),
        *_differing(Part.KNOWN, _known(was), _known(now), SAME_SHARE),
        *_lost(was, now),
    ]
    for part, before, after in (
        (Part.ALARMS, _alarms(was), _alarms(now)),
        (Part.NOTES, _notes(was), _notes(now)),
    ):
        if after is not None and before != after:
            count = None if before is None else float(len(before))
            found.append(Change(part, "", count, float(len(after))))
    return tuple(found)


def _differing(
    part: Part,
    was: Mapping[str, float | None],
    now: Mapping[str, float | None],
    same: float,
) -> Iterator[Change]:
    for subject in dict.fromkeys([*was, *now]):
        before, after = was.get(subject), now.get(subject)
        if before is None and after is None:
            continue
        if before is None or after is None or abs(before - after) >= same:
            yield Change(part, subject, before, after)


def _made(report: ShiftReport) -> dict[str, float | None]:
    return {stage.id: stage.shift.actual_kg for stage in report.stages}


def _known(report: ShiftReport) -> dict[str, float | None]:
    return {stage.id: stage.shift.known_share for stage in report.stages}


def _lost(was: ShiftReport, now: ShiftReport) -> list[Change]:
    if not isinstance(now.losses, LossPart):
        return []
    if not isinstance(was.losses, LossPart):
        return [Change(Part.LOSSES, "", None, None)]
    before, after = _by_reason(was.losses), _by_reason(now.losses)
    every = dict.fromkeys([*before, *after], 0.0)
    return list(_differing(Part.LOSSES, every | before, every | after, SAME_LOSS_KG))


def _by_reason(part: LossPart) -> dict[str, float]:
    return {f"{one.stage} {one.reason}": one.lost_kg or 0.0 for one in part.by_reason}


def _alarms(report: ShiftReport) -> frozenset[str] | None:
    """Which alarms; that somebody acknowledged one later is no news of the shift."""
    part = report.alarms
    return frozenset(a.id for a in part.lines) if isinstance(part, AlarmPart) else None


def _notes(report: ShiftReport) -> frozenset[str] | None:
    part = report.notes
    return frozenset(n.id for n in part.lines) if isinstance(part, NotePart) else None
