"""OPC UA Binary (Part 6, 5.2) as far as a notification needs it: reading on, and skipping over.

Every function takes the message and a position, and returns the position after what it read. A
message that ends too early, or says something impossible, raises WireError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

MAX_DEPTH = 100
"""Nesting that a decoder must support (Part 6, 5.2.2.12); deeper is refused."""

INT32 = struct.Struct("<i")
UINT32 = struct.Struct("<I")
INT64 = struct.Struct("<q")
UINT16 = struct.Struct("<H")

NULL, BOOLEAN = 0, 1
STRING, DATE_TIME, GUID, BYTE_STRING, XML_ELEMENT = 12, 13, 14, 15, 16
NODE_ID, EXPANDED_NODE_ID, STATUS_CODE, QUALIFIED_NAME, LOCALIZED_TEXT = 17, 18, 19, 20, 21
EXTENSION_OBJECT, DATA_VALUE, VARIANT, DIAGNOSTIC_INFO = 22, 23, 24, 25

FIXED_SIZE = {
    NULL: 0, BOOLEAN: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8,
    DATE_TIME: 8, GUID: 16, STATUS_CODE: 4,
}  # fmt: skip
"""Bytes of the built-in types that have a fixed size, by their number in a Variant."""

TYPE_NAMES = (
    "Null", "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64",
    "Float", "Double", "String", "DateTime", "Guid", "ByteString", "XmlElement", "NodeId",
    "ExpandedNodeId", "StatusCode", "QualifiedName", "LocalizedText", "ExtensionObject",
    "DataValue", "Variant", "DiagnosticInfo",
)  # fmt: skip

ARRAY_BIT = 0x80
DIMENSIONS_BIT = 0x40


class WireError(ValueError):
    """The bytes are not what OPC UA Binary allows here."""


def read_string(data: bytes, at: int) -> tuple[str | None, int]:
    """A String; None when it is null. Bytes that aren't UTF-8 become replacement characters."""
    (length,) = INT32.unpack_from(data, at)
    at += 4
    if length < 0:
        return None, at
    end = within(data, at, length)
    return data[at:end].decode("utf-8", "replace"), end


def read_localized_text(data: bytes, at: int) -> tuple[str | None, int]:
    """A LocalizedText's text; the locale is left out."""
    mask = data[at]
    at += 1
    text = None
    if mask & 1:
        at = skip_string(data, at)
    if mask & 2:
        text, at = read_string(data, at)
    return text, at


def read_node_id(data: bytes, at: int) -> tuple[int, int, int]:
    """A NodeId as (namespace index, numeric identifier or -1, position after it)."""
    kind = data[at] & 0x3F
    if kind == 0:
        return 0, data[at + 1], at + 2
    if kind == 1:
        return data[at + 1], UINT16.unpack_from(data, at + 2)[0], at + 4
    (namespace,) = UINT16.unpack_from(data, at + 1)
    if kind == 2:
        return namespace, UINT32.unpack_from(data, at + 3)[0], at + 7
    if kind in (3, 5):
        return namespace, -1, skip_string(data, at + 3)
    if kind == 4:
        return namespace, -1, within(data, at + 3, 16)
    raise WireError(f"a NodeId has encoding 0 to 5; came {kind}")


def within(data: bytes, at: int, length: int) -> int:
    """``at + length``, if the message is that long."""
    end = at + length
    if length < 0 or end > len(data):
        raise WireError(f"the message ends at {len(data)}; {length} bytes were announced at {at}")
    return end


def skip_string(data: bytes, at: int) -> int:
    (length,) = INT32.unpack_from(data, at)
    return within(data, at + 4, max(length, 0))


def skip_array(data: bytes, at: int, skip: Callable[[bytes, int], int]) -> int:
    (count,) = INT32.unpack_from(data, at)
    at += 4
    for _ in range(count):
        at = skip(data, at)
    return at


def skip_expanded_node_id(data: bytes, at: int) -> int:
    flags = data[at]
    _, _, at = read_node_id(data, at)
    if flags & 0x80:
        at = skip_string(data, at)
    if flags & 0x40:
        at = within(data, at, 4)
    return at


def skip_extension_object(data: bytes, at: int) -> int:
    _, _, at = read_node_id(data, at)
    encoding = data[at]
    return at + 1 if encoding == 0 else skip_string(data, at + 1)


def skip_diagnostic_info(data: bytes, at: int, depth: int = 0) -> int:
    if depth > MAX_DEPTH:
        raise WireError(f"DiagnosticInfo is nested deeper than {MAX_DEPTH}")
    mask = data[at]
    at += 1
    for bit in (0x01, 0x02, 0x08, 0x04):  # symbolic id, namespace, locale, localized text
        if mask & bit:
            at = within(data, at, 4)
    if mask & 0x10:
        at = skip_string(data, at)
    if mask & 0x20:
        at = within(data, at, 4)
    if mask & 0x40:
        at = skip_diagnostic_info(data, at, depth + 1)
    return at


def skip_variant(data: bytes, at: int, depth: int = 0) -> int:
    """Skips a whole Variant: scalar, array or matrix, of whatever type."""
    encoding = data[at]
    at += 1
    kind = encoding & 0x3F
    if encoding & ARRAY_BIT:
        (count,) = INT32.unpack_from(data, at)
        at += 4
        size = FIXED_SIZE.get(kind)
        if size is not None:
            at = within(data, at, size * max(count, 0))
        else:
            for _ in range(count):
                at = _skip_scalar(data, at, kind, depth)
    else:
        at = _skip_scalar(data, at, kind, depth)
    if encoding & DIMENSIONS_BIT:
        (count,) = INT32.unpack_from(data, at)
        at = within(data, at + 4, 4 * max(count, 0))
    return at


def skip_data_value(data: bytes, at: int, depth: int = 0) -> int:
    mask = data[at]
    at += 1
    if mask & 0x01:
        at = skip_variant(data, at, depth + 1)
    size = 4 * bool(mask & 0x02) + 8 * bool(mask & 0x04) + 8 * bool(mask & 0x08)
    size += 2 * bool(mask & 0x10) + 2 * bool(mask & 0x20)
    return within(data, at, size)


def _skip_scalar(data: bytes, at: int, kind: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise WireError(f"a Variant is nested deeper than {MAX_DEPTH}")
    size = FIXED_SIZE.get(kind)
    if size is not None:
        return within(data, at, size)
    if kind in (STRING, BYTE_STRING, XML_ELEMENT) or kind > DIAGNOSTIC_INFO:
        return skip_string(data, at)  # types above 25 are coded as ByteString (Part 6, 5.2.2.16)
    if kind == NODE_ID:
        return read_node_id(data, at)[2]
    if kind == EXPANDED_NODE_ID:
        return skip_expanded_node_id(data, at)
    if kind == QUALIFIED_NAME:
        return skip_string(data, at + 2)
    if kind == LOCALIZED_TEXT:
        return read_localized_text(data, at)[1]
    if kind == EXTENSION_OBJECT:
        return skip_extension_object(data, at)
    if kind == DATA_VALUE:
        return skip_data_value(data, at, depth + 1)
    if kind == VARIANT:
        return skip_variant(data, at, depth + 1)
    return skip_diagnostic_info(data, at)
