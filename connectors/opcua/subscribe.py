"""One subscription for each item group: made with explicit counts, described as the server revised
it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from asyncua import ua

from connectors.opcua.errors import status_name
from connectors.opcua.items import (
    Created,
    RejectedItem,
    Server,
    Wanted,
    create_items,
    read_server,
    resolve,
)
from connectors.opcua.liveness import Liveness
from connectors.opcua.session import Session
from connectors.opcua.settings import OpcUaSettings, Timing
from service.domain.arrays import Int32s
from service.domain.tag import Tag
from service.runtime.clock import Clock

MAX_NOTIFICATIONS = 5_000
"""Values in one message; it bounds how long decoding one holds the event loop."""


@dataclass(slots=True)
class Subscription:
    """A living subscription. next_sequence: of the next data message; None before the first."""

    id: int
    liveness: Liveness
    detail: str
    next_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What was made. tag_of: shape (handles,), the tag number of each client handle."""

    subscriptions: dict[int, Subscription]
    tag_of: Int32s
    rejected: tuple[RejectedItem, ...]


async def subscribe(
    session: Session, settings: OpcUaSettings, tags: Mapping[int, Tag], clock: Clock
) -> Subscribed:
    """Makes the subscriptions of ``tags`` with their items. Raises asyncua's errors."""
    server = await read_server(session.services)
    nodes, rejected = resolve(tags, server.namespaces)
    numbers = list(nodes)
    handle_of = {number: handle for handle, number in enumerate(numbers)}
    subscriptions = {}
    groups: dict[str, list[int]] = {}
    for number, tag in tags.items():
        groups.setdefault(tag.group, []).append(number)
    for group, members in groups.items():
        timing = settings.timing(group)
        result = await _create_subscription(session, timing)
        wanted = [Wanted(handle_of[n], nodes[n]) for n in members if n in nodes]
        created = await create_items(
            session.services,
            result.SubscriptionId,
            wanted,
            timing=timing,
            per_call=_per_call(settings, server),
        )
        rejected += _refused(numbers, wanted, created.statuses)
        revised_ms = result.RevisedPublishingInterval
        liveness = Liveness(
            group=tags[members[0]].item_group,
            keep_alive_s=result.RevisedMaxKeepAliveCount * revised_ms / 1_000,
            timeout_s=settings.timeout_s,
            proven_ns=clock.now_ns(),
            heard_s=clock.monotonic_s(),
        )
        subscriptions[result.SubscriptionId] = Subscription(
            result.SubscriptionId, liveness, _detail(timing, result, created)
        )
    return Subscribed(subscriptions, np.array(numbers, dtype=np.int32), tuple(rejected))


async def _create_subscription(session: Session, timing: Timing) -> ua.CreateSubscriptionResult:
    parameters = ua.CreateSubscriptionParameters()
    parameters.RequestedPublishingInterval = timing.publishing_ms
    parameters.RequestedMaxKeepAliveCount = timing.keep_alive_count
    parameters.RequestedLifetimeCount = timing.lifetime_count
    parameters.MaxNotificationsPerPublish = MAX_NOTIFICATIONS
    parameters.PublishingEnabled = True
    return await session.services.create_subscription(parameters, callback=_unused)


def _unused(_result: object) -> None:
    """asyncua's way of bringing notifications; ours are decoded from the bytes."""


def _per_call(settings: OpcUaSettings, server: Server) -> int:
    if server.max_items_per_call > 0:
        return min(settings.max_items_per_call, server.max_items_per_call)
    return settings.max_items_per_call


def _refused(
    numbers: Sequence[int], wanted: Sequence[Wanted], statuses: Sequence[int]
) -> list[RejectedItem]:
    return [
        RejectedItem(numbers[item.handle], status, status_name(status))
        for item, status in zip(wanted, statuses, strict=True)
        if status >> 31
    ]


def _detail(timing: Timing, result: ua.CreateSubscriptionResult, created: Created) -> str:
    """The revised parameters as text, with those asked for where they differ."""
    good = sum(not status >> 31 for status in created.statuses)
    parts = [
        f"{good} items",
        _revised("publishing", timing.publishing_ms, result.RevisedPublishingInterval, " ms"),
        _revised("keep-alive", timing.keep_alive_count, result.RevisedMaxKeepAliveCount, " ×"),
        _revised("lifetime", timing.lifetime_count, result.RevisedLifetimeCount, " ×"),
    ]
    if created.sampling_ms and created.queue_size:
        parts.append(_range("sampling", timing.sampling_ms, created.sampling_ms, " ms"))
        parts.append(_range("queue", timing.queue_size, created.queue_size, ""))
    return ", ".join(parts)


def _revised(what: str, asked: float, revised: float, unit: str) -> str:
    return _range(what, asked, (revised, revised), unit)


def _range(what: str, asked: float, revised: tuple[float, float], unit: str) -> str:
    low, high = revised
    text = f"{what} {low:g}{unit}" if low == high else f"{what} {low:g} to {high:g}{unit}"
    return text if low == high == asked else f"{text} (asked {asked:g}{unit})"
