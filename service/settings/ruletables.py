"""The tables of rules.toml, each by itself.

What the fields mean is written in the sample site, deploy/sites/changzhi/rules.toml.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.domain.plan import Window
from service.domain.rules import Behind, ChartKind, CounterEvent, LimitKind, Timing
from service.settings.fields import (
    DelayS,
    Name,
    NotNegative,
    Number,
    Positive,
    PriorityName,
    PriorityOrAuto,
    Text,
)
from service.settings.handlingtables import HandlingTable

BelowPct = Annotated[Number, Field(gt=0, le=100, examples=[10.0])]
Share = Annotated[Number, Field(ge=0, le=1, examples=[0.2])]
Stages = Annotated[tuple[Text, ...], Field(min_length=1, examples=[["CB", "PK"]])]
PowerCurve = Annotated[
    tuple[tuple[NotNegative, Positive], ...],
    Field(min_length=2, max_length=200, examples=[[[0, 10.5], [40, 16.3]]]),
]
Tags = Annotated[tuple[Text, ...], Field(min_length=1, examples=[["CB-*-AT120.PV"]])]


class RuleTable(HandlingTable):
    """What every rule has."""

    id: Annotated[Name, Field(examples=["hour-low"])]
    on_delay_s: Annotated[DelayS, Field(examples=[60])] = 0.0
    off_delay_s: Annotated[DelayS, Field(examples=[60])] = 0.0

    @property
    def timing(self) -> Timing:
        """The delays as the domain has them."""
        return Timing(self.on_delay_s, self.off_delay_s)


class UrgentTable(RuleTable):
    """A rule that says how urgent it is."""

    priority: Annotated[PriorityName, Field(examples=["high"])]


class StakeTable(RuleTable):
    """A rule that says how urgent it is, or leaves that to the tonnes at stake."""

    priority: Annotated[PriorityOrAuto, Field(examples=["high"])]


class ThroughputTable(StakeTable):
    """[[throughput]]"""

    stages: Stages
    window: Annotated[Window, Field(examples=["hour"])]
    below_pct: BelowPct
    deadband_pct: Annotated[NotNegative, Field(examples=[2.0])] = 0.0
    max_unknown_share: Share = 0.2


class ShiftShortfallTable(StakeTable):
    """[[shift_shortfall]]"""

    stages: Stages
    below_pct: BelowPct
    max_unknown_share: Share = 0.2


class DriftTable(UrgentTable):
    """[[drift]]"""

    stages: Stages
    chart: Annotated[ChartKind, Field(examples=["cusum"])] = ChartKind.CUSUM
    false_per_month: Annotated[Number, Field(gt=0, le=10, examples=[0.33])] = 0.33
    history_days: Annotated[Number, Field(ge=2, le=90, examples=[60])] = 60.0
    min_days: Annotated[Number, Field(ge=1, le=90, examples=[20])] = 20.0


class ForecastMissTable(UrgentTable):
    """[[forecast_miss]]"""

    period: Annotated[Literal["month", "year"], Field(examples=["month"])]
    below_pct: BelowPct
    deadband_pct: Annotated[NotNegative, Field(examples=[5.0])] = 0.0


class BalanceTable(UrgentTable):
    """[[balance]]"""

    stages: Stages
    window_days: Annotated[Number, Field(ge=1, le=90, examples=[14])] = 14.0
    scale_pct: Annotated[Number, Field(gt=0, le=10, examples=[0.5])] = 0.5
    stock_h: Annotated[NotNegative, Field(le=720, examples=[6])] = 6.0
    useful_pct: Annotated[Number, Field(gt=0, le=100, examples=[5])] = 5.0
    max_unknown_share: Share = 0.05


class MissedRunTable(StakeTable):
    """[[missed_run]]"""

    stages: Stages
    every_h: Annotated[Positive, Field(le=2_000, examples=[43.2])]
    tolerance_h: Annotated[NotNegative, Field(le=2_000, examples=[4])]
    run_mwh: Annotated[Positive, Field(le=1e6, examples=[549])]


class OffCurveTable(StakeTable):
    """[[off_curve]]"""

    stages: Stages
    curve_mw: PowerCurve
    window_h: Annotated[Positive, Field(ge=0.25, le=24, examples=[2])] = 2.0
    tolerance_pct: Annotated[Positive, Field(lt=100, examples=[5])] = 5.0


class LimitTable(UrgentTable):
    """[[limit]]"""

    limit: Annotated[LimitKind, Field(examples=["hh"])]
    tags: Tags


class BadQualityTable(UrgentTable):
    """[[bad_quality]]"""

    tags: Tags


class StaleTable(UrgentTable):
    """[[stale]]"""

    tags: Tags
    cycles: Annotated[Positive, Field(ge=1, examples=[2])] = 2.0


class CounterTable(UrgentTable):
    """[[counter]]"""

    event: Annotated[CounterEvent, Field(examples=["reset"])]
    tags: Tags


class StuckTable(UrgentTable):
    """[[stuck]]"""

    tags: Tags


class ClockTable(UrgentTable):
    """[[clock]]"""

    connectors: Annotated[tuple[Text, ...], Field(min_length=1, examples=[["plant"]])]


class CommunicationTable(UrgentTable):
    """[[communication]]"""

    connectors: Annotated[tuple[Text, ...], Field(min_length=1, examples=[["plant"]])]


class DeliveryTable(UrgentTable):
    """[[delivery]]"""

    destinations: Annotated[tuple[Text, ...], Field(min_length=1, examples=[["maintenance"]])]


class DeviceTable(UrgentTable):
    """[[device]]"""

    connectors: Annotated[tuple[Text, ...], Field(min_length=1, examples=[["plant"]])]
    behind: Annotated[Behind, Field(examples=["area"])]
    bad_pct: Annotated[Number, Field(gt=50, le=100, examples=[80])] = 80.0
