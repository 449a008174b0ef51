"""Suppression by design (ISA-18.2): while a machine stands, its own alarms say nothing new.

Pure: values and alarms that stand are passed in. Unknown is not false: how long what held before
goes on is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from service.domain.alarm import AlarmDefinition
from service.domain.handling import Condition, Same, WhileAlarm, WhileTag


@dataclass(frozen=True, slots=True)
class OnTag:
    """True while the value of ``tag`` is beyond what ``condition`` says."""

    tag: str
    condition: WhileTag

    def holds(self, value: float | None) -> bool | None:
        """Whether it holds with ``value``; None when that is unknown."""
        if value is None or value != value:
            return None
        above, below = self.condition.above, self.condition.below
        return (above is not None and value > above) or (below is not None and value < below)

    def words(self) -> str:
        """What it says, for the journal."""
        above, below = self.condition.above, self.condition.below
        return f"{self.tag} > {above:g}" if above is not None else f"{self.tag} < {below:g}"


@dataclass(frozen=True, slots=True)
class OnAlarm:
    """True while an alarm of any of ``definitions`` stands."""

    rule: str
    definitions: tuple[str, ...]

    def words(self) -> str:
        """What it says, for the journal."""
        return f"alarm of rule {self.rule} stands"


Suppressor = OnTag | OnAlarm


def suppressors(
    definitions: Mapping[str, AlarmDefinition], tags: Collection[str]
) -> dict[str, tuple[Suppressor, ...]]:
    """By definition what suppresses it at this site; without those that nothing suppresses."""
    by_rule: dict[str, list[AlarmDefinition]] = {}
    for definition in definitions.values():
        by_rule.setdefault(definition.rule, []).append(definition)
    found = {}
    for definition in definitions.values():
        conditions = definition.handling.suppressed_by
        mine = [resolved(one, definition, by_rule, tags) for one in conditions]
        if any(mine):
            found[definition.id] = tuple(one for one in mine if one is not None)
    return found


def resolved(
    condition: Condition,
    definition: AlarmDefinition,
    by_rule: Mapping[str, Iterable[AlarmDefinition]],
    tags: Collection[str],
) -> Suppressor | None:
    """What ``condition`` means for one alarm; None when there is no such tag or alarm for it."""
    match condition:
        case WhileTag():
            names = (f"{definition.asset}-{condition.tag}", condition.tag)
            tag = next((name for name in names if name in tags), None)
            return None if tag is None else OnTag(tag, condition)
        case WhileAlarm():
            others = [
                other.id
                for other in by_rule.get(condition.rule, ())
                if other.id != definition.id and _same(condition.same, definition, other)
            ]
            return OnAlarm(condition.rule, tuple(others)) if others else None


def suppressed(
    conditions: Iterable[Suppressor],
    value: Callable[[str], float | None],
    stands: Callable[[str], bool],
) -> tuple[bool | None, str]:
    """Whether any of ``conditions`` holds, and which; None when that is open.

    value: of a tag, None where unknown. stands: whether a definition's alarm does, and may
    speak for others.
    """
    is_open = False
    for one in conditions:
        match one:
            case OnTag():
                holds = one.holds(value(one.tag))
            case OnAlarm():
                holds = any(stands(definition) for definition in one.definitions)
        if holds:
            return True, one.words()
        is_open |= holds is None
    return (None if is_open else False), ""


def _same(same: Same, one: AlarmDefinition, other: AlarmDefinition) -> bool:
    match same:
        case Same.EQUIPMENT:
            return one.asset == other.asset
        case Same.STAGE:
            return one.stage is not None and one.stage == other.stage
        case Same.SITE:
            return True
