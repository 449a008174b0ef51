"""Deliveries, their attempts and their destinations on the wire."""

from __future__ import annotations

from pydantic import Field

from service.api.instants import Instant, iso, iso_or_none
from service.api.models.common import Answer, Request
from service.domain.alarm import TransitionKind
from service.domain.circuit import CircuitState
from service.runtime.deliver import Outcome, RowState
from service.runtime.deliveries import DeliveryView, DestinationView, LoggedAttempt
from service.runtime.notify import MessageKind

MOST_IDS = 1_000


class Delivery(Answer):
    """One transition that one destination is told of. message: id of the message that told it last
    (``webhook-id``). "dead": given up after three days. handed_over_at: when another destination
    was given it as well."""

    id: int
    destination: str
    alarm: str
    transition: str
    kind: TransitionKind
    priority: int = Field(ge=1, le=4, description="1 is the most urgent")
    asset: str
    message_en: str
    message_zh: str
    message: str | None
    state: RowState
    attempts: int
    next_attempt_at: Instant | None
    last_error: str | None
    answer: str | None = Field(description="of the last attempt")
    created_at: Instant
    delivered_at: Instant | None
    handed_over_at: Instant | None

    @classmethod
    def of(cls, one: DeliveryView) -> Delivery:
        notice = one.notice
        return cls(
            id=one.id,
            destination=one.destination,
            alarm=notice.alarm,
            transition=notice.transition,
            kind=notice.kind,
            priority=int(notice.priority),
            asset=notice.asset,
            message_en=notice.message_en,
            message_zh=notice.message_zh,
            message=one.message,
            state=one.state,
            attempts=one.attempts,
            next_attempt_at=iso_or_none(one.next_attempt_ns),
            last_error=None if one.state is RowState.DELIVERED else one.answer,
            answer=one.answer,
            created_at=iso(one.created_ns),
            delivered_at=iso_or_none(one.delivered_ns),
            handed_over_at=iso_or_none(one.handed_ns),
        )


class Deliveries(Answer):
    """Notifications, newest first."""

    deliveries: list[Delivery]


class DeliveryAttempt(Answer):
    """One attempt to hand over one message. notices: how many it stood for; alarm: null for a
    digest, a test or a heartbeat; answer: the start of what the receiver said."""

    id: int
    destination: str
    message: str
    kind: MessageKind
    alarm: str | None
    notices: int
    at: Instant
    took_ms: int
    outcome: Outcome
    answer: str

    @classmethod
    def of(cls, one: LoggedAttempt) -> DeliveryAttempt:
        attempt = one.attempt
        return cls(
            id=one.id,
            destination=attempt.destination,
            message=attempt.message,
            kind=attempt.kind,
            alarm=attempt.alarm,
            notices=attempt.notices,
            at=iso(attempt.at_ns),
            took_ms=attempt.took_ms,
            outcome=attempt.outcome,
            answer=attempt.answer,
        )


class DeliveryLog(Answer):
    """Attempts, newest first. The newest 5,000 of each destination are kept."""

    attempts: list[DeliveryAttempt]


class DeliveryLife(Answer):
    """One delivery with the attempts that told it, newest first."""

    delivery: Delivery
    attempts: list[DeliveryAttempt]


class NotifiedDestination(Answer):
    """How one destination stands. state: "open" when it is down (one message at a time is a probe),
    "half_open" while a probe is due, "disabled" when it said that it is gone. since: since when it
    has failed. per_minute: its limit, null without one."""

    name: str
    kind: str
    min_priority: str
    state: CircuitState
    since: Instant | None
    failures: int
    error: str | None
    not_before: Instant | None
    last_success_at: Instant | None
    pending: int
    dead: int
    oldest_at: Instant | None
    per_minute: int | None
    fallback: str | None
    fallback_after_s: float

    @classmethod
    def of(cls, one: DestinationView) -> NotifiedDestination:
        return cls(
            name=one.name,
            kind=one.kind,
            min_priority=one.least_urgent.name.lower(),
            state=one.state,
            since=iso_or_none(one.since_ns),
            failures=one.failures,
            error=one.error,
            not_before=iso_or_none(one.not_before_ns),
            last_success_at=iso_or_none(one.last_success_ns),
            pending=one.pending,
            dead=one.dead,
            oldest_at=iso_or_none(one.oldest_ns),
            per_minute=one.per_minute,
            fallback=one.fallback,
            fallback_after_s=one.fallback_after_s,
        )


class Destinations(Answer):
    """All destinations of the site."""

    destinations: list[NotifiedDestination]


class TestOutcome(Answer):
    """How a test message went, and what the receiver answered."""

    message: str
    outcome: Outcome
    answer: str
    took_ms: int


class ChosenDeliveries(Request):
    """Which dead letters: those of ``ids``, or all of ``destination``, or ``all`` of the site."""

    ids: list[int] | None = Field(default=None, min_length=1, max_length=MOST_IDS)
    destination: str | None = Field(default=None, min_length=1, max_length=80)
    all: bool = False


class ChangedDeliveries(Answer):
    """How many dead letters it was."""

    deliveries: int


class Preview(Answer):
    """What would be sent: JSON, or an e-mail's head and text."""

    body: str
