"""From the bytes of a PublishResponse to columns (OPC UA Part 4, 5.14.5 and 7.25; Part 6, 5.2).

asyncua's own decoder makes several Python objects of every value and cuts its time to the
microsecond. Here a message is walked over once to see where its values lie; those of one pair of
DataValue mask and Variant type lie alike and are read at once, as records of NumPy. What is unusual
is read, or skipped over, by ``wire``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from connectors.opcua import wire
from connectors.opcua.wire import INT32, INT64, UINT16, UINT32, WireError
from service.domain.arrays import Float64s, Int64s, UInt32s

DATA_CHANGE, STATUS_CHANGE = 811, 820
"""Numeric ids of the binary encodings of DataChangeNotification and StatusChangeNotification."""

_NUMBERS = {
    wire.BOOLEAN: "u1", 2: "i1", 3: "u1", 4: "<i2", 5: "<u2", 6: "<i4", 7: "<u4", 8: "<i8",
    9: "<u8", 10: "<f4", 11: "<f8", wire.STATUS_CODE: "<u4",
}  # fmt: skip
_WIDE = (8, 9)
_EXACT = 1 << 53


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one message in columns of shape (n,), in the order in which they came.

    value: NaN for what is no number. source_ticks, server_ticks: 100 ns since 1601, 0 when not
    given; their picoseconds in units of 10 ps. text: row -> text. refused: rows whose integer is
    beyond ±2^53. unsupported: row -> what it was, e.g. "array of Double".
    """

    handle: Int64s
    value: Float64s
    status: UInt32s
    source_ticks: Int64s
    source_ps: Int64s
    server_ticks: Int64s
    server_ps: Int64s
    text: dict[int, str]
    refused: tuple[int, ...]
    unsupported: dict[int, str]

    def __len__(self) -> int:
        return len(self.handle)


@dataclass(frozen=True, slots=True)
class Message:
    """A NotificationMessage. sequence: its own, or the next one's when it is a keep-alive.

    publish_ticks: the server's time of this message, 0 when not given.
    closed: the StatusCode with which the server ended the subscription, None while it lives.
    damage: why its notifications can't be read, None where they can; then it has no values.
    """

    sequence: int
    publish_ticks: int
    keep_alive: bool
    values: Values
    closed: int | None = None
    damage: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A PublishResponse. more: whether the server holds further messages that are ready."""

    subscription: int
    more: bool
    message: Message


def decode_publish(data: bytes) -> Published:
    """``data``: the body of the response from its type id on. WireError when it can't be told whose
    message it is; what else can't be read is its ``damage``."""
    try:
        return _publish(data)
    except (IndexError, struct.error) as error:
        raise WireError(f"the PublishResponse of {len(data)} bytes breaks off: {error}") from error


