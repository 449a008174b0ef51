"""``anodewatch routes``: who would hear of an alarm, and why?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from service.api.instants import parse
from service.cli.check import BROKEN, SiteFolder, sound_site
from service.domain.alarm import AlarmDefinition, Priority
from service.domain.announcing import Announcement, Form
from service.domain.definitions import define
from service.domain.instants import to_datetime
from service.domain.oncall import Basis
from service.domain.routing import Heard, Mismatch, Subject
from service.domain.trial import Trial, as_if_flooded, try_out
from service.runtime.clock import SystemClock
from service.settings import Site
from service.settings.problems import choose

BASIS = {
    Basis.OVERRIDE: "an override says so",
    Basis.DUTY: "a duty says so",
    Basis.OTHERWISE: "nobody is on duty",
}
WHEN = {
    Form.AT_ONCE: "at once",
    Form.TOGETHER: "by {at} with what belongs together",
    Form.AFTER_FLOOD_PERIOD: "at {at} in a digest of the flood",
    Form.AFTER_QUIET: "at {at} in a digest, when the quiet hours end",
}


def routes(
    site: SiteFolder,
    alarm: Annotated[str, typer.Option(help="Its rule and what it stands at, hour-low:CB.")],
    at: Annotated[
        str | None, typer.Option(help="2026-03-01T03:00:00+08:00, or the like; else now.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option(help="critical, high, medium or low, instead of its own.")
    ] = None,
    escalated: Annotated[
        int, typer.Option(help="How often nobody has acknowledged it in time.", min=0)
    ] = 0,
    flood: Annotated[bool, typer.Option(help="As if a flood lasted.")] = False,
) -> None:
    """Say who would hear of an alarm at an instant, when and why. Nobody is told."""
    checked = sound_site(site)
    try:
        at_ns = SystemClock().now_ns() if at is None else parse(at, "--at")
        lines = said(
            checked, alarm, at_ns, priority=_priority(priority), escalated=escalated, flood=flood
        )
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BROKEN) from None
    for line in lines:
        typer.echo(line)


def said(
    site: Site,
    alarm: str,
    at_ns: int,
    *,
    priority: Priority | None = None,
    escalated: int = 0,
    flood: bool = False,
) -> list[str]:
    """What is told of ``alarm`` at ``at_ns``, line by line; ValueError when there is none."""
    subject = Subject.of(_definition(site, alarm), priority)
    flooding = site.announcing.flooding
    floods = as_if_flooded(flooding, subject.stage, at_ns) if flood else {}
    found = try_out(site.announcing, site.calendar, subject, at_ns, step=escalated, floods=floods)
    return list(_lines(site, alarm, subject, found))


def _definition(site: Site, alarm: str) -> AlarmDefinition:
    """The alarm ``alarm`` of the site; ValueError when it has none."""
    known = define(site.rules, tags=site.tags, line=site.line).all()
    if alarm not in known:
        remedy = choose(
            alarm, known, otherwise="it is a rule of rules.toml, a colon and its target"
        )
        raise ValueError(f"--alarm: the site has no alarm {alarm!r}; {remedy}")
    return known[alarm]


def _priority(name: str | None) -> Priority | None:
    if name is None:
        return None
    try:
        return Priority[name.upper()]
    except KeyError:
        raise ValueError(
            f"--priority: expected critical, high, medium or low, came {name!r}"
        ) from None


def _lines(site: Site, alarm: str, subject: Subject, found: Trial) -> Iterator[str]:
    of = f"stage {subject.stage}" if subject.stage is not None else "no stage"
    yield (
        f"alarm   {alarm}: {subject.priority.name.lower()}, {subject.kind}, {of}, "
        f"at {subject.asset}"
    )
    shift = f"{found.now.shift} shift of {found.now.day:%a %Y-%m-%d}"
    yield f"moment  {_local(site, found.now.at_ns)} {site.zone.key}, {shift}"
    for route, mismatch in found.routes:
        yield f"route   {route.name}: {_why_not(mismatch)}"
    if not found.routes:
        yield "route   none: every destination hears of what is urgent enough for it"
    for heard, told in found.told:
        yield f"told    {heard.destination} {_when(site, told)}{_way(heard)}"
    if not found.told:
        yield "told    nobody"


def _why_not(mismatch: Mismatch | None) -> str:
    match mismatch:
        case None:
            return "takes it"
        case Mismatch.TAKEN:
            return "not asked, since one before took it"
        case _:
            return f"not its {mismatch}"


def _when(site: Site, told: Announcement) -> str:
    return WHEN[told.form].format(at=_local(site, told.due_ns))


def _way(heard: Heard) -> str:
    if heard.route is None:
        return ""
    if heard.role is None or heard.basis is None:
        return f", by {heard.route}"
    return f", by {heard.route}, as {heard.role} ({BASIS[heard.basis]})"


def _local(site: Site, at_ns: int) -> str:
    return f"{to_datetime(at_ns).astimezone(site.zone):%a %Y-%m-%d %H:%M:%S}"
