"""Calendar and plan on the wire, and what a change of them means."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.common import Answer, Request
from service.api.models.line import Shift
from service.domain import calendar, planning, planversion
from service.domain.calendar import DowntimeKind
from service.runtime.planning import Kept

Edge = Annotated[
    str,
    Field(
        description="an instant, or a date for the begin of that production day",
        examples=["2026-07-06"],
    ),
]


class NewDowntime(Request):
    """Planned hours without production, [start, end)."""

    start: Edge
    end: Edge
    reason: str
    kind: DowntimeKind = DowntimeKind.PLANNED


class NewShift(Request):
    """A shift; it lasts until the next one starts."""

    name: str
    start: Annotated[time, Field(description="local, HH:MM", examples=["08:00"])]


class Change(Request):
    """What every change has. based_on: the version that was looked at; a newer one is a 409."""

    effective: Annotated[
        str | None, Field(description="from when on; by default from the next minute on")
    ] = None
    reason: Annotated[str, Field(max_length=2_000)]
    based_on: int | None = None


class CalendarChange(Change):
    """Downtimes to add, and those to remove, named by their start."""

    add: tuple[NewDowntime, ...] = ()
    remove: tuple[Edge, ...] = ()


class NewCalendar(Change):
    """Shifts, crews and the downtimes that are still to come, in place of those that are."""

    shifts: list[NewShift]
    crews: int
    downtimes: list[NewDowntime]


class NewRamp(Request):
    """From ``start`` on the rate rises evenly from ``start_pct`` to the full one at ``end``."""

    start: date
    end: date
    start_pct: float


class PlanChange(Change):
    """Targets of some years; the others stay."""

    targets: Annotated[dict[int, float], Field(description="finished t by year")]


class NewPlan(PlanChange):
    """Targets of all years, weights and ramps, in place of those that are."""

    month_weights: dict[int, float] = Field(default_factory=dict)
    ramps: tuple[NewRamp, ...] = ()


class Downtime(Answer):
    """Planned hours without production, [start, end)."""

    start: Instant
    end: Instant
    reason: str
    kind: DowntimeKind

    @classmethod
    def of(cls, one: calendar.Downtime) -> Downtime:
        return cls(start=iso(one.start_ns), end=iso(one.end_ns), reason=one.reason, kind=one.kind)


class Version(Answer):
    """A version that somebody made: who, when, why and what."""

    number: int
    effective: Instant
    by: str
    at: Instant
    reason: str
    change: str

    @classmethod
    def of(cls, number: int, kept: Kept) -> Version:
        return cls(
            number=number,
            effective=iso(kept.version.effective_ns),
            by=kept.by,
            at=iso(kept.at_ns),
            reason=kept.reason,
            change=kept.change,
        )


class Calendar(Answer):
    """The calendar as it was last changed, with every version since the site's own (number 0).

    downtimes: of the past as they were, and to come.
    """

    version: int
    time_zone: str
    day_start: str
    crews: int
    shifts: list[Shift]
    downtimes: list[Downtime]
    versions: list[Version]


class Ramp(Answer):
    """From ``start`` on the rate rises evenly from ``start_pct`` to the full one at ``end``."""

    start: str
    end: str
    start_pct: float

    @classmethod
    def of(cls, one: planversion.Ramp) -> Ramp:
        return cls(start=str(one.first), end=str(one.end), start_pct=100.0 * one.start_share)


class StageNeed(Answer):
    """What a stage has to make per planned hour of the rest of the year, in t of its own output."""

    stage: str
    before_t_per_h: float
    after_t_per_h: float
    capacity_t_per_h: float
    possible: Annotated[bool, Field(description="whether its units can do what is required after")]

    @classmethod
    def of(cls, need: planning.StageNeed) -> StageNeed:
        return cls(
            stage=need.stage,
            before_t_per_h=need.before_t_per_h,
            after_t_per_h=need.after_t_per_h,
            capacity_t_per_h=need.capacity_t_per_h,
            possible=need.possible,
        )


class Meaning(Answer):
    """What a change means for the rest of the production year in which it takes effect."""

    year: int
    target_before_t: float
    target_after_t: float
    planned_before_h: float
    planned_after_h: float
    catch_up_before_t_per_h: float | None
    catch_up_after_t_per_h: Annotated[
        float | None,
        Field(description="finished t/h that still reach the target; null while too little of the "
              "year is known"),
    ]  # fmt: skip
    stages: list[StageNeed]

    @classmethod
    def of(cls, means: planning.Meaning) -> Meaning:
        return cls(
            year=means.year,
            target_before_t=means.target_before_t,
            target_after_t=means.target_after_t,
            planned_before_h=means.planned_before_h,
            planned_after_h=means.planned_after_h,
            catch_up_before_t_per_h=means.catch_up_before_t_per_h,
            catch_up_after_t_per_h=means.catch_up_after_t_per_h,
            stages=[StageNeed.of(need) for need in means.stages],
        )


class Changed(Answer):
    """A change that was made, or with ``preview`` would be. version: its number."""

    preview: bool
    version: int
    effective: Instant
    meaning: Meaning


class StageRate(Answer):
    """What a stage has to make in a planned hour now."""

    stage: str
    required_t_per_h: float
    capacity_t_per_h: float


class Plan(Answer):
    """The plan as it was last changed. required_t_per_h: finished, in a planned hour now."""

    version: int
    targets: Annotated[dict[int, float], Field(description="finished t by year")]
    month_weights: dict[int, float]
    ramps: list[Ramp]
    required_t_per_h: float
    stages: list[StageRate]
    versions: list[Version]


class PlanHour(Answer):
    """What is due in an hour that begins at ``start``."""

    start: Instant
    planned_share: float
    finished_t: float
    stages_t: Annotated[dict[str, float], Field(description="in t of each stage's own output")]


class PlanHours(Answer):
    """The hours of a range, in order."""

    hours: list[PlanHour]
