"""Deliver: from the outbox to the destinations, at least once, each destination at its own pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from service.domain.instants import DAY_NS, seconds
from service.runtime.clock import Clock
from service.runtime.errors import ConnectorError, Retryable
from service.runtime.notification import message_of
from service.runtime.notify import Destination, Notice, SiteName
from service.runtime.progress import Progress
from service.runtime.retry import backoff_s, until_done

log = logging.getLogger(__name__)

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 3_600.0
GIVE_UP_NS = 3 * DAY_NS
IDLE_S = 1.0
PORTION = 50


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for one destination about one alarm: notices, oldest first, and the rows that keep
    them. ``attempts`` were made so far; created_ns: when the oldest was."""

    seqs: tuple[int, ...]
    notices: tuple[Notice, ...]
    attempts: int
    created_ns: int


class Outbox(Protocol):
    """Notices that were committed with the transitions they tell of. Called by one task for each
    destination; raises Retryable when the state can't be used now."""

    async def due(self, destination: str, now_ns: int, limit: int) -> Sequence[Pending]:
        """What is pending of up to ``limit`` alarms of which something is due, most urgent alarm
        first, then oldest; all that is pending of one alarm is in one Pending."""
        ...

    async def delivered(self, one: Pending, *, message: str, now_ns: int, answer: str) -> None:
        """The destination has it, told by the message of that id."""
        ...

    async def failed(self, one: Pending, *, message: str, next_ns: int | None, answer: str) -> None:
        """An attempt failed; the next is at ``next_ns``, or never (dead letters) when it is
        None."""
        ...


async def deliver(
    destination: Destination, site: SiteName, outbox: Outbox, clock: Clock, *, news: Progress
) -> None:
    """Sends what is due to one destination, for ever; ``news`` is notified when there may be
    more."""
    while True:
        seen = news.value
        pending = await until_done(
            lambda: outbox.due(destination.name, clock.now_ns(), PORTION),
            what="outbox",
            clock=clock,
        )
        for one in pending:
            await _attempt(destination, site, one, outbox, clock)
        if not pending:
            await _wait(news, seen, clock)


async def _attempt(
    destination: Destination, site: SiteName, one: Pending, outbox: Outbox, clock: Clock
) -> None:
    message = message_of(site, one.notices)
    try:
        answer = await destination.notifier.send(message)
    except ConnectorError as error:
        now_ns = clock.now_ns()
        wait_s = backoff_s(one.attempts + 1, first_s=FIRST_RETRY_S, cap_s=LONGEST_RETRY_S)
        if isinstance(error, Retryable) and error.retry_after_s is not None:
            wait_s = max(wait_s, error.retry_after_s)
        next_ns = now_ns + seconds(wait_s)
        dead = next_ns - one.created_ns > GIVE_UP_NS
        noted = partial(
            outbox.failed, one, message=message.id, next_ns=None if dead else next_ns,
            answer=str(error),
        )  # fmt: skip
        await until_done(noted, what="outbox", clock=clock)
        if one.attempts == 0 or dead:
            log.warning(
                "delivery failed destination=%s message=%s dead=%s error=%s",
                destination.name, message.id, dead, error,
            )  # fmt: skip
        return
    noted = partial(outbox.delivered, one, message=message.id, now_ns=clock.now_ns(), answer=answer)
    await until_done(noted, what="outbox", clock=clock)
    log.info("delivered destination=%s message=%s", destination.name, message.id)


async def _wait(news: Progress, seen: int, clock: Clock) -> None:
    """Until there is news, or a moment has passed in which a retry may have come due."""
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(news.until(seen + 1))
        moment = group.create_task(clock.sleep(IDLE_S))
        await asyncio.wait((heard, moment), return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
        moment.cancel()
