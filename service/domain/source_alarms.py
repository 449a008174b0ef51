"""Alarm definitions of rules on sources: lost servers and PLCs, and clocks that are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.alarm import AlarmDefinition
from service.domain.rules import Behind, ClockRule, CommunicationRule, DeviceRule
from service.domain.stage_alarms import define_alarm
from service.domain.tag import Tag

LEAST_TAGS = 5
"""A PLC with fewer tags is not told from a sensor that failed."""


@dataclass(frozen=True, slots=True)
class GroupAlarm:
    """A rule on one item group."""

    rule: CommunicationRule | ClockRule
    group: str
    definition: AlarmDefinition


@dataclass(frozen=True, slots=True)
class DeviceAlarm:
    """A rule on one PLC: on the tags that are behind it."""

    rule: DeviceRule
    tags: tuple[Tag, ...]
    definition: AlarmDefinition


def on_communication(rule: CommunicationRule, group: str) -> GroupAlarm:
    """The alarm of a lost item group."""
    definition = define_alarm(
        rule, group, "communication_lost", rule.priority, rule.timing,
        f"Communication with {group} lost: its values are unknown, not zero",
        f"与 {group} 通信中断：其数值未知，不是零",
        asset=group,
    )  # fmt: skip
    return GroupAlarm(rule, group, definition)


def on_clock(rule: ClockRule, group: str) -> GroupAlarm:
    """The alarm of an item group whose clock is wrong."""
    definition = define_alarm(
        rule, group, "clock", rule.priority, rule.timing,
        f"The clock of {group} is wrong: its values count from when they came",
        f"{group} 的时钟不准：其数值按收到时间计算",
        asset=group,
    )  # fmt: skip
    return GroupAlarm(rule, group, definition)


def on_devices(rule: DeviceRule, tags: Sequence[Tag]) -> list[DeviceAlarm]:
    """One alarm for each PLC with enough tags to tell its loss from a sensor's."""
    behind: dict[str, list[Tag]] = {}
    for tag in tags:
        if tag.connector in rule.connectors:
            behind.setdefault(_device(rule.behind, tag), []).append(tag)
    found = []
    for device, its in sorted(behind.items()):
        if len(its) < LEAST_TAGS:
            continue
        areas = {tag.area for tag in its}
        definition = define_alarm(
            rule, device, "device_lost", rule.priority, rule.timing,
            f"The PLC of {device} is lost: its values are unknown, not zero",
            f"{device} 的 PLC 通信中断：其数值未知，不是零",
            asset=device, stage=areas.pop() if len(areas) == 1 else None,
        )  # fmt: skip
        found.append(DeviceAlarm(rule, tuple(its), definition))
    return found


def _device(behind: Behind, tag: Tag) -> str:
    match behind:
        case Behind.GROUP:
            return tag.item_group
        case Behind.AREA:
            return f"{tag.connector}/{tag.area}"
        case Behind.EQUIPMENT:
            return f"{tag.connector}/{tag.asset}"
