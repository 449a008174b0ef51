"""Trial: who would hear of an alarm, when and why, without telling anybody."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.announcing import Announcement, Announcing, Floods, announcements
from service.domain.calendar import Calendar
from service.domain.flood import Flooding, FloodState
from service.domain.oncall import Moment, moment
from service.domain.routing import Heard, Mismatch, Route, Subject, hear, tried


@dataclass(frozen=True, slots=True)
class Trial:
    """What would follow from an alarm at one moment.

    routes: each in order, with why it does not take the alarm; None when it does. told: by which
    way each destination hears of it, and when.
    """

    now: Moment
    routes: tuple[tuple[Route, Mismatch | None], ...]
    told: tuple[tuple[Heard, Announcement], ...]


def try_out(
    site: Announcing,
    calendar: Calendar,
    subject: Subject,
    at_ns: int,
    *,
    step: int = 0,
    floods: Floods,
) -> Trial:
    """Who would hear of ``subject`` at ``at_ns`` if the floods stood so.

    step: how often the alarm has been escalated by then; 0 when it comes.
    """
    now = moment(calendar, at_ns)
    heard = hear(site.routing, subject, now, step=step)
    told = announcements(site, heard, subject, now_ns=at_ns, floods=floods)
    return Trial(
        now, tuple(tried(site.routing, subject, now)), tuple(zip(heard, told, strict=True))
    )


def as_if_flooded(flooding: Flooding, stage: str | None, at_ns: int) -> Floods:
    """A flood that began at ``at_ns`` where the alarms of ``stage`` are seen to."""
    begun = FloodState((at_ns,) * flooding.limits.ends_below, at_ns)
    return {flooding.position_of(stage): begun}
