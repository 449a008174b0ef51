"""What a destination answered, and what its status means for the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.outbound.retry_after import retry_after_s
from connectors.outbound.target import Target
from service.runtime.errors import Rejected, Retryable
from service.runtime.notify import Gone

SHOWN_CHARACTERS = 500
GONE = 410
RETRYABLE = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: by name in lower case. body: its first bytes. whole: whether that is all of it.
    sent: secrets that the target was sent, and may have answered with."""

    target: Target
    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    sent: Sequence[str] = field(default=(), repr=False)

    @property
    def said(self) -> str:
        """Status and the start of the body, for the log of deliveries."""
        text = self.without_secrets(self.body.decode("utf-8", "replace"))
        return f"HTTP {self.status} {printable(text)}".strip()

    def without_secrets(self, text: str) -> str:
        """``text``, a part of this answer, as it may be kept and shown."""
        return self.target.without_secrets(text, self.sent)

    def require_success(self, now_ns: int) -> None:
        """Nothing for 2xx. Raises Retryable for 408, 425, 429 and 5xx, with the wish of a
        Retry-After; Gone for 410; Rejected for the rest. A redirect is never followed."""
        if 200 <= self.status < 300:
            return
        if 300 <= self.status < 400:
            raise Rejected(f"{self.target}: {self._redirected()}")
        if self.status in RETRYABLE or self.status >= 500:
            asked_s = retry_after_s(self.headers.get("retry-after", ""), now_ns=now_ns)
            raise Retryable(f"{self.target}: {self.said}", retry_after_s=asked_s)
        if self.status == GONE:
            raise Gone(f"{self.target}: the receiver is gone: {self.said}")
        raise Rejected(f"{self.target}: the receiver refuses the message: {self.said}")

    def _redirected(self) -> str:
        try:
            to = urlsplit(self.headers.get("location", "")).hostname
        except ValueError:
            to = None
        elsewhere = "to another path" if "location" in self.headers else "nowhere"
        where = f"to {printable(to)}" if to else elsewhere
        return (
            f"HTTP {self.status}, a redirect {where}; none is followed: "
            "give the destination its final address"
        )


def printable(text: str) -> str:
    """The start of what somebody else said, on one line, fit for logs and terminals."""
    words = " ".join(text[: 4 * SHOWN_CHARACTERS].split())[:SHOWN_CHARACTERS]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)