def decode_republish(data: bytes) -> Message:
    """The message in a RepublishResponse; as ``decode_publish``."""
    try:
        return _message(data, _after_header(data))
    except (IndexError, struct.error) as error:
        raise WireError(
            f"the RepublishResponse of {len(data)} bytes breaks off: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """What a HistoryReadResponse has of one node; the handles of its values mean nothing.

    continuation: with which the rest is asked for, empty when there is none.
    """

    status: int
    continuation: bytes
    values: Values


def decode_history(data: bytes) -> list[HistoryResult]:
    """The results of a HistoryReadResponse (Part 11, 6.4) in their order. WireError when it can't
    be read."""
    try:
        at = _after_header(data)
        (count,) = INT32.unpack_from(data, at)
        at += 4
        found = []
        for _ in range(count):
            one, at = _history_result(data, at)
            found.append(one)
        return found
    except (IndexError, struct.error) as error:
        raise WireError(f"the HistoryReadResponse breaks off: {error}") from error


def _history_result(data: bytes, at: int) -> tuple[HistoryResult, int]:
    (status,) = UINT32.unpack_from(data, at)
    start, at = at + 8, wire.skip_string(data, at + 4)
    continuation = data[start:at]
    _, _, at = wire.read_node_id(data, at)
    encoding = data[at]
    at += 1
    rows = _Rows()
    if encoding == 1:
        body, at = at + 4, wire.skip_string(data, at)
        _find(data, body, at, rows, lead=0)
    return HistoryResult(status, continuation, _values(data, rows)), at


def _publish(data: bytes) -> Published:
    at = _after_header(data)
    (subscription,) = UINT32.unpack_from(data, at)
    (available,) = INT32.unpack_from(data, at + 4)
    at = wire.within(data, at + 8, 4 * max(available, 0))
    return Published(subscription, bool(data[at]), _message(data, at + 1))


def _after_header(data: bytes) -> int:
    _, _, at = wire.read_node_id(data, 0)
    at = wire.skip_diagnostic_info(data, wire.within(data, at, 16))
    return wire.skip_extension_object(data, wire.skip_array(data, at, wire.skip_string))


def _message(data: bytes, at: int) -> Message:
    (sequence,) = UINT32.unpack_from(data, at)
    (publish_ticks,) = INT64.unpack_from(data, at + 4)
    (count,) = INT32.unpack_from(data, at + 12)
    try:
        values, closed = _notifications(data, at + 16, count)
    except (IndexError, struct.error, WireError) as error:
        return Message(sequence, publish_ticks, False, _values(data, _Rows()), damage=str(error))
    return Message(sequence, publish_ticks, count <= 0, values, closed)


def _notifications(data: bytes, at: int, count: int) -> tuple[Values, int | None]:
    """The values of ``count`` notifications, and the status that ended the subscription."""
    rows = _Rows()
    closed: int | None = None
    for _ in range(count):
        _, kind, at = wire.read_node_id(data, at)
        if data[at] != 1:
            raise WireError(f"a notification is a binary body, encoding 1; came {data[at]}")
        start = at + 5
        at = wire.skip_string(data, at + 1)
        if kind == DATA_CHANGE:
            _find(data, start, at, rows)
        elif kind == STATUS_CHANGE:
            (closed,) = UINT32.unpack_from(data, start)
    return _values(data, rows), closed


@dataclass(slots=True)
class _Rows:
    """Where values lie in a message. place: of each row; unusual: row -> its fields as read, for
    those without a layout."""

    place: list[int] = field(default_factory=list)
    unusual: dict[int, tuple[int, ...]] = field(default_factory=dict)
    text: dict[int, str] = field(default_factory=dict)
    unsupported: dict[int, str] = field(default_factory=dict)


def _find(data: bytes, at: int, end: int, found: _Rows, *, lead: int = 4) -> None:
    """Walks over an array of values that ends at ``end``: monitored items, each with 4 bytes of
    handle in front, or with a lead of 0 bare DataValues."""
    (count,) = INT32.unpack_from(data, at)
    at += lead
    place, gone = found.place, 4 - lead
    for _ in range(count):
        size = _SIZES[data[at + 4] & _DEFINED][data[at + 5]]
        place.append(at)
        at = (at + size if size else _unusual(data, at, found)) - gone
    if at > end - gone:
        raise WireError(f"{count} values were announced; the array ends before the last")


def _values(data: bytes, found: _Rows) -> Values:
    """Columns of the values at the places that were ``found``."""
    n = len(found.place)
    place = np.array(found.place, np.int64)
    raw = np.frombuffer(data, np.uint8)
    columns = np.zeros((4, n), np.int64)  # as in _TIMES
    handle, status, value = np.zeros(n, np.int64), np.zeros(n, np.uint32), np.full(n, np.nan)
    usual = np.ones(n, np.bool_)
    for row, fields in found.unusual.items():
        usual[row] = False
        handle[row], status[row] = fields[:2]
        columns[:, row] = fields[2:]
    refused: list[int] = []
    mask, encoding = (raw[place + 4] & _DEFINED).astype(np.int64), raw[place + 5]
    layout = np.where(usual, mask << 8 | encoding, -1)
    for key in set(layout.tolist()) - {-1}:
        shape = _layout(*divmod(key, 256))
        rows = np.flatnonzero(layout == key)
        there = raw[place[rows, None] + np.arange(shape.itemsize)].view(shape)[:, 0]
        handle[rows] = there["handle"]
        value[rows] = there["value"] != 0 if key % 256 == wire.BOOLEAN else there["value"]
        if key % 256 in _WIDE:
            far = (there["value"] > _EXACT) | (there["value"] < -_EXACT)
            value[rows[far]] = np.nan
            refused += rows[far].tolist()
        names = shape.names or ()
        if "status" in names:
            status[rows] = there["status"]
        for column, (name, _, _) in zip(columns, _TIMES, strict=True):
            if name in names:
                column[rows] = there[name]
    source_ticks, source_ps, server_ticks, server_ps = columns
    return Values(
        handle=handle,
        value=value,
        status=status,
        source_ticks=source_ticks,
        source_ps=source_ps,
        server_ticks=server_ticks,
        server_ps=server_ps,
        text=found.text,
        refused=tuple(sorted(refused)),
        unsupported=found.unsupported,
    )


_DEFINED = 0x3F
"""The bits of a DataValue's mask that mean something."""
_TIMES = (
    ("source_ticks", 0x04, "<i8"),
    ("source_ps", 0x10, "<u2"),
    ("server_ticks", 0x08, "<i8"),
    ("server_ps", 0x20, "<u2"),
)
"""A DataValue's fields behind value and status, in their order on the wire, with their bit."""


@cache
def _layout(mask: int, encoding: int) -> np.dtype[np.void]:
    """How a scalar number of one type lies in a message, with the fields of a DataValue's mask."""
    fields = [("handle", "<u4"), ("mask", "u1"), ("encoding", "u1"), ("value", _NUMBERS[encoding])]
    if mask & 0x02:
        fields.append(("status", "<u4"))
    fields += [(name, code) for name, bit, code in _TIMES if mask & bit]
    return np.dtype(fields)


_SIZES = [
    [
        _layout(mask, encoding).itemsize if mask & 1 and encoding in _NUMBERS else 0
        for encoding in range(256)
    ]
    for mask in range(_DEFINED + 1)
]
"""Bytes of an item by its mask and the encoding of its value; 0 where it has no layout."""


def _unusual(data: bytes, at: int, found: _Rows) -> int:
    """Reads a value without a layout: null, text, array, structure."""
    handle, mask = _HANDLE_AND_MASK.unpack_from(data, at)
    at += 5
    row = len(found.place) - 1
    if mask & 0x01:
        encoding = data[at]
        if encoding in (wire.STRING, wire.XML_ELEMENT, wire.LOCALIZED_TEXT):
            is_plain = encoding != wire.LOCALIZED_TEXT
            read = wire.read_string if is_plain else wire.read_localized_text
            text, at = read(data, at + 1)
            if text is not None:
                found.text[row] = text
        else:
            at = wire.skip_variant(data, at)
            if encoding != wire.NULL:
                found.unsupported[row] = _type_name(encoding)
    fields = []
    for bit, reader in _READERS:
        fields.append(0)
        if mask & bit:
            (fields[-1],) = reader.unpack_from(data, at)
            at += reader.size
    found.unusual[row] = (handle, *fields)
    return at


_HANDLE_AND_MASK = struct.Struct("<IB")
_READERS = ((0x02, UINT32), (0x04, INT64), (0x10, UINT16), (0x08, INT64), (0x20, UINT16))


def _type_name(encoding: int) -> str:
    kind = encoding & 0x3F
    name = wire.TYPE_NAMES[kind] if kind < len(wire.TYPE_NAMES) else f"type {kind}"
    if encoding & wire.DIMENSIONS_BIT:
        return f"matrix of {name}"
    return f"array of {name}" if encoding & wire.ARRAY_BIT else name
