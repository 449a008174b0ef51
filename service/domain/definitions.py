"""From rules to alarm definitions: one for each stage, tag or item group that a rule applies to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from service.domain.alarm import AlarmDefinition
from service.domain.line import Line, Meter, MeterKind
from service.domain.rules import (
    BadQualityRule,
    BalanceRule,
    ClockRule,
    CommunicationRule,
    CounterEvent,
    CounterRule,
    DeliveryRule,
    DeviceRule,
    DriftRule,
    ForecastMissRule,
    LimitKind,
    LimitRule,
    MissedRunRule,
    OffCurveRule,
    Rule,
    ShiftShortfallRule,
    StaleRule,
    StuckRule,
    ThroughputRule,
    Timing,
)
from service.domain.source_alarms import (
    DeviceAlarm,
    GroupAlarm,
    on_clock,
    on_communication,
    on_devices,
)
from service.domain.stage_alarms import (
    ForecastAlarm,
    StageAlarm,
    define_alarm,
    on_forecast,
    on_runs,
    on_stage,
)
from service.domain.tag import Tag

COUNTERS = (MeterKind.TOTALISER, MeterKind.COUNT, MeterKind.ENERGY)
LIMIT_WORDS = {
    LimitKind.HH: ("above HH", "高于高高限"),
    LimitKind.H: ("above H", "高于高限"),
    LimitKind.L: ("below L", "低于低限"),
    LimitKind.LL: ("below LL", "低于低低限"),
}


@dataclass(frozen=True, slots=True)
class LimitAlarm:
    """A limit rule on one tag that has this limit."""

    limit: LimitKind
    value: float
    tag: Tag
    definition: AlarmDefinition


@dataclass(frozen=True, slots=True)
class TagAlarm:
    """A bad-quality or stale rule on one tag."""

    rule: BadQualityRule | StaleRule
    tag: Tag
    definition: AlarmDefinition


@dataclass(frozen=True, slots=True)
class MeterAlarm:
    """A rule on one meter's signal."""

    rule: CounterRule | StuckRule
    meter: Meter
    definition: AlarmDefinition


@dataclass(frozen=True, slots=True)
class DestinationAlarm:
    """A rule on one destination of alarms."""

    rule: DeliveryRule
    destination: str
    definition: AlarmDefinition


@dataclass(frozen=True, slots=True)
class Definitions:
    """Every alarm that can stand at this site."""

    stages: tuple[StageAlarm, ...]
    limits: tuple[LimitAlarm, ...]
    tags: tuple[TagAlarm, ...]
    groups: tuple[GroupAlarm, ...]
    clocks: tuple[GroupAlarm, ...] = ()
    meters: tuple[MeterAlarm, ...] = ()
    forecasts: tuple[ForecastAlarm, ...] = ()
    devices: tuple[DeviceAlarm, ...] = ()
    destinations: tuple[DestinationAlarm, ...] = ()

    def all(self) -> dict[str, AlarmDefinition]:
        """Definitions by id."""
        alarms: list[OneAlarm] = [
            *self.stages,
            *self.limits,
            *self.tags,
            *self.groups,
            *self.clocks,
            *self.meters,
            *self.forecasts,
            *self.devices,
            *self.destinations,
        ]
        return {alarm.definition.id: alarm.definition for alarm in alarms}


OneAlarm = (
    StageAlarm
    | LimitAlarm
    | TagAlarm
    | GroupAlarm
    | MeterAlarm
    | ForecastAlarm
    | DeviceAlarm
    | DestinationAlarm
)


def define(rules: Iterable[Rule], *, tags: Sequence[Tag], line: Line) -> Definitions:
    """The definitions of ``rules``; of two rules for one limit of one tag, the first applies."""
    stages: list[StageAlarm] = []
    limits: dict[tuple[str, LimitKind], LimitAlarm] = {}
    on_tags: list[TagAlarm] = []
    groups: list[GroupAlarm] = []
    clocks: list[GroupAlarm] = []
    meters: list[MeterAlarm] = []
    forecasts: list[ForecastAlarm] = []
    devices: list[DeviceAlarm] = []
    destinations: list[DestinationAlarm] = []
    for rule in rules:
        match rule:
            case ThroughputRule() | ShiftShortfallRule() | DriftRule() | BalanceRule():
                stages += (on_stage(rule, line.stage_by_id[stage], line) for stage in rule.stages)
            case MissedRunRule() | OffCurveRule():
                stages += (
                    on_runs(rule, line.stage_by_id[meter.stage], meter, line)
                    for meter in line.energy
                    if meter.stage in rule.stages
                )
            case ForecastMissRule():
                forecasts.append(on_forecast(rule, line.stage_by_id[line.output_stage]))
            case LimitRule():
                for tag in _matching(tags, rule.tags):
                    alarm = _on_limit(rule, tag)
                    if alarm is not None:
                        limits.setdefault((tag.id, rule.limit), alarm)
            case BadQualityRule():
                on_tags += (_bad_quality(rule, tag) for tag in _matching(tags, rule.tags))
            case StaleRule():
                on_tags += (
                    _stale(rule, tag)
                    for tag in _matching(tags, rule.tags)
                    if tag.cyclic_s is not None
                )
            case CommunicationRule():
                wanted = {t.item_group for t in tags if t.connector in rule.connectors}
                groups += (on_communication(rule, group) for group in sorted(wanted))
            case ClockRule():
                wanted = {t.item_group for t in tags if t.connector in rule.connectors}
                clocks += (on_clock(rule, group) for group in sorted(wanted))
            case DeliveryRule():
                destinations += (_on_destination(rule, name) for name in rule.destinations)
            case DeviceRule():
                devices += on_devices(rule, tags)
            case CounterRule() | StuckRule():
                by_id = {tag.id: tag for tag in _matching(tags, rule.tags)}
                on_line = (m for m in (*line.meters, *line.energy) if m.tag in by_id)
                meters += (_on_meter(rule, m, by_id[m.tag]) for m in on_line if watches(rule, m))
    return Definitions(
        tuple(stages),
        tuple(limits.values()),
        tuple(on_tags),
        tuple(groups),
        tuple(clocks),
        tuple(meters),
        tuple(forecasts),
        tuple(devices),
        tuple(destinations),
    )


