"""PublishResponses made beforehand, of which each sending changes a few bytes only."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

ROUNDS = 4
"""How many values of each item are made; then they come again."""
TYPES = (
    (ua.VariantType.Float, 0.50),
    (ua.VariantType.Double, 0.25),
    (ua.VariantType.UInt32, 0.15),
    (ua.VariantType.Boolean, 0.10),
)
"""What items hold, and the share of each: as PLCs of a plant do, mixed."""

_UINT32, _INT64 = struct.Struct("<I"), struct.Struct("<q")
_TICKS_1970 = 116_444_736_000_000_000
_HEADER_TIME, _HANDLE, _SUBSCRIPTION = 4, 12, 28
"""Places in the body of a PublishResponse, from its type id on (Part 4, 5.14.5; Part 6, 5.2)."""
_SEQUENCE_AFTER, _TIME_AFTER = 9, 13
"""Places after the subscription's id, where no sequence number is available for a republish."""


@dataclass(slots=True)
class Replay:
    """One subscription's messages, sent in turn. values: how many each of them holds."""

    subscription: int
    messages: list[bytearray]
    values: list[int]
    sequence: int = 0

    def next(self, request_handle: int, now_ns: int) -> tuple[bytes, int]:
        """The next message's bytes, and how many values are in it."""
        at = self.sequence % len(self.messages)
        self.sequence = self.sequence % 0xFFFF_FFFF + 1
        body, ticks = self.messages[at], _TICKS_1970 + now_ns // 100
        _INT64.pack_into(body, _HEADER_TIME, ticks)
        _UINT32.pack_into(body, _HANDLE, request_handle)
        _UINT32.pack_into(body, _SUBSCRIPTION + _SEQUENCE_AFTER, self.sequence)
        _INT64.pack_into(body, _SUBSCRIPTION + _TIME_AFTER, ticks)
        return bytes(body), self.values[at]


def make_replay(subscription: int, handles: Sequence[int], *, per_message: int) -> Replay:
    """``ROUNDS`` values of each client handle, at most ``per_message`` in a message."""
    chosen = random.Random(subscription)
    kinds, shares = zip(*TYPES, strict=True)
    kind_of = dict(zip(handles, chosen.choices(kinds, shares, k=len(handles)), strict=True))
    now = datetime.now(UTC)
    messages, values = [], []
    for round_ in range(ROUNDS):
        at = now + timedelta(milliseconds=100 * round_)
        for first in range(0, len(handles), per_message):
            part = handles[first : first + per_message]
            messages.append(
                _message(subscription, [(h, _value(kind_of[h], chosen, at)) for h in part])
            )
            values.append(len(part))
    return Replay(subscription, messages, values)


def _value(kind: ua.VariantType, chosen: random.Random, at: datetime) -> ua.DataValue:
    value: object
    if kind is ua.VariantType.Boolean:
        value = chosen.random() < 0.5
    elif kind is ua.VariantType.UInt32:
        value = chosen.randrange(1 << 32)
    else:
        value = chosen.uniform(0.0, 1_400.0)
    return ua.DataValue(ua.Variant(value, kind), SourceTimestamp=at, ServerTimestamp=at)


def _message(subscription: int, values: Sequence[tuple[int, ua.DataValue]]) -> bytearray:
    notification = ua.DataChangeNotification()
    notification.MonitoredItems = [
        ua.MonitoredItemNotification(ClientHandle=handle, Value=value) for handle, value in values
    ]
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = subscription
    response.Parameters.MoreNotifications = False
    response.Parameters.NotificationMessage.NotificationData = [notification]
    body = bytearray(struct_to_binary(response))
    (found,) = _UINT32.unpack_from(body, _SUBSCRIPTION)
    if found != subscription:
        raise ValueError(f"the subscription is not where it is expected: came {found}")
    return body
