"""What a shift report says. Masses in kg, instants in ns UTC; None is unknown, never zero.

A report is kept as it was made, so these fields are a format: a change of their meaning raises
``CONTENT``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.domain.alarm import Priority
from service.domain.alarm_targets import Indicator, Level
from service.domain.entries.entry import EntryKind
from service.domain.losses.reasons import LossKind, Reason
from service.domain.plan import Window

CONTENT = 1


class Absence(StrEnum):
    """Why a part of a report is missing."""

    NOT_KEPT = "not_kept"
    """The service does not work this out, or keeps nothing of it for this shift."""
    NOT_YET = "not_yet"
    """It was not worked out yet when the report was made."""
    SHORT_HISTORY = "short_history"
    """Too little of the plant's past is known."""
    MOSTLY_UNKNOWN = "mostly_unknown"
    """Too much of the period is unknown."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands where a part would, with the reason."""

    why: Absence


@dataclass(frozen=True, slots=True)
class Names:
    """A name in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A stage against plan over a window; fields as in ``production.book.StageWindow``."""

    actual_kg: float | None
    plan_kg: float
    plan_known_kg: float
    known_share: float
    deviation_pct: float | None

    @property
    def deviation_kg(self) -> float | None:
        """Made less what was due in the same known minutes."""
        return None if self.actual_kg is None else self.actual_kg - self.plan_known_kg


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage: its shift, and the month to the shift's end. unknown_min: minutes of the shift's
    planned time that are not known, averaged over the stage's meters."""

    id: str
    names: Names
    shift: Figures
    month: Figures
    unknown_min: float


@dataclass(frozen=True, slots=True)
class Plant:
    """Plant output, counted once, to the shift's end. catch_up_kg_per_h: over the rest of the
    year; None when it can't be told."""

    stage: str
    shift: Figures
    day: Figures
    month: Figures
    year: Figures
    year_target_kg: float
    catch_up_kg_per_h: float | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Plant output since the shift began. made_kg: None before anything is known. known: whether
    all of the stretch that ends here is known."""

    at_ns: int
    made_kg: float | None
    plan_kg: float
    known: bool


@dataclass(frozen=True, slots=True)
class ReasonLoss:
    """What one stage lost for one reason. lost_kg: of its own output; finished_kg: the same as
    finished product; both None where nothing could be counted. plant_kg: finished product that the
    plant will miss, see ``losses.stake.Stake``. hours: of its units, over ``events`` events."""

    stage: str
    reason: Reason
    events: int
    hours: float
    lost_kg: float | None
    finished_kg: float | None
    plant_kg: float


@dataclass(frozen=True, slots=True)
class LossEvent:
    """The part of one downtime event that lies in the shift; None: not seen, so not counted.

    said_by: who gave the reason; None for the kind's default."""

    unit: str
    stage: str
    kind: LossKind
    reason: Reason
    start_ns: int
    end_ns: int
    lost_kg: float | None
    finished_kg: float | None
    plant_kg: float
    said_by: str | None
    comment: str


@dataclass(frozen=True, slots=True)
class LossPart:
    """Losses, the greatest first. The losses of neighbouring stages overlap: a stage that waits for
    another loses too. total: how many events there were; ``events`` may be fewer."""

    by_reason: tuple[ReasonLoss, ...]
    events: tuple[LossEvent, ...]
    total: int


@dataclass(frozen=True, slots=True)
class StageKpis:
    """Indicators of one stage by the ids of ``kpi.KPIS``. known_share: of its busy unit time."""

    stage: str
    values: Mapping[str, float | None]
    known_share: float | None


@dataclass(frozen=True, slots=True)
class KpiPart:
    """Indicators after ISO 22400-2 of each stage that is metered."""

    stages: tuple[StageKpis, ...]


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """One alarm that was raised in the shift, or stood when it began. returned_ns: None while it
    stood at the shift's end."""

    id: str
    priority: Priority
    asset: str
    message: Names
    raised_ns: int
    returned_ns: int | None
    acknowledged_by: str | None


