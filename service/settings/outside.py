"""[connectors.*], [history] and [[notifications]]: what the service talks to, without talking to
it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from connectors.outbound.settings import OutboundSettings
from connectors.outbound.target import Target
from connectors.registry import Port, kinds
from service.domain.alarm import Priority
from service.domain.tag import Tag
from service.settings.document import Document
from service.settings.explain import Where
from service.settings.fields import NAME
from service.settings.problems import choose, shown
from service.settings.tables import NotificationTable

HISTORY_EXAMPLE = '[history] with kind = "duckdb"'
CONNECTOR_EXAMPLE = '[connectors.plant] with kind = "opcua"'
ADDRESSES = ("url", "url_env", "url_file", "host")
"""Where settings may have their address: in one of these."""
NOTIFICATION_EXAMPLE = "[[notifications]] with name, kind and url"


@runtime_checkable
class Keyed(Protocol):
    """Settings with a key that can be read, and judged, without the network."""

    def key(self) -> bytes:
        """The key; ValueError says where it was looked for, and what is wrong with it."""
        ...


@runtime_checkable
class Aimed(Protocol):
    """Settings of a destination whose address is a secret, or is not for HTTP."""

    def target(self) -> Target:
        """Where it is; judged before, so it raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where alarms are sent that are at least as urgent as ``min_priority``.

    fallback: who is told as well of what could not be delivered here for ``fallback_after_s``.
    """

    name: str
    min_priority: Priority
    settings: BaseModel
    fallback: str | None = None
    fallback_after_s: float = 600.0


def read_sources(document: Document) -> dict[str, BaseModel]:
    """The settings of the sources by name; problems are noted."""
    tables = document.table("connectors", example=CONNECTOR_EXAMPLE)
    sources: dict[str, BaseModel] = {}
    if tables is None:
        return sources
    if not tables:
        document.problem(
            ("connectors",),
            expected="at least one connector",
            found="none",
            remedy=f"write {CONNECTOR_EXAMPLE}",
        )
    for name, data in tables.items():
        where = ("connectors", name)
        if not NAME.fullmatch(name):
            document.problem(
                where,
                expected="a name of letters, digits, - and _",
                found=shown(name),
                remedy="rename the connector, here and in tags.csv",
            )
        if not isinstance(data, dict):
            document.problem(
                where,
                expected=f"a table [connectors.{name}]",
                found=shown(data),
                remedy=f"write {CONNECTOR_EXAMPLE}",
            )
            continue
        settings = settings_of(document, Port.SOURCE, data, where)
        if settings is not None:
            sources[name] = settings
    return sources


def judge_groups(document: Document, sources: Mapping[str, BaseModel], tags: Iterable[Tag]) -> None:
    """Notes settings for groups that no tag of the connector is in: they must be misspelt."""
    used: dict[str, set[str]] = {name: set() for name in sources}
    for tag in tags:
        used[tag.connector].add(tag.group)
    for name, settings in sources.items():
        for group in getattr(settings, "groups", ()):
            if group not in used[name]:
                document.problem(
                    ("connectors", name, "groups", group),
                    expected="a group that tags.csv has for this connector",
                    found=shown(group),
                    remedy=choose(group, used[name], otherwise="remove it"),
                )


def source_names(document: Document) -> list[str] | None:
    """The names of all connectors, right or not; None when the table itself is not there."""
    tables = document.tables.get("connectors")
    return list(tables) if isinstance(tables, dict) else None


def address_readers(document: Document) -> dict[str, Callable[[str], object]]:
    """What reads the addresses of a connector's tags, by connector name, where its kind has one."""
    tables = document.tables.get("connectors")
    readers: dict[str, Callable[[str], object]] = {}
    for name, data in tables.items() if isinstance(tables, dict) else ():
        kind = data.get("kind") if isinstance(data, dict) else None
        connector = kinds(Port.SOURCE).get(kind) if isinstance(kind, str) else None
        if connector is not None and connector.address is not None:
            readers[name] = connector.address
    return readers


def read_history(document: Document) -> BaseModel | None:
    """The settings of the history; None with problems noted."""
    data = document.table("history", example=HISTORY_EXAMPLE)
    return None if data is None else settings_of(document, Port.HISTORY, data, ("history",))


def read_outbound(document: Document) -> OutboundSettings | None:
    """Where messages may go; None with problems noted."""
    where = ("outbound",)
    section = document.section(OutboundSettings, document.tables.get("outbound", {}), where)
    complete = None if section is None else _with_files(document, section, where)
    return complete if isinstance(complete, OutboundSettings) else None


