"""What every rule of rules.toml may say about the handling of its alarms.

What the fields mean is written in the sample site, deploy/sites/changzhi/rules.toml.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from service.domain.handling import (
    FLAPPING,
    Chattering,
    Condition,
    Guidance,
    Handling,
    Same,
    WhileAlarm,
    WhileTag,
    Words,
)
from service.settings.fields import DelayS, Flag, Name, Number, Section, Text, Whole

_SAID = {"en": "Nitrogen supply lost", "zh": "氮气供应中断"}
Said = Annotated["WordsTable", Field(examples=[_SAID])]
WaitS = Annotated[Number, Field(gt=0, le=31 * 86_400)]


class WordsTable(Section):
    """{ en = "…", zh = "…" }"""

    en: Annotated[Text, Field(max_length=600, examples=[_SAID["en"]])]
    zh: Annotated[Text, Field(max_length=600, examples=[_SAID["zh"]])]

    @property
    def words(self) -> Words:
        """As the domain has them."""
        return Words(self.en, self.zh)


class GuidanceTable(Section):
    """[KIND.guidance]"""

    cause: Said
    consequence: Said
    response: Said
    respond_min: Annotated[Number, Field(gt=0, le=31 * 1_440, examples=[10])]
    owner: Annotated[WordsTable, Field(examples=[{"en": "Kiln operator", "zh": "炭化炉操作工"}])]

    @property
    def guidance(self) -> Guidance:
        """As the domain has it."""
        return Guidance(
            cause=self.cause.words,
            consequence=self.consequence.words,
            response=self.response.words,
            respond_min=self.respond_min,
            owner=self.owner.words,
        )


class ConditionTable(Section):
    """One element of suppressed_by: a rule, or a tag with what it is above or below."""

    rule: Annotated[Name | None, Field(examples=["communication-lost"])] = None
    same: Annotated[Same | None, Field(examples=["equipment"])] = None
    tag: Annotated[Text | None, Field(examples=["M601.ST"])] = None
    above: Annotated[Number | None, Field(examples=[0.5])] = None
    below: Annotated[Number | None, Field(examples=[0.5])] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ConditionTable:
        limits = (self.above is not None) + (self.below is not None)
        of_rule = self.rule is not None and self.tag is None and limits == 0
        of_tag = self.tag is not None and self.rule is None and self.same is None and limits == 1
        if not of_rule and not of_tag:
            raise ValueError(
                "expected a rule, or a tag with either above or below; "
                'write e.g. { tag = "M601.ST", below = 0.5 } or { rule = "kiln-down" }'
            )
        return self

    @property
    def condition(self) -> Condition:
        """As the domain has it."""
        if self.rule is not None:
            return WhileAlarm(self.rule, self.same or Same.EQUIPMENT)
        return WhileTag(self.tag or "", self.above, self.below)


class ChatteringTable(Section):
    """chattering = { raises = …, window_s = …, calm_s = … }"""

    raises: Annotated[Whole, Field(ge=2, le=100, examples=[3])] = 3
    window_s: Annotated[WaitS, Field(examples=[60])] = 60.0
    calm_s: Annotated[WaitS, Field(examples=[600])] = 600.0


class FlappingTable(Section):
    """flapping = { raises = …, window_s = …, calm_s = … }"""

    raises: Annotated[Whole, Field(ge=2, le=100, examples=[12])] = FLAPPING.raises
    window_s: Annotated[WaitS, Field(examples=[3_600])] = FLAPPING.window_s
    calm_s: Annotated[WaitS, Field(examples=[900])] = FLAPPING.calm_s


class HandlingTable(Section):
    """What is done about a rule's alarms."""

    latching: Flag = False
    realarm_s: Annotated[WaitS | None, Field(examples=[3_600])] = None
    escalate_s: Annotated[WaitS | None, Field(examples=[900])] = None
    escalate_times: Annotated[Whole, Field(ge=1, le=10, examples=[2])] = 1
    shadow: Flag = False
    suppressed_by: tuple[ConditionTable, ...] = ()
    settle_s: Annotated[DelayS, Field(examples=[60])] = 60.0
    chattering: ChatteringTable = ChatteringTable()
    flapping: FlappingTable = FlappingTable()
    guidance: GuidanceTable | None = None

    @property
    def handling(self) -> Handling:
        """As the domain has it."""
        return Handling(
            latching=self.latching,
            realarm_s=self.realarm_s,
            escalate_s=self.escalate_s,
            escalate_times=self.escalate_times,
            shadow=self.shadow,
            suppressed_by=tuple(one.condition for one in self.suppressed_by),
            settle_s=self.settle_s,
            chattering=Chattering(**self.chattering.model_dump()),
            flapping=Chattering(**self.flapping.model_dump()),
            guidance=None if self.guidance is None else self.guidance.guidance,
        )
