"""Which alarms explain which, along the sources and the line graph.

A lost connection explains all that is said of its tags; a stage that is down explains those that it
starves or blocks. Pure: what stands is passed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.domain.alarm import AlarmDefinition, Priority
from service.domain.definitions import Definitions
from service.domain.line import Line
from service.domain.rules import ShiftShortfallRule, ThroughputRule
from service.domain.stage_alarms import StageAlarm

InForce = Callable[[str], bool]
"""Whether the alarm of a definition stands, is about to, or went so shortly ago that what it
explained may still be there."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What explains one alarm.

    parts: what it rests on (its tag, or the meters of its stage): the definitions whose alarms make
    a part unknown, the most fundamental first, and how many parts have just these. above: the alarm
    is explained when more than this share of its parts is.
    """

    parts: tuple[tuple[tuple[str, ...], int], ...]
    above: float = 0.0

    def by(self, in_force: InForce) -> str | None:
        """The definition that explains the alarm; None when none does."""
        first, share, every = None, 0, 0
        for part, count in self.parts:
            every += count
            one = next((one for one in part if in_force(one)), None)
            if one is not None:
                first, share = first or one, share + count
        return first if share > self.above * every else None


def explained_by_loss(definitions: Definitions, line: Line) -> dict[str, Explained]:
    """By definition which lost connections explain it; without those that none explains.

    A critical limit is never explained away: a value that is there, and so far beyond, is true
    whatever else is lost.
    """
    groups = {alarm.group: alarm.definition.id for alarm in definitions.groups}
    devices: dict[str, list[str]] = {}
    for device in definitions.devices:
        for tag in device.tags:
            devices.setdefault(tag.id, []).append(device.definition.id)
    found: dict[str, Explained] = {}

    def losses(tag: str, group: str) -> tuple[str, ...]:
        return (*((groups[group],) if group in groups else ()), *devices.get(tag, ()))

    def say(definition: AlarmDefinition, parts: Sequence[tuple[str, ...]], above: float) -> None:
        if any(parts):
            found[definition.id] = Explained(tuple(Counter(parts).items()), above)

    for limit in definitions.limits:
        if limit.definition.priority is not Priority.CRITICAL:
            say(limit.definition, [losses(limit.tag.id, limit.tag.item_group)], 0.0)
    for one in definitions.tags:
        say(one.definition, [losses(one.tag.id, one.tag.item_group)], 0.0)
    for on_meter in definitions.meters:
        meter = on_meter.meter
        say(on_meter.definition, [losses(meter.tag, meter.item_group)], 0.0)
    for clock in definitions.clocks:
        say(clock.definition, [losses("", clock.group)], 0.0)
    for device in definitions.devices:
        say(device.definition, [losses("", tag.item_group) for tag in device.tags], 0.5)
    for stage in definitions.stages:
        meters = [stage.meter] if stage.meter else line.meters_by_stage[stage.stage.id]
        parts = [losses(meter.tag, meter.item_group) for meter in meters]
        say(stage.definition, parts, float(getattr(stage.rule, "max_unknown_share", 0.0)))
    return found


def may_be_held_up(alarm: StageAlarm) -> bool:
    """Whether a stage gets this alarm too when another one starves or blocks it."""
    return isinstance(alarm.rule, ThroughputRule | ShiftShortfallRule)


def alarms_of_stage(definitions: Definitions) -> dict[str, tuple[str, ...]]:
    """By stage the definitions whose alarms say that it makes too little: what explains the stages
    that it holds up."""
    found: dict[str, tuple[str, ...]] = {}
    for alarm in definitions.stages:
        found[alarm.stage.id] = (*found.get(alarm.stage.id, ()), alarm.definition.id)
    return found
