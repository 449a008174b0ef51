"""Digest: what many notices add up to, counted one by one, so that a flood takes no memory."""

from __future__ import annotations

from bisect import insort
from collections import Counter

from service.domain.alarm import Priority, TransitionKind
from service.runtime.deliver import Gathered
from service.runtime.notification import message_id
from service.runtime.notify import Notice, Root, Totals

ROOTS = 3
"""How many are named in a digest."""
MOST_ROOTS = 500
"""Of so many the notice is kept meanwhile: the first that came, for a root comes before what
belongs to it."""


class Tally:
    """Counts notices in the order in which they came. listed: how many the message lists: those of
    the most urgent alarms, and of these the first that came, for they tell the cause."""

    def __init__(self, listed: int) -> None:
        self._listed = listed
        self._seqs: list[int] = []
        self._alarms: set[str] = set()
        self._transitions: list[str] = []
        self._by_kind = Counter[TransitionKind]()
        self._by_priority = Counter[Priority]()
        self._by_stage = Counter[str]()
        self._times_ns: tuple[int, int] | None = None
        self._attempts = 0
        self._ranks: list[tuple[Priority, int, str]] = []
        self._shown: dict[str, list[Notice]] = {}
        self._roots = Counter[str]()
        self._heads: dict[str, Notice] = {}

    def add(self, seq: int, notice: Notice, *, attempts: int) -> None:
        """Counts one more, which row ``seq`` keeps."""
        self._transitions.append(notice.transition)
        self._seqs.append(seq)
        self._by_kind[notice.kind] += 1
        self._by_priority[notice.priority] += 1
        self._by_stage[notice.stage or ""] += 1
        first_ns, last_ns = self._times_ns or (notice.at_ns, notice.at_ns)
        self._times_ns = min(first_ns, notice.at_ns), max(last_ns, notice.at_ns)
        self._attempts = max(self._attempts, attempts)
        self._show(notice)
        if notice.alarm not in self._alarms:
            self._trace(notice)
        self._alarms.add(notice.alarm)

    @property
    def shown(self) -> tuple[str, ...]:
        """The alarms of which something is listed."""
        return tuple(self._shown)

    def end(self, notice: Notice) -> None:
        """Lists ``notice``, which the receiver has had, as the last one of its alarm; it counts for
        nothing."""
        self._shown[notice.alarm].append(notice)

    def result(self) -> Gathered | None:
        """What was counted; None when nothing was."""
        if self._times_ns is None:
            return None
        notices = [one for _, _, alarm in self._ranks for one in self._shown[alarm]]
        return Gathered(
            seqs=tuple(self._seqs),
            message=message_id(self._transitions),
            notices=tuple(notices[: self._listed]),
            totals=Totals(
                notices=len(self._seqs),
                alarms=len(self._alarms),
                by_kind=dict(self._by_kind),
                by_priority=dict(self._by_priority),
                by_stage=dict(self._by_stage),
                first_ns=self._times_ns[0],
                last_ns=self._times_ns[1],
                roots=tuple(
                    Root(root, self._heads[root], alarms)
                    for root, alarms in self._roots.most_common(ROOTS)
                    if alarms > 1 and root in self._heads
                ),
            ),
            attempts=self._attempts,
            priority=min(self._by_priority),
        )

    def _trace(self, notice: Notice) -> None:
        """Counts another alarm with the root that it belongs to."""
        root = notice.root or notice.alarm
        self._roots[root] += 1
        known = root in self._heads
        if (known and notice.alarm == root) or (not known and len(self._heads) < MOST_ROOTS):
            self._heads[root] = notice

    def _show(self, notice: Notice) -> None:
        """Keeps the notices of the foremost alarms: one that was crowded out never comes back, for
        the order of alarms is that in which they first came."""
        if notice.alarm in self._alarms:
            if notice.alarm in self._shown:
                self._shown[notice.alarm].append(notice)
            return
        insort(self._ranks, (notice.priority, len(self._alarms), notice.alarm))
        self._shown[notice.alarm] = [notice]
        if len(self._ranks) > self._listed:
            del self._shown[self._ranks.pop()[2]]
