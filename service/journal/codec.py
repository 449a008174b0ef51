"""A Batch as bytes: a JSON head with everything that is small, then the four columns as they
are."""

from __future__ import annotations

import struct

import numpy as np
import orjson

from service.domain.batch import Batch, Origin, TimeOrigin
from service.domain.coverage import Cover

FORMAT = 1
_LENGTH = struct.Struct("<BI")


class CorruptEntry(ValueError):
    """A journal entry that can't be read back."""


def encode(batch: Batch) -> bytes:
    """Bytes of ``batch``; ``decode`` gives an equal one. NaN payloads and the sign of zero are
    kept."""
    head = orjson.dumps(
        {
            "n": len(batch),
            "received_ns": batch.received_ns,
            "text": [[row, text] for row, text in batch.text.items()],
            "time_origin": int(batch.time_origin),
            "origin": int(batch.origin),
            "covers": [[c.group, c.start_ns, c.end_ns] for c in batch.covers],
            "source": batch.source,
            "position": batch.position,
        }
    )
    return b"".join(
        (
            _LENGTH.pack(FORMAT, len(head)),
            head,
            np.ascontiguousarray(batch.tag, "<i4").tobytes(),
            np.ascontiguousarray(batch.time_ns, "<i8").tobytes(),
            np.ascontiguousarray(batch.value, "<f8").tobytes(),
            np.ascontiguousarray(batch.status, "<u4").tobytes(),
        )
    )


def decode(payload: bytes) -> Batch:
    """The Batch that ``encode`` was given; its columns are read-only views. CorruptEntry when it
    is not one."""
    try:
        version, length = _LENGTH.unpack_from(payload)
        if version != FORMAT:
            raise CorruptEntry(f"journal entry has format {version}; this version reads {FORMAT}")
        at = _LENGTH.size + length
        head = orjson.loads(payload[_LENGTH.size : at])
        n = head["n"]
        columns = []
        for dtype, width in (("<i4", 4), ("<i8", 8), ("<f8", 8), ("<u4", 4)):
            columns.append(np.frombuffer(payload, dtype, n, at))
            at += n * width
        return Batch(
            tag=columns[0],
            time_ns=columns[1],
            value=columns[2],
            status=columns[3],
            received_ns=head["received_ns"],
            text=dict(head["text"]),
            time_origin=TimeOrigin(head["time_origin"]),
            origin=Origin(head["origin"]),
            covers=tuple(Cover(*cover) for cover in head["covers"]),
            source=head["source"],
            position=head["position"],
        )
    except (struct.error, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise CorruptEntry(
            f"journal entry of {len(payload)} bytes is unreadable: {error}"
        ) from error