def watches(rule: CounterRule | StuckRule, meter: Meter) -> bool:
    """Whether ``rule`` has anything to say of a meter of this kind."""
    match rule:
        case StuckRule():
            return meter.stuck_s is not None
        case CounterRule(event=CounterEvent.ROLLOVER):
            return meter.kind in COUNTERS and meter.rollover is not None
        case CounterRule():
            return meter.kind in COUNTERS


def _on_limit(rule: LimitRule, tag: Tag) -> LimitAlarm | None:
    limit: float | None = getattr(tag.limits, rule.limit)
    if limit is None:
        return None
    en, zh = LIMIT_WORDS[rule.limit]
    unit = f" {tag.unit}" if tag.unit else ""
    definition = define_alarm(
        rule, tag.id, "limit", rule.priority, rule.timing,
        f"{tag.name_en or tag.id} {en} {limit:g}{unit}",
        f"{tag.name_zh or tag.id}{zh} {limit:g}{unit}",
        asset=tag.asset, tag=tag.id, stage=tag.area, limit=limit, unit=tag.unit,
        extra=(limit, tag.deadband),
    )  # fmt: skip
    return LimitAlarm(rule.limit, limit, tag, definition)


def _bad_quality(rule: BadQualityRule, tag: Tag) -> TagAlarm:
    definition = define_alarm(
        rule, tag.id, "bad_quality", rule.priority, rule.timing,
        f"{tag.name_en or tag.id}: bad quality, the value can't be used",
        f"{tag.name_zh or tag.id}：信号质量坏，数值不可用",
        asset=tag.asset, tag=tag.id, stage=tag.area,
    )  # fmt: skip
    return TagAlarm(rule, tag, definition)


def _stale(rule: StaleRule, tag: Tag) -> TagAlarm:
    definition = define_alarm(
        rule, tag.id, "stale", rule.priority, rule.timing,
        f"{tag.name_en or tag.id}: no new value, though one is due every {tag.cyclic_s:g} s",
        f"{tag.name_zh or tag.id}：数值未更新，应每 {tag.cyclic_s:g} s 更新一次",
        asset=tag.asset, tag=tag.id, stage=tag.area, extra=(tag.cyclic_s,),
    )  # fmt: skip
    return TagAlarm(rule, tag, definition)


def _on_destination(rule: DeliveryRule, name: str) -> DestinationAlarm:
    definition = define_alarm(
        rule, name, "delivery_failing", rule.priority, rule.timing,
        f"Alarms do not reach {name}: see the page Deliveries",
        f"报警无法送达 {name}：请查看“通知”页面",
        asset=name,
    )  # fmt: skip
    return DestinationAlarm(rule, name, definition)


def _on_meter(rule: CounterRule | StuckRule, meter: Meter, tag: Tag) -> MeterAlarm:
    name_en, name_zh = tag.name_en or tag.id, tag.name_zh or tag.id
    match rule:
        case StuckRule():
            kind = "stuck"
            message_en = f"{name_en} stands still though its machine runs: it is unknown, not zero"
            message_zh = f"{name_zh}：设备运行而数值不变，产量未知，不是零"
        case CounterRule(event=CounterEvent.RESET):
            kind = "counter_reset"
            message_en = f"{name_en}: the counter was reset; what it had not told is lost"
            message_zh = f"{name_zh}：计数器已复位，未上传的部分已丢失"
        case CounterRule():
            kind = "counter_rollover"
            message_en = f"{name_en}: the counter rolled over; nothing is lost"
            message_zh = f"{name_zh}：计数器已翻转，数据未丢失"
    timing = rule.timing
    if isinstance(rule, CounterRule):
        timing = Timing(0.0, timing.off_delay_s)  # it happens at an instant, and lasts no time
    definition = define_alarm(
        rule, tag.id, kind, rule.priority, timing, message_en, message_zh,
        asset=tag.asset, tag=tag.id, stage=meter.stage, extra=(meter.stuck_s, meter.rollover),
    )  # fmt: skip
    return MeterAlarm(rule, meter, definition)


def _matching(tags: Sequence[Tag], patterns: Sequence[str]) -> list[Tag]:
    return [tag for tag in tags if any(fnmatchcase(tag.id, pattern) for pattern in patterns)]
