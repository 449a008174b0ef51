"""A site: all that a folder's three files say, checked, in the domain's own types."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from connectors.outbound.settings import OutboundSettings
from service.domain.announcing import Announcing, to_all
from service.domain.calendar import Calendar
from service.domain.line import Line
from service.domain.plan import Plan
from service.domain.rules import Rule
from service.domain.tag import Tag
from service.runtime.shelving import ShelvingLimits
from service.settings.document import Document
from service.settings.files import read_text
from service.settings.flow import read_line
from service.settings.heartbeat import Heartbeat, read_heartbeat
from service.settings.outside import (
    Destination,
    address_readers,
    judge_groups,
    notification_names,
    read_destinations,
    read_history,
    read_outbound,
    read_sources,
    source_names,
)
from service.settings.problems import SiteError, SiteProblem
from service.settings.routes import TABLES as ROUTE_TABLES
from service.settings.routes import Known, RouteBook
from service.settings.rulebook import TABLES as RULE_KINDS
from service.settings.rulebook import Rulebook
from service.settings.schedule import edge_ns, read_calendar, read_plan
from service.settings.tables import AlarmsTable, CalendarTable, ServiceTable, SiteTable
from service.settings.taglist import FILE as TAGS_FILE
from service.settings.taglist import read_tag_list

SITE_FILE = "site.toml"
RULES_FILE = "rules.toml"
FILES = (SITE_FILE, TAGS_FILE, RULES_FILE)
TABLES = (
    *("site", "service", "connectors", "history", "stages", "meters", "calendar", "plan"),
    *("alarms", "outbound", "notifications", "heartbeat"),
    *ROUTE_TABLES,
)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How the service itself runs. ``data`` is absolute; ``public_url`` has no slash at its end."""

    bind: str
    port: int
    data: Path
    log_level: str
    public_url: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """A checked site.

    year: the year that ``plan.target_t`` belongs to. sources: settings by connector name.
    version: 16 hex digits that change with any of the three files.
    """

    folder: Path
    id: str
    name_en: str
    name_zh: str
    zone: ZoneInfo
    service: ServiceSettings
    shelving: ShelvingLimits
    tags: tuple[Tag, ...]
    line: Line
    calendar: Calendar
    crews: int
    plan: Plan
    year: int
    rules: tuple[Rule, ...]
    sources: Mapping[str, BaseModel]
    history: BaseModel
    outbound: OutboundSettings
    destinations: tuple[Destination, ...]
    heartbeat: Heartbeat | None
    announcing: Announcing
    version: str


def load_site(folder: Path) -> Site:
    """The site in ``folder``. Raises SiteError with every problem found; touches no network."""
    problems: list[SiteProblem] = []
    folder = _existing(folder)
    site = _read(folder, problems)
    if problems or site is None:
        raise SiteError(sorted(problems, key=_place))
    return site


def _existing(folder: Path) -> Path:
    """The absolute path of ``folder``; raises SiteError when it is none."""
    try:
        if folder.is_dir():
            return folder.resolve()
        found = "a file" if folder.exists() else "nothing"
    except OSError as error:  # a name too long, no permission
        found = error.strerror or str(error)
    remedy = "give the folder that holds site.toml, e.g. deploy/sites/changzhi"
    raise SiteError([SiteProblem(str(folder), None, "", "a site's folder", found, remedy)])


def _read(folder: Path, problems: list[SiteProblem]) -> Site | None:
    """The site, or None when something is missing; in either case ``problems`` may have grown."""
    texts = {name: read_text(folder / name, problems) for name in FILES}
    document = Document(folder / SITE_FILE, texts[SITE_FILE], problems)
    names = source_names(document)
    tag_list = read_tag_list(
        texts[TAGS_FILE], problems, connectors=names, addresses=address_readers(document)
    )
    rule_document = Document(folder / RULES_FILE, texts[RULES_FILE], problems)
    if not document.is_readable:
        Rulebook(rule_document, line=None, tags=None, connectors=None, destinations=None).read()
        return None

    document.only(TABLES)
    about = document.table("site", example="[site] with id, name_en, name_zh and time_zone")
    site = document.section(SiteTable, about, ("site",)) if about is not None else None
    service = document.section(ServiceTable, document.tables.get("service", {}), ("service",))
    alarms = document.section(AlarmsTable, document.tables.get("alarms", {}), ("alarms",))
    sources = read_sources(document)
    if tag_list.is_whole and names == list(sources):
        judge_groups(document, sources, tag_list.tags)
    history = read_history(document)
    outbound = read_outbound(document)
    destinations = read_destinations(document, outbound)
    heartbeat = read_heartbeat(document, destinations, outbound)
    schedule = read_calendar(document, site.time_zone if site is not None else ZoneInfo("UTC"))
    calendar, crews = (None, 1) if schedule is None else (schedule[0], schedule[1].crews)
    plan, plan_table = read_plan(document, calendar, crews=crews)
    noted = len(problems)
    output_stage = plan_table.output_stage if plan_table is not None else None
    day_start = time(8) if schedule is None else schedule[0].day_start
    zone = ZoneInfo("UTC") if site is None else site.time_zone
    edge = partial(edge_ns, day_start=day_start, zone=zone)
    line = read_line(document, tag_list, output_stage, edge)
    rules = Rulebook(
        rule_document,
        line=line if len(problems) == noted else None,
        tags=tag_list.tags if tag_list.is_whole else None,
        connectors=names,
        destinations=notification_names(document),
    ).read()
    announcing = _announcing(document, destinations, schedule, line, rules)
    if site is None or service is None or history is None or schedule is None or plan is None:
        return None
    if outbound is None or alarms is None:
        return None
    return Site(
        folder=folder,
        id=site.id,
        name_en=site.name_en,
        name_zh=site.name_zh,
        zone=site.time_zone,
        service=ServiceSettings(
            bind=service.bind,
            port=service.port,
            data=folder / service.data,
            log_level=service.log_level,
            public_url=service.public_url,
        ),
        shelving=ShelvingLimits(alarms.shelve_operator_h, alarms.shelve_engineer_h),
        tags=tag_list.tags,
        line=line,
        calendar=schedule[0],
        crews=schedule[1].crews,
        plan=plan,
        year=plan_table.year if plan_table is not None else 0,
        rules=rules,
        sources=sources,
        history=history,
        outbound=outbound,
        destinations=destinations,
        heartbeat=heartbeat,
        announcing=announcing,
        version=_version(texts),
    )


def _announcing(
    document: Document,
    destinations: Sequence[Destination],
    schedule: tuple[Calendar, CalendarTable] | None,
    line: Line,
    rules: Sequence[Rule],
) -> Announcing:
    """Who is told; stages and rules are held against it only while nothing is wrong with them."""
    least_urgent = {one.name: one.min_priority for one in destinations}
    if schedule is None:
        return to_all(least_urgent)
    sound = not document.problems
    known = Known(
        least_urgent,
        stages=[stage.id for stage in line.stages] if sound else None,
        rules=[rule.id for rule in rules] if sound else None,
        kinds=RULE_KINDS,
    )
    return RouteBook(document, schedule[0], known).read()


def _version(texts: Mapping[str, str | None]) -> str:
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]


def _place(problem: SiteProblem) -> tuple[int, int]:
    """Order of the files, then of the lines."""
    return FILES.index(problem.file), problem.line or 0
