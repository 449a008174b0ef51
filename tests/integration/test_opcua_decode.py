"""The decoder against asyncua's encoder: both agree on what they know, and nothing crashes ours."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.opcua.columns import BAD_NOT_SUPPORTED, Columns, to_columns
from connectors.opcua.decode import Values, decode_publish
from connectors.opcua.wire import WireError
from service.domain.batch import TimeOrigin
from service.domain.instants import to_ns
from service.domain.quality import BAD_OUT_OF_RANGE, OVERFLOW_BITS

RECEIVED_NS = to_ns(datetime(2026, 3, 1, tzinfo=UTC))
INSTANT = datetime(2026, 2, 28, 23, 59, 59, 123_456, tzinfo=UTC)
V = ua.VariantType


def _response(values: list[ua.DataValue], *, sequence: int = 7, more: bool = False) -> bytes:
    notification = ua.DataChangeNotification()
    notification.MonitoredItems = [
        ua.MonitoredItemNotification(ClientHandle=handle, Value=value)
        for handle, value in enumerate(values)
    ]
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 5
    response.Parameters.MoreNotifications = more
    response.Parameters.AvailableSequenceNumbers = [6, 7]
    response.Parameters.NotificationMessage.SequenceNumber = sequence
    response.Parameters.NotificationMessage.PublishTime = INSTANT
    if values:
        response.Parameters.NotificationMessage.NotificationData = [notification]
    return bytes(struct_to_binary(response))


def _columns(*values: ua.DataValue) -> Columns:
    tag_of = np.arange(100, 100 + len(values), dtype=np.int32)
    rows = decode_publish(_response(list(values))).message.values
    return to_columns(rows, tag_of, received_ns=RECEIVED_NS, source="plant")


def _value(value: Any, kind: ua.VariantType | None = None, **given: Any) -> ua.DataValue:
    given.setdefault("SourceTimestamp", INSTANT)
    return ua.DataValue(ua.Variant(value, kind), **given)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (True, V.Boolean, 1.0),
        (False, V.Boolean, 0.0),
        (-128, V.SByte, -128.0),
        (255, V.Byte, 255.0),
        (-32_768, V.Int16, -32_768.0),
        (65_535, V.UInt16, 65_535.0),
        (-(2**31), V.Int32, -(2.0**31)),
        (2**32 - 1, V.UInt32, 2.0**32 - 1),
        (2**53, V.Int64, 2.0**53),
        (-(2**53), V.Int64, -(2.0**53)),
        (2**53, V.UInt64, 2.0**53),
        (0.1, V.Float, float(np.float32(0.1))),
        (0.1, V.Double, 0.1),
        (ua.NodeClass.Variable, None, 2.0),
    ],
)
def test_numbers_are_equal_to_the_last_bit(value: Any, kind: Any, expected: float) -> None:
    (batch,) = _columns(_value(value, kind)).batches
    assert batch.value.tolist() == [expected]
    assert batch.tag.tolist() == [100]
    assert batch.status.tolist() == [0]
    assert batch.time_ns.tolist() == [to_ns(INSTANT)]
    assert batch.time_origin is TimeOrigin.SOURCE


@pytest.mark.parametrize(
    ("value", "kind"),
    [("批次 7", V.String), ("", V.String), (ua.LocalizedText("批次 7", "zh"), None)],
)
def test_text_is_kept_as_text(value: Any, kind: Any) -> None:
    (batch,) = _columns(_value(1.0), _value(value, kind)).batches
    assert batch.text == {1: value if isinstance(value, str) else value.Text}
    assert math.isnan(batch.value[1])
    assert batch.status.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "kind", "count"),
    [
        (None, V.Null, None),
        (None, V.String, None),
        (math.nan, V.Double, None),
        (-math.inf, V.Float, None),
        (2**53 + 1, V.Int64, "refused_integers"),
        (-(2**53) - 1, V.Int64, "refused_integers"),
        (2**64 - 1, V.UInt64, "refused_integers"),
    ],
)
def test_what_is_no_number_is_null_and_bad(value: Any, kind: Any, count: str | None) -> None:
    found = _columns(_value(value, kind), _value(2.5))
    (batch,) = found.batches
    assert math.isnan(batch.value[0])
    assert batch.status.tolist() == [BAD_OUT_OF_RANGE, 0]
    assert batch.value[1] == 2.5
    assert batch.text == {}
    assert found.counts["refused_integers"] == (count == "refused_integers")


@pytest.mark.parametrize(
    ("value", "kind", "name"),
    [
        ([1.0, 2.0], V.Double, "array of Double"),
        (["a", None], V.String, "array of String"),
        ([[1, 2], [3, 4]], V.Int32, "matrix of Int32"),
        (ua.Argument(Name="x"), V.ExtensionObject, "ExtensionObject"),
        ([ua.Argument(Name="x")], V.ExtensionObject, "array of ExtensionObject"),
        (INSTANT, V.DateTime, "DateTime"),
        (b"\x00\x01", V.ByteString, "ByteString"),
        (ua.NodeId("a", 2), V.NodeId, "NodeId"),
        (ua.QualifiedName("a", 2), V.QualifiedName, "QualifiedName"),
        ([ua.Variant(1), ua.Variant([1, 2])], V.Variant, "array of Variant"),
    ],
)
def test_an_unsupported_value_costs_only_itself(value: Any, kind: Any, name: str) -> None:
    found = _columns(_value(1.5), _value(value, kind), _value("nach", V.String), _value(2.5))
    (batch,) = found.batches
    assert found.unsupported == {101: name}
    assert found.counts["unsupported"] == 1
    assert batch.status.tolist() == [0, BAD_NOT_SUPPORTED, 0, 0]
    assert batch.value[[0, 3]].tolist() == [1.5, 2.5]
    assert batch.text == {2: "nach"}


def test_times_are_kept_to_the_nanosecond_and_say_whose_they_are() -> None:
    found = _columns(
        _value(1.0, SourcePicoseconds=9_999),
        _value(2.0, SourceTimestamp=None, ServerTimestamp=INSTANT, ServerPicoseconds=100),
        _value(3.0, SourceTimestamp=None),
        _value(4.0, SourceTimestamp=datetime(1601, 1, 1, tzinfo=UTC), ServerTimestamp=INSTANT),
    )
    at = {b.time_origin: (b.value.tolist(), b.time_ns.tolist()) for b in found.batches}
    assert at == {
        TimeOrigin.SOURCE: ([1.0], [to_ns(INSTANT) + 99]),
        TimeOrigin.SERVER: ([2.0, 4.0], [to_ns(INSTANT) + 1, to_ns(INSTANT)]),
        TimeOrigin.RECEIPT: ([3.0], [RECEIVED_NS]),
    }


def test_a_source_time_goes_before_the_servers() -> None:
    (batch,) = _columns(_value(1.0, ServerTimestamp=INSTANT + timedelta(hours=1))).batches
    assert batch.time_ns.tolist() == [to_ns(INSTANT)]


def test_picoseconds_stand_behind_the_timestamp_that_they_belong_to() -> None:
    """By hand after Part 6, 5.2.2.17: asyncua writes both timestamps before both picoseconds."""
    plain = _response([_value(1.0, SourceTimestamp=None)])
    value = plain[plain.index(b"\x03\x0b") :][:14]  # mask, type, double, status
    ticks = ua.datetime_to_win_epoch(INSTANT)
    full = (
        b"\x3f" + value[1:10] + struct.pack("<IqHqH", 0x4000_0000, ticks + 1, 250, ticks + 2, 300)
    )
    message = plain.replace(value, full)
    length_at = plain.index(b"\x01\x00\x2b\x03\x01") + 5  # behind type id and encoding
    (length,) = struct.unpack_from("<i", plain, length_at)
    message = (
        message[:length_at]
        + struct.pack("<i", length + len(full) - len(value))
        + message[length_at + 4 :]
    )
    assert _rows(decode_publish(message).message.values) == [
        (0, 1.0, 0x4000_0000, ticks + 1, 250, ticks + 2, 300)
    ]


def _rows(found: Values) -> list[tuple[float, ...]]:
    """Handle, value, status, source ticks, their picoseconds, server ticks, their picoseconds."""
    columns = (
        found.handle, found.value, found.status,
        found.source_ticks, found.source_ps, found.server_ticks, found.server_ps,
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("year", [1602, 1969, 2200, 9999])
def test_a_time_outside_the_range_is_refused_with_its_row(year: int) -> None:
    found = _columns(
        _value(1.0, SourceTimestamp=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)), _value(2.0)
    )
    (batch,) = found.batches
    assert batch.value.tolist() == [2.0]
    assert found.counts["refused_times"] == 1


def test_status_is_kept_and_overflow_counted() -> None:
    bad = ua.StatusCode(ua.UInt32(0x8089_0000))
    overflow = ua.StatusCode(ua.UInt32(OVERFLOW_BITS))
    found = _columns(
        _value(3.5, StatusCode=bad),
        _value(math.nan, StatusCode=bad),
        _value(1, StatusCode=overflow),
    )
    (batch,) = found.batches
    assert batch.status.tolist() == [0x8089_0000, 0x8089_0000, OVERFLOW_BITS]
    assert batch.value[0] == 3.5
    assert found.counts["overflow"] == 1


def test_a_handle_that_was_never_given_is_counted_not_stored() -> None:
    rows = decode_publish(_response([_value(1.0), _value(2.0)])).message.values
    found = to_columns(rows, np.array([9], dtype=np.int32), received_ns=RECEIVED_NS, source="plant")
    assert [batch.tag.tolist() for batch in found.batches] == [[9]]
    assert found.counts["unknown_handles"] == 1


def test_a_keep_alive_says_which_number_comes_next() -> None:
    found = decode_publish(_response([], sequence=12))
    assert (found.subscription, found.message.sequence) == (5, 12)
    assert found.message.keep_alive


def test_the_end_of_a_subscription_is_seen() -> None:
    response = ua.PublishResponse()
    response.Parameters.NotificationMessage.NotificationData = [
        ua.StatusChangeNotification(Status=ua.StatusCode(ua.UInt32(0x800A_0000)))
    ]
    assert decode_publish(bytes(struct_to_binary(response))).message.closed == 0x800A_0000


_seconds = st.floats(0, (datetime(2199, 12, 31, tzinfo=UTC) - INSTANT).total_seconds())
_instants = st.none() | _seconds.map(lambda s: INSTANT + timedelta(seconds=s))
_RANGES = {
    V.SByte: (-(2**7), 2**7 - 1), V.Byte: (0, 2**8 - 1), V.Int16: (-(2**15), 2**15 - 1),
    V.UInt16: (0, 2**16 - 1), V.Int32: (-(2**31), 2**31 - 1), V.UInt32: (0, 2**32 - 1),
    V.Int64: (-(2**63), 2**63 - 1), V.UInt64: (0, 2**64 - 1),
}  # fmt: skip
_scalars: dict[ua.VariantType, st.SearchStrategy[Any]] = {
    V.Boolean: st.booleans(),
    **{kind: st.integers(*ends) for kind, ends in _RANGES.items()},
    V.Float: st.floats(width=32),
    V.Double: st.floats(),
    V.String: st.text(),
    V.LocalizedText: st.builds(ua.LocalizedText, st.text(), st.none() | st.just("zh")),
    V.DateTime: st.integers(0, 10**9).map(lambda s: INSTANT + timedelta(seconds=s)),
    V.Guid: st.uuids(),
    V.ByteString: st.binary(max_size=20),
    V.XmlElement: st.builds(ua.XmlElement, st.text(max_size=5)),
    V.NodeId: st.builds(ua.NodeId, st.integers(1, 2**32 - 1) | st.text(min_size=1), st.just(2)),
    V.StatusCode: st.integers(0, 2**32 - 1).map(lambda code: ua.StatusCode(ua.UInt32(code))),
    V.QualifiedName: st.builds(ua.QualifiedName, st.text(max_size=9), st.just(2)),
}


def _of(kind: ua.VariantType) -> st.SearchStrategy[ua.Variant]:
    scalar = _scalars[kind]
    return st.one_of(
        scalar.map(lambda value: ua.Variant(value, kind)),
        st.lists(scalar, max_size=3).map(lambda values: ua.Variant(values, kind, is_array=True)),
        st.lists(st.lists(scalar, min_size=2, max_size=2), min_size=1, max_size=2).map(
            lambda rows: ua.Variant(rows, kind)
        ),
    )


_variants = st.sampled_from(list(_scalars)).flatmap(_of) | st.just(ua.Variant(None, V.Null))
_picoseconds = st.none() | st.integers(0, 9_999)
_statuses = st.integers(0, 2**32 - 1).map(lambda code: ua.StatusCode(ua.UInt32(code)))
_data_values = st.one_of(  # source picoseconds only where asyncua puts them in their place
    st.builds(ua.DataValue, _variants, _statuses, _instants, _instants, st.none(), _picoseconds),
    st.builds(ua.DataValue, _variants, _statuses, _instants, st.none(), _picoseconds, st.none()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_data_values, min_size=1, max_size=8))
def test_every_mask_and_scalar_is_read_as_asyncua_wrote_it(values: list[ua.DataValue]) -> None:
    found = decode_publish(_response(values, more=True))
    assert (found.message.sequence, found.more, found.message.keep_alive) == (7, True, False)
    rows = found.message.values
    assert len(rows) == len(values)
    for row, (value, read) in enumerate(zip(values, _rows(rows), strict=True)):
        handle, number, status, source, source_ps, server, server_ps = read
        assert handle == row
        assert status == value.StatusCode.value
        assert source == _ticks(value.SourceTimestamp)
        assert server == _ticks(value.ServerTimestamp)
        assert source_ps == (value.SourcePicoseconds or 0)
        assert server_ps == (value.ServerPicoseconds or 0)
        variant = value.Value
        kind = variant.VariantType
        if variant.is_array or kind not in _READ:
            assert math.isnan(number)
            assert (row in rows.unsupported) == (kind is not V.Null)
        elif kind in (V.String, V.LocalizedText, V.XmlElement):
            text = variant.Value if kind is V.String else getattr(variant.Value, "Text", None)
            assert rows.text.get(row) == (variant.Value.Value if kind is V.XmlElement else text)
        elif kind in (V.Int64, V.UInt64) and abs(variant.Value) > 2**53:
            assert row in rows.refused
        else:
            expected = variant.Value.value if kind is V.StatusCode else variant.Value
            assert number == expected or (math.isnan(number) and math.isnan(expected))


_READ = {
    V.Boolean, *_RANGES, V.Float, V.Double, V.StatusCode, V.String, V.LocalizedText, V.XmlElement,
}  # fmt: skip


def _ticks(instant: datetime | None) -> int:
    return 0 if instant is None else ua.datetime_to_win_epoch(instant)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_data_values, min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    st.integers(0, 10_000),
)
def test_a_damaged_message_raises_nothing_but_wire_error(
    values: list[ua.DataValue], damage: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(_response(values))
    for at, byte in damage:
        data[at % len(data)] = byte
    if cut < len(data):
        del data[cut:]
    try:
        found = decode_publish(bytes(data))
    except WireError:
        return
    to_columns(
        found.message.values, np.arange(9, dtype=np.int32), received_ns=RECEIVED_NS, source="plant"
    )
