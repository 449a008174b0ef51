"""Retry-After, as HTTP servers write it."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from service.domain.instants import SECOND_NS, to_ns

LONGEST_S = 86_400.0
"""No receiver's wish holds messages for more than a day."""


def retry_after_s(text: str, *, now_ns: int) -> float | None:
    """Seconds from ``now_ns`` on, 0 to a day, of a Retry-After header's ``text`` (RFC 9110, 10.2.3:
    seconds or an HTTP date); None where it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((to_ns(at) - now_ns) / SECOND_NS, 0.0), LONGEST_S)
