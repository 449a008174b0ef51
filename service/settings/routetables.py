"""The tables of site.toml that say who is told: [[routes]], [[on_call]], [[quiet_hours]], [flood].

What the fields mean is written in the sample site, deploy/sites/changzhi/site.toml.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from service.domain.alarm import Priority
from service.settings.fields import (
    DateOrLocal,
    Flag,
    LocalTime,
    Name,
    Number,
    OnlyDate,
    PriorityName,
    Section,
    Text,
    Whole,
    wrong,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NOTHING = "none"

Names = tuple[Text, ...]


def _some(value: tuple[object, ...]) -> tuple[object, ...]:
    if not value:  # not a length that pydantic judges: that counts elements which are sound
        raise wrong("a list that is not empty")
    return value


SomeNames = Annotated[Names, AfterValidator(_some)]
Weekdays = Annotated[tuple[Weekday, ...], AfterValidator(_some), Field(examples=[["sat", "sun"]])]


def _passes(value: object) -> Priority | None:
    if value is None or value == NOTHING:
        return None
    if isinstance(value, Priority):
        return value
    try:
        return Priority[value.upper()] if isinstance(value, str) else Priority(-1)
    except (KeyError, ValueError):
        names = " or ".join(f'"{p.name.lower()}"' for p in Priority)
        raise wrong(f'{names} or "{NOTHING}"') from None


class RouteTable(Section):
    """[[routes]]"""

    name: Annotated[Name, Field(examples=["furnaces"])]
    to: Annotated[Names, Field(examples=[["maintenance"]])]
    escalate_to: Annotated[tuple[SomeNames, ...], Field(examples=[[["maintenance"]]])] = ()
    stages: Annotated[SomeNames, Field(examples=[["CB", "GZ"]])] | None = None
    assets: Annotated[SomeNames, Field(examples=[["CB-L0*"]])] | None = None
    rules: Annotated[SomeNames, Field(examples=[["hour-low"]])] | None = None
    kinds: Annotated[SomeNames, Field(examples=[["communication"]])] | None = None
    shifts: Annotated[SomeNames, Field(examples=[["night"]])] | None = None
    min_priority: Annotated[PriorityName, Field(examples=["high"])] = Priority.LOW
    max_priority: Annotated[PriorityName, Field(examples=["critical"])] = Priority.CRITICAL
    group_s: Annotated[Number, Field(ge=0, le=600, examples=[5.0])] = 5.0
    continues: Annotated[Flag, Field(examples=[True])] = False

    @property
    def takes_all(self) -> bool:
        """Whether it has no condition."""
        lists = (self.stages, self.assets, self.rules, self.kinds, self.shifts)
        return (
            lists == (None,) * len(lists)
            and self.min_priority is Priority.LOW
            and self.max_priority is Priority.CRITICAL
        )


class DutyTable(Section):
    """An element of on_call.duties."""

    to: Annotated[SomeNames | None, Field(examples=[["maintenance"]])] = None
    turns: Annotated[tuple[SomeNames, ...], AfterValidator(_some)] | None = None
    turn_days: Annotated[Whole, Field(ge=1, le=366, examples=[7])] = 7
    first: Annotated[OnlyDate | None, Field(examples=["2026-01-05"])] = None
    last: Annotated[OnlyDate | None, Field(examples=["2026-12-31"])] = None
    weekdays: Weekdays = WEEKDAYS
    shifts: Annotated[SomeNames, Field(examples=[["night"]])] | None = None


class OverrideTable(Section):
    """An element of on_call.overrides."""

    to: Annotated[SomeNames, Field(examples=[["maintenance"]])]
    start: Annotated[DateOrLocal, Field(examples=["2026-10-01"])]
    end: Annotated[DateOrLocal, Field(examples=["2026-10-08"])]
    reason: Annotated[Text | None, Field(examples=["holiday"])] = None


class OnCallTable(Section):
    """[[on_call]]"""

    name: Annotated[Name, Field(examples=["electricians"])]
    otherwise: Annotated[SomeNames, Field(examples=[["maintenance"]])]
    duties: Annotated[tuple[DutyTable, ...], AfterValidator(_some)]
    overrides: tuple[OverrideTable, ...] = ()


class QuietHoursTable(Section):
    """[[quiet_hours]]"""

    destinations: Annotated[SomeNames, Field(examples=[["maintenance"]])]
    start: Annotated[LocalTime, Field(examples=["22:00"])]
    end: Annotated[LocalTime, Field(examples=["06:00"])]
    weekdays: Weekdays = WEEKDAYS
    passes: Annotated[Priority | None, BeforeValidator(_passes), Field(examples=["critical"])] = (
        Priority.CRITICAL
    )


class PositionTable(Section):
    """An element of flood.positions."""

    name: Annotated[Name, Field(examples=["furnaces"])]
    stages: Annotated[SomeNames, Field(examples=[["CB", "GZ"]])] | None = None


class FloodTable(Section):
    """[flood]"""

    begins_above: Annotated[Whole, Field(ge=1, le=1000, examples=[10])] = 10
    ends_below: Annotated[Whole, Field(ge=1, le=1000, examples=[5])] = 5
    window_min: Annotated[Number, Field(gt=0, le=1440, examples=[10.0])] = 10.0
    digest_min: Annotated[Number, Field(ge=1, le=1440, examples=[5.0])] = 5.0
    positions: tuple[PositionTable, ...] = ()


def weekday_numbers(names: tuple[Weekday, ...]) -> frozenset[int]:
    """The days, Monday 0."""
    return frozenset(WEEKDAYS.index(name) for name in names)
