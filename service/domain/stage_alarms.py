"""Alarm definitions of rules on production: one for each stage, or each unit of a stage."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from service.domain.alarm import AlarmDefinition, Priority
from service.domain.detection.limits import METHOD
from service.domain.instants import seconds
from service.domain.line import Line, Meter, Stage
from service.domain.losses.stake import PriorityScale, Stake, most_loaded, outage
from service.domain.plan import Window
from service.domain.rules import (
    BalanceRule,
    DriftRule,
    ForecastMissRule,
    MissedRunRule,
    OffCurveRule,
    Rule,
    RunRule,
    ShiftShortfallRule,
    ThroughputRule,
    Timing,
)

WINDOW_WORDS = {
    Window.HOUR: ("the last hour", "最近一小时"),
    Window.SHIFT: ("this shift", "本班"),
    Window.DAY: ("this production day", "本生产日"),
    Window.DAY_24H: ("the last 24 hours", "最近24小时"),
    Window.WEEK: ("the last 7 days", "最近7天"),
    Window.MONTH: ("this month", "本月"),
    Window.YEAR: ("this year", "本年"),
}
StageRule = ThroughputRule | ShiftShortfallRule | DriftRule | BalanceRule | RunRule


@dataclass(frozen=True, slots=True)
class StageAlarm:
    """A rule on the production of one stage, or on one of its units: that of ``meter``."""

    rule: StageRule
    stage: Stage
    definition: AlarmDefinition
    meter: Meter | None = None


@dataclass(frozen=True, slots=True)
class ForecastAlarm:
    """A forecast-miss rule on the plant's output."""

    rule: ForecastMissRule
    definition: AlarmDefinition


AT_STAKE_H = 24.0
"""For so long the loss is taken to last; that is how the tonnes of a rectifier's stop are told."""


def at_stake(line: Line, stage: Stage, down_kg_per_h: float) -> Stake:
    """What ``stage`` lacking so much of its capacity for a day costs the plant in finished tonnes:
    all at the bottleneck, elsewhere what spare units can't take over at the bottleneck's pace.
    Stocks between the stages are not counted on."""
    slowest = line.stage_by_id[most_loaded(line)]
    pace_kg_per_h = slowest.capacity_t_per_h * 1_000.0 * slowest.finished_eq
    return outage(
        down_kg_per_h=down_kg_per_h,
        capacity_kg_per_h=stage.capacity_t_per_h * 1_000.0,
        required_kg_per_h=pace_kg_per_h / stage.finished_eq,
        hours=AT_STAKE_H,
        finished_eq=stage.finished_eq,
        is_bottleneck=stage.id == slowest.id,
    )


def on_stage(rule: StageRule, stage: Stage, line: Line) -> StageAlarm:
    """The alarm of a rule on a whole stage."""
    limit: float | None = None
    extra: tuple[object, ...] = ()
    match rule:
        case ThroughputRule():
            en, zh = WINDOW_WORDS[rule.window]
            message_en = (
                f"{stage.name_en}: output of {en} more than {rule.below_pct:g} % below plan"
            )
            message_zh = f"{stage.name_zh}：{zh}产量低于计划 {rule.below_pct:g} % 以上"
            kind, limit = "throughput", -rule.below_pct
        case ShiftShortfallRule():
            message_en = f"{stage.name_en}: this shift can no longer reach its plan"
            message_zh = f"{stage.name_zh}：本班已无法完成计划"
            kind, limit = "shift_shortfall", -rule.below_pct
        case DriftRule():
            message_en = f"{stage.name_en}: output has drifted from its habit"
            message_zh = f"{stage.name_zh}：产量已缓慢偏离常态"
            kind, extra = "drift", (METHOD,)
        case BalanceRule():
            before = [one for one in line.stages if stage.id in one.feeds]
            en, zh = ", ".join(s.name_en for s in before), "、".join(s.name_zh for s in before)
            message_en = f"{stage.name_en}: what was taken is not what {en} gave"
            message_zh = f"{stage.name_zh}：投入量与{zh}的产出量不符"
            kind = "balance"
    lost = 0.0 if limit is None else -limit / 100.0
    stake = at_stake(line, stage, lost * stage.capacity_t_per_h * 1_000.0)
    priority = PriorityScale().of(stake) if rule.priority is None else rule.priority
    definition = define_alarm(
        rule, stage.id, kind, priority, rule.timing, message_en, message_zh,
        asset=stage.id, stage=stage.id, limit=limit, unit="%", extra=extra,
        stake=None if limit is None else stake,
    )  # fmt: skip
    return StageAlarm(rule, stage, definition)


