"""The port through which people are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from service.domain.alarm import Priority


@dataclass(frozen=True, slots=True)
class Message:
    """One notification, ready to send. ``id`` is the same on every attempt; ``body`` is JSON in
    UTF-8."""

    id: str
    type: str
    body: bytes
    at_ns: int


class Notifier(Protocol):
    """One destination. Called by one task at a time."""

    async def send(self, message: Message) -> str:
        """Delivers ``message`` once and returns a short text of the answer. Raises Retryable
        (time-out, refused,
        429, 5xx) or Rejected (the destination refuses it for good). Bounded in time."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notifications go. least_urgent: the lowest priority that is still sent."""

    name: str
    notifier: Notifier
    least_urgent: Priority = Priority.LOW
