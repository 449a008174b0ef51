"""Alarms, what holds them, and what people do to them, on the wire."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.domain import alarm as domain
from service.domain import handling
from service.domain.alarm import Phase, Quiet, TransitionKind
from service.runtime.views import AlarmView, TransitionView

Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Hold(Answer):
    """What keeps people from being called about an alarm. by: the person; null where the plant's
    state does it. until: null when somebody must end it."""

    kind: Quiet
    since: Instant
    until: Instant | None
    by: str | None
    reason: str

    @classmethod
    def of(cls, kind: Quiet, hold: domain.Hold) -> Hold:
        return cls(
            kind=kind,
            since=iso(hold.since_ns),
            until=iso_or_none(hold.until_ns),
            by=hold.by,
            reason=hold.reason,
        )


class Alarm(Answer):
    """One occurrence of an alarm (ISA-18.2)."""

    id: str
    rule: str
    kind: str
    priority: int = Field(ge=1, le=4, description="1 is the most urgent")
    asset: str
    tag: str | None
    stage: str | None
    state: Phase
    message_en: str
    message_zh: str
    raised_at: Instant
    returned_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    comment: str | None
    value: float | None
    limit: float | None
    unit: str
    definition: str
    quiet: Quiet | None = Field(description="why nobody was called about it")
    holds: list[Hold]
    root: str | None = Field(description="the alarm to which it belongs; itself if the first")
    members: int = Field(description="other open alarms that belong to it")

    @classmethod
    def of(cls, alarm: AlarmView) -> Alarm:
        return cls(**_alarm_fields(alarm))


class Alarms(Answer):
    """Alarms, newest first; active ones by urgency first."""

    alarms: list[Alarm]


class AlarmPage(Answer):
    """Alarms of the past, the newest first. next: names the page that follows; null at the end."""

    alarms: list[Alarm]
    next: str | None


class Transition(Answer):
    """One step of an alarm. at: when it happened; recorded_at: when the service found out. quiet,
    quiet_by: why nobody was called about it."""

    id: str
    kind: TransitionKind
    at: Instant
    recorded_at: Instant
    by: str | None
    comment: str | None
    value: float | None
    quiet: Quiet | None
    quiet_by: str | None

    @classmethod
    def of(cls, step: TransitionView) -> Transition:
        return cls(
            id=step.id,
            kind=step.kind,
            at=iso(step.at_ns),
            recorded_at=iso(step.recorded_ns),
            by=step.by,
            comment=step.comment,
            value=step.value,
            quiet=step.quiet,
            quiet_by=step.quiet_by,
        )


class Words(Answer):
    """One text in both languages."""

    en: str
    zh: str


class Guidance(Answer):
    """What the rationalisation of the alarm found. respond_min: within so many minutes the
    response still helps."""

    cause: Words
    consequence: Words
    response: Words
    respond_min: float
    owner: Words

    @classmethod
    def of(cls, guidance: handling.Guidance) -> Guidance:
        return cls.model_validate(asdict(guidance))


class AlarmLife(Alarm):
    """An alarm with all its steps, oldest first. guidance: as its rule gives it now."""

    guidance: Guidance | None
    transitions: list[Transition]

    @classmethod
    def with_steps(
        cls, alarm: AlarmView, steps: list[Transition], guidance: handling.Guidance | None
    ) -> AlarmLife:
        return cls(
            guidance=None if guidance is None else Guidance.of(guidance),
            transitions=steps,
            **_alarm_fields(alarm),
        )


class Remark(Request):
    """Said with an action; kept with it."""

    comment: str | None = Field(default=None, max_length=500)


class Acknowledgements(Request):
    """Which alarms are acknowledged, and what is said with it."""

    alarms: list[Annotated[str, StringConstraints(max_length=60)]] = Field(
        min_length=1, max_length=1_000
    )
    comment: str | None = Field(default=None, max_length=500)


class Acknowledged(Answer):
    """Those of the alarms that were acknowledged now; the others had nothing to acknowledge."""

    alarms: list[str]


class Shelving(Request):
    """For how long an alarm is shelved, and why. How long it may be depends on the role."""

    minutes: int = Field(ge=1, le=366 * 1440)
    reason: Told


class Reason(Request):
    """Why it is done."""

    reason: Told


class Comment(Request):
    """What is worth knowing about an alarm."""

    text: Told


class AlarmDefinition(Answer):
    """One alarm that can stand: a rule applied to one asset. alarm: its open occurrence."""

    id: str
    rule: str
    kind: str
    priority: int = Field(ge=1, le=4, description="1 is the most urgent")
    asset: str
    tag: str | None
    stage: str | None
    message_en: str
    message_zh: str
    state: Phase
    alarm: str | None
    shadow: bool = Field(description="on trial: nobody is called")
    holds: list[Hold]

    @classmethod
    def of(cls, definition: domain.AlarmDefinition, state: domain.AlarmState) -> AlarmDefinition:
        return cls(
            id=definition.id,
            rule=definition.rule,
            kind=definition.kind,
            priority=int(definition.priority),
            asset=definition.asset,
            tag=definition.tag,
            stage=definition.stage,
            message_en=definition.message_en,
            message_zh=definition.message_zh,
            state=state.phase,
            alarm=state.alarm,
            shadow=definition.handling.shadow,
            holds=[Hold.of(kind, hold) for kind, hold in state.holds],
        )


class AlarmDefinitions(Answer):
    """Alarms that can stand, by id. total: how many there are in all."""

    definitions: list[AlarmDefinition]
    total: int


class Steps(Answer):
    """Transitions of one definition, newest first."""

    transitions: list[Transition]


def _alarm_fields(alarm: AlarmView) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "rule": alarm.rule,
        "kind": alarm.kind,
        "priority": int(alarm.priority),
        "asset": alarm.asset,
        "tag": alarm.tag,
        "stage": alarm.stage,
        "state": alarm.phase,
        "message_en": alarm.message_en,
        "message_zh": alarm.message_zh,
        "raised_at": iso(alarm.raised_ns),
        "returned_at": iso_or_none(alarm.returned_ns),
        "acknowledged_at": iso_or_none(alarm.acknowledged_ns),
        "acknowledged_by": alarm.acknowledged_by,
        "comment": alarm.comment,
        "value": alarm.value,
        "limit": alarm.limit,
        "unit": alarm.unit,
        "definition": alarm.definition,
        "quiet": alarm.quiet,
        "holds": [Hold.of(kind, hold) for kind, hold in alarm.holds],
        "root": alarm.root,
        "members": alarm.members,
    }
