"""Publish responses that a well-behaved server does not send, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from connectors.opcua.decode import decode_publish
from connectors.opcua.inbox import Inbox
from connectors.opcua.intake import Intake
from connectors.opcua.items import Wanted, create_items
from connectors.opcua.kept import Kept
from connectors.opcua.liveness import Liveness
from connectors.opcua.pki import Pki
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.source import OpcUaSource
from connectors.opcua.subscription import Subscription
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
Message = Any
"""asyncua's NotificationMessage."""


class _Session:
    """Gives its answers one after the other, then none any more. held: by sequence number, the
    messages that it has for a republish."""

    def __init__(self, answers: Sequence[Answer], held: Mapping[int, Message]) -> None:
        self._answers = list(answers)
        self._held = held
        self.acknowledged: list[tuple[int, int]] = []
        self.asked_again: list[int] = []

    async def republish(self, _subscription: int, sequence: int) -> bytes:
        self.asked_again.append(sequence)
        if sequence not in self._held:
            raise ua.uaerrors.BadMessageNotAvailable
        held = self._held[sequence]
        if isinstance(held, bytes):
            return held
        response = ua.RepublishResponse()
        response.NotificationMessage = held
        return bytes(struct_to_binary(response))

    async def publish(self, acknowledge: Sequence[tuple[int, int]]) -> bytes:
        self.acknowledged += acknowledge
        if not self._answers:
            await asyncio.Event().wait()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def _source(*answers: Answer, held: Mapping[int, Message] | None = None) -> Any:
    clock = FakeClock(NOW_NS)
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS - SECOND_NS, heard_s=0.0)
    kept = Kept("plant", {7: TAG}, Inbox("plant"), Pki(Path("unused")))
    kept.subscriptions[5] = Subscription(5, "plant/main", liveness, "")
    session: Any = _Session(answers, held or {})
    intake = Intake(kept, clock, endpoint=SETTINGS.endpoint)
    source = OpcUaSource(session, intake, settings=SETTINGS, kept=kept, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(source.publish(tasks))
        yield source, session
        running.cancel()


def _message(
    sequence: int, *values: float, subscription: int = 5, more: bool = False, **given: Any
) -> bytes:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = subscription
    response.Parameters.MoreNotifications = more
    response.Parameters.NotificationMessage = _notification(sequence, *values, **given)
    return bytes(struct_to_binary(response))


def _notification(
    sequence: int, *values: float, published: datetime = NOW, closed: int | None = None
) -> Message:
    message = ua.NotificationMessage()
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
    return message


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
        ([_message(1, 1.0), _message(2, 2.0, closed=0x800A_0000)], [1.0, 2.0], "BadTimeout"),
        ([_message(1, 1.0), _message(2, 2.0)[:30]], [1.0], "could not be decoded"),
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


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _values(batches: list[Batch]) -> list[float]:
    return [value for batch in batches for value in batch.value.tolist()]


def _covers(batches: list[Batch]) -> list[tuple[float, float]]:
    """In seconds of NOW."""
    found = [cover for batch in batches for cover in batch.covers]
    return [((c.start_ns - NOW_NS) / SECOND_NS, (c.end_ns - NOW_NS) / SECOND_NS) for c in found]


LAST = 2**32 - 1


async def test_numbers_wrap_past_zero_and_only_what_is_durable_is_acknowledged() -> None:
    answers = [_message(LAST, 1.0), _message(1), _message(1, 2.0), _message(2, 3.0)]
    async with _source(*answers) as (source, session):
        batches = [await source.read() for _ in range(3)]  # the keep-alive proved nothing new
        assert _values(batches) == [1.0, 2.0, 3.0]
        assert [b.position for b in batches] == [1, 2, 3]
        assert session.acknowledged == []
        source.durable(2)
        assert source.report().counters["keep_alives"] == 1
    held = Subscription(5, "plant/main", Liveness("plant/main", 5.0, 1.0, 0, 0.0), "")
    for position, message in enumerate([LAST, 1, 2], start=1):
        held.took(decode_publish(_message(message, 0.0)).message, position)
    assert held.acknowledge(2) == [(5, LAST), (5, 1)]
    assert held.acknowledge(2) == []
    assert held.acknowledge(9) == [(5, 2)]


@pytest.mark.parametrize(
    "answer", [_message(2, 2.0)[:20], ua.NotificationMessage()], ids=["cut off", "empty"]
)
async def test_a_republish_that_says_nothing_is_a_lost_message(answer: Message) -> None:
    answers = [_message(1, 1.0, published=_at(0.1)), _message(3, 3.0, published=_at(0.3))]
    async with _source(*answers, ConnectionError("end"), held={2: answer}) as (source, session):
        batches, error = await _all(source)
    assert _values(batches) == [1.0, 3.0]
    assert "end" in str(error)
    assert session.asked_again == [2]
    counters = source.report().counters
    assert (counters["republished"], counters["lost_messages"], counters["gaps"]) == (0, 1, 1)


@pytest.mark.parametrize(("first", "second", "last"), [(4, 5, 6), (LAST - 1, LAST, 1)])
async def test_a_message_that_is_missing_is_asked_for_again(
    first: int, second: int, last: int
) -> None:
    answers = [_message(first, 1.0, published=_at(0.1)), _message(last, 3.0, published=_at(0.3))]
    again = {second: _notification(second, 2.0, published=_at(0.2))}
    async with _source(*answers, ConnectionError("end"), held=again) as (source, session):
        batches, _ = await _all(source)
    assert _values(batches) == [1.0, 2.0, 3.0]
    assert _covers(batches) == [(-1.0, 0.1), (0.1, 0.3)]  # one cover over all: nothing is lost
    assert session.asked_again == [second]
    counters = source.report().counters
    assert (counters["republished"], counters["gaps"], counters["lost_messages"]) == (1, 0, 0)


async def test_a_message_that_the_server_has_no_more_is_a_gap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [
        _message(1, 1.0, published=_at(0.1)),
        _message(4, 4.0, published=_at(0.4)),
        _message(5, 5.0, published=_at(0.5)),
    ]
    again = {2: _notification(2, 2.0, published=_at(0.2))}
    async with _source(*answers, ConnectionError("end"), held=again) as (source, _):
        batches, _ = await _all(source)
    assert _values(batches) == [1.0, 2.0, 4.0, 5.0]
    assert _covers(batches) == [(-1.0, 0.1), (0.4, 0.5)]
    counters = source.report().counters
    assert (counters["republished"], counters["lost_messages"], counters["gaps"]) == (1, 1, 1)
    assert "opcua.gap source=plant group=plant/main" in caplog.text
    assert "the server has a message no more" in source.report().details["last gap"]


async def test_a_keep_alive_tells_of_messages_that_never_came() -> None:
    again = {2: _notification(2, 2.0, published=_at(0.2))}
    answers = [_message(1, 1.0), _message(3, published=_at(0.3)), ConnectionError("end")]
    async with _source(*answers, held=again) as (source, session):
        batches, _ = await _all(source)
    assert _values(batches) == [1.0, 2.0]
    assert session.asked_again == [2]


async def test_a_message_that_comes_twice_counts_once() -> None:
    answers = [_message(1, 1.0), _message(2, 2.0), _message(1, 1.0), _message(2, 2.0)]
    async with _source(*answers, _message(3, 3.0), ConnectionError("end")) as (source, _):
        batches, _ = await _all(source)
    assert _values(batches) == [1.0, 2.0, 3.0]
    assert source.report().counters["repeated_messages"] == 2


async def test_a_message_that_cannot_be_read_is_a_gap_and_the_next_ones_go_on() -> None:
    answers = [
        _message(1, 1.0, published=_at(0.1)),
        _message(2, 2.0, published=_at(0.2))[:-9],
        _message(3, 3.0, published=_at(0.3)),
        ConnectionError("end"),
    ]
    async with _source(*answers) as (source, _):
        batches, _ = await _all(source)
    assert _values(batches) == [1.0, 3.0]
    assert _covers(batches) == [(-1.0, 0.1), (0.2, 0.3)]
    counters = source.report().counters
    assert (counters["damaged_messages"], counters["gaps"]) == (1, 1)


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


@pytest.mark.parametrize("step_s", [-3_600, 3_600])
async def test_a_clock_that_was_set_leaves_no_blind_hour_and_invents_none(step_s: int) -> None:
    """Covers go on by the new time, and none reaches over time that never passed."""
    later = (NOW + timedelta(seconds=step_s + s) for s in (5, 10))
    clock = FakeClock(NOW_NS)
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS - SECOND_NS, heard_s=0.0)
    kept = Kept("plant", {7: TAG}, Inbox("plant"), Pki(Path("unused")))
    kept.subscriptions[5] = subscription = Subscription(5, "plant/main", liveness, "")
    intake = Intake(kept, clock, endpoint=SETTINGS.endpoint)
    for sequence, at in enumerate((NOW, *later), start=1):
        message = decode_publish(_message(sequence, float(sequence), published=at)).message
        intake.accept(subscription, message, more=False)
        if sequence == 1:
            clock.step(step_s * SECOND_NS)
        await clock.advance(5)
    batches = [await kept.inbox.get() for _ in range(3)]
    covers = [(c.start_ns - NOW_NS, c.end_ns - NOW_NS) for b in batches for c in b.covers]
    in_s = [(start_ns / SECOND_NS, end_ns / SECOND_NS) for start_ns, end_ns in covers]
    assert in_s == [(-1, 0), (step_s, step_s + 5), (step_s + 5, step_s + 10)]


def test_a_step_back_between_connections_leaves_no_blind_hour() -> None:
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS + 3_600 * SECOND_NS, heard_s=0.0)
    assert liveness.prove(0, now_ns=NOW_NS, more=False) is None  # of what is before none told
    cover = liveness.prove(0, now_ns=NOW_NS + SECOND_NS, more=False)
    assert cover == Cover("plant/main", NOW_NS, NOW_NS + SECOND_NS)


def test_a_server_whose_time_leads_does_not_lead_covers_back() -> None:
    liveness = Liveness("plant/main", 5.0, 1.0, proven_ns=NOW_NS + 4 * SECOND_NS, heard_s=0.0)
    assert liveness.prove(0, now_ns=NOW_NS - 5 * SECOND_NS, more=False) is None
    assert liveness.proven_ns == NOW_NS + 4 * SECOND_NS