@dataclass(frozen=True, slots=True)
class AlarmFigure:
    """An indicator of the alarm system for one operator, and how far it meets its target."""

    indicator: Indicator
    value: float | None
    level: Level


@dataclass(frozen=True, slots=True)
class FrequentLine:
    """An alarm that called more than once; asset and message are empty where they are not known."""

    definition: str
    asset: str
    message: Names
    calls: int


@dataclass(frozen=True, slots=True)
class AlarmLoad:
    """How the shift's alarms loaded its operators, as ``alarm_kpi.AlarmKpis`` says. known_h: hours
    of the shift in which the service watched. quiet: raises that called nobody. open: called, and
    acknowledged by nobody. mix: the calls by priority; None in reports that were made without it.
    """

    known_h: float
    operators: int
    calls: int
    quiet: int
    figures: tuple[AlarmFigure, ...]
    open: int
    median_s: float | None
    p95_s: float | None
    frequent: tuple[FrequentLine, ...]
    mix: Mapping[Priority, int] | None = None


@dataclass(frozen=True, slots=True)
class AlarmPart:
    """Alarms, the most urgent first. raised: in the shift, by priority. standing: at its end.
    total: how many there are; ``lines`` may be fewer. load: None where it was not worked out."""

    lines: tuple[AlarmLine, ...]
    total: int
    raised: Mapping[Priority, int]
    standing: int
    load: AlarmLoad | None = None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What a person entered about the shift. amount: kg or bags by kind; None for a note."""

    id: str
    kind: EntryKind
    subject: str
    at_ns: int
    amount: float | None
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class NotePart:
    """Notes and other manual entries, by time. total: as of alarms."""

    lines: tuple[NoteLine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a period [start_ns, end_ns) is expected to end with. low_kg, high_kg: the middle 80 % of
    futures. p_target: share of futures that reach the target."""

    period: Window
    start_ns: int
    end_ns: int
    produced_kg: float
    target_kg: float
    median_kg: float
    low_kg: float
    high_kg: float
    p_target: float


@dataclass(frozen=True, slots=True)
class ForecastPart:
    """The forecast that stood when the report was made, from what was known at ``origin_ns``."""

    origin_ns: int
    outlooks: tuple[Outlook, ...]


class Part(StrEnum):
    """What a revision can change."""

    MADE = "made"
    """Tonnes of a stage; subject: the stage."""
    KNOWN = "known"
    """The known share of a stage's time; subject: the stage."""
    LOSSES = "losses"
    """Lost tonnes of a stage for a reason; subject: both, or nothing when losses came at all."""
    ALARMS = "alarms"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision says otherwise than the one before. was, now: kg, a share or a count, by
    ``part``; None: unknown, or not there."""

    part: Part
    subject: str
    was: float | None
    now: float | None


@dataclass(frozen=True)
class ShiftReport:
    """A report of the shift [start_ns, end_ns).

    shift: its id, as ``shifts.shift_id`` gives it; shift_name: as the calendar calls it. final:
    every minute was closed when it was made. until_ns: where figures end: the shift's end, or the
    last closed minute while the shift is on. made_ns: when it was made. closed_ns: up to where
    minutes were closed then. revision: 1, and one more with each correction; 0 is not kept.
    changes: since the revision before. planned_h: hours of the shift that the plant planned to run.
    """

    content: int
    site: str
    site_names: Names
    zone: str
    shift: str
    shift_name: str
    start_ns: int
    end_ns: int
    until_ns: int
    made_ns: int
    closed_ns: int | None
    final: bool
    revision: int
    changes: tuple[Change, ...]
    planned_h: float
    plant: Plant
    stages: tuple[StageLine, ...]
    curve: tuple[CurvePoint, ...]
    losses: LossPart | Missing
    kpis: KpiPart | Missing
    alarms: AlarmPart | Missing
    notes: NotePart | Missing
    forecast: ForecastPart | Missing
