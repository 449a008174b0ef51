"""The port through which values come in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from service.domain.batch import Batch


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a source says of itself while it is connected.

    keep_alive_s: the revised keep-alive interval in real seconds, by item group
        ``connector/group``; the group is stale after 2 × this without coverage.
    counters: monotonic counts since the source was opened, by reason (values, keep_alives,
    rejected_items, ...).
    details: revised parameters and what else an integrator wants to read, as text.
    """

    keep_alive_s: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """One connected source. Opened by the runtime, read by one task, closed by leaving its context.

    Collecting goes on independently of ``read``; the source bounds what it holds, and says what it
    dropped.
    """

    async def read(self) -> Batch:
        """The next Batch. Safe to cancel: nothing is lost. Raises Retryable when the connection is
        lost
        (the runtime then closes the source and opens it anew, with backoff), Rejected or Fatal as
        named there.
        Never concurrent with itself."""
        ...

    def durable(self, position: int) -> None:
        """The journal has committed every Batch up to ``position``. Must not block."""
        ...

    def report(self) -> SourceReport:
        """A snapshot; called from anywhere on the loop, must not block."""
        ...


class OpenSource(Protocol):
    """Opens the source: connects, subscribes; raises ConnectorError. Called again after each
    loss."""

    def __call__(self) -> AbstractAsyncContextManager[Source]: ...
