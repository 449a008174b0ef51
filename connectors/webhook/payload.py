"""The JSON body of a webhook, version 2.

Its schema, ``service/api/schemas/notification-2.json``, is published by the API. A field may come
anew within a version; a version changes when a field goes or means something else.
"""

from __future__ import annotations

from typing import Any

import orjson

from service.domain.handling import Guidance, Words
from service.domain.instants import to_iso
from service.runtime.notify import Message, MessageKind, Notice, Totals

VERSION = 2


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
            "data": _site(message) | _told(message),
        }
    )


def _type_of(message: Message) -> str:
    """``alarm.raised`` and the like; else the kind alone."""
    if message.kind == MessageKind.ALARM:
        return f"alarm.{message.notices[-1].kind}"
    return str(message.kind)


def _site(message: Message) -> dict[str, Any]:
    site = message.site
    about = {"id": site.id, "name_en": site.name_en, "name_zh": site.name_zh, "url": site.url}
    return {"site": about}


def _told(message: Message) -> dict[str, Any]:
    match message.kind:
        case MessageKind.ALARM:
            newest = message.notices[-1]
            return _alarm(newest) | {"transitions": [_transition(n) for n in message.notices]}
        case MessageKind.DIGEST:
            totals = {} if message.totals is None else {"totals": _totals(message.totals)}
            return {"notices": [_alarm(n) | _transition(n) for n in message.notices]} | totals
        case MessageKind.TEST | MessageKind.HEARTBEAT:
            return {}


def _alarm(notice: Notice) -> dict[str, Any]:
    """The alarm as it stands after ``notice``."""
    return {
        "alarm": notice.alarm,
        "definition": notice.definition,
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
        "stake_t": notice.stake_t,
        "root": notice.root,
        "first_out": None if notice.root is None else notice.root == notice.alarm,
        "guidance": None if notice.guidance is None else _guidance(notice.guidance),
    }


def _transition(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.transition,
        "step": str(notice.kind),
        "at": to_iso(notice.at_ns),
        "state": str(notice.state),
        "value": notice.value,
        "by": notice.by,
        "comment": notice.comment,
    }


def _guidance(guidance: Guidance) -> dict[str, Any]:
    def said(words: Words) -> dict[str, str]:
        return {"en": words.en, "zh": words.zh}

    return {
        "cause": said(guidance.cause),
        "consequence": said(guidance.consequence),
        "response": said(guidance.response),
        "respond_min": guidance.respond_min,
        "owner": said(guidance.owner),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "notices": totals.notices,
        "alarms": totals.alarms,
        "by_kind": {str(kind): n for kind, n in totals.by_kind.items()},
        "by_priority": {p.name.lower(): n for p, n in totals.by_priority.items()},
        "by_stage": dict(totals.by_stage),
        "first_at": to_iso(totals.first_ns),
        "last_at": to_iso(totals.last_ns),
        "roots": [
            {
                "alarm": one.alarm,
                "alarms": one.alarms,
                "asset": one.notice.asset,
                "message_en": one.notice.message_en,
                "message_zh": one.notice.message_zh,
            }
            for one in totals.roots
        ],
    }
