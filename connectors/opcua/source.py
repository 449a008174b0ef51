"""An OPC UA server as a Source: publish requests in flight, answers decoded, silence noticed."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from asyncua import ua

from connectors.opcua.columns import to_columns
from connectors.opcua.decode import Published, decode_publish
from connectors.opcua.errors import classified, status_name
from connectors.opcua.inbox import Inbox
from connectors.opcua.items import RejectedItem
from connectors.opcua.session import Session, open_session
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.subscribe import Subscribed, Subscription, subscribe
from connectors.opcua.wire import WireError
from service.domain.batch import Batch, TimeOrigin, empty_batch, make_batch
from service.domain.tag import Tag
from service.runtime.clock import Clock
from service.runtime.errors import Fatal, Retryable
from service.runtime.source import Source, SourceReport

REQUESTS_AHEAD = 2
"""Publish requests in flight beyond one for each subscription."""
SHORTEST_WAIT_S = 0.05
SHOWN_TAGS = 10
LAST_SEQUENCE = 0xFFFF_FFFF

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_source(
    settings: OpcUaSettings, *, name: str, tags: Mapping[int, Tag], clock: Clock
) -> AsyncIterator[Source]:
    """Connects and subscribes to ``tags``, by registry number. Raises ConnectorError.

    Tags whose item the server refuses get one Bad row with the server's status, and the others go
    on. When connection or subscription dies, ``read`` raises Retryable; nothing is repaired behind
    the runtime's back.
    """
    if not tags:
        raise Fatal(
            f"{name}: no tag of the tag list has connector {name}; add tags or remove the connector"
        )
    _quieten()
    async with open_session(settings, name=name) as session:
        try:
            made = await subscribe(session, settings, tags, clock)
        except Exception as error:  # the library lets errors of every kind through
            raise classified(
                error, name=name, endpoint=settings.endpoint, doing="subscribing at"
            ) from error
        source = OpcUaSource(session, made, settings=settings, name=name, tags=tags, clock=clock)
        raised: Exception | None = None
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(source.publish(tasks), name=f"{name} publish"),
                tasks.create_task(source.keep_channel(), name=f"{name} channel"),
            ]
            try:
                yield source
            except Exception as error:  # noqa: BLE001  raised below, outside of the task group,
                raised = error  # which would wrap it
            finally:
                for task in running:
                    task.cancel()
        if raised is not None:
            raise raised


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
        made: Subscribed,
        *,
        settings: OpcUaSettings,
        name: str,
        tags: Mapping[int, Tag],
        clock: Clock,
    ) -> None:
        self._session = session
        self._subscriptions = made.subscriptions
        self._tag_of = made.tag_of
        self._settings = settings
        self._name = name
        self._tags = tags
        self._clock = clock
        self._inbox = Inbox(name)
        self._acknowledge: list[tuple[int, int]] = []
        self._position = 0
        self._durable = 0
        self._counts: Counter[str] = Counter(_COUNTERS)
        self._unsupported: dict[int, str] = {}
        self._rejected = self._reject(made.rejected)

    async def read(self) -> Batch:
        """See ``Source.read``. Raises Retryable when the server went quiet: nothing came for twice
        the revised keep-alive and the time-out."""
        while True:
            quiet_in_s = self._first_quiet().liveness.quiet_at_s - self._clock.monotonic_s()
            try:
                async with asyncio.timeout(max(quiet_in_s, SHORTEST_WAIT_S)):
                    return await self._inbox.get()
            except TimeoutError:
                self._check_quiet()

    def durable(self, position: int) -> None:
        """See ``Source.durable``; kept for the report. Messages are acknowledged on receipt."""
        self._durable = max(self._durable, position)

    def report(self) -> SourceReport:
        """See ``Source.report``."""
        details = {"endpoint": self._settings.endpoint, "security": self._settings.security_policy}
        if self._settings.security_mode != "None":
            details["security"] += f" {self._settings.security_mode}"
        for each in self._subscriptions.values():
            details[each.liveness.group] = each.detail
        for reason, tag_ids in self._rejected.items():
            details[f"rejected: {reason}"] = _shown(tag_ids)
        for kind in sorted(set(self._unsupported.values())):
            numbers = [n for n, found in self._unsupported.items() if found == kind]
            details[f"unsupported: {kind}"] = _shown([self._tags[n].id for n in numbers])
        details["positions"] = f"{self._position} read in, {self._durable} durable"
        return SourceReport(
            keep_alive_s={
                each.liveness.group: each.liveness.keep_alive_s
                for each in self._subscriptions.values()
            },
            counters=dict(self._counts),
            details=details,
        )

    async def publish(self, tasks: asyncio.TaskGroup) -> None:
        """Keeps publish requests in flight and takes their answers, until something fails."""
        wanted = len(self._subscriptions) + REQUESTS_AHEAD
        pending: dict[asyncio.Task[bytes | Exception], None] = {}
        try:
            while True:
                while len(pending) < wanted and not self._inbox.is_full:
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
                        self._take(answer)
        except Exception as error:  # noqa: BLE001  whatever ends the publishing ends the source
            self._fail(error, doing="receiving from")
        finally:
            for task in pending:
                task.cancel()

    async def keep_channel(self) -> None:
        """Renews the secure channel, until something fails."""
        try:
            await self._session.keep_channel(self._clock)
        except Exception as error:  # noqa: BLE001  whatever ends the channel ends the source
            self._fail(error, doing="renewing the channel of")

    async def _ask(self) -> bytes | Exception:
        acknowledge, self._acknowledge = self._acknowledge, []
        try:
            return await self._session.publish(acknowledge)
        except Exception as error:  # noqa: BLE001  handed to ``publish``, which judges it
            return error

    def _take(self, answer: bytes) -> None:
        """One publish response, into the queue."""
        now_ns = self._clock.now_ns()
        try:
            message = decode_publish(answer)
        except WireError as error:
            raise Retryable(
                f"{self._name}: a message of {self._settings.endpoint} could not be decoded, and "
                f"its values are lost: {error}; the source is opened anew for the current ones"
            ) from error
        subscription = self._subscriptions.get(message.subscription)
        if subscription is None:
            raise Retryable(f"{self._name}: {self._settings.endpoint} has no subscription any more")
        subscription.liveness.heard_s = self._clock.monotonic_s()
        self._counts["keep_alives" if message.keep_alive else "notifications"] += 1
        if not message.keep_alive:
            self._check_sequence(subscription, message)
            self._acknowledge.append((message.subscription, message.sequence))
        columns = to_columns(message.values, self._tag_of, received_ns=now_ns, source=self._name)
        self._counts.update(columns.counts)
        for tag, kind in columns.unsupported.items():
            self._note_unsupported(tag, kind)
        cover = subscription.liveness.prove(message.publish_ticks, now_ns=now_ns, more=message.more)
        batches = list(columns.batches)
        if cover is not None:
            last = batches.pop() if batches else empty_batch(received_ns=now_ns, source=self._name)
            batches.append(replace(last, covers=(cover,)))
        for batch in batches:
            self._put(batch)
        if message.closed is not None:
            raise Retryable(
                f"{self._name}: {self._settings.endpoint} ended the subscription of "
                f"{subscription.liveness.group}: {status_name(message.closed)}"
            )

    def _check_sequence(self, subscription: Subscription, message: Published) -> None:
        expected = subscription.next_sequence
        if expected is not None and message.sequence != expected:
            raise Retryable(
                f"{self._name}: messages of {subscription.liveness.group} are lost: expected "
                f"number {expected}, came {message.sequence}; the source is opened anew for the "
                "current values"
            )
        is_last = message.sequence == LAST_SEQUENCE
        subscription.next_sequence = 1 if is_last else message.sequence + 1

    def _put(self, batch: Batch) -> None:
        self._position += 1
        self._inbox.put(replace(batch, position=self._position))

    def _fail(self, error: Exception, *, doing: str) -> None:
        self._inbox.fail(
            classified(error, name=self._name, endpoint=self._settings.endpoint, doing=doing)
        )

    async def _pause(self) -> None:
        self._counts["pauses"] += 1
        await self._inbox.room()
        for each in self._subscriptions.values():
            each.liveness.heard_s = self._clock.monotonic_s()

    def _first_quiet(self) -> Subscription:
        return min(self._subscriptions.values(), key=lambda each: each.liveness.quiet_at_s)

    def _check_quiet(self) -> None:
        liveness = self._first_quiet().liveness
        now_s = self._clock.monotonic_s()
        if now_s >= liveness.quiet_at_s:
            raise Retryable(
                f"{self._name}: {liveness.group} at {self._settings.endpoint} went quiet: nothing "
                f"for {now_s - liveness.heard_s:.1f} s, where a keep-alive was due every "
                f"{liveness.keep_alive_s:g} s"
            )

    def _reject(self, rejected: Sequence[RejectedItem]) -> dict[str, list[str]]:
        """Journals, counts and logs the refused items; their tag ids by reason."""
        by_reason: dict[str, list[str]] = {}
        for item in rejected:
            by_reason.setdefault(item.reason, []).append(self._tags[item.tag].id)
        self._counts["rejected_items"] = len(rejected)
        for reason, tag_ids in by_reason.items():
            _log.warning(
                "opcua.items_rejected source=%s reason=%r items=%d tags=%s",
                self._name,
                reason,
                len(tag_ids),
                _shown(tag_ids),
            )
        if rejected:
            now_ns = self._clock.now_ns()
            self._put(
                make_batch(
                    [item.tag for item in rejected],
                    [now_ns] * len(rejected),
                    [float("nan")] * len(rejected),
                    [item.status for item in rejected],
                    received_ns=now_ns,
                    time_origin=TimeOrigin.RECEIPT,
                    source=self._name,
                )
            )
        return by_reason

    def _note_unsupported(self, tag: int, kind: str) -> None:
        if self._unsupported.get(tag) != kind:
            self._unsupported[tag] = kind
            _log.warning(
                "opcua.unsupported source=%s tag=%s value=%r (numbers, booleans and text are "
                "supported; name a node that holds one)",
                self._name,
                self._tags[tag].id,
                kind,
            )


_COUNTERS = dict.fromkeys(
    (
        "values",
        "notifications",
        "keep_alives",
        "overflow",
        "pauses",
        "refused_integers",
        "refused_times",
        "rejected_items",
        "unknown_handles",
        "unsupported",
    ),
    0,
)


def _shown(tag_ids: Sequence[str]) -> str:
    rest = len(tag_ids) - SHOWN_TAGS
    shown = ", ".join(tag_ids[:SHOWN_TAGS])
    return f"{shown} and {rest} more" if rest > 0 else shown


def _quieten() -> None:
    """asyncua logs every request at INFO; what matters of that is said here."""
    logger = logging.getLogger("asyncua")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
