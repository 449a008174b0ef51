"""Announcing: when a destination that hears of an alarm is told, and with what together.

Whatever is told is told once: alone as soon as possible, or as one of those that are collected
until an instant and told by one message, a digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.domain.alarm import Priority
from service.domain.flood import CALM, ORDINARY, Flooding, FloodState, announced, passed
from service.domain.quiet_hours import QuietHours, quiet_until
from service.domain.routing import Heard, Routing, Subject


class Form(StrEnum):
    """In which way a destination is told of a transition."""

    AT_ONCE = "at_once"
    TOGETHER = "together"
    """A few seconds later, with what belongs together."""
    AFTER_FLOOD_PERIOD = "flood"
    """With everything of this period of a flood."""
    AFTER_QUIET = "quiet"
    """With everything of these quiet hours, at their end."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One destination is told of one transition, not before ``due_ns``.

    collect: rows of a destination with the same text are told by one message; None for one of its
    own.
    """

    destination: str
    form: Form
    due_ns: int
    collect: str | None = None


@dataclass(frozen=True, slots=True)
class Announcing:
    """All that a site says of who is told, when and in which form."""

    routing: Routing
    zone: ZoneInfo
    quiet_hours: tuple[QuietHours, ...] = ()
    flooding: Flooding = ORDINARY


def to_all(least_urgent: Mapping[str, Priority]) -> Announcing:
    """Each destination hears at once of what is as urgent as ``least_urgent`` says."""
    return Announcing(Routing(least_urgent), ZoneInfo("UTC"))


Floods = Mapping[str, FloodState]
"""How every operator position stands; one that is missing is calm."""


def announcements(
    site: Announcing,
    heard: Sequence[Heard],
    subject: Subject,
    *,
    now_ns: int,
    floods: Floods,
    root: str | None = None,
) -> tuple[Announcement, ...]:
    """What follows for each of ``heard`` from a transition of ``subject`` that is told of at
    ``now_ns``. root: the alarm that it follows from, when one is known."""
    return tuple(_announcement(site, one, subject, now_ns, floods, root) for one in heard)


def counted(
    flooding: Flooding, floods: Floods, stage: str | None, at_ns: int
) -> dict[str, FloodState]:
    """``floods`` after an alarm of ``stage`` was announced at ``at_ns``."""
    position = flooding.position_of(stage)
    state = announced(floods.get(position, CALM), at_ns, flooding.limits)
    return {**floods, position: state}


def _announcement(
    site: Announcing,
    heard: Heard,
    subject: Subject,
    now_ns: int,
    floods: Floods,
    root: str | None,
) -> Announcement:
    name = heard.destination
    quiet_ns = quiet_until(site.quiet_hours, name, subject.priority, now_ns, site.zone)
    if quiet_ns is not None:
        return Announcement(name, Form.AFTER_QUIET, quiet_ns, f"quiet {quiet_ns}")
    if subject.priority is Priority.CRITICAL:
        return Announcement(name, Form.AT_ONCE, now_ns)
    position = site.flooding.position_of(subject.stage)
    flood = passed(floods.get(position, CALM), now_ns, site.flooding.limits)
    if flood.since_ns is not None:
        period_ns = site.flooding.digest_ns
        periods = max(now_ns - flood.since_ns, 0) // period_ns + 1
        due_ns = flood.since_ns + periods * period_ns
        return Announcement(name, Form.AFTER_FLOOD_PERIOD, due_ns, f"flood {position} {due_ns}")
    if heard.group_ns > 0:
        belongs_to = subject.stage or root or subject.asset
        return Announcement(name, Form.TOGETHER, now_ns + heard.group_ns, f"group {belongs_to}")
    return Announcement(name, Form.AT_ONCE, now_ns)
