"""The port of the journal, for those who append to it and those who follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from service.domain.batch import Batch


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed Batch and its position; positions rise and are never used twice."""

    position: int
    batch: Batch


class JournalWriter(Protocol):
    """Where sources' Batches become durable. Called concurrently by all sources."""

    async def append(self, batch: Batch, committed: Callable[[], None]) -> None:
        """Takes ``batch`` in; ``committed`` is called once it is durable. Waits while the journal
        can take no
        more, so that a source stops asking for values instead of losing them."""
        ...


class JournalReader(Protocol):
    """What the consumers follow, each at its own pace with its own cursor."""

    @property
    def last(self) -> int:
        """Position of the newest committed entry; 0 when there never was one."""
        ...

    async def read(self, after: int) -> list[Entry]:
        """Some of the entries with position > ``after``, in order; waits until there is at least
        one."""
        ...
