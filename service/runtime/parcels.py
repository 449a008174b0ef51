"""Parcels: which messages tell what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.domain.alarm import Priority
from service.runtime.deliver import Pending
from service.runtime.notification import message_id, message_of
from service.runtime.notify import Message, MessageKind, Notice, SiteName, Totals


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message and what it tells."""

    message: Message
    told: tuple[Pending, ...]

    @property
    def critical(self) -> bool:
        """Whether a critical alarm is in it."""
        return any(one.priority is Priority.CRITICAL for one in self.told)

    @property
    def alarm(self) -> str | None:
        """The one alarm that it is about; None for a digest."""
        return self.told[0].alarm if len(self.told) == 1 else None

    @property
    def attempts(self) -> int:
        """Made so far for the most often tried of what it tells."""
        return max(one.attempts for one in self.told)


def parcels(
    site: SiteName,
    pending: Sequence[Pending],
    *,
    listed: int,
    room: tuple[int, int] | None = None,
    alarms: int = 0,
) -> list[Parcel]:
    """The messages that tell ``pending``, most urgent first.

    Each alarm has its own message, those that are collected share a digest. When ``alarms``, which
    are due in all, are more than ``room`` allows (messages that may go now: of critical alarms, of
    any), only critical ones go alone, as far as that goes, and a digest tells the others.

    listed: how many notices a digest lists.
    """
    if room is None or alarms <= min(room):
        return _collected(site, pending, listed)
    critical = [one for one in pending if one.priority is Priority.CRITICAL]
    others = [one for one in pending if one.priority is not Priority.CRITICAL]
    alone = len(critical) if len(critical) < room[0] else max(0, room[0] - 1)
    made = [_parcel(site, [one], listed) for one in critical[:alone]]
    made += [_parcel(site, part, listed) for part in (critical[alone:], others) if part]
    return made


def _collected(site: SiteName, pending: Iterable[Pending], listed: int) -> list[Parcel]:
    groups: dict[tuple[str, str], list[Pending]] = {}
    for one in pending:
        key = ("alarm", one.alarm) if one.collect is None else ("collect", one.collect)
        groups.setdefault(key, []).append(one)
    return [_parcel(site, group, listed) for group in groups.values()]


def _parcel(site: SiteName, told: Sequence[Pending], listed: int) -> Parcel:
    if len(told) == 1:
        return Parcel(message_of(site, told[0].notices), tuple(told))
    return Parcel(digest_of(site, told, listed=listed), tuple(told))


def digest_of(site: SiteName, told: Sequence[Pending], *, listed: int) -> Message:
    """One message about several alarms: its totals count every notice, it lists the ``listed`` most
    urgent, each alarm's in order."""
    notices = [notice for one in told for notice in one.notices]
    urgent_first = sorted(told, key=lambda one: (one.priority, -one.notices[-1].at_ns))
    shown = [notice for one in urgent_first for notice in one.notices][:listed]
    return Message(
        id=message_id([one.transition for one in notices]),
        kind=MessageKind.DIGEST,
        site=site,
        at_ns=max(one.at_ns for one in notices),
        notices=tuple(shown),
        totals=totals_of(notices),
    )


def totals_of(notices: Sequence[Notice]) -> Totals:
    """What ``notices``, at least one, add up to."""
    return Totals(
        notices=len(notices),
        alarms=len({one.alarm for one in notices}),
        by_kind=Counter(one.kind for one in notices),
        by_priority=Counter(one.priority for one in notices),
        by_stage=Counter(one.stage or "" for one in notices),
        first_ns=min(one.at_ns for one in notices),
        last_ns=max(one.at_ns for one in notices),
    )
