"""Signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
TOLERANCE_S = 300
"""How far a signature's time may be from now, at the receiver (the specification's own example)."""


def signature(key: bytes, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """``v1,`` and base64 of HMAC-SHA256 over ``id.timestamp.body`` (Standard Webhooks, "Signature
    scheme")."""
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(
    keys: Sequence[bytes], *, message_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """The three headers of a signed message: one signature for each of ``keys``, so that a receiver
    which knows any of them is content while keys are changed."""
    signatures = (
        signature(key, message_id=message_id, timestamp_s=timestamp_s, body=body) for key in keys
    )
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


def secrets_of(keys: Sequence[bytes], headers: Mapping[str, str]) -> tuple[str, ...]:
    """What nobody may read who reads the receiver's answer: each signature of ``headers``, which
    ``signed_headers`` made, with and without its version; and the secrets themselves."""
    signatures = headers["webhook-signature"].split()
    return (
        *signatures,
        *(one.partition(",")[2] for one in signatures),
        *(base64.b64encode(key).decode() for key in keys),
    )


def unverified(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now_s: int
) -> str | None:
    """Why a message with ``headers`` is not to be believed by one who knows ``keys``; None when it
    is genuine and fresh."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()):
        return "webhook-id or webhook-timestamp is missing"
    timestamp_s = int(timestamp[:20])
    given = headers.get("webhook-signature", "").split()
    expected = [
        signature(key, message_id=message_id, timestamp_s=timestamp_s, body=body) for key in keys
    ]
    if not any(hmac.compare_digest(e.encode(), g.encode()) for e in expected for g in given):
        return "no signature fits"
    if abs(now_s - timestamp_s) > TOLERANCE_S:
        return f"the signature is {now_s - timestamp_s} s old"
    return None


def decode_secret(text: str) -> bytes:
    """The key bytes of ``whsec_<base64>``. ValueError says what is wrong, without showing the
    secret."""
    remedy = f"make one with `anodewatch secret` or from {PREFIX} and 32 random bytes in base64"
    if not text.startswith(PREFIX):
        raise ValueError(f"a webhook secret starts with {PREFIX}; {remedy}")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a webhook secret is base64 after {PREFIX}; {remedy}") from error
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(f"a webhook secret has 24 to 64 bytes; came {len(key)}; {remedy}")
    return key
