"""Alarms, sources and deliveries on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.domain.alarm import Phase, TransitionKind
from service.runtime.ingest import SourceState
from service.runtime.views import AlarmView, DeliveryView, SourceView, TransitionView


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

    @classmethod
    def of(cls, alarm: AlarmView) -> Alarm:
        return cls(**_alarm_fields(alarm))


class Alarms(Answer):
    """Alarms, newest first; active ones by urgency first."""

    alarms: list[Alarm]


class Transition(Answer):
    """One step of an alarm. at: when it happened; recorded_at: when the service found out."""

    id: str
    kind: TransitionKind
    at: Instant
    recorded_at: Instant
    by: str | None
    comment: str | None
    value: float | None

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
        )


class AlarmLife(Alarm):
    """An alarm with all its steps, oldest first."""

    transitions: list[Transition]

    @classmethod
    def with_steps(cls, alarm: AlarmView, steps: list[Transition]) -> AlarmLife:
        return cls(transitions=steps, **_alarm_fields(alarm))


class Acknowledgement(Request):
    """An acknowledgement; the comment is kept with it."""

    comment: str | None = Field(default=None, max_length=500)


class Group(Answer):
    """One item group of a source. covered_until: the end of its proven liveness."""

    group: str
    covered_until: Instant | None
    stale: bool


class Source(Answer):
    """One source. "failed" needs somebody to act; "lost" is tried again soon; "ended" gave all it
    had."""

    name: str
    kind: str
    state: SourceState
    since: Instant
    error: str | None
    counters: dict[str, int]
    details: dict[str, str]
    groups: list[Group]

    @classmethod
    def of(cls, source: SourceView) -> Source:
        return cls(
            name=source.name,
            kind=source.kind,
            state=source.state,
            since=iso(source.since_ns),
            error=source.error,
            counters=dict(source.counters),
            details=dict(source.details),
            groups=[
                Group(
                    group=group.group,
                    covered_until=iso_or_none(group.covered_until_ns),
                    stale=group.stale,
                )
                for group in source.groups
            ],
        )


class Sources(Answer):
    """All sources of the site."""

    sources: list[Source]


class Delivery(Answer):
    """One transition that one destination is told of. message: the webhook-id that told it last.
    "dead": given up after three days."""

    id: int
    destination: str
    alarm: str
    transition: str
    kind: str
    message: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    next_attempt_at: Instant | None
    last_error: str | None
    created_at: Instant
    delivered_at: Instant | None

    @classmethod
    def of(cls, one: DeliveryView) -> Delivery:
        return cls(
            id=one.id,
            destination=one.destination,
            alarm=one.alarm,
            transition=one.transition,
            kind=one.kind,
            message=one.message,
            state=one.state,
            attempts=one.attempts,
            next_attempt_at=iso_or_none(one.next_attempt_ns),
            last_error=one.last_error,
            created_at=iso(one.created_ns),
            delivered_at=iso_or_none(one.delivered_ns),
        )


class Deliveries(Answer):
    """Notifications, newest first."""

    deliveries: list[Delivery]


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
    }
