"""What operators say about lost time: an append-only record, painted over the unit's minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.domain.arrays import Int64s
from service.domain.instants import MINUTE_NS, to_iso
from service.domain.losses.reasons import Reason

NOT_SAID = -1


class ReasonConflict(ValueError):
    """Somebody else said something about this time since the operator looked."""


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """One statement about a stretch of a unit's time, [start_ns, end_ns); it is never changed.

    reason: None takes back what was said before. by, at_ns: who said it, and when. version: 1 for
    the first statement about a stretch, else one more than the greatest that it covers; of two
    that overlap, the greater version holds (then the later, then the one entered last). whole: it
    is about the event that lies there, however long that turns out to be; else about just this
    time.
    """

    unit: str
    start_ns: int
    end_ns: int
    reason: Reason | None
    comment: str
    by: str
    at_ns: int
    version: int
    whole: bool = False

    def overlaps(self, unit: str, start_ns: int, end_ns: int) -> bool:
        """Whether it says something about ``unit`` within [start_ns, end_ns)."""
        return self.unit == unit and self.start_ns < end_ns and start_ns < self.end_ns


def version_of(entries: Iterable[ReasonEntry], unit: str, start_ns: int, end_ns: int) -> int:
    """The greatest version of what was said about [start_ns, end_ns); 0 when nothing was."""
    said = (e.version for e in entries if e.overlaps(unit, start_ns, end_ns))
    return max(said, default=0)


def say(
    entries: Sequence[ReasonEntry],
    *,
    unit: str,
    start_ns: int,
    end_ns: int,
    reason: Reason | None,
    comment: str,
    by: str,
    at_ns: int,
    seen_version: int,
    whole: bool = False,
) -> ReasonEntry:
    """The entry to append for what ``by`` says at ``at_ns``.

    seen_version: ``version_of`` this stretch when the operator looked. Raises ReasonConflict when
    another statement came in between, ValueError for an empty stretch, one that has not begun yet,
    or nobody's name.
    """
    if end_ns <= start_ns:
        raise ValueError(f"{unit}: a reason is for some time; came none at {to_iso(start_ns)}")
    if start_ns > at_ns:
        raise ValueError(f"{unit}: {to_iso(start_ns)} has not come yet; a reason is for the past")
    if not by.strip():
        raise ValueError(f"{unit}: a reason needs the name of who gives it")
    current = version_of(entries, unit, start_ns, end_ns)
    if seen_version != current:
        raise ReasonConflict(
            f"{unit} from {to_iso(start_ns)}: the reason is at version {current}, "
            f"you saw {seen_version}; look again"
        )
    return ReasonEntry(
        unit, start_ns, end_ns, reason, comment.strip(), by, at_ns, current + 1, whole
    )


def fitted(
    entries: Iterable[ReasonEntry], events: Iterable[tuple[str, int, int]]
) -> list[ReasonEntry]:
    """``entries`` with those about a whole event fitted to the events as they are found now.

    events: unit, start_ns and end_ns of each, found without any entry. A statement belongs to every
    event that it shares more than half of its own, or of the event's time with: a stop that lasts
    longer than when it was explained, that later readings moved, or cut in two, keeps its reason.
    One whose event is gone says nothing, and is kept.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    for unit, start_ns, end_ns in events:
        spans.setdefault(unit, []).append((start_ns, end_ns))
    found = []
    for entry in entries:
        if not entry.whole:
            found.append(entry)
            continue
        for start_ns, end_ns in spans.get(entry.unit, ()):
            shared_ns = min(end_ns, entry.end_ns) - max(start_ns, entry.start_ns)
            if 2 * shared_ns > min(end_ns - start_ns, entry.end_ns - entry.start_ns):
                found.append(replace(entry, start_ns=start_ns, end_ns=end_ns))
    return found


def paint(
    entries: Sequence[ReasonEntry], unit: str, *, first_minute: int, n_minutes: int
) -> Int64s:
    """For each minute of ``unit`` which of ``entries`` holds; NOT_SAID where none, or taken back.

    Shape (n_minutes,); a minute belongs to the statement in which it begins.
    """
    held = np.full(n_minutes, NOT_SAID, np.int64)
    mine = [at for at, entry in enumerate(entries) if entry.unit == unit]
    for at in sorted(mine, key=lambda at: (entries[at].version, entries[at].at_ns, at)):
        entry = entries[at]
        start = max(-(-entry.start_ns // MINUTE_NS) - first_minute, 0)
        end = max(-(-entry.end_ns // MINUTE_NS) - first_minute, 0)
        held[start:end] = NOT_SAID if entry.reason is None else at
    return held


def history_of(
    entries: Iterable[ReasonEntry], unit: str, start_ns: int, end_ns: int
) -> tuple[ReasonEntry, ...]:
    """All that was ever said about [start_ns, end_ns) of ``unit``, in the order of saying."""
    said = (e for e in entries if e.overlaps(unit, start_ns, end_ns))
    return tuple(sorted(said, key=lambda e: (e.at_ns, e.version)))
