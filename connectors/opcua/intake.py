"""Messages become Batches: what is new in them, what is covered, and what is gone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from connectors.opcua.columns import to_columns
from connectors.opcua.decode import Message
from connectors.opcua.errors import status_name
from connectors.opcua.kept import Kept
from connectors.opcua.liveness import published_at
from connectors.opcua.report import log_rejected, note_unsupported, rejected
from connectors.opcua.subscription import Subscription
from service.domain.batch import Batch, TimeOrigin, empty_batch, make_batch, rows_of
from service.domain.quality import OVERFLOW_BITS
from service.runtime.clock import Clock
from service.runtime.errors import Retryable
from service.runtime.steady import Steady


class Intake:
    """Takes messages in the order of their numbers; Batches go into the inbox."""

    def __init__(self, kept: Kept, clock: Clock, *, endpoint: str) -> None:
        self._kept = kept
        self._clock = clock
        self._steady = Steady(clock)
        self._endpoint = endpoint
        self._tag_of = kept.tag_of

    def tell_rejected(self) -> None:
        """One Bad row, with the server's status, for each item that it refuses."""
        items = rejected(self._kept)
        self._kept.counts["rejected_items"] = len(items)
        log_rejected(self._kept)
        if items:
            now_ns = self._clock.now_ns()
            self._kept.put(
                make_batch(
                    [item.tag for item in items],
                    [now_ns] * len(items),
                    [float("nan")] * len(items),
                    [item.status for item in items],
                    received_ns=now_ns,
                    time_origin=TimeOrigin.RECEIPT,
                    source=self._kept.name,
                )
            )

    def accept(self, subscription: Subscription, message: Message, *, more: bool) -> None:
        """The message that is due next, into the inbox. more: others are known to follow it."""
        self._follow_clock()
        kept, now_ns = self._kept, self._clock.now_ns()
        subscription.liveness.heard_s = self._clock.monotonic_s()
        kept.counts["keep_alives" if message.keep_alive else "notifications"] += 1
        columns = to_columns(message.values, self._tag_of, received_ns=now_ns, source=kept.name)
        kept.counts.update(columns.counts)
        for tag, kind in columns.unsupported.items():
            note_unsupported(kept, tag, kind)
        self._find_gaps(subscription, message, columns.batches, now_ns)
        batches = self._new(columns.batches) if subscription.is_catching_up else columns.batches
        for batch in batches:
            kept.newest.take(batch)
        cover = subscription.liveness.prove(message.publish_ticks, now_ns=now_ns, more=more)
        if not more:
            subscription.is_catching_up = False
        if cover is not None:
            last = batches[-1:] or (empty_batch(received_ns=now_ns, source=kept.name),)
            batches = (*batches[:-1], replace(last[0], covers=(cover,)))
        for batch in batches:
            kept.put(batch)
        subscription.took(message, kept.position)
        if message.closed is not None:
            kept.lose(subscription)
            raise Retryable(
                f"{kept.name}: {self._endpoint} ended the subscription of "
                f"{subscription.group}: {status_name(message.closed)}"
            )

    def take_old(self, subscription: Subscription, message: Message) -> None:
        """A message that was had proves that the server lives, and may be acknowledged again; some
        count their keep-alives so."""
        subscription.liveness.heard_s = self._clock.monotonic_s()
        if message.keep_alive:
            self.accept(subscription, message, more=False)
        else:
            self._kept.counts["repeated_messages"] += 1
            subscription.unacknowledged.append((self._kept.position, message.sequence))

    def _follow_clock(self) -> None:
        """Once our own clock was set, proofs end where they ended, by the new time."""
        step_ns = self._steady.look()
        for subscription in self._kept.subscriptions.values():
            subscription.liveness.proven_ns += step_ns

    def _new(self, batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
        """Without what a server tells again of items that it takes up."""
        found = []
        for batch in batches:
            is_new = self._kept.newest.is_new(batch)
            self._kept.counts["repeated_values"] += int(np.count_nonzero(~is_new))
            if is_new.any():
                found.append(batch if is_new.all() else rows_of(batch, is_new))
        return tuple(found)

    def _find_gaps(
        self,
        subscription: Subscription,
        message: Message,
        batches: tuple[Batch, ...],
        now_ns: int,
    ) -> None:
        """What is lost before ``message``, or in it, begins the coverage anew behind it."""
        published_ns = published_at(message.publish_ticks, now_ns=now_ns)
        if message.damage is not None:
            self._kept.counts["damaged_messages"] += 1
            self._interrupt(
                subscription, published_ns, f"a message can't be read: {message.damage}"
            )
        elif subscription.is_interrupted:
            self._interrupt(subscription, published_ns, "the server has a message no more")
        subscription.is_interrupted = False
        if not subscription.is_catching_up:
            return
        for batch in batches:
            over = (batch.status & OVERFLOW_BITS) == OVERFLOW_BITS
            if over.any():
                first_ns = int(np.max(batch.time_ns[over]))
                self._interrupt(subscription, min(first_ns, published_ns), "item queues ran over")

    def _interrupt(self, subscription: Subscription, until_ns: int, reason: str) -> None:
        before_ns = subscription.liveness.interrupt(until_ns)
        if before_ns is not None:
            self._kept.note_gap(subscription.group, before_ns, until_ns, reason)
