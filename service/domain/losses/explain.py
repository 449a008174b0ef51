"""What lies behind an alarm: which stage, which units, since when, how much, and how sure that is.

Of the stage that the alarm is about, what was lost in its window is laid at the stages where it
began: a starved or blocked stretch at the root of its chain, all else at the stage itself. The
stage with the greatest part is named, with the units whose stops and slow stretches make it up.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.domain.kpi import Known, ratio
from service.domain.losses.events import Event, StageLosses, root_stage
from service.domain.losses.reasons import LossKind, Reason
from service.domain.losses.stake import event_stakes
from service.domain.losses.totals import loss_totals

OWN = (LossKind.STOPPED, LossKind.SLOW)
INFERRED = 0.75
"""A cause at another stage is inferred from who stopped first, not seen."""
SURE, LIKELY = 0.8, 0.5
LEAST_SHARE = 0.02
"""A unit with less of the loss is not named."""


class Certainty(StrEnum):
    """How sure an explanation is."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class UnitPart:
    """What one unit has to do with it.

    since_ns, until_ns: of its stretches, until_ns None while one lasts. lost_kg: in the window, of
    its stage's output; None when it was not seen. share: of what all named units lost.
    """

    unit: str
    kind: LossKind
    reason: Reason
    since_ns: int
    until_ns: int | None
    lost_kg: Known
    share: Known


@dataclass(frozen=True, slots=True)
class Explanation:
    """What lies behind an alarm about ``about`` over the window [start_ns, end_ns).

    stage: where it began. units: the greatest loss first; empty when no unit stands out. since_ns:
    when that began; None without a unit. short_kg: plan less actual of ``about`` over its known
    minutes, in its own output; short_finished_kg as finished product. at_stake_finished_kg: what
    the plant will miss so far; at_stake_finished_kg_per_h: and each hour that it goes on. sureness:
    known part of the window × part of the shortage that the events explain × ``INFERRED`` when the
    cause is at another stage; 0 to 1. known_share: of what was due of ``about``.
    """

    about: str
    start_ns: int
    end_ns: int
    stage: str
    units: tuple[UnitPart, ...]
    since_ns: int | None
    short_kg: float
    short_finished_kg: float
    at_stake_finished_kg: float
    at_stake_finished_kg_per_h: float
    known_share: float
    sureness: float

    @property
    def certainty(self) -> Certainty:
        """``sureness`` in a word."""
        if self.sureness >= SURE:
            return Certainty.SURE
        return Certainty.LIKELY if self.sureness >= LIKELY else Certainty.UNSURE


def explain(
    whole: Mapping[str, StageLosses],
    window: Mapping[str, StageLosses],
    *,
    about: str,
    bottleneck: str,
    unit: str | None = None,
) -> Explanation:
    """The explanation of a shortage of stage ``about`` (of its ``unit``, when one is named).

    whole: every stage over a longer time. window: the same cut to the alarm's window. bottleneck:
    the plant's bottleneck by design. KeyError for a stage that is not metered.
    """
    there = window[about]
    stage = _where(window, about) if unit is None else about
    units = _units(whole[stage], window[stage], only=unit)
    totals = loss_totals(there, units=None if unit is None else [unit])
    due_kg = totals.plan_kg + totals.unknown_due_kg
    known = ratio(totals.plan_kg, due_kg) if due_kg > 0.0 else 0.0
    parts = [e for e in there.events if unit is None or e.unit == unit]
    explained_kg = math.fsum(
        e.lost_kg or 0.0 for e in parts if stage == about or root_stage(window, e) == stage
    )
    explained = min(ratio(explained_kg, totals.lost_kg) or 0.0, 1.0)
    sureness = (known or 0.0) * max(explained, 0.0) * (INFERRED if stage != about else 1.0)
    stakes = [
        (event, stake)
        for event, stake in event_stakes(window[stage], is_bottleneck=stage == bottleneck)
        if event.unit in {part.unit for part in units}
    ]
    hours = {id(event): event.duration_h for event, _ in stakes}
    return Explanation(
        about=about,
        start_ns=there.minutes.start_ns,
        end_ns=there.minutes.end_ns,
        stage=stage,
        units=units,
        since_ns=min((part.since_ns for part in units), default=None),
        short_kg=totals.lost_kg,
        short_finished_kg=totals.finished_kg(totals.lost_kg),
        at_stake_finished_kg=math.fsum(s.plant_finished_kg for _, s in stakes),
        at_stake_finished_kg_per_h=math.fsum(
            s.plant_finished_kg / hours[id(e)] for e, s in stakes if e.open and hours[id(e)] > 0.0
        ),
        known_share=known or 0.0,
        sureness=sureness,
    )


def _where(window: Mapping[str, StageLosses], about: str) -> str:
    """The stage at which most of what ``about`` lost began; ``about`` itself when nothing says."""
    lost: dict[str, float] = defaultdict(float)
    for event in window[about].events:
        if event.lost_kg is not None:
            lost[root_stage(window, event)] += event.lost_kg
    return max(lost, key=lambda stage: (lost[stage], stage == about), default=about)


def _units(whole: StageLosses, window: StageLosses, *, only: str | None) -> tuple[UnitPart, ...]:
    """The units of a stage with stretches of their own in ``window``, the greatest loss first; when
    there are none, those that nobody saw."""
    for kinds in (OWN, tuple(LossKind)):
        by_unit: dict[str, list[Event]] = {}
        for event in window.events:
            if event.kind in kinds and (only is None or event.unit == only):
                by_unit.setdefault(event.unit, []).append(event)
        if by_unit:
            break
    every_kg = math.fsum(max(e.lost_kg or 0.0, 0.0) for es in by_unit.values() for e in es)
    parts = [_part(unit, events, whole.events, every_kg) for unit, events in by_unit.items()]
    named = [p for p in parts if p.share is None or p.share >= LEAST_SHARE]
    return tuple(sorted(named, key=lambda p: (-(p.lost_kg or 0.0), p.unit)))


def _part(unit: str, events: Sequence[Event], around: Sequence[Event], every_kg: float) -> UnitPart:
    main = max(events, key=lambda e: (e.lost_kg or 0.0, e.end_ns - e.start_ns))
    longer = next(
        (e for e in around if e.unit == unit and e.start_ns <= main.start_ns < e.end_ns), main
    )
    known = [e.lost_kg for e in events if e.lost_kg is not None]
    lost_kg = math.fsum(known) if known else None
    return UnitPart(
        unit,
        main.kind,
        longer.reason,
        longer.start_ns,
        None if longer.open else longer.end_ns,
        lost_kg,
        None if lost_kg is None else ratio(max(lost_kg, 0.0), every_kg),
    )
