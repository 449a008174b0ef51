"""Parcels: which messages tell what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.domain.alarm import Priority
from service.runtime.deliver import Bundle, Gathered, Pending, Portion, Rest
from service.runtime.notification import message_of
from service.runtime.notify import Message, MessageKind, SiteName


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message and what it tells. alarm: the one that it is about; None for a digest. notices:
    how many it stands for."""

    message: Message
    told: Pending | Gathered
    alarm: str | None
    notices: int

    @property
    def is_critical(self) -> bool:
        """Whether a critical alarm is in it."""
        return self.told.priority is Priority.CRITICAL


Item = Pending | Bundle | Rest
"""What becomes one parcel."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages may go now: of any kind, and of those without a critical alarm."""

    critical: int
    other: int


def planned(portion: Portion, room: Room | None) -> list[Item]:
    """What is told of ``portion`` by one message each, most urgent first.

    Each alarm has its own message, those that were collected share one. When that is more than
    ``room`` allows, only critical alarms go alone, as far as one message is left for everything
    else. A digest that was tried before stays as it is. room: None when there is no limit.
    """
    if room is None or portion.alarms + len(portion.bundles) <= room.other:
        return _by_urgency([*portion.pending, *portion.bundles])
    if room.critical == 0:
        return []
    settled = [one for one in portion.bundles if one.is_settled]
    critical = [one for one in portion.pending if one.priority is Priority.CRITICAL]
    alone = critical[: max(0, room.critical - len(settled) - 1)]
    items = _by_urgency([*alone, *settled])
    left: list[Pending | Bundle] = [*critical[len(alone) :]]
    left += [one for one in portion.bundles if not one.is_settled]
    urgent = any(one.priority is Priority.CRITICAL for one in left)
    others = left or portion.alarms > len(alone)
    if urgent or (others and len(items) < room.other):
        items.append(Rest(frozenset(one.alarm for one in alone)))
    return items


def alarm_parcel(site: SiteName, pending: Pending) -> Parcel:
    """The message of one alarm."""
    message = message_of(site, pending.notices)
    return Parcel(message, pending, pending.alarm, len(pending.notices))


def digest_parcel(site: SiteName, gathered: Gathered) -> Parcel:
    """The digest of what was gathered; when that is one alarm, its message."""
    totals, notices = gathered.totals, gathered.notices
    if totals.alarms == 1 and len(notices) >= totals.notices:
        return Parcel(message_of(site, notices), gathered, notices[0].alarm, len(notices))
    message = Message(
        id=gathered.message,
        kind=MessageKind.DIGEST,
        site=site,
        at_ns=totals.last_ns,
        notices=notices,
        totals=totals,
    )
    return Parcel(message, gathered, None, totals.notices)


def _by_urgency(some: Iterable[Pending | Bundle]) -> list[Item]:
    ordered: list[Pending | Bundle] = sorted(some, key=lambda one: one.priority)
    return [*ordered]
