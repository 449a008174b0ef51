"""[heartbeat]: who is told, again and again, that the service lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from connectors.outbound.settings import OutboundSettings
from connectors.registry import Port
from service.settings.document import Document
from service.settings.fields import Name, Number, Section
from service.settings.outside import Destination, judge_target, settings_of
from service.settings.problems import choose, shown

TABLE = "heartbeat"
EXAMPLE = '[heartbeat] with kind = "ping" and url, or with destination'


class HeartbeatTable(Section):
    """What every [heartbeat] has; the rest belongs to the connector."""

    every_s: Annotated[Number, Field(ge=1, le=86_400, examples=[60])] = 60.0
    destination: Annotated[Name | None, Field(examples=["maintenance"])] = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How often, in real seconds, and whom to tell. name: how logs call the receiver."""

    every_s: float
    name: str
    settings: BaseModel


def read_heartbeat(
    document: Document, destinations: Sequence[Destination], outbound: OutboundSettings | None
) -> Heartbeat | None:
    """The heartbeat; None without one, or with problems noted."""
    if TABLE not in document.tables:
        return None
    where = (TABLE,)
    data = document.table(TABLE, example=EXAMPLE)
    if data is None:
        return None
    common = {key: data[key] for key in HeartbeatTable.model_fields if key in data}
    rest = {key: value for key, value in data.items() if key not in common}
    table = document.section(HeartbeatTable, common, where)
    if table is None:
        return None
    if table.destination is None:
        settings = settings_of(document, Port.HEARTBEAT, rest, where)
        if outbound is not None:
            judge_target(document, outbound, settings, where)
        return None if settings is None else Heartbeat(table.every_s, TABLE, settings)
    if rest:
        document.problem(
            (*where, next(iter(rest))),
            expected="a destination, or a kind with its own settings",
            found="both",
            remedy="remove destination, or everything but every_s and destination",
        )
        return None
    by_name = {one.name: one.settings for one in destinations}
    if table.destination not in by_name:
        document.problem(
            (*where, "destination"),
            expected="the name of one of [[notifications]]",
            found=shown(table.destination),
            remedy=choose(table.destination, by_name, otherwise="add it to [[notifications]]"),
        )
        return None
    return Heartbeat(table.every_s, table.destination, by_name[table.destination])
