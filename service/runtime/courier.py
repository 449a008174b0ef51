"""Courier: brings one destination what waits for it, at the destination's own pace.

Every await of the destination ends in one transaction of the outbox. A crash before the
destination answered sends the same message again; a crash between its answer and that transaction
does too, with the same id: at least once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from service.domain.circuit import (
    GIVE_UP_NS,
    WORKS,
    Circuit,
    CircuitState,
    failed,
    gone,
    may_send,
    wait_s,
)
from service.domain.instants import SECOND_NS, seconds
from service.runtime.attempting import attempt
from service.runtime.clock import Clock
from service.runtime.deliver import Attempt, Outbox, Outcome, Pending, Portion, Queue, Waiting
from service.runtime.errors import ConnectorError, Retryable
from service.runtime.notify import Destination, Final, Gone, Message, MessageKind, SiteName
from service.runtime.pace import Pace
from service.runtime.parcels import Item, Parcel, Room, alarm_parcel, digest_parcel, planned
from service.runtime.progress import Progress
from service.runtime.retry import until_done

log = logging.getLogger(__name__)
T = TypeVar("T")

PORTION = 500
"""Alarms that are looked at together."""
FRESH_NS = SECOND_NS
"""So long a portion is worked off before it is asked whether something more urgent came."""
LONGEST_REST_S = 3_600.0
SHORTEST_REST_S = 0.2


class Post(Outbox, Queue, Protocol):
    """Everything that a courier needs of the state."""


class Courier:
    """One destination's courier; ``run`` is its only task. ``news`` moves on when there may be
    more to tell. draw: random numbers in [0, 1)."""

    def __init__(
        self,
        destination: Destination,
        site: SiteName,
        post: Post,
        clock: Clock,
        *,
        news: Progress,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.destination = destination
        self.circuit = WORKS
        self.waiting = Waiting()
        self.last_success_ns: int | None = None
        self.counters = dict.fromkeys(Outcome, 0)
        self._site = site
        self._post = post
        self._clock = clock
        self._news = news
        self._called = Progress()
        self._draw = draw
        self._pace = Pace(destination.notifier.limits, clock)
        self._sending = asyncio.Lock()
        self._is_enabled = False
        self._was_interrupted = True
        self.has_begun = False
        """Whether it knows how its destination stood, and what waits."""

    async def run(self) -> None:
        """Brings what is due, for ever."""
        await self._take_up()
        while True:
            seen = self._news.value, self._called.value
            await self._clear()
            if not await self._bring():
                await self._rest(*seen)

    def call(self) -> None:
        """Has it look at its queue again."""
        self._called.step()

    async def tell(self, message: Message) -> Attempt:
        """Hands over ``message``, which waits in no queue, once; the attempt is in the log. Raises
        Retryable when the receiver's limit is reached, or the state can't be used."""
        async with self._sending:
            if self._pace.room(critical=True) == 0:
                raise Retryable(
                    f"destination {self.destination.name} takes no more messages this minute; "
                    f"try again in a minute"
                )
            done, _ = await self._attempt(message, alarm=None, notices=0)
            delivered = done.outcome is Outcome.DELIVERED
            heals = delivered and self.circuit.state is not CircuitState.DISABLED
            await self._keep(done, None, WORKS if heals else self.circuit, is_patient=False)
        self.call()
        return done

    async def finish(self) -> None:
        """Returns once no attempt is under way; none begins any more. Before the end of ``run``, so
        that a message which is just being taken is not sent again after the restart."""
        await self._sending.acquire()

    def enable(self) -> None:
        """Lets a disabled destination, or an open circuit, be tried at once; its standing is kept
        by who asks for it."""
        self.circuit = WORKS
        self._is_enabled = True
        self.call()

    async def _take_up(self) -> None:
        now_ns = self._clock.now_ns()
        stood = await self._until_done(partial(self._post.standing, self.destination.name, now_ns))
        self.last_success_ns = stood.success_ns
        if not self._is_enabled:  # meanwhile, what was read is old then
            self.circuit = stood.circuit
        self._pace.recall(now_ns - at_ns for at_ns in stood.sent_ns)

    async def _clear(self) -> None:
        """Gives up what is too old, and gives to another what waited too long."""
        name, now_ns = self.destination.name, self._clock.now_ns()
        before_ns = now_ns - GIVE_UP_NS
        dead = await self._until_done(partial(self._post.give_up, name, before_ns))
        if dead:
            log.error("delivery given up destination=%s dead=%d error=%s", name, dead,
                      self.circuit.error)  # fmt: skip
        to = self.destination.fallback
        if to is not None:
            gone_now = self.circuit.state is CircuitState.DISABLED
            after_ns = 0 if gone_now else seconds(self.destination.fallback_after_s)
            handed = await self._until_done(
                partial(self._post.hand_over, name, to, now_ns - after_ns, now_ns)
            )
            if handed:
                log.warning("handed over destination=%s to=%s notices=%d", name, to, handed)
                self._news.step()

    async def _bring(self) -> int:
        """Sends some of what is due; how many messages."""
        start_ns = self._clock.now_ns()
        if not may_send(self.circuit, start_ns):
            return 0
        probing = self.circuit.state is CircuitState.OPEN
        seen = self._news.value
        portion = await self._due(start_ns, probing=probing)
        room = None
        if self._pace.is_limited:
            room = Room(self._pace.room(critical=True), self._pace.room(critical=False))
        sent = 0
        items = planned(portion, room)
        if self._was_interrupted:
            again = await self._until_done(partial(self._post.interrupted, self.destination.name))
            self._was_interrupted = again is not None
            items = items if again is None else [again]
        for item in items:
            parcel = await self._parcel(item)
            if parcel is None:
                continue
            async with self._sending:  # what went meanwhile counts
                if self._pace.room(critical=parcel.is_critical) == 0:
                    break
                await self._hand_over(parcel)
            sent += 1
            old = self._clock.now_ns() - start_ns > FRESH_NS and self._news.value != seen
            if probing or old or not may_send(self.circuit, self._clock.now_ns()):
                break
        return sent

    async def _due(self, now_ns: int, *, probing: bool) -> Portion:
        """What is due. There is always something to probe with: what is due by its own schedule,
        else what was tried the longest ago, so that no message which is refused for its own sake
        keeps the circuit open."""
        name, post = self.destination.name, self._post
        asked = partial(post.due, name, now_ns, 1 if probing else PORTION)
        portion = await self._until_done(asked)
        if (
            probing
            and not (portion.pending or portion.bundles)
            and await self._until_done(partial(post.bring_forward, name, now_ns))
        ):
            portion = await self._until_done(asked)
        return portion

    async def _parcel(self, item: Item) -> Parcel | None:
        """The message of ``item``; None when nothing of it is left."""
        if isinstance(item, Pending):
            return alarm_parcel(self._site, item)
        gathered = await self._until_done(
            partial(
                self._post.gather, self.destination.name, item, self._clock.now_ns(),
                listed=self.destination.notifier.limits.notices,
            )
        )  # fmt: skip
        return None if gathered is None else digest_parcel(self._site, gathered)

    async def _hand_over(self, parcel: Parcel) -> None:
        message = parcel.message
        is_digest = message.kind is MessageKind.DIGEST
        await self._until_done(
            partial(self._post.bind, parcel.told.seqs, message.id, is_digest=is_digest)
        )
        done, error = await self._attempt(message, alarm=parcel.alarm, notices=parcel.notices)
        now_ns = self._clock.now_ns()
        if error is None:
            await self._keep(done, parcel, WORKS)
            return
        if isinstance(error, Gone):
            after = gone(now_ns, error=str(error))
        else:
            wish_s = error.retry_after_s if isinstance(error, Retryable) else None
            after = failed(
                self.circuit, now_ns, error=str(error), subject=parcel.alarm, draw=self._draw(),
                retry_after_s=wish_s,
            )  # fmt: skip
        if isinstance(error, Final):
            await self._lose(done, parcel, after)
            return
        pause_s = wait_s(parcel.told.attempts + 1, self._draw())
        await self._keep(done, parcel, after, next_ns=now_ns + seconds(pause_s))

    async def _lose(self, done: Attempt, parcel: Parcel, after: Circuit) -> None:
        """Makes dead letters of what will never be taken, which the fallback hears at once."""
        name, to = self.destination.name, self.destination.fallback
        if to is not None:
            seqs, now_ns = parcel.told.seqs, self._clock.now_ns()
            await self._until_done(partial(self._post.pass_on, name, to, seqs, now_ns))
        await self._keep(done, parcel, after, is_final=True)
        log.error("never taken destination=%s message=%s dead=%d error=%s", name,
                  done.message, len(parcel.told.seqs), done.answer)  # fmt: skip
        self._news.step()

    async def _attempt(
        self, message: Message, *, alarm: str | None, notices: int
    ) -> tuple[Attempt, ConnectorError | None]:
        await self._pace.apart()
        self._pace.count()
        done, error = await attempt(
            self.destination, message, self._clock, alarm=alarm, notices=notices
        )
        self.counters[done.outcome] += 1
        return done, error

    async def _keep(
        self,
        done: Attempt,
        parcel: Parcel | None,
        after: Circuit,
        *,
        next_ns: int | None = None,
        is_patient: bool = True,
        is_final: bool = False,
    ) -> None:
        """is_patient: until the state takes it; else Retryable when it can't now."""
        before, changed = self.circuit, after != self.circuit
        release = before.state is not CircuitState.CLOSED and after.state is CircuitState.CLOSED
        kept = partial(
            self._post.keep,
            done,
            None if parcel is None else parcel.told,
            next_ns=next_ns,
            circuit=after if changed else None,
            release=release,
            is_final=is_final,
        )
        await (self._until_done(kept) if is_patient else kept())
        self.circuit = after
        if done.outcome is Outcome.DELIVERED:
            self.last_success_ns = done.at_ns
        if before.failures == 0 and after.failures:
            log.warning("delivery failed destination=%s message=%s error=%s",
                        done.destination, done.message, done.answer)  # fmt: skip
        if before.state is not after.state:
            log.warning("destination %s is %s, was %s error=%s", done.destination,
                        after.state, before.state, after.error)  # fmt: skip

    async def _until_done(self, work: Callable[[], Awaitable[T]]) -> T:
        return await until_done(work, what="outbox", clock=self._clock)

    async def _rest(self, news: int, called: int) -> None:
        """Until there is news, it is called, or something comes due."""
        name = self.destination.name
        self.waiting = await self._until_done(partial(self._post.waiting, name))
        self.has_begun = True
        delay_s = min(LONGEST_REST_S, max(SHORTEST_REST_S, self._due_in_s(self.waiting)))
        async with asyncio.TaskGroup() as group:
            waits = {
                group.create_task(self._news.until(news + 1)),
                group.create_task(self._called.until(called + 1)),
                group.create_task(self._clock.sleep(delay_s)),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in waits:
                task.cancel()

    def _due_in_s(self, waiting: Waiting) -> float:
        """Seconds until something may have to be done without any news."""
        now_ns = self._clock.now_ns()
        moments = []
        if waiting.next_ns is not None and self.circuit.state is not CircuitState.DISABLED:
            held_ns = self.circuit.not_before_ns or 0
            quota_ns = now_ns + self._pace.free_in_ns(critical=waiting.is_critical)
            probes = self.circuit.state is CircuitState.OPEN and waiting.is_tried
            due_ns = now_ns if probes else waiting.next_ns
            moments.append(max(due_ns, held_ns, quota_ns))
        if waiting.oldest_ns is not None:
            moments.append(waiting.oldest_ns + GIVE_UP_NS)
        if waiting.unhanded_ns is not None and self.destination.fallback is not None:
            moments.append(waiting.unhanded_ns + seconds(self.destination.fallback_after_s))
        return (min(moments) - now_ns) / SECOND_NS if moments else LONGEST_REST_S
