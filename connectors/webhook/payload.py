"""The JSON body of a webhook, version 1."""

from __future__ import annotations

from typing import Any

import orjson

from service.domain.instants import to_iso
from service.runtime.notify import Message, Notice

VERSION = 1


def body_of(message: Message) -> bytes:
    """``message`` as JSON in UTF-8; the same bytes for the same message.

    ``type`` and ``data`` are those of the newest notice, and ``data.transitions`` lists all that
    the message tells, oldest first. Receivers know a repeat by the transitions' ids.
    """
    return orjson.dumps(
        {
            "type": _type_of(message),
            "version": VERSION,
            "timestamp": to_iso(message.at_ns),
            "data": _site(message) | _alarm(message) | _totals(message),
        }
    )


def _type_of(message: Message) -> str:
    """``alarm.raised`` and the like; else the kind alone."""
    if message.kind == "alarm":
        return f"alarm.{message.notices[-1].kind}"
    return str(message.kind)


def _site(message: Message) -> dict[str, Any]:
    site = message.site
    return {"site": {"id": site.id, "name_en": site.name_en, "name_zh": site.name_zh}}


def _alarm(message: Message) -> dict[str, Any]:
    if message.kind != "alarm":
        return {"notices": [_one(n) | _step(n) for n in message.notices]}
    newest = message.notices[-1]
    return _one(newest) | {"transitions": [_step(n) for n in message.notices]}


def _one(notice: Notice) -> dict[str, Any]:
    return {
        "alarm": notice.alarm,
        "rule": notice.rule,
        "kind": notice.rule_kind,
        "priority": int(notice.priority),
        "priority_name": notice.priority.name.lower(),
        "state": str(notice.state),
        "asset": notice.asset,
        "stage": notice.stage,
        "tag": notice.tag,
        "message_en": notice.message_en,
        "message_zh": notice.message_zh,
        "value": notice.value,
        "limit": notice.limit,
        "unit": notice.unit,
        "by": notice.by,
        "comment": notice.comment,
        "url": notice.url,
    }


def _step(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.transition,
        "step": str(notice.kind),
        "at": to_iso(notice.at_ns),
        "state": str(notice.state),
        "value": notice.value,
        "by": notice.by,
        "comment": notice.comment,
    }


def _totals(message: Message) -> dict[str, Any]:
    totals = message.totals
    if totals is None:
        return {}
    return {
        "totals": {
            "notices": totals.notices,
            "alarms": totals.alarms,
            "by_kind": {str(kind): n for kind, n in totals.by_kind.items()},
            "by_priority": {p.name.lower(): n for p, n in totals.by_priority.items()},
            "by_stage": dict(totals.by_stage),
            "first_at": to_iso(totals.first_ns),
            "last_at": to_iso(totals.last_ns),
        }
    }
