"""After a lost connection: what the server still holds is taken up, and only the rest made anew.

In this order (Part 4, 6.7): the session was activated again, or a new one takes the subscriptions
over; what the server said meanwhile is asked for again, message by message, until it has no more;
groups whose subscription is gone get a new one, and what was in between is a gap.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from asyncua import ua

from connectors.opcua.decode import Message, decode_republish
from connectors.opcua.errors import status_name
from connectors.opcua.kept import Kept
from connectors.opcua.session import Session
from connectors.opcua.settings import OpcUaSettings
from connectors.opcua.subscribe import subscribe
from connectors.opcua.subscription import Subscription, after
from connectors.opcua.wire import WireError
from service.runtime.clock import Clock

MOST_REPUBLISHED = 100_000
"""Messages of one subscription; a server that always has one more is not asked for ever."""
FIRST_SEQUENCE = 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages that came while nobody listened, in their order."""

    subscription: Subscription
    messages: tuple[Message, ...]


async def take_up(
    session: Session, settings: OpcUaSettings, kept: Kept, clock: Clock
) -> tuple[Missed, ...]:
    """Every group has a living subscription afterwards. Raises asyncua's errors."""
    is_first = not kept.connections
    if not session.is_same:
        await _transfer(session, kept)
    elif kept.subscriptions:
        kept.counts["sessions_resumed"] += 1
    missed = []
    for subscription in list(kept.subscriptions.values()):
        messages = await _missed(session, subscription, kept)
        if messages is None:
            kept.lose(subscription)
        else:
            subscription.is_catching_up = True
            subscription.liveness.heard_s = clock.monotonic_s()
            missed.append(Missed(subscription, messages))
    living = {subscription.group for subscription in kept.subscriptions.values()}
    groups = dict.fromkeys(tag.item_group for tag in kept.tags.values())
    await subscribe(session, settings, kept, [g for g in groups if g not in living], clock)
    for subscription in kept.subscriptions.values():
        proven_ns = kept.proven_ns.pop(subscription.group, None)
        if proven_ns is not None:
            start_ns = subscription.liveness.proven_ns
            kept.note_gap(subscription.group, proven_ns, start_ns, "subscription lost")
    if not is_first:
        kept.counts["reconnects"] += 1
        _log.info(
            "opcua.reconnected source=%s session=%s kept=%d made=%d republished=%d",
            kept.name, "resumed" if session.is_same else "new", len(living),
            len(groups) - len(living), sum(len(one.messages) for one in missed),
        )  # fmt: skip
    return tuple(missed)


async def _transfer(session: Session, kept: Kept) -> None:
    """A new session takes over the subscriptions of the last; those that can't be are lost."""
    held = list(kept.subscriptions.values())
    if not held:
        return
    parameters = ua.TransferSubscriptionsParameters()
    parameters.SubscriptionIds = [subscription.id for subscription in held]
    parameters.SendInitialValues = False
    try:
        results = await session.services.transfer_subscriptions(parameters)
        statuses = [result.StatusCode.value for result in results]
    except ua.UaStatusCodeError as error:
        statuses = [error.code] * len(held)
    for subscription, status in zip(held, statuses, strict=True):
        if status >> 31:
            _log.info("opcua.not_transferred source=%s group=%s status=%s", kept.name,
                      subscription.group, status_name(status))  # fmt: skip
            kept.lose(subscription)
        else:
            kept.counts["subscriptions_transferred"] += 1


async def _missed(
    session: Session, subscription: Subscription, kept: Kept
) -> tuple[Message, ...] | None:
    """What the server holds beyond the last message that was had; None when it knows the
    subscription no more."""
    found: list[Message] = []
    wanted = subscription.next_sequence or FIRST_SEQUENCE
    while len(found) < MOST_REPUBLISHED:
        try:
            message = await republished(session, subscription.id, wanted, kept)
        except ua.uaerrors.BadSubscriptionIdInvalid:
            return None
        if message is None:
            break
        found.append(message)
        wanted = after(wanted)
    return tuple(found)


async def republished(
    session: Session, subscription: int, sequence: int, kept: Kept
) -> Message | None:
    """One message again; None when the server has it no more. Raises asyncua's errors."""
    try:
        raw = await session.republish(subscription, sequence)
    except (ua.uaerrors.BadMessageNotAvailable, ua.uaerrors.BadServiceUnsupported):
        return None
    try:
        message = decode_republish(raw)
    except WireError:
        return None  # asked again, it would say the same
    if message.sequence != sequence:
        return None  # some servers answer with whatever they have
    kept.counts["republished"] += 1
    return message
