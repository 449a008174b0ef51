"""Publish responses that a well-behaved server does not send, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from connectors.opcua.items import Wanted, create_items
from connectors.opcua.liveness import Liveness
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import OpcUaSource
from connectors.opcua.subscribe import Subscribed, Subscription
from service.domain.batch import Batch
from service.domain.coverage import Cover
from service.domain.instants import SECOND_NS, to_ns
from service.domain.tag import Tag
from service.runtime.clock import FakeClock
from service.runtime.errors import Rejected, Retryable

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
NOW_NS = to_ns(NOW)
TAG = Tag(id="CB-L01-T", connector="plant", node="i=1")
SETTINGS = OpcUaSettings(kind="opcua", endpoint="opc.tcp://plc:4840", timeout_s=1)
Answer = bytes | Exception


class _Session:
    """Gives its answers one after the other, then none any more."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.acknowledged: list[tuple[int, int]] = []

    async def publish(self, acknowledge: Sequence[tuple[int, int]]) -> bytes:
        self.acknowledged += acknowledge
        if not self._answers:
            await asyncio.Event().wait()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def _source(*answers: Answer) -> Any:
    clock = FakeClock(NOW_NS)
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS - SECOND_NS, heard_s=0.0)
    made = Subscribed({5: Subscription(5, liveness, "")}, np.array([7], dtype=np.int32), ())
    session: Any = _Session(answers)
    source = OpcUaSource(session, made, settings=SETTINGS, name="plant", tags={7: TAG}, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(source.publish(tasks))
        yield source, session
        running.cancel()


def _message(
    sequence: int,
    *values: float,
    subscription: int = 5,
    published: datetime = NOW,
    more: bool = False,
    closed: int | None = None,
) -> bytes:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = subscription
    response.Parameters.MoreNotifications = more
    message = response.Parameters.NotificationMessage
    message.SequenceNumber = sequence
    message.PublishTime = published
    message.NotificationData = []
    if values:
        items = [
            ua.MonitoredItemNotification(ClientHandle=0, Value=ua.DataValue(v, SourceTimestamp=NOW))
            for v in values
        ]
        message.NotificationData.append(ua.DataChangeNotification(MonitoredItems=items))
    if closed is not None:
        status = ua.StatusCode(ua.UInt32(closed))
        message.NotificationData.append(ua.StatusChangeNotification(Status=status))
    return bytes(struct_to_binary(response))


async def _all(source: OpcUaSource) -> tuple[list[Batch], Exception]:
    batches = []
    while True:
        try:
            batches.append(await source.read())
        except (Retryable, Rejected) as error:
            return batches, error


@pytest.mark.parametrize(
    ("answers", "values", "message"),
    [
        (
            [_message(1, 1.0), _message(3, 3.0)],
            [1.0],
            "messages of plant/main are lost: expected number 2, came 3",
        ),
        ([_message(1, 1.0), _message(2, 2.0, closed=0x800A_0000)], [1.0, 2.0], "BadTimeout"),
        ([_message(1, 1.0), _message(2, 2.0)[:-9]], [1.0], "could not be decoded"),
        ([_message(1, 1.0, subscription=9)], [], "has no subscription any more"),
        ([ua.uaerrors.BadNoSubscription()], [], "failed: BadNoSubscription"),
        ([ConnectionError("connection lost")], [], "failed: connection lost"),
        ([TimeoutError()], [], "got no answer in time"),
    ],
)
async def test_a_loss_ends_the_source_behind_what_came_before(
    answers: list[Answer], values: list[float], message: str
) -> None:
    async with _source(*answers) as (source, _):
        batches, error = await _all(source)
    assert [value for batch in batches for value in batch.value.tolist()] == values
    assert isinstance(error, Retryable)
    assert message in str(error)


async def test_numbers_wrap_past_zero_and_messages_are_acknowledged() -> None:
    last = 2**32 - 1
    answers = [_message(last, 1.0), _message(1), _message(1, 2.0), _message(2, 3.0)]
    async with _source(*answers, ConnectionError("end")) as (source, session):
        batches, _ = await _all(source)
    assert [v for b in batches for v in b.value.tolist()] == [1.0, 2.0, 3.0]
    assert [b.position for b in batches] == [1, 2, 3]  # the keep-alive proved nothing new
    assert session.acknowledged == [(5, last), (5, 1)]  # the third goes with the next request
    assert source.report().counters["keep_alives"] == 1


async def test_a_server_that_takes_fewer_requests_gets_fewer() -> None:
    too_many = ua.uaerrors.BadTooManyPublishRequests()
    answers = [too_many, too_many, _message(1, 1.0), _message(2, 2.0), ConnectionError("end")]
    async with _source(*answers) as (source, _):
        batches, _ = await _all(source)
    assert len(batches) == 2


@pytest.mark.parametrize(
    ("published_s", "more", "end_s"),
    [
        (-0.5, False, -0.5),  # the server's clock is near ours: its time counts
        (4.9, False, 4.9),
        (5.1, False, 0.0),  # it is not: the receipt counts
        (-28_800.0, False, 0.0),
        (-0.5, True, None),  # other messages wait behind this one
        (-2.0, False, None),  # already proven further
    ],
)
def test_a_message_covers_up_to_its_publish_time(
    published_s: float, more: bool, end_s: float | None
) -> None:
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS - SECOND_NS, heard_s=0.0)
    ticks = ua.datetime_to_win_epoch(NOW + timedelta(seconds=published_s))
    cover = liveness.prove(ticks, now_ns=NOW_NS, more=more)
    if end_s is None:
        assert cover is None
    else:
        end_ns = NOW_NS + round(end_s * SECOND_NS)
        assert cover == Cover("plant/main", NOW_NS - SECOND_NS, end_ns)
        assert liveness.proven_ns == end_ns
    assert liveness.prove(0, now_ns=NOW_NS - 2 * SECOND_NS, more=False) is None


async def test_items_are_created_in_calls_as_small_as_the_server_wants() -> None:
    class Services:
        calls: list[int] = []  # noqa: RUF012  one object, one test

        async def create_monitored_items(self, parameters: Any) -> list[Any]:
            self.calls.append(len(parameters.ItemsToCreate))
            if self.calls[-1] > 3:
                raise ua.uaerrors.BadTooManyOperations
            made = ua.MonitoredItemCreateResult(RevisedSamplingInterval=100.0, RevisedQueueSize=2)
            return [made] * self.calls[-1]

    services: Any = Services()
    created = await create_items(
        services,
        5,
        [Wanted(handle, ua.NodeId(handle)) for handle in range(8)],
        timing=SETTINGS.timing("main"),
        per_call=8,
    )
    assert services.calls == [8, 4, 2, 2, 2, 2]
    assert created.statuses == (0,) * 8
    assert created.sampling_ms == (100.0, 100.0)
    assert created.queue_size == (2, 2)
