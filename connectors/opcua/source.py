"""An OPC UA server as a Source: publish requests in flight, answers decoded, silence noticed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from asyncua import ua

from connectors.opcua.backfill import backfill
from connectors.opcua.decode import Message, decode_publish
from connectors.opcua.errors import classified
from connectors.opcua.inbox import Inbox
from connectors.opcua.intake import Intake
from connectors.opcua.kept import Kept
from connectors.opcua.pki import Pki, utc
from connectors.opcua.report import report
from connectors.opcua.resume import republished, take_up
from connectors.opcua.session import Session, open_session
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.subscription import Subscription, after
from connectors.opcua.wire import WireError
from service.domain.batch import Batch
from service.domain.tag import Tag
from service.runtime.clock import Clock
from service.runtime.errors import Fatal, Retryable
from service.runtime.source import OpenSource, Source, SourceReport

REQUESTS_AHEAD = 2
"""Publish requests in flight beyond one for each subscription."""
SHORTEST_WAIT_S = 0.05

_log = logging.getLogger(__name__)


def source_of(
    settings: OpcUaSettings, *, name: str, tags: Mapping[int, Tag], clock: Clock, folder: Path
) -> OpenSource:
    """What opens the connector: each time it takes up what the connection before left. folder: of
    all connectors, where certificates are kept in ``pki``."""
    kept = Kept(name, dict(tags), Inbox(name), Pki(folder / "pki"))
    return partial(open_source, settings, kept, clock)


@asynccontextmanager
async def open_source(settings: OpcUaSettings, kept: Kept, clock: Clock) -> AsyncIterator[Source]:
    """Connects, and takes up or makes the subscriptions of the tags. Raises ConnectorError.

    Tags whose item the server refuses get one Bad row with the server's status, and the others go
    on. When connection or subscription dies, ``read`` raises Retryable; nothing is repaired behind
    the runtime's back, but what the server still holds is had when it opens the source again.
    """
    if not kept.tags:
        raise Fatal(
            f"{kept.name}: no tag of the tag list has connector {kept.name}; add tags or remove "
            f"the connector"
        )
    _quieten()
    try:
        async with open_session(
            settings, kept.pki, name=kept.name, clock=clock, client=kept.client
        ) as session:
            kept.client = session.client
            source = await _taken_up(session, settings, kept, clock)
            raised: Exception | None = None
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(source.publish(tasks), name=f"{kept.name} publish"),
                    tasks.create_task(source.keep_channel(), name=f"{kept.name} channel"),
                    tasks.create_task(source.backfill(), name=f"{kept.name} backfill"),
                ]
                try:
                    yield source
                except Exception as error:  # noqa: BLE001  raised below, outside of the task
                    raised = error  # group, which would wrap it
                finally:
                    for task in running:
                        task.cancel()
            if raised is not None:
                raise raised
    except Retryable:
        raise
    except BaseException:
        kept.forget()
        raise


async def _taken_up(
    session: Session, settings: OpcUaSettings, kept: Kept, clock: Clock
) -> OpcUaSource:
    kept.inbox.reopen()
    before = dict(kept.rejected)
    intake = Intake(kept, clock, endpoint=settings.endpoint)
    try:
        missed = await take_up(session, settings, kept, clock)
    except Exception as error:  # the library lets errors of every kind through
        raise classified(
            error, name=kept.name, endpoint=settings.endpoint, doing="subscribing at"
        ) from error
    kept.connections += 1
    if kept.rejected != before:
        intake.tell_rejected()
    for one in missed:
        for message in one.messages:
            intake.accept(one.subscription, message, more=True)
    return OpcUaSource(session, intake, settings=settings, kept=kept, clock=clock)


class OpcUaSource:
    """One server's values, as Batches.

    When the inbox is full, no further PublishRequest is sent (counted as ``pauses``): the server
    keeps what its queues hold, marks what they lose as overflow (counted), and ends the
    subscription when the pause outlasts its lifetime, which is a loss like any other: Retryable,
    and a gap in the coverage. Nothing is dropped here.
    """

    def __init__(
        self,
        session: Session,
        intake: Intake,
        *,
        settings: OpcUaSettings,
        kept: Kept,
        clock: Clock,
    ) -> None:
        self._session = session
        self._intake = intake
        self._settings = settings
        self._kept = kept
        self._clock = clock

    async def read(self) -> Batch:
        """See ``Source.read``. Raises Retryable when the server went quiet: nothing came for twice
        the revised keep-alive and the time-out."""
        while True:
            quiet_in_s = self._first_quiet_s() - self._clock.monotonic_s()
            try:
                async with asyncio.timeout(max(quiet_in_s, SHORTEST_WAIT_S)):
                    return await self._kept.inbox.get()
            except TimeoutError:
                self._check_quiet()

    def durable(self, position: int) -> None:
        """See ``Source.durable``: what is durable here is acknowledged with the next request."""
        self._kept.durable = max(self._kept.durable, position)

    def report(self) -> SourceReport:
        """See ``Source.report``."""
        return report(self._kept, self._settings)

    async def publish(self, tasks: asyncio.TaskGroup) -> None:
        """Keeps publish requests in flight and takes their answers, until something fails."""
        wanted = len(self._kept.subscriptions) + REQUESTS_AHEAD
        pending: dict[asyncio.Task[bytes | Exception], None] = {}
        try:
            while True:
                while len(pending) < wanted and not self._kept.inbox.is_full:
                    pending[tasks.create_task(self._ask())] = None
                if not pending:
                    await self._pause()
                    continue
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in pending if task.done()]:  # in the order of asking
                    del pending[task]
                    answer = task.result()
                    if isinstance(answer, ua.uaerrors.BadTooManyPublishRequests):
                        wanted = max(1, len(pending))
                    elif isinstance(answer, Exception):
                        raise answer
                    else:
                        await self._take(answer)
        except Exception as error:  # noqa: BLE001  whatever ends the publishing ends the source
            self._fail(error, doing="receiving from")
        finally:
            for task in pending:
                task.cancel()

    async def keep_channel(self) -> None:
        """Renews the secure channel, and our certificate, until something fails."""
        try:
            while True:
                await self._session.renew_channel(self._clock)
                await self._renew_certificate()
        except Exception as error:  # noqa: BLE001  whatever ends the channel ends the source
            self._fail(error, doing="renewing the channel of")

    async def _renew_certificate(self) -> None:
        """With a new certificate the channel is opened anew; the subscriptions go over to it."""
        if self._settings.security_policy == "None" or self._settings.certificate is not None:
            return
        own = await asyncio.to_thread(self._kept.pki.own, utc(self._clock.now_ns()))
        if own.until != self._session.own_until:
            self._kept.client = None
            raise Retryable(
                f"{self._kept.name}: our certificate was renewed, to {own.until:%Y-%m-%d}; "
                f"connecting with the new one"
            )

    async def backfill(self) -> None:
        """Asks the server's history about gaps; whatever ends that does not end the source."""
        try:
            await backfill(self._session, self._kept, self._clock)
        except Exception as error:  # noqa: BLE001  the library lets errors of every kind through
            _log.warning("opcua.backfill_ended source=%s error=%s (gaps stay until it is connected "
                         "anew)", self._kept.name, error)  # fmt: skip

    async def _ask(self) -> bytes | Exception:
        acknowledge = [
            pair
            for subscription in self._kept.subscriptions.values()
            for pair in subscription.acknowledge(self._kept.durable)
        ]
        try:
            return await self._session.publish(acknowledge)
        except Exception as error:  # noqa: BLE001  handed to ``publish``, which judges it
            return error

    async def _take(self, answer: bytes) -> None:
        """One publish response, with what should have come before it."""
        try:
            found = decode_publish(answer)
        except WireError as error:
            self._kept.forget()
            raise Retryable(
                f"{self._kept.name}: a message of {self._settings.endpoint} could not be decoded, "
                f"and its values are lost: {error}; the source is opened anew for the current ones"
            ) from error
        subscription = self._kept.subscriptions.get(found.subscription)
        if subscription is None:
            raise Retryable(
                f"{self._kept.name}: {self._settings.endpoint} has no subscription any more"
            )
        if subscription.is_old(found.message):
            self._intake.take_old(subscription, found.message)
            return
        await self._recover(subscription, found.message)
        self._intake.accept(subscription, found.message, more=found.more)

    async def _recover(self, subscription: Subscription, message: Message) -> None:
        """Asks again for the messages that are missing before ``message``."""
        missing = subscription.missing(message)
        if missing is None:
            subscription.is_interrupted = True
            subscription.next_sequence = None
            return
        wanted = subscription.next_sequence or 0
        for _ in missing:
            again = await republished(self._session, subscription.id, wanted, self._kept)
            if again is None:
                self._kept.counts["lost_messages"] += 1
                subscription.is_interrupted = True
            else:
                self._intake.accept(subscription, again, more=True)
            wanted = after(wanted)

    def _fail(self, error: Exception, *, doing: str) -> None:
        self._kept.inbox.fail(
            classified(error, name=self._kept.name, endpoint=self._settings.endpoint, doing=doing)
        )

    async def _pause(self) -> None:
        self._kept.counts["pauses"] += 1
        await self._kept.inbox.room()
        for each in self._kept.subscriptions.values():
            each.liveness.heard_s = self._clock.monotonic_s()

    def _first_quiet_s(self) -> float:
        """When the first group counts as dead, by the monotonic clock."""
        return min(
            (each.liveness.quiet_at_s for each in self._kept.subscriptions.values()),
            default=self._clock.monotonic_s(),
        )

    def _check_quiet(self) -> None:
        now_s = self._clock.monotonic_s()
        for each in self._kept.subscriptions.values():
            if now_s >= each.liveness.quiet_at_s:
                raise Retryable(
                    f"{self._kept.name}: {each.group} at {self._settings.endpoint} went quiet: "
                    f"nothing for {now_s - each.liveness.heard_s:.1f} s, where a keep-alive was "
                    f"due every {each.liveness.keep_alive_s:g} s"
                )


def _quieten() -> None:
    """asyncua logs every request, and every refusal as a warning, an expected one too; what matters
    of that is said here."""
    logger = logging.getLogger("asyncua")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.ERROR)
