"""What one connector keeps from connection to connection, so that the next takes up the last."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from asyncua import Client

from connectors.opcua.inbox import Inbox
from connectors.opcua.items import RejectedItem
from connectors.opcua.newest import Newest
from connectors.opcua.pki import Pki
from connectors.opcua.subscription import Subscription
from service.domain.arrays import Int32s
from service.domain.batch import Batch
from service.domain.instants import to_iso
from service.domain.tag import Tag

MOST_GAPS = 200
COUNTERS = (
    "values",
    "notifications",
    "keep_alives",
    "reconnects",
    "sessions_resumed",
    "subscriptions_transferred",
    "subscriptions_made",
    "republished",
    "repeated_messages",
    "repeated_values",
    "lost_messages",
    "damaged_messages",
    "gaps",
    "gaps_backfilled",
    "backfilled",
    "overflow",
    "pauses",
    "refused_integers",
    "refused_times",
    "rejected_items",
    "unknown_handles",
    "unsupported",
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which samples of ``group`` are truly gone, or may be."""

    group: str
    start_ns: int
    end_ns: int
    reason: str


@dataclass(slots=True)
class Kept:
    """One connector's memory; whoever is connected owns it.

    client: with a session that the server may still hold. subscriptions: by id, those that it may
    still hold. proven_ns: by group, up to when it was covered when its subscription was lost. gaps:
    the last ones; unread: those of which the server's history was not asked yet. position: of the
    last Batch; durable: up to which the journal has them. handle_of: the client handle of each tag
    number, the same in every connection; tag_of: the other way, shape (handles,).
    """

    name: str
    tags: Mapping[int, Tag]
    inbox: Inbox
    pki: Pki
    client: Client | None = None
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    proven_ns: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, tuple[RejectedItem, ...]] = field(default_factory=dict)
    unsupported: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTERS, 0)))
    gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=MOST_GAPS))
    unread: deque[Gap] = field(default_factory=lambda: deque(maxlen=MOST_GAPS))
    gap_noted: asyncio.Event = field(default_factory=asyncio.Event)
    position: int = 0
    durable: int = 0
    connections: int = 0
    newest: Newest = field(init=False)
    handle_of: dict[int, int] = field(init=False)
    tag_of: Int32s = field(init=False)

    def __post_init__(self) -> None:
        self.newest = Newest(self.tags)
        self.handle_of = {number: handle for handle, number in enumerate(self.tags)}
        self.tag_of = np.array(list(self.tags), dtype=np.int32)

    def lose(self, subscription: Subscription) -> None:
        """The server has ``subscription`` no more: its group has to be subscribed to anew."""
        del self.subscriptions[subscription.id]
        self.proven_ns[subscription.group] = subscription.liveness.proven_ns

    def forget(self) -> None:
        """Nothing of this session can be taken up again."""
        self.client = None
        for subscription in list(self.subscriptions.values()):
            self.lose(subscription)

    def put(self, batch: Batch) -> None:
        """Numbers ``batch`` and puts it where ``read`` takes it."""
        self.position += 1
        self.inbox.put(replace(batch, position=self.position))

    async def next_gap(self) -> Gap:
        """The oldest that the server's history was not asked about yet; waits for one."""
        while not self.unread:
            self.gap_noted.clear()
            await self.gap_noted.wait()
        return self.unread[0]

    def gap_done(self, gap: Gap) -> None:
        """The server was asked about ``gap``."""
        if self.unread and self.unread[0] is gap:
            self.unread.popleft()

    def note_gap(self, group: str, start_ns: int, end_ns: int, reason: str) -> None:
        """Keeps, counts and logs a gap; one without length is none."""
        if end_ns <= start_ns:
            return
        gap = Gap(group, start_ns, end_ns, reason)
        self.gaps.append(gap)
        self.unread.append(gap)
        self.gap_noted.set()
        self.counts["gaps"] += 1
        _log.warning(
            "opcua.gap source=%s group=%s from=%s to=%s reason=%r (what happened in between is "
            "unknown; it is not guessed)",
            self.name, group, to_iso(start_ns), to_iso(end_ns), reason,
        )  # fmt: skip
