"""Notices and messages for tests."""

from __future__ import annotations

from typing import Any

from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.instants import SECOND_NS
from service.runtime.notification import message_of
from service.runtime.notify import Message, Notice, SiteName

SITE = SiteName("s", "Site", "厂", "http://x")
AT_NS = 1_780_000_000 * SECOND_NS


def notice(transition: str = "t1", alarm: str = "a", **more: Any) -> Notice:
    """A raised alarm on a zone of the furnace; ``more`` replaces fields."""
    fields: dict[str, Any] = {
        "transition": transition,
        "kind": TransitionKind.RAISED,
        "at_ns": AT_NS,
        "alarm": alarm,
        "definition": f"hh:{alarm}",
        "rule": "hh",
        "rule_kind": "limit",
        "priority": Priority.HIGH,
        "state": Phase.UNACKNOWLEDGED,
        "asset": "CB-L07B",
        "stage": "CB",
        "tag": "CB-L07B-TIC112.PV",
        "value": 1190.0,
        "limit": 1180.0,
        "unit": "°C",
        "message_en": "Zone 12 above its high-high limit",
        "message_zh": "12区高于高高限",
        "url": f"http://x/#/alarms/{alarm}",
    }
    return Notice(**(fields | more))


def message(*notices: Notice) -> Message:
    """The message of ``notices``; of one alarm that was raised without any."""
    return message_of(SITE, notices or (notice(),))