def on_forecast(rule: ForecastMissRule, output: Stage) -> ForecastAlarm:
    """The alarm of a rule on the forecast of the plant's output."""
    en, zh = WINDOW_WORDS[rule.period]
    definition = define_alarm(
        rule, output.id, "forecast_miss", rule.priority, rule.timing,
        f"Plant output: the chance to reach the plan of {en} is below {rule.below_pct:g} %",
        f"全厂产量：完成{zh}计划的可能性低于 {rule.below_pct:g} %",
        asset=output.id, stage=output.id, limit=rule.below_pct, unit="%",
    )  # fmt: skip
    return ForecastAlarm(rule, definition)


def on_runs(rule: RunRule, stage: Stage, meter: Meter, line: Line) -> StageAlarm:
    """The alarm of a rule on the runs of an energy meter's unit."""
    limit: float | None = None
    match rule:
        case MissedRunRule():
            said_en = f"the next run is more than {rule.tolerance_h:g} h late"
            said_zh = f"下一炉次送电已推迟 {rule.tolerance_h:g} h 以上"
            kind, limit, unit = "missed_run", rule.tolerance_h, "h"
        case OffCurveRule():
            said_en = f"the run's energy is more than {rule.tolerance_pct:g} % off its curve"
            said_zh = f"本炉次送电量偏离功率曲线 {rule.tolerance_pct:g} % 以上"
            kind, unit = "off_curve", "%"
    units = sum(other.stage == stage.id for other in line.energy)
    stake = at_stake(line, stage, stage.capacity_t_per_h * 1_000.0 / units)
    priority = PriorityScale().of(stake) if rule.priority is None else rule.priority
    definition = define_alarm(
        rule, meter.unit, kind, priority, rule.timing,
        f"{stage.name_en} {meter.unit}: {said_en}", f"{stage.name_zh} {meter.unit}：{said_zh}",
        asset=meter.unit, stage=stage.id, limit=limit, unit=unit, extra=(meter.id,), stake=stake,
    )  # fmt: skip
    return StageAlarm(rule, stage, definition, meter)


def define_alarm(
    rule: Rule,
    target: str,
    kind: str,
    priority: Priority,
    timing: Timing,
    message_en: str,
    message_zh: str,
    *,
    asset: str,
    tag: str | None = None,
    stage: str | None = None,
    limit: float | None = None,
    unit: str = "",
    extra: tuple[object, ...] = (),
    stake: Stake | None = None,
) -> AlarmDefinition:
    """What every definition has. extra: what else its version depends on."""
    said = repr((rule, target, extra))
    return AlarmDefinition(
        id=f"{rule.id}:{target}",
        rule=rule.id,
        version=hashlib.sha256(said.encode()).hexdigest()[:16],
        kind=kind,
        priority=priority,
        asset=asset,
        on_delay_ns=seconds(timing.on_delay_s),
        off_delay_ns=seconds(timing.off_delay_s),
        message_en=message_en,
        message_zh=message_zh,
        tag=tag,
        stage=stage,
        limit=limit,
        unit=unit,
        handling=rule.handling,
        stake_t=None if stake is None else stake.plant_finished_kg / 1_000.0,
    )
