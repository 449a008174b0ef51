"""The alarm rules and what they raised, on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from service.api.instants import Instant, iso
from service.api.models.alarms import Guidance
from service.api.models.common import Answer
from service.domain.alarm import AlarmDefinition, AlarmState, Quiet


class AlarmRule(Answer):
    """One rule: how many alarms it makes, and what these did in the range.

    told: raises about which people were called. quiet: the others, by why nobody was. most: the
    alarm that was raised most often.
    """

    id: str
    kind: str
    shadow: bool = Field(description="on trial: nobody is called")
    alarms: int
    standing: int
    raised: int
    told: int
    quiet: dict[Quiet, int]
    most: str | None
    most_raised: int
    guidance: Guidance | None


class AlarmRules(Answer):
    """Every rule that makes alarms, in the order of the rule file; [start, end)."""

    start: Instant
    end: Instant
    rules: list[AlarmRule]

    @classmethod
    def of(
        cls,
        start_ns: int,
        end_ns: int,
        definitions: Iterable[tuple[AlarmDefinition, AlarmState]],
        raises: Mapping[str, Mapping[Quiet | None, int]],
    ) -> AlarmRules:
        by_rule: dict[str, list[tuple[AlarmDefinition, AlarmState]]] = {}
        for one in definitions:
            by_rule.setdefault(one[0].rule, []).append(one)
        rules = [_rule(its, raises) for its in by_rule.values()]
        return cls(start=iso(start_ns), end=iso(end_ns), rules=rules)


def _rule(
    its: list[tuple[AlarmDefinition, AlarmState]],
    raises: Mapping[str, Mapping[Quiet | None, int]],
) -> AlarmRule:
    first, _ = its[0]
    told, quiet = 0, dict.fromkeys(Quiet, 0)
    most, most_raised = None, 0
    for definition, _ in its:
        counts = raises.get(definition.id, {})
        for why, count in counts.items():
            if why is None:
                told += count
            else:
                quiet[why] += count
        if sum(counts.values()) > most_raised:
            most, most_raised = definition.id, sum(counts.values())
    guidance = first.handling.guidance
    return AlarmRule(
        id=first.rule,
        kind=first.kind,
        shadow=first.handling.shadow,
        alarms=len(its),
        standing=sum(state.stands for _, state in its),
        raised=told + sum(quiet.values()),
        told=told,
        quiet={why: count for why, count in quiet.items() if count},
        most=most,
        most_raised=most_raised,
        guidance=None if guidance is None else Guidance.of(guidance),
    )