def notification_names(document: Document) -> list[str] | None:
    """The names of all notifications, right or not; None when the tables themselves are wrong."""
    tables = document.tables.get("notifications", [])
    if not isinstance(tables, list) or not all(isinstance(data, dict) for data in tables):
        return None
    return [str(data.get("name")) for data in tables]


def read_destinations(
    document: Document, outbound: OutboundSettings | None
) -> tuple[Destination, ...]:
    """Who is told, each where ``outbound`` allows it; problems are noted."""
    destinations: dict[str, Destination] = {}
    tables = document.array("notifications", example=NOTIFICATION_EXAMPLE, required=False)
    for at, data in enumerate(tables):
        where = ("notifications", at)
        common = {key: data[key] for key in NotificationTable.model_fields if key in data}
        table = document.section(NotificationTable, common, where)
        rest = {key: value for key, value in data.items() if key not in common}
        settings = settings_of(document, Port.NOTIFIER, rest, where)
        if outbound is not None:
            judge_target(document, outbound, settings, where)
        if table is not None and table.name in destinations:
            document.problem(
                (*where, "name"),
                expected="a name that no other notification has",
                found=shown(table.name),
                remedy="give each notification its own name",
            )
        elif table is not None and settings is not None:
            destinations[table.name] = Destination(
                table.name, table.min_priority, settings, table.fallback, table.fallback_after_s
            )
    _judge_fallbacks(document, tables)
    return tuple(destinations.values())


def _judge_fallbacks(document: Document, tables: Sequence[Mapping[str, Any]]) -> None:
    """Notes a fallback that is no other notification of this site."""
    names = [data.get("name") for data in tables]
    for at, data in enumerate(tables):
        fallback = data.get("fallback")
        others = [str(name) for name in names if name is not None and name != data.get("name")]
        if isinstance(fallback, str) and fallback not in others:
            document.problem(
                ("notifications", at, "fallback"),
                expected="the name of another notification",
                found=shown(fallback),
                remedy=choose(fallback, others, otherwise="leave it out"),
            )


def judge_target(
    document: Document, outbound: OutboundSettings, settings: BaseModel | None, where: Where
) -> None:
    """Notes a destination that is not allowed, as far as its address tells."""
    found: object = settings
    target = found.target() if isinstance(found, Aimed) else getattr(settings, "url", None)
    why = outbound.refusal(target) if isinstance(target, Target) else None
    if why is not None:
        document.problem(
            (*where, *[name for name in ADDRESSES if getattr(settings, name, None) is not None]),
            expected="a destination that [outbound] allows",
            found=f"{target}: {why}",
            remedy="correct it, or extend hosts or networks of [outbound]",
        )


def settings_of(
    document: Document, port: Port, data: Mapping[str, Any], where: Where
) -> BaseModel | None:
    """``data`` as the settings of the connector that its kind names; None with problems noted."""
    known = kinds(port)
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in known:
        document.problem(
            (*where, "kind"),
            expected=f"the kind of a {port}: {' or '.join(known)}",
            found=shown(kind),
            remedy=choose(str(kind), known),
        )
        return None
    settings = document.section(known[kind].settings, data, where)
    return None if settings is None else _with_files(document, settings, where)


def _with_files(document: Document, settings: BaseModel, where: Where) -> BaseModel | None:
    """``settings`` with its paths within the site's folder; noted is what is not there.

    A path names a file to be read: a secret, a certificate. ``*_env`` names a variable.
    """
    noted = len(document.problems)
    paths: dict[str, Path] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name.endswith("_env") and isinstance(value, str) and not os.environ.get(value):
            document.problem(
                (*where, name),
                expected="an environment variable that is set",
                found=f"{value} unset",
                remedy=f"set {value} before the service starts",
            )
        if isinstance(value, Path):
            paths[name] = document.folder / value
            if not _is_filled(paths[name]):
                document.problem(
                    (*where, name),
                    expected="a readable file that is not empty",
                    found=f"{shown(str(value))}, which is none",
                    remedy=f"put it at {paths[name]}, readable for the service only",
                )
    if len(document.problems) > noted:
        return None
    complete = settings.model_copy(update=paths)
    if isinstance(complete, Keyed):
        try:
            complete.key()
        except ValueError as error:
            document.problem(
                where, expected="a usable key", found="something else", remedy=str(error)
            )
            return None
    return complete


def _is_filled(path: Path) -> bool:
    try:
        return bool(path.read_bytes().strip())
    except OSError:
        return False
