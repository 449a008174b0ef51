"""The tables of site.toml, each by itself: types, ranges and defaults, but nothing across tables.

What the fields mean is written in the sample site, deploy/sites/changzhi/site.toml.
``examples`` are shown to whoever has to correct a field.
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from service.domain.alarm import Priority
from service.domain.calendar import DowntimeKind
from service.domain.line import MeterKind
from service.settings.fields import (
    FIRST_YEAR,
    LAST_YEAR,
    DateOrLocal,
    DelayS,
    Flag,
    LocalTime,
    Name,
    NotNegative,
    Number,
    OnlyDate,
    Positive,
    PriorityName,
    Section,
    Text,
    TimeZone,
    Whole,
    wrong,
)


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_http = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that hold no IPv6 address
        is_http = False
    if not is_http:
        raise wrong("an address that begins with http:// or https://")
    return value.rstrip("/")


HttpUrl = Annotated[Text, AfterValidator(_http_url)]


Tonnes = Annotated[Number, Field(gt=0, le=1e9)]


class SiteTable(Section):
    """[site]"""

    id: Annotated[Name, Field(examples=["changzhi"])]
    name_en: Annotated[Text, Field(examples=["Changzhi anode base"])]
    name_zh: Annotated[Text, Field(examples=["长治负极材料基地"])]
    time_zone: Annotated[TimeZone, Field(examples=["Asia/Shanghai"])]


class ServiceTable(Section):
    """[service]"""

    bind: Annotated[Text, Field(examples=["127.0.0.1"])] = "127.0.0.1"
    port: Annotated[Whole, Field(ge=0, le=65_535, examples=[8080])] = 8080
    data: Annotated[Text, Field(examples=["data"])] = "data"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(examples=["info"])] = (
        "info"
    )
    public_url: Annotated[HttpUrl | None, Field(examples=["https://anodewatch.example.com"])] = None


class AlarmsTable(Section):
    """[alarms]"""

    shelve_operator_h: Annotated[Number, Field(gt=0, le=8784, examples=[8.0])] = 8.0
    shelve_engineer_h: Annotated[Number, Field(gt=0, le=8784, examples=[72.0])] = 72.0


class StageChangeTable(Section):
    """[[stages.changes]]: what is left out stays as it was."""

    effective: Annotated[DateOrLocal, Field(examples=["2026-06-01"])]
    finished_eq: Annotated[Number | None, Field(gt=0, le=100, examples=[0.905])] = None
    yield_pct: Annotated[Number | None, Field(gt=0, le=100, examples=[93.5])] = None
    side_pct: Annotated[Number | None, Field(ge=0, lt=100, examples=[7.4])] = None
    capacity_t_per_h: Annotated[Number | None, Field(gt=0, le=1e6, examples=[12.0])] = None
    buffer_t: Annotated[Number | None, Field(gt=0, le=1e9, examples=[205.0])] = None


class StageTable(Section):
    """[[stages]]"""

    id: Annotated[Name, Field(examples=["CB"])]
    name_en: Annotated[Text, Field(examples=["Carbonization"])]
    name_zh: Annotated[Text, Field(examples=["炭化"])]
    finished_eq: Annotated[Number, Field(gt=0, le=100, examples=[0.921])]
    yield_pct: Annotated[Number, Field(gt=0, le=100, examples=[95.0])]
    capacity_t_per_h: Annotated[Number, Field(gt=0, le=1e6, examples=[11.67])]
    feeds: Annotated[tuple[Text, ...], Field(examples=[["GZ"]])] = ()
    hourly: Annotated[Flag, Field(examples=[False])] = True
    side_pct: Annotated[Number, Field(ge=0, lt=100, examples=[7.4])] = 0.0
    buffer_t: Annotated[Number | None, Field(gt=0, le=1e9, examples=[205.0])] = None
    changes: tuple[StageChangeTable, ...] = ()


class MeterChangeTable(Section):
    """[[meters.changes]]"""

    effective: Annotated[DateOrLocal, Field(examples=["2026-06-01"])]
    kg_per_unit: Annotated[Positive, Field(examples=[7.8])]


class MeterTable(Section):
    """[[meters]]"""

    stage: Annotated[Text, Field(examples=["CB"])]
    tag: Annotated[Text, Field(examples=["CB-L???-KQ131.TOT"])]
    kind: Annotated[MeterKind, Field(examples=["count"])]
    kg_per_unit: Annotated[Positive | None, Field(examples=[7.6])] = None
    max_rate_kg_per_h: Annotated[Positive, Field(examples=[50_000.0])] = 50_000.0
    sample_s: Annotated[DelayS, Field(examples=[10.0])] = 10.0
    bridge_s: Annotated[DelayS, Field(examples=[60.0])] = 60.0
    full: Annotated[Positive | None, Field(examples=[1_900.0])] = None
    empty: Annotated[NotNegative | None, Field(examples=[1_200.0])] = None
    band: Annotated[Positive | None, Field(examples=[30.0])] = None
    settle_s: Annotated[DelayS | None, Field(examples=[300.0])] = None
    discharge_s: Annotated[DelayS | None, Field(examples=[2_400.0])] = None
    cycle_s: Annotated[DelayS | None, Field(examples=[21_600.0])] = None
    max_kw: Annotated[Positive | None, Field(examples=[20_000.0])] = None
    changes: tuple[MeterChangeTable, ...] = ()
    cycle_min: Annotated[Number, Field(ge=0, le=31 * 1440, examples=[480.0])] = 0.0
    join_min: Annotated[Whole, Field(ge=0, le=1440, examples=[30])] = 0
    stuck_s: Annotated[Positive | None, Field(examples=[600.0])] = None
    runs: Annotated[Text | None, Field(examples=["WIC501.PV"])] = None
    runs_above: Annotated[Number | None, Field(examples=[0.05])] = None
    class_pct: Annotated[Number | None, Field(ge=0, le=100, examples=[0.5])] = None


class ShiftEntry(Section):
    """An element of calendar.shifts."""

    id: Annotated[Name, Field(examples=["day"])]
    start: Annotated[LocalTime, Field(examples=["08:00"])]
    end: Annotated[LocalTime, Field(examples=["16:00"])]


class DowntimeTable(Section):
    """[[calendar.downtimes]]"""

    start: Annotated[DateOrLocal, Field(examples=["2026-02-15"])]
    end: Annotated[DateOrLocal, Field(examples=["2026-02-22"])]
    reason: Annotated[Text, Field(examples=["Spring Festival"])]
    kind: Annotated[DowntimeKind, Field(examples=["holiday"])] = DowntimeKind.PLANNED


class CalendarTable(Section):
    """[calendar]"""

    day_start: Annotated[LocalTime, Field(examples=["08:00"])] = time(8)
    crews: Annotated[Whole, Field(ge=1, le=100, examples=[4])] = 4
    shifts: Annotated[
        tuple[ShiftEntry, ...],
        Field(min_length=1, examples=[[{"id": "day", "start": "08:00", "end": "20:00"}]]),
    ]
    downtimes: tuple[DowntimeTable, ...] = ()


class RampTable(Section):
    """[[plan.ramps]]"""

    start: Annotated[OnlyDate, Field(examples=["2026-07-27"])]
    end: Annotated[OnlyDate, Field(examples=["2026-08-03"])]
    start_pct: Annotated[Number, Field(gt=0, le=100, examples=[50.0])]


class PlanTable(Section):
    """[plan]"""

    year: Annotated[Whole, Field(ge=FIRST_YEAR, le=LAST_YEAR, examples=[2026])]
    target_t: Annotated[Tonnes, Field(examples=[70_000])]
    output_stage: Annotated[Text, Field(examples=["PK"])]
    other_years: Annotated[dict[str, Tonnes], Field(examples=[{"2027": 72_000}])] = Field(
        default_factory=dict
    )
    month_weights: Annotated[
        dict[str, Annotated[Number, Field(gt=0, le=10)]], Field(examples=[{"2": 0.9}])
    ] = Field(default_factory=dict)
    ramps: tuple[RampTable, ...] = ()


class NotificationTable(Section):
    """What every [[notifications]] has, whatever its kind; the rest belongs to the connector."""

    name: Annotated[Name, Field(examples=["maintenance"])]
    min_priority: Annotated[PriorityName, Field(examples=["high"])] = Priority.LOW
    fallback: Annotated[Name | None, Field(examples=["control-room"])] = None
    fallback_after_s: Annotated[DelayS, Field(examples=[600])] = 600.0
