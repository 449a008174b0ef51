"""From the bytes of a PublishResponse to columns (OPC UA Part 4, 5.14.5 and 7.25; Part 6, 5.2).

asyncua's own decoder makes several Python objects of every value and cuts its time to the
microsecond. Here a table of ``struct.Struct``, one for each pair of DataValue mask and Variant
type, reads the usual values in one step; what is unusual is read, or skipped over, by ``wire``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any

from connectors.opcua import wire
from connectors.opcua.wire import INT32, INT64, UINT16, UINT32, WireError

NAN = float("nan")

DATA_CHANGE, STATUS_CHANGE = 811, 820
"""Numeric ids of the binary encodings of DataChangeNotification and StatusChangeNotification."""

_NUMBERS = {
    wire.BOOLEAN: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q",
    10: "f", 11: "d", wire.STATUS_CODE: "I",
}  # fmt: skip
_WIDE = (8, 9)
_EXACT = 1 << 53

Row = tuple[int, Any, int, int, int, int, int]
"""handle, value, status, source ticks, source picoseconds/10, server ticks, server picoseconds/10;
ticks of 100 ns since 1601, 0 when not given."""


@dataclass(slots=True)
class Rows:
    """The values of one message, in the order in which they came.

    text: row -> text. refused: rows whose integer is beyond ±2^53 (their value is NaN).
    unsupported: row -> what it was, e.g. "array of Double" (its value is NaN).
    """

    rows: list[Row] = field(default_factory=list)
    text: dict[int, str] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    unsupported: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Published:
    """A PublishResponse. sequence: that of its message, or the next one's when ``keep_alive``.

    publish_ticks: the server's time of this message, 0 when not given.
    more: whether the server holds further messages that are ready.
    closed: the StatusCode with which the server ended the subscription, None while it lives.
    """

    subscription: int
    sequence: int
    publish_ticks: int
    more: bool
    keep_alive: bool
    values: Rows
    closed: int | None = None


def decode_publish(data: bytes) -> Published:
    """``data``: the body of the response from its type id on. WireError when it can't be read."""
    try:
        return _publish(data)
    except (IndexError, struct.error) as error:
        raise WireError(f"the PublishResponse of {len(data)} bytes breaks off: {error}") from error


def _publish(data: bytes) -> Published:
    _, _, at = wire.read_node_id(data, 0)
    at = wire.skip_diagnostic_info(data, wire.within(data, at, 16))
    at = wire.skip_extension_object(data, wire.skip_array(data, at, wire.skip_string))
    (subscription,) = UINT32.unpack_from(data, at)
    (available,) = INT32.unpack_from(data, at + 4)
    at = wire.within(data, at + 8, 4 * max(available, 0))
    more = bool(data[at])
    (sequence,) = UINT32.unpack_from(data, at + 1)
    (publish_ticks,) = INT64.unpack_from(data, at + 5)
    (count,) = INT32.unpack_from(data, at + 13)
    at += 17
    found = Published(subscription, sequence, publish_ticks, more, count <= 0, Rows())
    for _ in range(count):
        _, kind, at = wire.read_node_id(data, at)
        if data[at] != 1:
            raise WireError(f"a notification is a binary body, encoding 1; came {data[at]}")
        start = at + 5
        at = wire.skip_string(data, at + 1)
        if kind == DATA_CHANGE:
            _data_change(data[:at], start, found.values)
        elif kind == STATUS_CHANGE:
            (found.closed,) = UINT32.unpack_from(data, start)
    return found


def _data_change(data: bytes, at: int, found: Rows) -> None:
    (count,) = INT32.unpack_from(data, at)
    at += 4
    rows = found.rows
    for _ in range(count):
        layout = _layout(data[at + 4] & _DEFINED, data[at + 5])
        if layout is None:
            at = _unusual(data, at, found)
            continue
        rows.append(layout.order(layout.shape.unpack_from(data, at) + _ZERO))
        at += layout.shape.size
        if layout.is_wide and not -_EXACT <= rows[-1][1] <= _EXACT:
            found.refused.append(len(rows) - 1)
            rows[-1] = (rows[-1][0], NAN, *rows[-1][2:])


_ZERO = (0,)
_DEFINED = 0x3F
"""The bits of a DataValue's mask that mean something."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a value of one mask and type lies in a message, and the order that makes a Row of it."""

    shape: struct.Struct
    order: Callable[[tuple[Any, ...]], Row]
    is_wide: bool


@cache
def _layout(mask: int, encoding: int) -> _Layout | None:
    """The layout of a scalar number; None for all else. At most 16,384 pairs are remembered."""
    if not mask & 0x01 or encoding not in _NUMBERS:
        return None
    shape = f"<IBB{_NUMBERS[encoding]}"
    places = [0, 3]
    given = 4
    for bit, code in _AFTER_VALUE:
        if mask & bit:
            shape += code
            places.append(given)
            given += 1
        else:
            places.append(-1)  # the zero that is put behind the fields
    row = itemgetter(*places)
    return _Layout(struct.Struct(shape), row, encoding in _WIDE)


_AFTER_VALUE = ((0x02, "I"), (0x04, "q"), (0x10, "H"), (0x08, "q"), (0x20, "H"))


def _unusual(data: bytes, at: int, found: Rows) -> int:
    """A value without a layout: null, text, array, structure."""
    handle, mask = _HANDLE_AND_MASK.unpack_from(data, at)
    at += 5
    row = len(found.rows)
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
    fields = [0, 0, 0, 0, 0]
    for place, (bit, code) in enumerate(_AFTER_VALUE):
        if mask & bit:
            reader = _READERS[code]
            (fields[place],) = reader.unpack_from(data, at)
            at += reader.size
    found.rows.append((handle, NAN, *fields))
    return at


_HANDLE_AND_MASK = struct.Struct("<IB")
_READERS = {"I": UINT32, "q": INT64, "H": UINT16}


def _type_name(encoding: int) -> str:
    kind = encoding & 0x3F
    name = wire.TYPE_NAMES[kind] if kind < len(wire.TYPE_NAMES) else f"type {kind}"
    if encoding & wire.DIMENSIONS_BIT:
        return f"matrix of {name}"
    return f"array of {name}" if encoding & wire.ARRAY_BIT else name
