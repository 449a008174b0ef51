"""The node column of a tag list: a NodeId as text (OPC UA Part 6, 5.3.1.10), light to check."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

_TEXT = re.compile(
    r"(?:nsu=(?P<uri>[^;]+);|ns=(?P<index>\d+);)?(?P<kind>[isgb])=(?P<id>.+)", re.DOTALL
)
_TAKES = {
    "i": "i= takes a number up to 4294967295",
    "g": "g= takes a GUID",
    "b": "b= takes base64",
}
_EXAMPLES = "nsu=urn:plc:line;s=CB.T1, ns=2;s=CB.T1 or i=2258"


@dataclass(frozen=True, slots=True)
class Address:
    """A node's address. uri: namespace URI, or None where ``index`` gives the number directly.

    A URI is what stays the same when the server orders its namespaces anew.
    """

    uri: str | None
    index: int
    identifier: int | str | UUID | bytes


def parse_address(text: str) -> Address:
    """The address that ``text`` writes; ValueError says what was expected."""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected a NodeId such as {_EXAMPLES}; came {text!r}")
    uri = found["uri"]
    index = int(found["index"] or 0)
    if index > 0xFFFF:
        raise ValueError(f"expected a namespace index up to 65535; came {text!r}")
    identifier = _identifier(found["kind"], found["id"], text)
    return Address(None if uri is None else unquote(uri), index, identifier)


def _identifier(kind: str, value: str, text: str) -> int | str | UUID | bytes:
    try:
        if kind == "i":
            number = int(value)
            if not (value.isdecimal() and number <= 0xFFFF_FFFF):
                raise ValueError(value)
            return number
        if kind == "g":
            return UUID(value)
        if kind == "b":
            return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError(
            f"expected a NodeId such as {_EXAMPLES}; came {text!r}: {_TAKES[kind]}"
        ) from error
    return value
