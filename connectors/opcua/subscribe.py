"""One subscription for each item group: made with explicit counts, described as the server revised
it."""

from __future__ import annotations

from collections.abc import Sequence

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
from connectors.opcua.kept import Kept
from connectors.opcua.liveness import Liveness
from connectors.opcua.session import Session
from connectors.opcua.settings import OpcUaSettings, Timing
from connectors.opcua.subscription import Subscription
from service.runtime.clock import Clock

MAX_NOTIFICATIONS = 5_000
"""Values in one message; it bounds how long decoding one holds the event loop."""


async def subscribe(
    session: Session, settings: OpcUaSettings, kept: Kept, groups: Sequence[str], clock: Clock
) -> None:
    """Makes the subscriptions of ``groups`` with their items, into ``kept``; how the server numbers
    its namespaces now is read anew. Raises asyncua's errors."""
    server = await read_server(session.services)
    handle_of = kept.handle_of
    for group in groups:
        members = {number: tag for number, tag in kept.tags.items() if tag.item_group == group}
        nodes, rejected = resolve(members, server.namespaces)
        timing = settings.timing(group.partition("/")[2])
        result = await _create_subscription(session, timing)
        wanted = [Wanted(handle_of[number], nodes[number]) for number in nodes]
        created = await create_items(
            session.services,
            result.SubscriptionId,
            wanted,
            timing=timing,
            per_call=_per_call(settings, server),
        )
        refused = _refused(list(nodes), created.statuses)
        revised_ms = result.RevisedPublishingInterval
        liveness = Liveness(
            group=group,
            keep_alive_s=result.RevisedMaxKeepAliveCount * revised_ms / 1_000,
            timeout_s=settings.timeout_s,
            proven_ns=clock.now_ns(),
            heard_s=clock.monotonic_s(),
        )
        made = Subscription(
            result.SubscriptionId, group, liveness, _detail(timing, result, created)
        )
        kept.subscriptions[made.id] = made
        kept.rejected[group] = (*rejected, *refused)
        kept.counts["subscriptions_made"] += 1


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


def _refused(numbers: Sequence[int], statuses: Sequence[int]) -> list[RejectedItem]:
    return [
        RejectedItem(number, status, status_name(status))
        for number, status in zip(numbers, statuses, strict=True)
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
