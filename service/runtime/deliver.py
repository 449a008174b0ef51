"""Deliver: what waits for whom, and the port through which a courier sees to it.

Notices are kept in the transaction of the transition that they tell, one for each destination. One
courier for each destination (``service.runtime.courier``) takes them in portions, most urgent
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from service.domain.alarm import Priority
from service.domain.circuit import Circuit
from service.runtime.notify import MessageKind, Notice, Totals


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for one destination about one alarm: notices, oldest first, and the rows that keep
    them.

    attempts: made so far for the most often tried of them.
    """

    alarm: str
    seqs: tuple[int, ...]
    notices: tuple[Notice, ...]
    attempts: int

    @property
    def priority(self) -> Priority:
        """Of its most urgent notice."""
        return min(one.priority for one in self.notices)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Alarms that are told together, because they were collected or because a digest of them was
    tried before; that one's content stays as it is. key: what they share. priority: of the most
    urgent."""

    key: str
    is_settled: bool
    priority: Priority


@dataclass(frozen=True, slots=True)
class Rest:
    """Everything that is due, but for the alarms ``apart`` and for digests that were tried."""

    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one message tells together. seqs: the rows that keep its notices. message: its id.
    notices: those that it lists, each alarm's in order. priority: of the most urgent."""

    seqs: tuple[int, ...]
    message: str
    notices: tuple[Notice, ...]
    totals: Totals
    attempts: int
    priority: Priority


@dataclass(frozen=True, slots=True)
class Portion:
    """What is due. pending: some of the alarms that are told by themselves; alarms: how many of
    those there are in all. bundles: what is told together."""

    pending: Sequence[Pending] = ()
    alarms: int = 0
    bundles: Sequence[Bundle] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What stands in one destination's queue.

    next_ns: when the first pending notice is due, of those that wait for no digest. oldest_ns:
    since when the oldest has been tried; unhanded_ns: the same of those that no other destination
    was given. None where there is none. is_critical: whether a critical alarm is among them.
    is_tried: whether one was tried.
    """

    pending: int = 0
    dead: int = 0
    next_ns: int | None = None
    oldest_ns: int | None = None
    unhanded_ns: int | None = None
    is_critical: bool = False
    is_tried: bool = False


class RowState(StrEnum):
    """What became of one notice for one destination."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up, or its destination is no more; a person has to see to it."""
    DISMISSED = "dismissed"
    """A person has seen that it was not delivered."""


class Outcome(StrEnum):
    """How one attempt went."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """It may work later."""
    REFUSED = "refused"
    """The destination understood and said no."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to hand over one message. alarm: None for a digest, a test or a heartbeat;
    notices: how many it stood for."""

    destination: str
    message: str
    kind: MessageKind
    alarm: str | None
    notices: int
    at_ns: int
    took_ms: int
    outcome: Outcome
    answer: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is kept of a destination. sent_ns: when the last minute's attempts were, ascending.
    success_ns: when it last took a message, None when the log knows of none."""

    circuit: Circuit
    sent_ns: Sequence[int] = ()
    success_ns: int | None = None


class Outbox(Protocol):
    """Notices that were committed with the transitions they tell of, and how their destinations
    stand. Called by one task for each destination; raises Retryable when the state can't be used
    now, and then nothing has changed."""

    async def due(self, destination: str, now_ns: int, limit: int) -> Portion:
        """What is pending of up to ``limit`` alarms of which something is due, most urgent alarm
        first, then oldest; all that is pending of one alarm is in one Pending, and ends with the
        newest notice that was ever told of it, so that nobody is led back. An alarm of which a
        digest was tried waits for that."""
        ...

    async def gather(
        self, destination: str, what: Bundle | Rest, now_ns: int, *, listed: int
    ) -> Gathered | None:
        """All that is pending of the alarms of ``what``, however many; None when nothing is left.
        Of the notices the ``listed`` most urgent are given, of those the first that came."""
        ...

    async def bind(self, seqs: Sequence[int], message: str, *, is_digest: bool) -> None:
        """Notes before an attempt that ``message`` tells rows ``seqs``, so that these and no others
        are sent under its id again when nobody learns how the attempt ended."""
        ...

    async def keep(
        self,
        attempt: Attempt,
        told: Pending | Gathered | None,
        *,
        next_ns: int | None,
        circuit: Circuit | None,
        release: bool = False,
        is_final: bool = False,
    ) -> None:
        """Notes ``attempt`` in the log with what follows from it, in one transaction: ``told`` is
        delivered, or tried again at ``next_ns``, or with is_final a dead letter; the destination
        stands at ``circuit`` (None: as before); release: what waits after failures is due at once.
        A digest that failed is tried again with the same content."""
        ...


class Queue(Protocol):
    """What one courier asks of a destination's queue beside sending; raises as Outbox does."""

    async def standing(self, destination: str, now_ns: int) -> Standing:
        """How the destination stood when the service ended; fresh when it is new."""
        ...

    async def interrupted(self, destination: str) -> Pending | None:
        """What a message of one alarm told of which nobody knows whether it was taken; None when
        there is none. A digest is one that was tried."""
        ...

    async def waiting(self, destination: str) -> Waiting:
        """What stands in its queue."""
        ...

    async def give_up(self, destination: str, before_ns: int) -> int:
        """Makes dead letters of what has been tried since ``before_ns`` or longer; returns how
        many."""
        ...

    async def hand_over(self, destination: str, to: str, before_ns: int, now_ns: int) -> int:
        """Gives ``to`` all that waits of the alarms with which ``destination`` has been tried since
        ``before_ns`` or longer, each notice once; ``destination`` goes on trying. Returns how many.
        """
        ...

    async def pass_on(self, destination: str, to: str, seqs: Sequence[int], now_ns: int) -> int:
        """Gives ``to`` the notices of rows ``seqs``, each once; returns how many."""
        ...

    async def bring_forward(self, destination: str, now_ns: int) -> bool:
        """Makes due what was tried the longest ago, one alarm or one digest; False when nothing
        that was tried waits."""
        ...
