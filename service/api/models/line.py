"""The line and its production on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer
from service.domain import calendar, line
from service.domain.plan import Window
from service.domain.production.book import StageWindow
from service.runtime.views import ProductionView, StageState, StageView

KG_PER_T = 1_000.0


class Unit(Answer):
    """One machine of a stage and the tag that counts its output."""

    id: str
    tag: str


class Stage(Answer):
    """One process step. hourly: whether an hour's output means anything."""

    id: str
    name_en: str
    name_zh: str
    finished_eq: float = Field(description="finished tonnes per tonne of this stage's output")
    capacity_t_per_h: float
    hourly: bool
    feeds: list[str]
    units: list[Unit]


class Shift(Answer):
    """A shift; ``start`` is local time, HH:MM."""

    name: str
    start: str


class Line(Answer):
    """The stages in their order. Plant output is counted at ``output_stage``, once."""

    stages: list[Stage]
    output_stage: str
    shifts: list[Shift]

    @classmethod
    def of(cls, made: line.Line, shifts: tuple[calendar.Shift, ...]) -> Line:
        return cls(
            stages=[
                Stage(
                    id=stage.id,
                    name_en=stage.name_en,
                    name_zh=stage.name_zh,
                    finished_eq=stage.finished_eq,
                    capacity_t_per_h=stage.capacity_t_per_h,
                    hourly=stage.hourly,
                    feeds=list(stage.feeds),
                    units=[Unit(id=m.unit, tag=m.tag) for m in made.meters_by_stage[stage.id]],
                )
                for stage in made.stages
            ],
            output_stage=made.output_stage,
            shifts=[Shift(name=s.id, start=f"{s.start:%H:%M}") for s in shifts],
        )


class ProductionWindow(Answer):
    """Made and planned tonnes over [start, end)."""

    start: Instant
    end: Instant
    actual_t: float | None = Field(description="null when nothing is known")
    plan_t: float
    plan_known_t: float = Field(description="the plan over the known minutes only")
    deviation_pct: float | None = Field(description="actual against plan_known_t, in percent")
    known_share: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, window: StageWindow) -> ProductionWindow:
        return cls(
            start=iso(window.start_ns),
            end=iso(window.end_ns),
            actual_t=None if window.actual_kg is None else window.actual_kg / KG_PER_T,
            plan_t=window.plan_kg / KG_PER_T,
            plan_known_t=window.plan_known_kg / KG_PER_T,
            deviation_pct=window.deviation_pct,
            known_share=window.known_share,
        )


class Windows(Answer):
    """The last 60 closed minutes; the current shift and production day so far; month and year to
    date."""

    hour: ProductionWindow
    shift: ProductionWindow
    day: ProductionWindow
    month: ProductionWindow
    year: ProductionWindow


class StageProduction(Answer):
    """One stage against what is required of it."""

    id: str
    rate_t_per_h: float | None
    required_t_per_h: float
    state: StageState
    stale_since: Instant | None
    windows: Windows

    @classmethod
    def of(cls, stage: StageView) -> StageProduction:
        shown = stage.windows
        return cls(
            id=stage.id,
            rate_t_per_h=stage.rate_t_per_h,
            required_t_per_h=stage.required_t_per_h,
            state=stage.state,
            stale_since=iso_or_none(stage.stale_since_ns),
            windows=Windows(
                hour=ProductionWindow.of(shown[Window.HOUR]),
                shift=ProductionWindow.of(shown[Window.SHIFT]),
                day=ProductionWindow.of(shown[Window.DAY]),
                month=ProductionWindow.of(shown[Window.MONTH]),
                year=ProductionWindow.of(shown[Window.YEAR]),
            ),
        )


class Production(Answer):
    """The line now. closed_through: up to when minutes are accounted for."""

    at: Instant
    closed_through: Instant | None
    planned_now: bool
    catch_up_t_per_h: float | None = Field(
        description="finished t/h over the rest of the year that still reach the target"
    )
    stages: list[StageProduction]
    output: StageProduction

    @classmethod
    def of(cls, view: ProductionView) -> Production:
        return cls(
            at=iso(view.at_ns),
            closed_through=iso_or_none(view.closed_through_ns),
            planned_now=view.planned_now,
            catch_up_t_per_h=view.catch_up_t_per_h,
            stages=[StageProduction.of(stage) for stage in view.stages],
            output=StageProduction.of(view.output),
        )
