"""A living subscription: which message comes next, and which ones still have to be acknowledged."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from connectors.opcua.decode import Message
from connectors.opcua.liveness import Liveness

LAST_SEQUENCE = 0xFFFF_FFFF
MOST_MISSING = 1_000
"""A larger jump of the sequence number is no gap but another count."""


def after(sequence: int) -> int:
    """The sequence number that follows (Part 4, 7.38: it wraps to 1, never to 0)."""
    return 1 if sequence >= LAST_SEQUENCE else sequence + 1


@dataclass(slots=True)
class Subscription:
    """One item group's subscription at the server.

    next_sequence: of the next data message; None before the first. unacknowledged: (position of
    the Batch with which it is durable, sequence). is_interrupted: a message before the next one is
    lost. is_catching_up: it was silent towards us, and its items' queues may have run over.
    """

    id: int
    group: str
    liveness: Liveness
    detail: str
    next_sequence: int | None = None
    unacknowledged: deque[tuple[int, int]] = field(default_factory=deque)
    is_interrupted: bool = False
    is_catching_up: bool = False

    def missing(self, message: Message) -> range | None:
        """How many messages should have come before ``message``, as steps from the next one on;
        None when the count makes no sense."""
        if self.next_sequence is None:
            return range(0)
        steps = self._ahead(message, self.next_sequence)
        return range(steps) if steps <= MOST_MISSING else None

    def is_old(self, message: Message) -> bool:
        """Whether it came before: a server may repeat what it is not sure that we have."""
        if self.next_sequence is None:
            return False
        return self._ahead(message, self.next_sequence) >= LAST_SEQUENCE - MOST_MISSING

    def took(self, message: Message, position: int) -> None:
        """``message`` became Batches up to ``position``."""
        if not message.keep_alive:
            self.next_sequence = after(message.sequence)
            self.unacknowledged.append((position, message.sequence))
        elif self.next_sequence is None:
            self.next_sequence = message.sequence

    @staticmethod
    def _ahead(message: Message, next_sequence: int) -> int:
        return (message.sequence - next_sequence) % LAST_SEQUENCE

    def acknowledge(self, durable: int) -> list[tuple[int, int]]:
        """(subscription, sequence) of what is durable by now; each once."""
        found = []
        while self.unacknowledged and self.unacknowledged[0][0] <= durable:
            found.append((self.id, self.unacknowledged.popleft()[1]))
        return found
